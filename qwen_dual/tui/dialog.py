"""The approval dialog: which request is asked, the ways to answer, when it takes keys. Pure.

It answers nothing itself: the controller does, with the choice that it gives.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_dual.core.policy import EDITS
from qwen_dual.tui import theme
from qwen_dual.tui.diff_view import diff_lines
from qwen_dual.tui.form import Sheet
from qwen_dual.tui.form_lines import MARK, SELECTED, form_lines
from qwen_dual.tui.lines import clip, width_of, wrap
from qwen_dual.tui.questions import form_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.tui.diff_view import Highlight
    from qwen_dual.tui.lines import Line
    from qwen_dual.tui.live_state import Request

GUARD = 0.4
"""Seconds without a key before a dialog that appears mid-typing takes one."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One way to answer.

    Attributes:
        remember: how long the answer lasts; None for this once.
        asks_reason: the person may say what to do instead.
    """

    label: str
    allowed: bool
    remember: str | None = None
    asks_reason: bool = False


SUGGEST = Answer("No, suggest changes (esc)", allowed=False, asks_reason=True)
NO = Answer("No", allowed=False, asks_reason=True)


def answers_for(request: Request) -> tuple[Answer, ...]:
    """The ways to answer ``request``."""
    once = Answer("Yes, allow once", allowed=True)
    changes = request.kind in ("diff", "command")
    no = SUGGEST if changes else NO
    if not request.rule:
        return (once, no)
    if request.rule == EDITS:
        return (once, Answer("Yes, allow always", allowed=True, remember="session"), no)
    covered = request.rule.partition("(")[2].removesuffix(")") or request.rule
    what = f"'{covered}'" if request.kind == "command" else _place(covered)
    project = Answer(f"Always allow {what} in this project", allowed=True, remember="project")
    if request.kind != "command":
        return (once, project, no)
    return (once, project, Answer("… for this user", allowed=True, remember="user"), no)


def _place(pattern: str) -> str:
    """A host, a file or a folder, from the pattern of a rule that was proposed."""
    if not pattern.startswith("//"):
        return pattern
    return re.sub(r"\\(.)", r"\1", pattern[1:].removesuffix("**"))


def question_for(request: Request) -> str:
    """What is asked, in one line."""
    match request.kind:
        case "diff":
            return "Apply this change?"
        case "command":
            return "Run this command?"
        case _:
            return f"Allow {request.tool_name}?"


class Dialog:
    """The first of the pending requests, while there is one.

    Attributes:
        highlight: colours the code of a diff; None where nothing does.
    """

    def __init__(self) -> None:
        self.highlight: Highlight | None = None
        self.request: Request | None = None
        self.sheet: Sheet | None = None  # of a request that asks questions
        self.choices: tuple[Answer, ...] = ()
        self.selected = 0
        self.asking_reason = False
        self._waiting = 0
        self._answered = 0
        self._scroll = 0
        self._quiet_until = 0.0
        self._last_page = 1
        self._laid_out: tuple[str, int, list[Line]] = ("", 0, [])

    @property
    def open(self) -> bool:
        """Whether something is asked."""
        return self.request is not None

    def show(self, requests: Mapping[str, Request], now: float, *, typing: bool) -> None:
        """Follows the pending requests; called before each drawing.

        Args:
            typing: a draft stands in the editor, or a key came just now: an appearing dialog
                then takes no key for a while.
        """
        first = next(iter(requests.values()), None)
        if self.request is not None and self.request.request_id in requests:
            self._waiting = len(requests)
            return
        if self.request is not None:
            self._answered = self._answered + 1 if first is not None else 0
            # What was meant for the one that just went must not answer the next.
            typing = True
        self.request = first
        self._waiting = len(requests)
        self.asking_reason = False
        self.selected = self._scroll = 0
        self.choices = answers_for(first) if first is not None else ()
        self.sheet = _sheet_for(first)
        self._quiet_until = now + GUARD if typing else now

    def key_elsewhere(self, now: float) -> None:
        """Notes a key that went to the editor: the person is still typing."""
        if now < self._quiet_until:
            self._quiet_until = now + GUARD

    def takes_keys(self, now: float) -> bool:
        """Whether a key is meant for the dialog."""
        return self.request is not None and now >= self._quiet_until

    def seconds_until_armed(self, now: float) -> float:
        """How long until it takes keys; 0 when it does or nothing is asked."""
        return max(0.0, self._quiet_until - now) if self.request is not None else 0.0

    @property
    def follows_another(self) -> bool:
        """Whether a request before this one was answered: the keys are not the editor's."""
        return self._answered > 0

    def move(self, step: int) -> None:
        """Selects the next or the one before, around the ends."""
        if self.choices:
            self.selected = (self.selected + step) % len(self.choices)

    def select(self, number: int) -> bool:
        """Selects by number, 1 for the first; False when there is no such choice."""
        if not 1 <= number <= len(self.choices):
            return False
        self.selected = number - 1
        return True

    def scroll(self, pages: int) -> None:
        """Shows another part of a preview that does not fit."""
        self._scroll = max(0, self._scroll + pages * max(1, self._last_page - 1))

    def lines(self, width: int, height: int, now: float) -> list[Line]:
        """The dialog in at most ``height`` lines: the choices always, of the rest what fits."""
        request = self.request
        if request is None or height <= 0:
            return []
        inner = max(1, width - 2)
        count = self._answered + self._waiting
        position = f"{self._answered + 1} of {count}" if count > 1 else ""
        if self.sheet is not None:
            armed = self.takes_keys(now)
            return form_lines(self.sheet, width, height, armed=armed, position=position)
        head: Line = [(theme.ACCENT, f"{MARK} ")]
        room = inner - (len(position) + 2 if position else 0)
        head.append((theme.STRONG, clip(question_for(request), room)))
        if position and room > 4:
            head.append((theme.DIM, f"  {position}"))
        below = self._below(inner, height, now)
        room = height - len(below) - 1
        if room <= 1:
            # What it is about matters more than how it is asked.
            head = [(theme.ACCENT, f"{MARK} "), (theme.STRONG, clip(request.text, inner))]
            return [head, *below][:height]
        # Once for each request and width: a diff is up to hundreds of highlighted lines.
        if self._laid_out[:2] != (request.request_id, inner):
            self._laid_out = (request.request_id, inner, self._preview(request, inner))
        preview = self._laid_out[2]
        if len(preview) + 2 <= room:
            return [head, *preview, [], *below]
        return [head, *self._page(preview, room, inner), *below]

    def _preview(self, request: Request, inner: int) -> list[Line]:
        lines: list[Line] = []
        if request.kind == "diff":
            lines += [[("", "  "), (theme.STRONG, row)] for row in wrap(request.title, inner)]
            return lines + diff_lines(request.text.split("\n"), inner, self.highlight)
        text_style = theme.STRONG if request.kind == "command" else theme.PLAIN
        lines += [[("", "  "), (text_style, row)] for row in wrap(request.text, inner)]
        if request.title and request.title != request.text:
            lines += [[("", "  "), (theme.DIM, row)] for row in wrap(request.title, inner)]
        if request.outside:
            rows = wrap(f"outside the workspace: {request.outside}", inner)
            lines += [[("", "  "), (theme.ERROR, row)] for row in rows]
        return lines

    def _page(self, preview: list[Line], room: int, inner: int) -> list[Line]:
        if room <= 0:
            return []
        if room == 1 or len(preview) <= room:
            return preview[:room]
        self._last_page = room - 1
        self._scroll = min(self._scroll, len(preview) - self._last_page)
        shown = preview[self._scroll : self._scroll + self._last_page]
        left = len(preview) - self._scroll - len(shown)
        more = f"… {left} more lines (page down)" if left else "end (page up)"
        return [*shown, [("", "  "), (theme.DIM, clip(more, inner))]]

    def _below(self, inner: int, height: int, now: float) -> list[Line]:
        if self.asking_reason:
            return self._reason_lines(inner)
        whole = self._choice_lines(inner, now, clipped=False)
        # A rule that cannot be read should not be agreed to.
        if 2 * len(whole) <= height:
            return whole
        return self._choice_lines(inner, now, clipped=True)

    def _choice_lines(self, inner: int, now: float, *, clipped: bool) -> list[Line]:
        armed = self.takes_keys(now)
        room = max(1, inner - 2)
        lines: list[Line] = []
        for index, choice in enumerate(self.choices):
            here = armed and index == self.selected
            label = f"{index + 1}. {choice.label}"
            style = "class:selected" if here else (theme.PLAIN if armed else theme.DIM)
            rows = [clip(label, room)] if clipped else wrap(label, room)
            for number, row in enumerate(rows):
                mark = f"{SELECTED} " if here and number == 0 else "  "
                lines.append([("", "  "), (theme.ACCENT, mark), (style, row)])
        return lines

    def _reason_lines(self, inner: int) -> list[Line]:
        text = "What should it do instead? Enter sends, esc just says no."
        if width_of(text) > inner:
            text = "What instead? (esc: just no)"
        return [[("", "  "), (theme.DIM, clip(text, inner))]]


def _sheet_for(request: Request | None) -> Sheet | None:
    form = form_of(request.input) if request is not None and request.kind == "questions" else None
    return Sheet(form) if form is not None else None
