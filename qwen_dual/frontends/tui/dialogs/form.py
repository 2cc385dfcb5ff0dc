"""A form while it is being filled in: one question at a time, its choices, its field. Pure.

It decides nothing about the answers: whoever opened it takes them when it is done. What it looks
like is ``form_lines``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.frontends.tui.dialogs.field import Field
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.core.commands.questions import Choice, Form, Question

MANY = 8
"""With more choices than this, typing filters them; with fewer, digits and letters choose."""

MAX_FILTER = 1000
"""Characters of a filter that are looked at: it may be a text of one's own that was pasted."""

PAGE = 8
"""How far a page key goes."""


class Page:
    """One question.

    Args:
        question: what is asked.
        answer: what was answered before, when a person has come back; None the first time.

    Attributes:
        query: what the choices are filtered by.
        visible: the indexes of the choices that match it.
        at: the selected row: an index into ``visible``, or behind it the text of one's own.
        checked: the indexes of the choices that are picked, where several may be.
        wanted: something must be picked or typed first; said once Enter was refused.
        wrong: what is wrong with what was typed; said until it is changed.
    """

    def __init__(self, question: Question, answer: str | None = None) -> None:
        self.question = question
        self.query = ""
        self.visible = list(range(len(question.choices)))
        self.at = 0
        self.checked: set[int] = set()
        self.wanted = False
        self.wrong = ""
        before = question.default if answer is None else answer
        self.field = Field("" if question.secret else sanitise(before), secret=question.secret)
        if question.choices:
            self._select(before.split(", ") if question.several else [before], answer is not None)

    @property
    def filters(self) -> bool:
        """Whether typing filters the choices."""
        return len(self.question.choices) > MANY

    @property
    def has_field(self) -> bool:
        """Whether a text may be typed."""
        return not self.question.choices or self.question.free

    @property
    def typing(self) -> bool:
        """Whether what is typed goes to the field."""
        return self.has_field and self.at == len(self.visible)

    def move(self, step: int, *, around: bool = True) -> None:
        """Selects another row."""
        rows = len(self.visible) + self.has_field
        if rows:
            last = rows - 1
            self.at = (self.at + step) % rows if around else max(0, min(self.at + step, last))

    def type(self, text: str) -> str | None:
        """Takes typed text; returns the answer where a key gave it at once."""
        self.wanted, self.wrong = False, ""
        if self.typing:
            self.field.type(text)
        elif self.question.several and text == " ":
            self._toggle()
        elif self.filters:
            self._filter(self.query + sanitise(text).replace("\n", " "))
        elif text in ("j", "k"):
            self.move(1 if text == "j" else -1)
        elif text.isdecimal() and 1 <= int(text) <= len(self.visible) + self.question.free:
            self.at = int(text) - 1
            if self.question.several:
                self._toggle()
            elif not self.typing:
                return self.enter()
        else:
            self._answer_in_words(text)
        return None

    def paste(self, text: str) -> None:
        """Takes pasted text: it chooses nothing, whatever it says."""
        if self.typing or self.filters:
            self.type(text)
        else:
            self._answer_in_words(text)

    def key(self, key: str) -> None:
        """A key that is no text and does not leave the question."""
        self.wanted, self.wrong = False, ""
        moves = {"up": -1, "down": 1, "tab": 1}
        if key in moves:
            self.move(moves[key])
        elif key in ("pageup", "pagedown"):
            self.move(-PAGE if key == "pageup" else PAGE, around=False)
        elif self.typing:
            self.field.key(key)
        elif key in ("home", "end"):
            self.move(-len(self.visible) if key == "home" else len(self.visible), around=False)
        elif key == "backspace":
            self._filter(self.query[:-1])
        elif key.startswith("delete"):
            self._filter("")

    def escape(self) -> bool:
        """Takes the filter back; False when there is none."""
        if not self.query:
            return False
        self._filter("")
        return True

    def enter(self) -> str | None:
        """The answer; None when something has to be picked or typed first."""
        question = self.question
        own = self.field.text.strip() if self.has_field else ""
        if question.several and question.choices:
            answer = ", ".join([*self._picked(), *([own] if own else [])])
        elif self.typing:
            answer = own
        elif self.visible:
            return question.choices[self.visible[self.at]].value
        else:
            answer = ""
        self.wanted = not answer and not question.optional
        if answer and question.check is not None:
            self.wrong = sanitise(question.check(answer) or "")
        return None if self.wanted or self.wrong else answer

    @property
    def marked(self) -> str | None:
        """The value of the choice that the mark stands on."""
        if self.typing or not self.visible:
            return None
        return self.question.choices[self.visible[self.at]].value

    def _picked(self) -> Iterable[str]:
        checked = sorted(self.checked)
        # A person who does not know of the space bar means the row that is selected.
        if not checked and not self.typing and self.visible:
            checked = [self.visible[self.at]]
        return [self.question.choices[index].value for index in checked]

    def _answer_in_words(self, text: str) -> None:
        """What chooses nothing begins an answer of one's own, where there may be one, or goes on with it."""
        if self.question.free and text.strip():
            self.at = len(self.visible)
            self.field.key("end")
            self.field.type(text)

    def _toggle(self) -> None:
        if not self.typing and self.visible:
            self.checked ^= {self.visible[self.at]}

    def _filter(self, query: str) -> None:
        self.query = query
        words = query[:MAX_FILTER].lower().split()
        choices = self.question.choices
        self.visible = [index for index, choice in enumerate(choices) if _matches(choice, words)]
        self.at = 0
        if not self.visible and self.question.free:
            # What matches nothing is a text of one's own.
            self._filter("")
            self.at = len(self.visible)
            self.field = Field(query)

    def _select(self, values: list[str], answered: bool) -> None:
        known = {choice.value: index for index, choice in enumerate(self.question.choices)}
        found = [known[value] for value in values if value in known]
        own = ", ".join(value for value in values if value not in known)
        self.field = Field(sanitise(own) if self.question.free and answered else "")
        if found:
            self.at = found[0]
        elif self.field.text:
            self.at = len(self.visible)
        if self.question.several:
            self.checked = set(found)


class Sheet:
    """A form from its first question to its last.

    Args:
        form: gives the questions.

    Attributes:
        state: ``open`` while it asks; a form without a question is ``done`` at once.
        answers: those so far.
    """

    def __init__(self, form: Form) -> None:
        self._form = form
        self.answers: list[str] = []
        self.state: Literal["open", "done", "cancelled"] = "open"
        self._page: Page | None = None
        self._restore: Callable[[], object] = lambda: None
        self._ask()

    @property
    def page(self) -> Page:
        """The question that is asked; only while the form is open."""
        assert self._page is not None
        return self._page

    def key(self, key: str) -> None:
        """A key by name: ``up``, ``enter``, ``escape``, ``delete word left`` …"""
        if key == "enter":
            self._add_answer(self.page.enter())
        elif key == "escape":
            if not self.page.escape():
                self._back()
        else:
            self.page.key(key)
            self._preview()

    def type(self, text: str) -> None:
        """Typed text, one character or more."""
        answer = self.page.type(text)
        self._preview()
        self._add_answer(answer)

    def cancel(self) -> None:
        """Closes it without answers; what was previewed is as before."""
        self.state = "cancelled"
        self._restore()

    def paste(self, text: str) -> None:
        """Pasted text: never a choice by digit or letter."""
        self.page.paste(text.replace("\r\n", "\n").replace("\r", "\n"))

    def _add_answer(self, answer: str | None) -> None:
        if answer is not None:
            self.answers.append(answer)
            self._ask()

    def _preview(self) -> None:
        preview, marked = self.page.question.preview, self.page.marked
        if preview is not None and marked is not None:
            default = self.page.question.default
            self._restore = lambda: preview(default)
            preview(marked)

    def _ask(self, before: str | None = None) -> None:
        question = self._form(tuple(self.answers))
        self._page = None if question is None else Page(question, before)
        if question is None:
            self.state = "done"

    def _back(self) -> None:
        if self.answers:
            self._ask(self.answers.pop())
        else:
            self.cancel()


def _matches(choice: Choice, words: list[str]) -> bool:
    text = f"{choice.label or choice.value} {choice.summary}".lower()
    return all(word in text for word in words)
