"""The prompts that wait: in which order, what each is known by, and what is told of them. Pure.

One that a person has in the editor keeps its place and cannot run: whatever becomes of the others
meanwhile, it can be put back.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.prompts.prompt import Prompt

PREVIEW_CHARS = 200
"""How much of a queued prompt a ``state`` event repeats."""

PREVIEW_PROMPTS = 20
"""How many queued prompts a ``state`` event lists; ``queued`` counts them all."""

LISTED_PROMPTS = 40
"""How many a ``queue`` event lists."""

LISTED_CHARS = 4_000
"""Of each, as long as they have room in ``LISTED_BYTES``: a line of it stays below 64 KiB."""

LISTED_BYTES = 32_000
LEAST_CHARS = 60


class PromptQueue:
    """First in, first out, but that those that steer a turn go before those that wait for their own.

    It is not bounded: it holds what people and hosts submitted, and none of it may be lost.

    Attributes:
        version: another number after each change.
    """

    def __init__(self) -> None:
        self.version = 0
        self._prompts: list[Prompt] = []
        self._ids: set[str] = set()
        self._held: set[str] = set()

    def __len__(self) -> int:
        """How many wait; those that are being edited do not count."""
        return len(self._prompts) - len(self._held)

    def _free(self) -> Iterator[Prompt]:
        """Those that could run."""
        return (prompt for prompt in self._prompts if prompt.id not in self._held)

    def _changed(self) -> None:
        self.version += 1

    # -- in and out ------------------------------------------------------------------------

    def add(self, prompt: Prompt) -> int:
        """Puts ``prompt`` in its place and returns its position, 1 for the next to run."""
        known = prompt.command_id
        # Commands of two hosts may have the same id, which then is nothing to know one by.
        own = new_uuid() if known is None or known in self._ids else known
        prompt = replace(prompt, id=own)
        self._ids.add(own)
        at = self._steering_end() if prompt.steers is not None else len(self._prompts)
        position = self._position(at)
        self._prompts.insert(at, prompt)
        self._changed()
        return position

    def position_of_next(self, *, steers: bool) -> int:
        """The position that ``add`` would give the next one."""
        return self._position(self._steering_end() if steers else len(self._prompts))

    def _steering_end(self) -> int:
        places = (at for at, prompt in enumerate(self._prompts) if prompt.steers is None)
        return next(places, len(self._prompts))

    def _position(self, at: int) -> int:
        if not self._held or at == len(self._prompts):  # however many wait
            return 1 + at - len(self._held)
        return 1 + sum(prompt.id not in self._held for prompt in self._prompts[:at])

    def take(self) -> Prompt | None:
        """The next to run, or None."""
        prompt = next(self._free(), None)
        if prompt is not None:
            self.remove(prompt)
        return prompt

    def steering(self, turn_id: str) -> Prompt | None:
        """The next that is to join the turn, which stays here until it does; None for none."""
        return next((prompt for prompt in self._free() if prompt.steers == turn_id), None)

    def settle(self) -> None:
        """The turn has ended: what was to join it waits for a turn of its own, before all else."""
        for at, prompt in enumerate(self._prompts):
            if prompt.steers is not None:
                self._prompts[at] = replace(prompt, steers=None)
                self._changed()

    def remove(self, prompt: Prompt) -> bool:
        """Takes out ``prompt``; False where it is not there, not as it was, or being edited."""
        for at, waiting in enumerate(self._prompts):
            if waiting is prompt and prompt.id not in self._held:
                del self._prompts[at]
                self._ids.discard(prompt.id)
                self._changed()
                return True
        return False

    def drain(self) -> list[Prompt]:
        """Takes out all but those that are being edited."""
        prompts = list(self._free())
        self._prompts = [prompt for prompt in self._prompts if prompt.id in self._held]
        self._ids = {prompt.id for prompt in self._prompts}
        self._changed()
        return prompts

    # -- by their ids ----------------------------------------------------------------------

    def find(self, target: str, actor: Actor) -> Prompt | None:
        """What ``actor`` means by ``target``: a command of its own, else what is listed so."""
        own = (
            prompt
            for prompt in self._prompts
            if prompt.command_id == target and prompt.owner == actor
        )
        listed = (prompt for prompt in self._prompts if prompt.id == target)
        return next(own, None) or next(listed, None)

    def is_from(self, target: str, actor: Actor) -> bool:
        """Whether ``actor`` submitted what it means by ``target``."""
        prompt = self.find(target, actor)
        return prompt is not None and prompt.owner == actor

    def is_held(self, prompt: Prompt) -> bool:
        """Whether it is being edited."""
        return prompt.id in self._held

    def replace(self, prompt: Prompt, other: Prompt) -> None:
        """Puts ``other`` in the place of ``prompt``, under its id."""
        at = next(at for at, waiting in enumerate(self._prompts) if waiting is prompt)
        self._prompts[at] = replace(other, id=prompt.id)
        self._changed()

    def move(self, prompt: Prompt, position: int) -> int:
        """Puts ``prompt`` at a position, 1 for the next to run; the last where there are fewer."""
        self._prompts = [waiting for waiting in self._prompts if waiting is not prompt]
        places = [at for at, other in enumerate(self._prompts) if other.id not in self._held]
        at = places[position - 1] if position <= len(places) else len(self._prompts)
        self._prompts.insert(at, prompt)
        self._changed()
        return self._position(at)

    # -- in the editor ---------------------------------------------------------------------

    def hold(self, beside: str | None, step: int) -> Prompt | None:
        """Keeps a person's prompt from running, so that it can be edited; None when there is none.

        Args:
            beside: the id of the one that was held before; None for the end of the queue.
            step: -1 for the one before ``beside``, 1 for the one after.
        """
        found = self._prompts
        if beside is not None:
            at = next((at for at, one in enumerate(found) if one.id == beside), len(found))
            found = found[:at] if step < 0 else found[at + 1 :]
        own = [
            prompt
            for prompt in found
            if prompt.owner.at_keyboard
            and prompt.action in ("prompt", "shell")
            and prompt.id not in self._held
        ]
        if not own:
            return None
        prompt = own[-1 if step < 0 else 0]
        self._held.add(prompt.id)
        self._changed()
        return prompt

    def put_back(self, prompt: Prompt) -> None:
        """Puts what was held where it was, as it is now."""
        if prompt.id not in self._held:
            self.add(replace(prompt, steers=None))
            return
        self._held.discard(prompt.id)
        for at, waiting in enumerate(self._prompts):
            if waiting.id == prompt.id:  # the turn that it was to join may have ended
                self._prompts[at] = replace(prompt, steers=waiting.steers)
        self._changed()

    def let_go(self, prompt: Prompt) -> None:
        """What was held will not come back."""
        if prompt.id in self._held:
            self._prompts = [waiting for waiting in self._prompts if waiting.id != prompt.id]
            self._held.discard(prompt.id)
            self._ids.discard(prompt.id)
            self._changed()

    # -- what is told ----------------------------------------------------------------------

    def listing(self) -> list[dict[str, Any]]:
        """The first entries, as ``state`` events show them."""
        return [
            {
                "id": prompt.command_id,
                "text": prompt.typed[:PREVIEW_CHARS],
                "origin": str(prompt.actor),
            }
            for prompt in islice(self._free(), PREVIEW_PROMPTS)
        ]

    def listed(self) -> list[dict[str, Any]]:
        """The first entries, as ``queue`` events list them (``queue_shapes.WaitingPrompt``)."""
        left = LISTED_BYTES
        entries = []
        for prompt in islice(self._prompts, LISTED_PROMPTS):
            whole = prompt.typed
            text = whole[:LISTED_CHARS]
            size = len(encode(text))
            if size > left:
                text = whole[:LEAST_CHARS]
                size = len(encode(text))
            left = max(0, left - size)
            entry = {"id": prompt.id, "text": text, "origin": str(prompt.actor)}
            entries.append({**entry, **self._besides(prompt, cut=len(text) < len(whole))})
        return entries

    def _besides(self, prompt: Prompt, *, cut: bool) -> dict[str, Any]:
        """What a ``queue`` event says of a few."""
        found: dict[str, Any] = {"cut": True} if cut else {}
        if prompt.submitter is not None:
            found["submitted_by"] = str(prompt.submitter)
        if prompt.host is not None:
            found["host"] = prompt.host
        if prompt.steers is not None:
            found["steers"] = prompt.steers
        if prompt.id in self._held:
            found["editing"] = True
        if prompt.has_images:
            from qwen_dual.protocol.attachments import titled

            images = (block for block in titled(prompt.content) if block["type"] == "image")
            found["content"] = [
                {"type": "image", "name": block.get("name", ""), "title": block.get("title", "")}
                for block in islice(images, LISTED_PROMPTS)
            ]
        return found

    def texts(self, *, editing: bool = False) -> list[str]:
        """All entries as they were typed; answers to a form stay out of it.

        Args:
            editing: those that are being edited too.
        """
        prompts = self._prompts if editing else self._free()
        return [prompt.typed for prompt in prompts]
