"""The queue of submitted prompts, what of them a history keeps, and which command ids were seen. Pure."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.going_back import GoingBack
    from qwen_dual.protocol.content_shapes import PromptBlock

RAN_BY_PERSON = "I ran this in the shell myself:"
"""How the model is told of a command that a person ran; it is no prompt."""

PREVIEW_CHARS = 200
"""How much of a queued prompt a ``state`` event repeats."""

PREVIEW_PROMPTS = 20
"""How many queued prompts a ``state`` event lists; ``queued`` counts them all."""


Action = Literal["prompt", "shell", "form", "asked", "rewind", "act"]


class Prompt(Struct, frozen=True):
    """Something submitted.

    Attributes:
        actor: who submitted it.
        action: what is done with it: a prompt (or slash command), a command for the shell, or a
            slash command whose form was filled in with ``answers``; ``asked`` is what a slash
            command has the model asked; ``rewind`` goes back, as ``going_back`` says.
        place: where in the queue it belongs; given when it is added.
        own: the part of ``text`` in which mentions count; None for all of it. The rest is data that
            somebody piped in, where ``@name`` means nothing.
        content: what the model is sent for ``text``, where that is more than text; what of it is to
            be read yet is named by its path.
        turn_id: of the turn that it was told to begin before there was a session (``core.begun``);
            None for one that is told of when it runs.
        uuid: of the event that told of it then.
        going_back: where to, and with what.
        act: what is done in place of all that (``act``), between two turns.
        proposed: what a host had proposed, where a person made ``text`` of it.
    """

    text: str
    actor: Actor
    command_id: str | None = None
    action: Action = "prompt"
    answers: tuple[str, ...] = ()
    place: int = 0
    own: str | None = None
    content: tuple[PromptBlock, ...] = ()
    turn_id: str | None = None
    uuid: str = ""
    going_back: GoingBack | None = None
    act: Callable[[Prompt], Awaitable[None]] | None = None
    proposed: str = ""

    def __repr__(self) -> str:
        return shown(self, without={"answers", "content", "act"})

    @property
    def has_images(self) -> bool:
        """Whether images go with it."""
        return any(block["type"] == "image" for block in self.content)

    @property
    def typed(self) -> str:
        """As it was typed: a command for the shell begins with ``!``."""
        return f"!{self.text}" if self.action == "shell" else self.text


class Entered(Struct, frozen=True):
    """What a person sent, as a history keeps it.

    Attributes:
        text: the draft, with placeholders for what was pasted.
        shell: it was a command for the shell.
        pastes: what the placeholders stand for.
    """

    text: str
    shell: bool = False
    pastes: Mapping[str, str] = field(default_factory=dict)


class PromptQueue:
    """First in, first out; an entry with an id can be taken out again.

    It is not bounded: it holds what people and hosts submitted, and none of it may be lost.
    """

    def __init__(self) -> None:
        self._prompts: deque[Prompt] = deque()
        self._added = 0

    def __len__(self) -> int:
        return len(self._prompts)

    def add(self, prompt: Prompt) -> int:
        """Appends ``prompt`` and returns its position, 1 for the next to run."""
        self._added += 1
        self._prompts.append(replace(prompt, place=self._added))
        return len(self._prompts)

    def hold(self, place: int | None, step: int) -> Prompt | None:
        """Takes out a prompt of the keyboard, so that it can be edited; None when there is none.

        Args:
            place: of the one held before; None for the end of the queue.
            step: -1 for the one before ``place``, 1 for the one after.
        """
        own = [p for p in self._prompts if p.actor.at_keyboard and p.action != "form"]
        if place is not None:
            own = [p for p in own if (p.place - place) * step > 0]
        if not own:
            return None
        found = own[-1 if step < 0 else 0]
        self._prompts.remove(found)
        return found

    def put_back(self, prompt: Prompt) -> None:
        """Puts what was held where it was, as far as what stood around it is still there."""
        before = sum(1 for waiting in self._prompts if waiting.place < prompt.place)
        self._prompts.insert(before, prompt)

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

    def is_from(self, command_id: str, actor: Actor) -> bool:
        """Whether ``actor`` submitted what waits under an id."""
        return any(p.command_id == command_id and p.actor == actor for p in self._prompts)

    def listing(self) -> list[dict[str, Any]]:
        """The first entries, as ``state`` events show them."""
        return [
            {
                "id": prompt.command_id,
                "text": prompt.typed[:PREVIEW_CHARS],
                "origin": str(prompt.actor),
            }
            for prompt, _ in zip(self._prompts, range(PREVIEW_PROMPTS), strict=False)
        ]

    def texts(self) -> list[str]:
        """All entries as they were typed; answers to a form stay out of it."""
        return [prompt.typed for prompt in self._prompts]

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
        from hashlib import blake2b  # OpenSSL's library comes with it

        digest = blake2b(command_id.encode("utf-8", "surrogatepass"), digest_size=12).digest()
        if digest in self._digests:
            return False
        self._digests[digest] = None
        if len(self._digests) > self._limit:
            del self._digests[next(iter(self._digests))]
        return True
