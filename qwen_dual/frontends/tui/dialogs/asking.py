"""What keys do while something is asked: a request's dialog, its reason, a command's form.

A form that the person opened comes first; requests that arrive meanwhile wait behind it. The
editor's keys are the controller's; those that come too early are ``early_keys``'s.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.frontends.tui.dialogs.asking_forms import FormAsking
from qwen_dual.frontends.tui.dialogs.dialog import GUARD, Dialog
from qwen_dual.frontends.tui.dialogs.early_keys import EarlyKeys
from qwen_dual.frontends.tui.dialogs.questions import answered
from qwen_dual.frontends.tui.editing.editor import Editor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.frontends.tui.dialogs.choices import Answer
    from qwen_dual.frontends.tui.dialogs.form import Sheet
    from qwen_dual.frontends.tui.dialogs.proposals import Proposals
    from qwen_dual.frontends.tui.state.live_state import Request
    from qwen_dual.runtime.handle import SessionHandle

Focus = Literal["editor", "dialog", "reason", "form"]

LASTING = 2 * GUARD
"""Seconds without another key before a letter chooses what lasts; ``GUARD`` for a plain yes. A word
that begins with that letter is an answer in words, and its second letter comes sooner."""

# "n" opened the line in which these go on.
_REST_OF_NO = re.compile(r"(?:o(?:t|pe)?|ever|ah)\b")


class Asking(FormAsking):
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
        super().__init__()
        self.dialog = Dialog()
        self.reason = Editor(changed)
        self.session = session
        self._requests = requests
        self._changed = changed
        self._later = later
        self._now = now
        self._closed = self._written = -GUARD
        self._early = EarlyKeys(self.dialog, later, self._give)
        self._letter: tuple[str, float] | None = None  # and when it counts
        self._said_no = False  # the reason was opened by "n"

    @cached_property
    def _proposals(self) -> Proposals:
        from qwen_dual.frontends.tui.dialogs.proposals import Proposals

        return Proposals(lambda: self.session.review)

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
        if dialog.stands_by:
            return "editor"
        if dialog.takes_keys(self._now()) or dialog.follows_another or dialog.holds:
            return "form" if dialog.sheet is not None else "dialog"
        return "editor"

    @property
    def just_closed(self) -> bool:
        """Whether a key may still be meant for what was there: a dialog, or another draft."""
        return self._now() - max(self._closed, self._written) < GUARD

    def draft_written(self) -> None:
        """Somebody else has changed the draft: an Enter that was on its way does not send it."""
        self._written = self._now()

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
        if self.form is None and self.session.review is not None:
            requests = self._proposals.asked(requests)
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

    def _answer_questions(self, sheet: Sheet) -> None:
        request = self.dialog.request
        if sheet.state == "cancelled" or request is None:
            self._answer(Decision(allowed=False, by=KEYBOARD))
        else:
            given = answered(request.input, sheet.answers)
            self._answer(Decision(allowed=True, by=KEYBOARD, updated_input=given))

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
        text, self._letter = (self._letter[0] if self._letter else "") + text, None
        if self.dialog.is_proposal:
            self.dialog.summoned, self.dialog.draft = False, True
            self.paste_in_editor(text)
        else:
            self._open_reason(text)
        self._changed()

    def _command(self, key: str) -> None:
        dialog = self.dialog
        match key:
            case "up" | "down":
                dialog.move(-1 if key == "up" else 1)
            case "pageup" | "pagedown":
                dialog.scroll(-1 if key == "pageup" else 1)
            case "escape":
                self._answer(Decision(allowed=False, by=KEYBOARD, stop=True))
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
        if before and not dialog.is_proposal:
            self._open_reason(before + text)
            return
        chosen = dialog.with_key(text)
        if dialog.is_proposal:
            if before or chosen is None:
                self._to_draft(before + text)
            else:
                dialog.mark(chosen)
                self._wait_for_letter(text, GUARD)
            return
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
            self._wait_for_letter(text, wait)

    def _wait_for_letter(self, letter: str, seconds: float) -> None:
        self._letter = (letter, self._now() + seconds)
        self._later(seconds)

    def _to_draft(self, text: str) -> None:
        """What was typed before a proposal, and chooses nothing, begins a draft or goes on with one."""
        self.dialog.summoned, self.dialog.draft = False, True
        for char in text:
            self.type_in_editor(char)

    def _open_reason(self, text: str, *, said_no: bool = False) -> None:
        self._letter, self._said_no = None, said_no
        self.dialog.mark(len(self.dialog.choices) - 1)
        self.dialog.asking_reason = True
        self.reason.paste(text)

    def reason_enter(self) -> None:
        """Says no, with what was typed as the reason; or sends a proposal as it was edited."""
        if self.dialog.editing:
            self._send_edited()
            return
        said = self.reason.expanded().strip()
        if self._said_no and _REST_OF_NO.match(said):
            said = f"n{said}"
        self._answer(Decision(allowed=False, by=KEYBOARD, message=said or None))

    def reason_escape(self) -> None:
        """Goes back to the choices."""
        self.reason.buffer.reset()
        self.dialog.asking_reason = self.dialog.editing = False
        if self.dialog.is_proposal:
            self._proposals.edit("")
        self._changed()

    def look_at_proposal(self) -> None:
        """Turns from the draft to a prompt that a host proposes, or back."""
        self.dialog.summon(self._now())
        self._changed()

    def _edit_proposal(self) -> None:
        request = self.dialog.request
        if request is None:
            return
        self._proposals.edit(request.request_id)
        self.dialog.asking_reason = self.dialog.editing = True
        self.reason.set(self._proposals.editable(request.request_id))

    def _send_edited(self) -> None:
        request, text = self.dialog.request, self.reason.expanded()
        if request is None or not text.strip() or self.reason.newline_for_backslash():
            return
        if text == self._proposals.editable(request.request_id):
            text = self._proposals.text(request.request_id)
        self._proposals.take(request.request_id, text)
        self.follow(typing=True)
        self._changed()

    def _choose(self, choice: Answer) -> None:
        if choice.asks_reason:
            self._open_reason("", said_no=not self.dialog.is_proposal)
        elif choice.edits:
            self._edit_proposal()
        else:
            self._answer(
                Decision(choice.allowed, KEYBOARD, remember=choice.remember, mode=choice.mode)
            )

    def _answer(self, decision: Decision) -> None:
        request = self.dialog.request
        # Somebody else may have answered since the last drawing.
        if request is not None and self.dialog.is_proposal:
            if decision.allowed:
                self._proposals.take(request.request_id)
            else:
                self._proposals.refuse(request.request_id, decision.message)
        elif request is not None and request.request_id in self._requests():
            self.session.answer(request.request_id, decision)
        self.follow(typing=True)
        self._changed()
