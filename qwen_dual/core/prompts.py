"""The queue of submitted prompts, and which command ids were seen. Pure and synchronous."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Literal

PREVIEW_CHARS = 200
"""How much of a queued prompt a ``state`` event repeats."""

PREVIEW_PROMPTS = 20
"""How many queued prompts a ``state`` event lists; ``queued`` counts them all."""


Action = Literal["prompt", "shell", "form"]


@dataclass(frozen=True, slots=True)
class Prompt:
    """Something submitted.

    Attributes:
        origin: ``keyboard``, ``input`` or ``cli``.
        action: what is done with it: a prompt (or slash command), a command for the shell, or a
            slash command whose form was filled in with ``answers``.
    """

    text: str
    origin: str
    command_id: str | None = None
    action: Action = "prompt"
    answers: tuple[str, ...] = field(default=(), repr=False)


class PromptQueue:
    """First in, first out; an entry with an id can be taken out again.

    It is not bounded: it holds what people and hosts submitted, and none of it may be lost.
    """

    def __init__(self) -> None:
        self._prompts: deque[Prompt] = deque()

    def __len__(self) -> int:
        return len(self._prompts)

    def add(self, prompt: Prompt) -> int:
        """Appends ``prompt`` and returns its position, 1 for the next to run."""
        self._prompts.append(prompt)
        return len(self._prompts)

    def take(self) -> Prompt | None:
        """The oldest prompt, or None."""
        return self._prompts.popleft() if self._prompts else None

    def cancel(self, command_id: str) -> bool:
        """Takes out the prompt with ``command_id``; False when it is not queued."""
        for prompt in self._prompts:
            if prompt.command_id == command_id:
                self._prompts.remove(prompt)
                return True
        return False

    def listing(self) -> list[dict[str, Any]]:
        """The first entries, as ``state`` events show them."""
        return [
            {
                "id": prompt.command_id,
                "text": prompt.text[:PREVIEW_CHARS],
                "origin": prompt.origin,
            }
            for prompt, _ in zip(self._prompts, range(PREVIEW_PROMPTS), strict=False)
        ]

    def texts(self) -> list[str]:
        """All entries as they were typed; answers to a form stay out of it."""
        return [
            f"!{prompt.text}" if prompt.action == "shell" else prompt.text
            for prompt in self._prompts
        ]

    def drain(self) -> list[Prompt]:
        """Empties the queue and returns what was in it."""
        prompts = list(self._prompts)
        self._prompts.clear()
        return prompts


class SeenIds:
    """The ids of commands that were taken, the last ``limit`` of them.

    Digests are kept instead of ids, so that long ids cost no more memory than short ones.
    """

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._digests: dict[bytes, None] = {}

    def add(self, command_id: str) -> bool:
        """Notes ``command_id``; False when it was seen before."""
        digest = blake2b(command_id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if digest in self._digests:
            return False
        self._digests[digest] = None
        if len(self._digests) > self._limit:
            del self._digests[next(iter(self._digests))]
        return True
