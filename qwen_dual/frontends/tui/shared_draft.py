"""The draft as channels see it: what is typed, and what a host puts in its place.

A host's write is one step of the person's undo. An Enter that was on its way when it came sends nothing,
and what a person does by halves (a search, a command of vi's, a queued prompt in their hands) is left to
them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.prompts.draft import Draft, DraftRefused
from qwen_dual.frontends.tui.dialogs.proposals import name_of
from qwen_dual.protocol.visible import BRACKET, escape, oddities

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.frontends.tui.controller import Controller
    from qwen_dual.protocol.content_shapes import PromptBlock


class SharedEditor:
    """The editor of one front end, for channels.

    Args:
        controller: whose editor it is.
    """

    def __init__(self, controller: Controller) -> None:
        self._controller = controller
        self._editor = controller.editor
        self._followers: list[Callable[[], object]] = []
        self._listening: Callable[[], object] | None = None

    def draft(self) -> Draft:
        """What stands there now; while the person searches the history, what they found so far."""
        editor = self._editor
        return Draft(
            editor.text, editor.cursor, editor.version, "shell" if editor.shell else "prompt"
        )

    def listen(self, changed: Callable[[], object] | None) -> None:
        """Has ``changed`` called at each change."""
        self.follow(self._listening, changed)
        self._listening = changed

    def follow(
        self, before: Callable[[], object] | None, changed: Callable[[], object] | None
    ) -> None:
        """Has ``changed`` called from now on in the place of ``before``."""
        if before is not None:
            self._followers.remove(before)
        if changed is not None:
            self._followers.append(changed)
        self._editor.on_shared = self._notify if self._followers else lambda: None

    def _notify(self) -> None:
        for changed in self._followers:
            changed()

    def set_draft(self, text: str, cursor: int | None, actor: Actor) -> None:
        """Replaces it.

        Raises:
            DraftRefused: it is not to be changed now, or would not be what the person sees.
        """
        editor, controller = self._editor, self._controller
        self._check()
        hidden = next((at for at, _ in oddities(text, "prose") if text[at] != BRACKET), None)
        if hidden is not None:
            what = f"no editor shows {escape(text[hidden])}, code point {hidden} of the text"
            raise DraftRefused("invalid", what)
        if strange := editor.units(text) - editor.units(editor.text):
            told = f"{min(strange)!r} stands for something that is not in the draft"
            raise DraftRefused("unknown_unit", told)
        if text == editor.text and cursor in (None, editor.cursor):
            return
        editor.write(text, cursor)
        controller.suggestions.dismiss()
        controller.asking.draft_written()
        controller.remark(f"{name_of(actor)} changed the draft")

    def take(self, actor: Actor) -> tuple[str, Sequence[PromptBlock]]:
        """Empties it for a host that sends it; what is sent, and what it is made of where it has images.

        Raises:
            DraftRefused: it is not to be sent now, or only by the person.
        """
        self._check()
        controller = self._controller
        text = controller.sending.take()
        controller.suggestions.dismiss()
        controller.asking.draft_written()
        controller.remark(f"{name_of(actor)} sent the draft")
        return text, self._editor.content_of(text)

    def _check(self) -> None:
        if why := self._busy():
            raise DraftRefused("busy", why)
        if self._editor.shell:
            raise DraftRefused("shell_mode", "a command for the shell is the person's alone")

    def _busy(self) -> str:
        if self._editor.search is not None:
            return "the person is searching their history"
        if self._editor.away == "editor":
            return "the draft is open in the person's own editor"
        if self._controller.queued.holding:
            return "the person is editing a prompt that waits"
        if self._editor.amid_command():
            return "the person is in the middle of a command"
        return ""
