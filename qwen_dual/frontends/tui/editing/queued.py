"""Prompts that wait, edited in the editor: Up takes them back one by one, Enter puts them where they were."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.core.actor import KEYBOARD

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.prompts.prompt import Action, Prompt
    from qwen_dual.core.prompts.queue_editing import QueueEditing
    from qwen_dual.frontends.tui.editing.editor import Editor
    from qwen_dual.frontends.tui.state.sent_prompts import SentPrompts

EDIT_TIP = "a queued prompt: enter puts it back"
REMOVE_TIP = "enter removes it from the queue"


class QueuedPrompts:
    """The prompt of the queue that is in the editor, if one is.

    Args:
        queue: of the session.
        editor: what is held is its draft.
        sent_as: is told how what is put back was seen.
    """

    def __init__(self, queue: QueueEditing, editor: Editor, sent_as: SentPrompts) -> None:
        self._queue = queue
        self._editor = editor
        self._sent_as = sent_as
        self._held: Prompt | None = None
        self._shown = ("", 0)  # the draft and its cursor as they were when it was taken

    @property
    def tip(self) -> str:
        """What Enter would do; empty while none is held."""
        if self._held is None:
            return ""
        return EDIT_TIP if self._editor.text.strip() else REMOVE_TIP

    @property
    def holding(self) -> bool:
        """Whether the draft is a prompt of the queue."""
        return self._held is not None

    def move(self, step: int) -> bool:
        """Goes to the queued prompt before or after; False where the key has another meaning."""
        editor = self._editor
        if self._held is None:
            return step < 0 and editor.empty and self._hold(None, step)
        # Untouched, the same key goes on; once edited it moves in the draft first.
        if (editor.text, editor.cursor) != self._shown and not editor.at_edge(step):
            return False
        held = self._held
        if self._hold(held.id, step, instead=held):
            return True
        if step > 0:
            self._put_back(held)
            self._held = None
            editor.drop()
        return True

    def enter(self) -> bool:
        """Puts what is held back as it is now, or nothing where it was emptied; False where none is."""
        held, self._held = self._held, None
        if held is None:
            return False
        self._put_back(held)
        self._editor.drop()
        return True

    def take_back(self, prompts: Sequence[Prompt]) -> None:
        """Puts prompts that will not run before the draft; the cursor stays where it is in that.

        The draft is a command for the shell only where all of it is: no prompt becomes one.
        """
        self.forget()
        editor = self._editor
        own = [prompt for prompt in prompts if not prompt.answers]
        if not own:
            return
        shell = (editor.shell or editor.empty) and all(p.action == "shell" for p in own)
        seen = [self._sent_as.take(prompt.typed) or prompt.typed for prompt in own]
        before = "\n".join(text.removeprefix("!") if shell else text for text in seen)
        if not editor.empty:
            before += "\n!" if editor.shell and not shell else "\n"
        editor.shell = shell
        editor.put_before(before)

    def forget(self) -> None:
        """What is held is an ordinary draft from now on."""
        held, self._held = self._held, None
        if held is not None:
            self._let_go(held)

    def _hold(self, beside: str | None, step: int, instead: Prompt | None = None) -> bool:
        prompt = self._queue.hold(beside, step)
        if prompt is None:
            return False
        if instead is not None:
            self._put_back(instead)
        self._held = prompt
        self._editor.shell = prompt.action == "shell"
        self._editor.drop()
        seen = self._sent_as.seen(prompt.typed)
        self._editor.put_before(seen.removeprefix("!") if self._editor.shell else seen)
        self._shown = (self._editor.text, self._editor.cursor)
        return True

    def _put_back(self, held: Prompt) -> None:
        text = self._editor.expanded().strip()
        if not text:
            self._let_go(held)
            return
        action: Action = "shell" if self._editor.shell else "prompt"
        if (text, action) != (held.text, held.action):  # what somebody else wrote may be in it yet
            content = self._editor.content_of(text) if action == "prompt" else ()
            kept = {"own": None, "actor": KEYBOARD, "submitter": None}
            before, shown = held.typed, self._editor.text.strip()
            held = replace(held, text=text, action=action, content=content, **kept)
            self._sent_as.reword(before, held.typed, f"!{shown}" if action == "shell" else shown)
        self._queue.release(held)

    def _let_go(self, held: Prompt) -> None:
        self._sent_as.take(held.typed)
        self._queue.let_go(held)
