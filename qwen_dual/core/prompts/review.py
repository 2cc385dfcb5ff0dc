"""Prompts of hosts that a person looks at before they run: held, then taken, edited or refused.

What runs a prompt is its dispatcher's; here it only waits. Where nobody can look at it, it never runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from qwen_dual.core.prompts.queue import PREVIEW_CHARS
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.content_shapes import PromptBlock

MOST = 100
"""Prompts that are held at a time: nobody looks at more."""

MAX_CHARS = 100_000
"""Of one of them, for the same reason."""

NOBODY = "nobody is there to look at it before it runs"


class Held(Struct, frozen=True, eq=False):
    """A prompt that waits for a person.

    Attributes:
        key: what it is called, of ours: two hosts may have used one id.
        text: what would be submitted, with a title for each image.
        actor: who proposes it.
        command_id: of its ``submit``.
        content: what it is made of, where that is more than text.
        run: has it run, with ``edited`` in place of its text, where that is not None.
    """

    key: str
    text: str
    actor: Actor
    command_id: str | None
    content: Sequence[PromptBlock]
    run: Callable[[str | None], object]


class Review:
    """The prompts of one session that are held, the oldest first.

    Attributes:
        held: by their key.
        edited: the key of the one that a person is editing; no host takes that away.
    """

    def __init__(self, session: Session) -> None:
        self.held: dict[str, Held] = {}
        self.edited = ""
        self._session = session
        self._attended: bool | None = None  # not known yet: the UI loads last

    def decide(self, *, attended: bool) -> None:
        """Tells whether a person is there; without one nothing that is held will run."""
        self._attended = attended
        if not attended:
            self._reject_all("unavailable", NOBODY)

    def hold(self, held: Held) -> None:
        """Shows a prompt to the person; its receipt says ``held``."""
        if self._attended is False:
            self._send_receipt(held, "rejected", "unavailable", NOBODY)
            if held.command_id is None:
                self._session.notice(f"submit: {NOBODY}", "warning")
        elif len(held.text) > MAX_CHARS:
            why = (
                f"nobody looks at more than {MAX_CHARS:,} characters, and it has {len(held.text):,}"
            )
            self._send_receipt(held, "rejected", "too_long", why)
        elif len(self.held) >= MOST:
            why = f"{MOST} prompts are looked at already"
            self._send_receipt(held, "rejected", "too_many", why)
        else:
            self.held[held.key] = held
            self._send_receipt(held, "held")
            self._publish()

    def take(self, key: str, edited: str | None = None) -> bool:
        """Has a prompt run, as it is or as the person made it; False where it is not held any more."""
        held = self._remove(key)
        if held is not None:
            held.run(None if edited == held.text else edited)
        return held is not None

    def refuse(self, key: str, why: str | None = None) -> bool:
        """Refuses a prompt; False where it is not held any more."""
        held = self._remove(key)
        if held is not None:
            self._send_receipt(held, "refused", message=why)
        return held is not None

    def is_from(self, command_id: str, actor: Actor) -> bool:
        """Whether ``actor`` proposed a prompt under this id that is held."""
        return any(
            held.command_id == command_id and held.actor == actor for held in self.held.values()
        )

    def cancel(self, command_id: str, actor: Actor) -> Literal["cancelled", "edited", "unknown"]:
        """Takes back what a host proposed, its own first, unless the person is editing it."""
        named = [held for held in self.held.values() if held.command_id == command_id]
        if not named:
            return "unknown"
        key = min(named, key=lambda held: held.actor != actor).key
        if key == self.edited:
            return "edited"
        self._remove(key)
        return "cancelled"

    def end(self) -> None:
        """Refuses all of them, since the session is over."""
        self._reject_all("session_ended", "the session ended before it ran")

    def _remove(self, key: str) -> Held | None:
        held = self.held.pop(key, None)
        if held is not None:
            if key == self.edited:
                self.edited = ""
            self._publish()
        return held

    def _reject_all(self, code: str, why: str) -> None:
        for key in list(self.held):
            held = self._remove(key)
            if held is not None:
                self._send_receipt(held, "rejected", code, why)

    def _send_receipt(
        self, held: Held, status: str, code: str | None = None, message: str | None = None
    ) -> None:
        if held.command_id is not None:
            self._session.receipt(held.command_id, status, code, message, owner=held.actor)

    def _publish(self) -> None:
        proposals: list[dict[str, Any]] = [
            {"id": held.command_id, "text": held.text[:PREVIEW_CHARS], "origin": str(held.actor)}
            for held in self.held.values()
        ]
        self._session.publish(events.system("proposals", {"proposals": proposals}))


def remade(
    said: tuple[str, str | None, Sequence[PromptBlock]], text: str
) -> tuple[str, str | None, Sequence[PromptBlock]]:
    """A prompt as a person made it: its text, the part in which mentions count, what it is made of.

    An image goes with it as long as its title stands there. Where somebody piped data in, nothing of
    the text is a mention any more: who wrote what cannot be told.
    """
    _, own, content = said
    if own is None:
        return text, None, ()
    images = [block for block in content if block["type"] == "image" and _title(block) in text]
    if any(block["type"] == "text" and block["text"] != own for block in content):
        own = ""
    else:
        own = text
        for block in images:
            own = own.replace(_title(block), "")
    return text, own, [text_block(text), *images]


def _title(block: PromptBlock) -> str:
    return str(block.get("title", ""))
