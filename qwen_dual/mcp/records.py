"""What a server is found to be, as plain records: its state, its prompts, its resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    from qwen_dual.mcp.config import Source, Transport

State = Literal["connecting", "connected", "failed", "disconnected", "needs_auth", "disabled"]
"""``connecting`` until the first try has come to something; ``failed`` when it did not come up, or went
away, and is tried again now and then; ``needs_auth`` when a person has to sign in first; ``disconnected``
when it was ended here; ``disabled`` when the settings leave it out."""


class PromptArgument(Struct, frozen=True):
    """One argument of a prompt."""

    name: str
    description: str = ""
    required: bool = False


class PromptRecord(Struct, frozen=True):
    """One prompt that a server offers; all text is the server's, bounded and printable."""

    name: str
    title: str = ""
    description: str = ""
    arguments: tuple[PromptArgument, ...] = ()


class ResourceRecord(Struct, frozen=True):
    """One resource, or with ``template`` a family of them, whose ``uri`` has ``{variables}`` then."""

    uri: str
    name: str = ""
    title: str = ""
    description: str = ""
    mime_type: str = ""
    size: int | None = None
    template: bool = False


class ServerStatus(Struct, frozen=True, kw_only=True):
    """One server, now.

    Attributes:
        name: as configured.
        state: see ``State``.
        transport: how it is reached.
        source: who brought it.
        error: why it is not connected, for a person, in a line or a few.
        tools: the names that the model calls its tools by.
        prompts: what it offers as prompts.
        resources: what it offers as resources.
        warnings: what of it is not used, and why.
        server: what it calls itself, with its version.
        protocol: the revision of MCP that is spoken.
        instructions: what it says of its use, bounded.
        retry_in: seconds until it is tried again; None where it is not.
    """

    name: str
    state: State
    transport: Transport
    source: Source
    error: str = ""
    tools: tuple[str, ...] = ()
    prompts: tuple[PromptRecord, ...] = ()
    resources: tuple[ResourceRecord, ...] = ()
    warnings: tuple[str, ...] = ()
    server: str = ""
    protocol: str = ""
    instructions: str = ""
    retry_in: float | None = None

    @property
    def word(self) -> str:
        """The state in the words of the reference's ``init``, which knows three."""
        known = {"connected": "connected", "connecting": "connecting"}
        return known.get(self.state, "disconnected")
