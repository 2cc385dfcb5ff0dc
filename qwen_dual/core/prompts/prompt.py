"""What was submitted, and what of it a history keeps. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.conversation.going_back import GoingBack
    from qwen_dual.protocol.content_shapes import PromptBlock

RAN_BY_PERSON = "I ran this in the shell myself:"
"""How the model is told of a command that a person ran; it is no prompt."""

Action = Literal["prompt", "shell", "form", "asked", "rewind", "act"]


class Prompt(Struct, frozen=True):
    """Something submitted.

    Attributes:
        actor: whose words they are: who submitted it, or has edited it since.
        action: what is done with it: a prompt (or slash command), a command for the shell, or a
            slash command whose form was filled in with ``answers``; ``asked`` is what a slash
            command has the model asked; ``rewind`` goes back, as ``going_back`` says.
        id: what it is known by while it waits: its command's id, else one of ours; given when it
            is added.
        steers: the turn that it joins as soon as that asks its model again; None for one that waits
            for a turn of its own.
        submitter: who submitted it, where that is not who edited it last.
        own: the part of ``text`` in which mentions count; None for all of it. The rest is data that
            somebody piped in, where ``@name`` means nothing.
        command: the slash command that has the model asked ``text``, as it was typed; empty for none.
        content: what the model is sent for ``text``, where that is more than text; what of it is to
            be read yet is named by its path.
        turn_id: of the turn that it was told to begin before there was a session (``core.session.begun``);
            None for one that is told of when it runs.
        uuid: of the event that told of it then.
        going_back: where to, and with what.
        act: what is done in place of all that (``act``), between two turns.
        proposed: what a host had proposed, where a person made ``text`` of it; empty where they let it
            be sent as it was, None where nobody looked at it first.
    """

    text: str
    actor: Actor
    command_id: str | None = None
    action: Action = "prompt"
    answers: tuple[str, ...] = ()
    id: str = ""
    steers: str | None = None
    submitter: Actor | None = None
    own: str | None = None
    command: str = ""
    content: tuple[PromptBlock, ...] = ()
    turn_id: str | None = None
    uuid: str = ""
    going_back: GoingBack | None = None
    act: Callable[[Prompt], Awaitable[None]] | None = None
    proposed: str | None = None

    def __repr__(self) -> str:
        return shown(self, without={"answers", "content", "act"})

    @property
    def has_images(self) -> bool:
        """Whether images go with it."""
        return any(block["type"] == "image" for block in self.content)

    @property
    def owner(self) -> Actor:
        """Who submitted it, whoever has edited it since."""
        return self.submitter or self.actor

    @property
    def host(self) -> str | None:
        """Who sent its command; None where it has none."""
        return None if self.command_id is None else str(self.owner)

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
