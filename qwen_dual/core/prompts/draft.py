"""A draft as whoever shares it sees it: what is being typed, and where. Records and a protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.protocol.content_shapes import PromptBlock


class Draft(Struct, frozen=True):
    """What is being typed.

    Attributes:
        cursor: index of the code point that the cursor is on; the length of the text at its end.
        version: another one after each change of the rest.
        mode: ``shell`` where it is a command for the shell.
    """

    text: str
    cursor: int
    version: int
    mode: Literal["prompt", "shell"] = "prompt"


class DraftRefused(Exception):
    """A draft was not set or sent, and is as it was.

    Attributes:
        code: ``busy``, ``shell_mode``, ``invalid`` or ``unknown_unit``; and of one that is not sent
            ``unavailable``, ``version_conflict``, ``too_long`` or ``empty``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class DraftEditor(Protocol):
    """Where a person types."""

    def draft(self) -> Draft:
        """What stands there now."""
        ...

    def set_draft(self, text: str, cursor: int | None, actor: Actor) -> None:
        """Replaces it; without a cursor that goes to the end.

        Raises:
            DraftRefused: it cannot be, now or at all.
        """
        ...

    def take(self, actor: Actor) -> tuple[str, Sequence[PromptBlock]]:
        """Empties it, as sending does.

        Returns:
            What is to be sent, its pastes in full, and what it is made of where it has images.

        Raises:
            DraftRefused: it cannot be sent by another, now or at all.
        """
        ...

    def listen(self, changed: Callable[[], object] | None) -> None:
        """Has ``changed`` called at each change; None for no longer."""
        ...
