"""The approval dialog: which request is asked, the ways to answer, when it takes keys. Pure.

It answers nothing itself: ``Asking`` does, with the choice that it gives. What it looks like is
``dialog_lines``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.frontends.tui.dialogs.choices import Answer, answers_for
from qwen_dual.frontends.tui.dialogs.dialog_lines import LAYING_OUT, Shown, shown_lines
from qwen_dual.frontends.tui.dialogs.form import Sheet
from qwen_dual.frontends.tui.dialogs.form_lines import form_lines
from qwen_dual.frontends.tui.dialogs.preview_layout import PreviewLayout
from qwen_dual.frontends.tui.dialogs.questions import asked_by, form_of
from qwen_dual.frontends.tui.text import theme

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.frontends.tui.state.live_state import Request
    from qwen_dual.frontends.tui.text.lines import Line

GUARD = 0.4
"""Seconds without a key before a dialog that appears takes one."""


class Dialog:
    """The first of the pending requests, while there is one.

    Attributes:
        layout: makes the rows of what will happen.
        sheet: the form of a request that asks questions.
        holds: it appeared while nobody was typing: a key that comes in its first moments is kept
            until they are over.
        draft: a draft waits in the editor, whose place the dialog has.
        commanding: keys are commands of vi's, so that a proposal leaves them to the draft.
        summoned: the person turned to a proposal, though a draft waits.
        editing: the person makes something else of a proposal.
        refused: why Enter allowed nothing: some of it is ``unseen``, or it may have been meant
            for the ``draft``; said until the next key.
    """

    def __init__(self) -> None:
        self.layout = PreviewLayout()
        self.request: Request | None = None
        self.sheet: Sheet | None = None
        self.choices: tuple[Answer, ...] = ()
        self.selected = 0
        self.asking_reason = False
        self.holds = False
        self.draft = False
        self.commanding = self.summoned = self.editing = False
        self.refused: Literal["", "unseen", "draft"] = ""
        self._touched = False
        self._waiting = 0
        self._answered = 0
        self._scroll = 0
        self._page = 1
        self._seen_whole = False
        self._quiet_until = 0.0
        self._was_ready = True

    @property
    def open(self) -> bool:
        """Whether something is asked."""
        return self.request is not None

    def show(self, requests: Mapping[str, Request], now: float, *, typing: bool) -> None:
        """Follows the pending requests; called before each drawing.

        Args:
            typing: a draft stands in the editor, or a key came just now: keys that come in the
                first moments of a dialog are then meant for something else.
        """
        first = next(iter(requests.values()), None)
        if self.request is not None and self.request.request_id in requests:
            self._waiting = len(requests)
            if not self._was_ready and self.layout.ready(self.request):
                self._was_ready = True  # only now is there something to answer
                self._quiet_until = now + GUARD
            return
        if self.request is not None:
            self._answered = self._answered + 1 if first is not None else 0
            # What was meant for the one that just went must not answer the next.
            typing = True
        self.request = first
        self._waiting = len(requests)
        self.asking_reason = self._touched = self._seen_whole = False
        self.summoned = self.editing = False
        self.refused = ""
        self.selected = self._scroll = 0
        self.choices = answers_for(first) if first is not None else ()
        self.sheet = _sheet_for(first)
        self._quiet_until = now + GUARD
        self._was_ready = first is None or self.layout.ready(first)
        self.holds = first is not None and not typing and not self.is_proposal

    @property
    def is_proposal(self) -> bool:
        """Whether a host's prompt is looked at, for which nothing waits."""
        return self.request is not None and self.request.kind == "proposal"

    @property
    def stands_by(self) -> bool:
        """Whether it leaves the keys to the draft."""
        return self.is_proposal and (self.draft or self.commanding) and not self.summoned

    def note_draft(self, now: float, *, draft: bool) -> None:
        """Notes whether a draft waits. Once none does, a proposal waits for a pause again."""
        if self.draft and not draft and self.is_proposal:
            self._quiet_until = now + GUARD
        self.draft = draft

    def summon(self, now: float) -> None:
        """The person turns to a proposal, or away from it."""
        if self.is_proposal and (self.draft or self.commanding) and not self.asking_reason:
            self.summoned = self._touched = not self.summoned
            self._quiet_until = min(now, self._quiet_until)

    def key_elsewhere(self, now: float) -> None:
        """Notes a key that came too early: the first moments begin anew."""
        if now < self._quiet_until or self.is_proposal:
            self._quiet_until = now + GUARD

    def takes_keys(self, now: float) -> bool:
        """Whether a key is meant for the dialog."""
        if self.request is None or self.stands_by:
            return False
        return self._was_ready and now >= self._quiet_until

    def seconds_until_armed(self, now: float) -> float:
        """How long until it takes keys; 0 when it does or nothing is asked."""
        return max(0.0, self._quiet_until - now) if self.request is not None else 0.0

    @property
    def follows_another(self) -> bool:
        """Whether a request before this one was answered: the keys are not the editor's."""
        return self._answered > 0

    def move(self, step: int) -> None:
        """Marks the next or the one before, around the ends."""
        self._touched = True
        if self.choices:
            self.selected = (self.selected + step) % len(self.choices)

    def mark(self, index: int) -> None:
        """Marks a choice; nothing where there is none of that index."""
        self._touched = True
        if 0 <= index < len(self.choices):
            self.selected = index

    def with_key(self, key: str) -> int | None:
        """The index of the choice that ``key`` chooses; None where it chooses none."""
        return next((at for at, choice in enumerate(self.choices) if choice.key == key), None)

    def enter(self) -> Answer | None:
        """What Enter chooses: the marked one, but none that allows what was not seen whole.

        Nor while a draft waits, until another key was for the dialog: it may be meant to send that.
        """
        if not self.choices:
            return None
        choice = self.choices[self.selected]
        if choice.allowed and self.draft and not self._touched:
            self.refused = "draft"
        elif choice.allowed and not self._may_be_allowed_by_enter:
            self.refused = "unseen"
        return None if self.refused else choice

    @property
    def _may_be_allowed_by_enter(self) -> bool:
        cut = self.request is not None and self.request.is_cut
        return self._seen_whole and not cut

    def scroll(self, pages: int) -> None:
        """Shows another part of a preview that does not fit."""
        self._touched = True
        self._scroll = max(0, self._scroll + pages * max(1, self._page - 1))

    def lines(self, width: int, height: int, now: float) -> list[Line]:
        """The dialog in at most ``height`` lines."""
        request = self.request
        if request is None or height <= 0:
            return []
        count = self._answered + self._waiting
        position = f"{self._answered + 1} of {count}" if count > 1 else ""
        if self.sheet is not None:
            armed = self.takes_keys(now)
            return form_lines(self.sheet, width, height, armed=armed, position=position)
        if self.stands_by:
            from qwen_dual.frontends.tui.dialogs.proposals import standing_line

            return [standing_line(request, width)]
        inner = max(1, width - 2)
        preview = self.layout.rows(request, inner)
        if preview is None:
            return [[(theme.DIM, f"  {LAYING_OUT}"[:width])]]
        shown = Shown(
            request,
            preview,
            self.choices,
            self.selected if self.takes_keys(now) else None,
            self._scroll,
            position,
            asking_reason=self.asking_reason,
            unseen=self.refused == "unseen",
            editing=self.editing,
        )
        lines, self._scroll, self._page, ended = shown_lines(shown, inner, height)
        # Rows of another width are cut at the edge of the window, or leave some of it empty.
        self._seen_whole |= ended and self.layout.fits(request, inner)
        return lines


def _sheet_for(request: Request | None) -> Sheet | None:
    form = form_of(request.input) if request is not None and request.kind == "questions" else None
    if form is None or request is None:
        return None
    return Sheet(asked_by(request.asker, form) if request.agent else form)
