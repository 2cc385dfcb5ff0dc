"""What keys do while something is asked: a request's dialog, its reason, a command's form.

A form that the person opened comes first; requests that arrive meanwhile wait behind it. The
editor's keys are the controller's; those that come too early are ``early_keys``'s.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Literal

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.errors import CommandFailed
from qwen_dual.frontends.tui.dialog import GUARD, Dialog
from qwen_dual.frontends.tui.early_keys import EarlyKeys
from qwen_dual.frontends.tui.editor import Editor
from qwen_dual.frontends.tui.form import Sheet
from qwen_dual.frontends.tui.offer import Offer
from qwen_dual.frontends.tui.questions import answered

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.questions import Form
    from qwen_dual.frontends.tui.choices import Answer
    from qwen_dual.frontends.tui.live_state import Request
    from qwen_dual.runtime.handle import SessionHandle

Focus = Literal["editor", "dialog", "reason", "form"]

LASTING = 2 * GUARD
"""Seconds without another key before a letter chooses what lasts; ``GUARD`` for a plain yes. A word
that begins with that letter is an answer in words, and its second letter comes sooner."""

# "n" opened the line in which these go on.
_REST_OF_NO = re.compile(r"(?:o(?:t|pe)?|ever|ah)\b")


class Asking:
    """The questions of a session and the person's answers.

    Args:
        session: what answers go to.
        requests: those that are pending, kept up to date by the view.
        changed: called when something must be drawn.
        later: called with the seconds after which something must be drawn.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        session: SessionHandle,
        requests: Callable[[], Mapping[str, Request]],
        changed: Callable[[], object],
        later: Callable[[float], object],
        now: Callable[[], float],
    ) -> None:
        self.dialog = Dialog()
        self.reason = Editor(changed)
        self.form: Sheet | None = None
        self.type_in_editor: Callable[[str], object] = lambda _: None
        self.paste_in_editor: Callable[[str], object] = lambda _: None
        self._offer: Offer | None = None
        self._done: Callable[[Sequence[str]], object] = lambda _: None
        self.session = session
        self._requests = requests
        self._changed = changed
        self._later = later
        self._now = now
        self._closed = -GUARD
        self._early = EarlyKeys(self.dialog, later, self._give)
        self._letter: tuple[str, float] | None = None  # and when it counts
        self._said_no = False  # the reason was opened by "n"

    @property
    def focus(self) -> Focus:
        """Where keys go."""
        if self.form is not None:
            return "form"
        dialog = self.dialog
        if not dialog.open:
            offer = self._offer
            return "form" if offer is not None and offer.takes_keys(self._now()) else "editor"
        if dialog.asking_reason:
            return "reason"
        if dialog.takes_keys(self._now()) or dialog.follows_another or dialog.holds:
            return "form" if dialog.sheet is not None else "dialog"
        return "editor"

    @property
    def sheet(self) -> Sheet | None:
        """The form that is shown, whoever asks."""
        return self.form or self.dialog.sheet or (self.offered if self._is_offering else None)

    @property
    def offered(self) -> Sheet | None:
        """The question that stands by, while nothing else is asked."""
        asked = self.form is not None or self.dialog.open
        return None if asked or self._offer is None else self._offer.sheet

    @property
    def _is_offering(self) -> bool:
        """Whether keys are for the question that stands by."""
        return self.offered is not None and self.focus == "form"

    @property
    def just_closed(self) -> bool:
        """Whether a key may still be meant for a dialog that has gone."""
        return self._now() - self._closed < GUARD

    def typed(self) -> None:
        """The draft has changed: keys are meant for it."""
        self._closed = -GUARD

    def follow(self, *, typing: bool) -> bool:
        """Lets the dialog follow the pending requests; whether another is asked now.

        Args:
            typing: the person is typing, so that an appearing dialog waits for a pause.
        """
        now = self._now()
        before = self.dialog.request
        requests = self._requests() if self.form is None else {}
        self.dialog.show(requests, now, typing=typing)
        if before is not None and not self.dialog.open:
            self._closed = now
        another = self.dialog.request is not before
        if another:
            self.reason.buffer.reset()
            self._letter = None
            if before is not None:
                self._early.give_back()
        wait = self.dialog.seconds_until_armed(now)
        if self._offer is not None:
            if self.dialog.open or self.form is not None:
                self._offer.postpone(now)
            wait = wait or self._offer.seconds_until_armed(now)
        if wait:
            self._later(wait)
        else:
            self._let_through(now)
        return another

    # -- keys that have to wait ------------------------------------------------------------

    def _let_through(self, now: float) -> None:
        """Does what was waiting for its time."""
        if self._early.let_through(now) or self._letter is None:
            return
        if now < self._letter[1]:
            self._later(self._letter[1] - now)
            return
        self._letter = None
        self._choose(self.dialog.choices[self.dialog.selected])
        self._changed()

    def _give(self, text: str) -> None:
        """Gives the draft what turned out to be meant for it."""
        if len(text) == 1:
            self.type_in_editor(text)
        elif text:
            self.paste_in_editor(text)
        self._changed()

    # -- a command's form ------------------------------------------------------------------

    def open_form(self, form: Form, done: Callable[[Sequence[str]], object]) -> bool:
        """Opens a form; False when it has nothing to ask.

        Args:
            done: takes the answers, once all are given.
        """
        try:
            sheet = Sheet(form)
        except _FORESEEN as error:
            self.session.notice(str(error), "error")
            return True
        if sheet.state != "open":
            return False
        self.form, self._done = sheet, done
        self._changed()
        return True

    def offer(self, form: Form, done: Callable[[Sequence[str] | None], object]) -> None:
        """Lets a question stand by until the person has time for it; one at a time.

        Args:
            done: takes the answers; None when the person closes it without one.
        """
        self._offer = Offer(Sheet(form), done, self._now())
        self._changed()

    def typing(self) -> None:
        """The person is typing a draft: what stands by waits."""
        if self._offer is not None:
            self._offer.postpone(self._now())

    def withdraw(self) -> None:
        """Takes back the question that stands by: it was answered elsewhere."""
        self._offer = None
        self._changed()

    def form_key(self, key: str) -> None:
        """A key for the form: see ``Sheet.key``."""
        self._fill(lambda sheet: sheet.key(key), key=key)

    def form_type(self, text: str) -> None:
        """Typed text for the form."""
        if self._is_offering and self._offer is not None and not self._offer.understands(text):
            self._offer.postpone(self._now())
            self.type_in_editor(text)
            return
        self._fill(lambda sheet: sheet.type(text), text)

    def form_paste(self, text: str) -> None:
        """Pasted text for the form."""
        if self._is_offering and self._offer is not None:
            self._offer.postpone(self._now())
            self.paste_in_editor(text)
            return
        self._fill(lambda sheet: sheet.paste(text), text)

    def close_form(self) -> bool:
        """Closes a form that the person opened, or one that stands by; False where there is none."""
        if self._is_offering:
            self._finish_offer(None)
            return True
        if self.form is None:
            return False
        self.form.cancel()
        self._drop_form()
        return True

    def _fill(self, act: Callable[[Sheet], None], text: str = "", key: str = "") -> None:
        sheet = self.sheet
        if sheet is None:
            return
        offering = self._is_offering
        asked = self.form is None and not offering
        if asked and not self.dialog.takes_keys(self._now()):
            self._early.take(key, lambda: self._fill(act), text, self._now())
            return
        try:
            act(sheet)
        except _FORESEEN as error:
            self.session.notice(str(error), "error")
            self.close_form()
            return
        if sheet.state != "open":
            if offering:
                self._finish_offer(sheet.answers if sheet.state == "done" else None)
            elif self.form is not None:
                self._finish_form(sheet)
            else:
                self._answer_questions(sheet)
        self._changed()

    def _finish_form(self, sheet: Sheet) -> None:
        done = self._done
        self._drop_form()
        if sheet.state == "done":
            done(sheet.answers)

    def _finish_offer(self, answers: Sequence[str] | None) -> None:
        offer, self._offer = self._offer, None
        self._closed = self._now()
        self._changed()
        if offer is not None:
            offer.done(answers)

    def _drop_form(self) -> None:
        self.form, self._done = None, lambda _: None
        self._closed = self._now()
        self._changed()

    def _answer_questions(self, sheet: Sheet) -> None:
        request = self.dialog.request
        if sheet.state == "cancelled" or request is None:
            self._answer(allowed=False)
        else:
            self._answer(allowed=True, updated_input=answered(request.input, sheet.answers))

    def key(self, key: str, text: str = "") -> None:
        """A key while a request is asked.

        Args:
            key: ``up``, ``pagedown``, ``enter``, ``escape`` …; ``text`` for one that types.
            text: what it types.
        """
        if not self.dialog.open:
            return
        if not self.dialog.takes_keys(self._now()):
            self._early.take(key, lambda: self.key(key, text), text, self._now())
            return
        self.dialog.refused = ""
        waiting, self._letter = self._letter, None
        if key == "text":
            self._type(text, waiting[0] if waiting else "")
        elif key == "enter" and waiting is not None:
            self._choose(self.dialog.choices[self.dialog.selected])
        else:
            self._command(key)
        self._changed()

    def paste(self, text: str) -> None:
        """Pasted text while a request is asked: an answer in words, whatever it says."""
        if not self.dialog.takes_keys(self._now()):
            self._early.take("paste", lambda: self.paste(text), text, self._now())
            return
        self._open_reason((self._letter[0] if self._letter else "") + text)
        self._changed()

    def _command(self, key: str) -> None:
        dialog = self.dialog
        match key:
            case "up" | "down":
                dialog.move(-1 if key == "up" else 1)
            case "pageup" | "pagedown":
                dialog.scroll(-1 if key == "pageup" else 1)
            case "escape":
                self._answer(allowed=False, stop=True)
            case "enter":
                choice = dialog.enter()
                if choice is not None:
                    self._choose(choice)

    def _type(self, text: str, before: str) -> None:
        """What is typed: a mark, a choice, or the first of an answer in words.

        Args:
            before: a letter that still waited to count.
        """
        dialog = self.dialog
        if before:
            self._open_reason(before + text)
            return
        chosen = dialog.with_key(text)
        if text in ("j", "k"):
            dialog.move(1 if text == "j" else -1)
        elif len(text) == 1 and text in "123456789":
            dialog.mark(int(text) - 1)
        elif chosen is None:
            self._open_reason(text)
        elif dialog.choices[chosen].asks_reason:
            self._open_reason("", said_no=True)
        else:
            dialog.mark(chosen)
            choice = dialog.choices[chosen]
            lasts = choice.remember or choice.mode not in (None, "default")
            wait = LASTING if lasts else GUARD
            self._letter = (text, self._now() + wait)
            self._later(wait)

    def _open_reason(self, text: str, *, said_no: bool = False) -> None:
        self._letter, self._said_no = None, said_no
        self.dialog.mark(len(self.dialog.choices) - 1)
        self.dialog.asking_reason = True
        self.reason.paste(text)

    def reason_enter(self) -> None:
        """Says no, with what was typed as the reason."""
        said = self.reason.expanded().strip()
        if self._said_no and _REST_OF_NO.match(said):
            said = f"n{said}"
        self._answer(allowed=False, message=said or None)

    def reason_escape(self) -> None:
        """Goes back to the choices."""
        self.reason.buffer.reset()
        self.dialog.asking_reason = False
        self._changed()

    def _choose(self, choice: Answer) -> None:
        if choice.asks_reason:
            self._open_reason("", said_no=True)
        else:
            self._answer(allowed=choice.allowed, remember=choice.remember, mode=choice.mode)

    def _answer(
        self,
        *,
        allowed: bool,
        message: str | None = None,
        remember: str | None = None,
        updated_input: dict[str, object] | None = None,
        stop: bool = False,
        mode: str | None = None,
    ) -> None:
        request = self.dialog.request
        # Somebody else may have answered since the last drawing.
        if request is not None and request.request_id in self._requests():
            answer = partial(self.session.answer, request.request_id, allowed, KEYBOARD, mode=mode)
            answer(message=message, remember=remember, updated_input=updated_input, stop=stop)
        self.follow(typing=True)
        self._changed()


_FORESEEN = (CommandFailed, OSError)
