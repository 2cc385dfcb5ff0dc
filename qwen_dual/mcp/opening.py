"""Opens a connection: says hello to a server, and hears what it asks and what it says to have changed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol

import anyio
from msgspec import Struct

from qwen_dual.mcp.bounds import bounded
from qwen_dual.mcp.connection import Changed, Connection, dumped, first_complaint
from qwen_dual.mcp.incoming import Incoming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.connection import Told
    from qwen_dual.mcp.transports import Streams, TransportFactory


class Answers(Protocol):
    """Who answers what a server asks while it works. What is None is not offered to it at all."""

    elicit: Callable[[str, Told], Awaitable[Told]] | None
    """Puts a form, or a page to open, before a person: takes the server's name and the parameters of
    ``elicitation/create``, gives its result."""

    sample: Callable[[str, Told], Awaitable[Told]] | None
    """Has the model answer, with a person's leave: the same for ``sampling/createMessage``."""


class NoAnswers(Struct):
    """Offers nothing to a server."""

    elicit: Callable[[str, Told], Awaitable[Told]] | None = None
    sample: Callable[[str, Told], Awaitable[Told]] | None = None


_CHANGES = {
    "notifications/tools/list_changed": Changed(tools=True),
    "notifications/prompts/list_changed": Changed(prompts=True),
    "notifications/resources/list_changed": Changed(resources=True),
}


@asynccontextmanager
async def open_connection(
    config: ServerConfig,
    transport: TransportFactory,
    answers: Answers,
    roots: Sequence[str],
    changed: Callable[[Changed], object],
) -> AsyncIterator[Connection]:
    """A connection that has said hello.

    Args:
        config: of the server.
        transport: makes what carries the messages.
        answers: who answers what the server asks.
        roots: ``file://`` URLs of the folders that are worked in.
        changed: told what the server says to have changed.

    Raises:
        ServerFailure: it cannot be had.
    """
    import mcp_types as types
    from mcp import Client

    from qwen_dual import __version__

    lost = anyio.Event()
    remarks: list[str] = []

    async def heard(message: Any) -> None:
        change = _CHANGES.get(getattr(message, "method", ""))
        if change is not None:
            changed(change)

    client = Client(
        _looked_at(transport(config), lost, remarks.append),
        mode=config.version_negotiation,
        client_info=types.Implementation(name="qwen-dual", version=__version__),
        message_handler=heard,
        cache=None,
        **_callbacks(config, answers, roots),
    )
    async with client:
        connection = Connection(config, client, lost)
        connection.remarks = remarks
        yield connection


def refused_hello(error: BaseException) -> str:
    """What a server did wrong when it was said hello to; empty where ``error`` is about something else."""
    from mcp import MCPError
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        return f"its hello is not what MCP says: {first_complaint(error)}"
    if isinstance(error, MCPError):
        return (
            f"it cannot be said hello to: {bounded(error.message, 1000) or f'error {error.code}'}"
        )
    return ""


def _callbacks(config: ServerConfig, answers: Answers, roots: Sequence[str]) -> dict[str, Any]:
    import mcp_types as types

    elicit, sample = answers.elicit, answers.sample

    async def on_elicitation(_: Any, params: Any) -> Any:
        assert elicit is not None
        told = await elicit(config.name, dumped(params))
        return types.ElicitResult.model_validate(told)

    async def on_sampling(_: Any, params: Any) -> Any:
        assert sample is not None
        told = await sample(config.name, dumped(params))
        return types.CreateMessageResult.model_validate(told)

    async def on_roots(_: Any) -> Any:
        listed = [types.Root.model_validate({"uri": root}) for root in roots]
        return types.ListRootsResult(roots=listed)

    found: dict[str, Any] = {"list_roots_callback": on_roots}
    if elicit is not None:
        found["elicitation_callback"] = on_elicitation
    if sample is not None:
        found["sampling_callback"] = on_sampling
    return found


@asynccontextmanager
async def _looked_at(
    transport: Any, lost: anyio.Event, remark: Callable[[str], object]
) -> AsyncIterator[Streams]:
    async with transport as (read, write):
        incoming = Incoming(read, remark)
        incoming.over = lost
        yield incoming, write
