"""What becomes of a draft that is sent: a prompt for the turn that runs or after it, a command, a form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.slash import is_slash

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.dialogs.asking import Asking
    from qwen_dual.frontends.tui.editing.editor import Editor
    from qwen_dual.frontends.tui.editing.queued import QueuedPrompts
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.runtime.handle import SessionHandle

ENTER_STEERS = "enter steers, ctrl+q queues"
ENTER_QUEUES = "enter queues, ctrl+q steers"


class Sending:
    """Sends what is in the editor.

    Args:
        session: gives the session that goes on.
        editor: holds the draft.
        view: is told how what is sent was shown.
        asking: opens the forms of commands.
        queued: the prompt of the queue that is in the editor, if one is.

    Attributes:
        enter_queues: while a turn runs Enter queues for after it, and the other key steers.
        on_new_draft: called when the draft was sent.
    """

    def __init__(
        self,
        session: Callable[[], SessionHandle],
        editor: Editor,
        view: View,
        asking: Asking,
        queued: QueuedPrompts,
    ) -> None:
        self.enter_queues = False
        self.on_new_draft: Callable[[], object] = lambda: None
        self._session = session
        self._editor = editor
        self._view = view
        self._asking = asking
        self._queued = queued

    @property
    def choice(self) -> str:
        """What the keys that send would do with a prompt while a turn runs; empty where it makes no
        difference."""
        text = self._editor.text
        if self._editor.shell or is_slash(text.strip()) or not self._session().in_turn:
            return ""
        return ENTER_QUEUES if self.enter_queues else ENTER_STEERS

    def send(self, *, other: bool = False) -> bool:
        """Sends the draft; False where there is none.

        Args:
            other: not with Enter but with the key for the other thing that can be done with it.
        """
        editor = self._editor
        if self._queued.enter():
            self.on_new_draft()
            return True
        if not editor.text.strip():
            return False
        session = self._session()
        shell, text = editor.shell, self.take()
        if shell:
            session.run_shell(text, KEYBOARD)
        elif not self.open_form(text):
            content, steers = editor.content_of(text), other == self.enter_queues
            session.submit(text, KEYBOARD, content=content, steers=steers)
        return True

    def take(self) -> str:
        """Empties the editor; what is to be sent, its pastes in full."""
        editor = self._editor
        shell, shown = editor.shell, editor.text.strip()
        text = editor.take().strip()
        self.on_new_draft()
        if text != shown:
            mark = "!" if shell else ""
            self._view.sent_as.add(mark + text, mark + shown)
        return text

    def open_form(self, text: str) -> bool:
        """Asks what a command without an argument wants to know; False when it asks nothing."""
        session = self._session()
        found = session.slash.find(text) if is_slash(text) else None
        if found is None or found[1]:
            return False
        if found[0].opens is not None and not session.busy:
            found[0].opens()
            return True
        if found[0].form is None:
            return False
        name = found[0].name
        return self._asking.open_form(
            found[0].form,
            lambda answers: session.answer_form(name, answers, KEYBOARD),
            name,
        )
