"""The forms that a person fills in: of a command, of a request, and the question that stands by.

The part of ``asking`` that fills them in; what becomes of a request's answers is that one's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.errors import CommandFailed
from qwen_dual.frontends.tui.dialogs.form import Sheet
from qwen_dual.frontends.tui.dialogs.offer import Offer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.commands.questions import Form
    from qwen_dual.frontends.tui.dialogs.dialog import Dialog
    from qwen_dual.frontends.tui.dialogs.early_keys import EarlyKeys
    from qwen_dual.runtime.handle import SessionHandle


class FormAsking:
    """Fills in what is asked one question at a time.

    Attributes:
        form: that the person opened; it comes before all that is asked.
        form_name: the slash command that it is of.
        type_in_editor: takes what is typed and is no answer.
        paste_in_editor: takes what is pasted and is no answer.
    """

    dialog: Dialog
    session: SessionHandle
    _early: EarlyKeys
    _changed: Callable[[], object]
    _now: Callable[[], float]
    _closed: float

    def __init__(self) -> None:
        self.form: Sheet | None = None
        self.form_name = ""
        self.type_in_editor: Callable[[str], object] = lambda _: None
        self.paste_in_editor: Callable[[str], object] = lambda _: None
        self._offer: Offer | None = None
        self._done: Callable[[Sequence[str]], object] = lambda _: None

    @property
    def focus(self) -> str:
        """Where keys go."""
        raise NotImplementedError

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

    # -- a command's form ------------------------------------------------------------------

    def open_form(
        self, form: Form, done: Callable[[Sequence[str]], object], name: str = ""
    ) -> bool:
        """Opens a form; False when it has nothing to ask.

        Args:
            name: of the slash command that it is of.
            done: takes the answers, once all are given.
        """
        try:
            sheet = Sheet(form)
        except _FORESEEN as error:
            self.session.notice(str(error), "error")
            return True
        if sheet.state != "open":
            return False
        self.form, self.form_name, self._done = sheet, name, done
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
        """Answers the request whose questions they were."""
        raise NotImplementedError


_FORESEEN = (CommandFailed, OSError)
