"""The MCP servers of a hosted session, as its events tell of them. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_dual.host.calls import text_in

if TYPE_CHECKING:
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class McpServer:
    """One server, as it was last told.

    Attributes:
        state: ``connecting``, ``connected``, ``failed``, ``needs_auth``, ``disabled`` or
            ``disconnected``; others may come.
        transport: ``stdio``, ``http``, ``sse`` or ``sdk``.
        source: who brought it: ``user``, ``project``, ``cli``, ``host`` or ``sdk``.
        error: why it is not connected; empty where it is.
        warnings: what of it is not used, and why.
        tools: the names that the model calls its tools by.
        prompts: its prompts.
        resources: how many it has.
    """

    name: str
    state: str
    transport: str = ""
    source: str = ""
    error: str = ""
    warnings: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    resources: int = 0

    @property
    def is_connected(self) -> bool:
        """Whether its tools can be called."""
        return self.state == "connected"

    @classmethod
    def of(cls, raw: object) -> McpServer | None:
        """Reads one of the ``servers`` of a ``mcp`` event; None for what is none."""
        if not isinstance(raw, dict) or not text_in(raw, "name"):
            return None
        count = raw.get("resources")
        return cls(
            text_in(raw, "name"),
            text_in(raw, "state"),
            text_in(raw, "transport"),
            text_in(raw, "source"),
            text_in(raw, "error"),
            _texts(raw.get("warnings")),
            _texts(raw.get("tools")),
            _texts(raw.get("prompts")),
            count if isinstance(count, int) else 0,
        )


def take(servers: dict[str, McpServer], event: Event) -> None:
    """Brings ``servers`` up to date with a ``mcp`` event."""
    listed = event.data.get("servers")
    if event.data.get("complete") is True:
        servers.clear()
    for raw in listed if isinstance(listed, list) else ():
        server = McpServer.of(raw)
        if server is None:
            continue
        if server.state == "disconnected":
            servers.pop(server.name, None)
        else:
            servers[server.name] = server


def _texts(value: object) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else []
    return tuple(each for each in listed if isinstance(each, str))
