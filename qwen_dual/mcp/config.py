"""What a server is asked for by, wherever it was configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

Transport = Literal["stdio", "http", "sse", "sdk"]
"""How it is reached: a program's stdin and stdout, streamable HTTP, the older HTTP with SSE, or the
program that runs this one and has the server within it."""

Source = Literal["user", "project", "cli", "host", "sdk"]
"""Who brought it: the person's or the machine's settings; the folder's; the command line; a command on a
channel; the program that runs this one."""

TIMEOUT = 600.0
"""Seconds that a call may take where the settings say nothing."""

FIRST_SECONDS: Mapping[Transport, float] = {"stdio": 30.0, "http": 5.0, "sse": 5.0, "sdk": 5.0}
"""Seconds until a server has said what it has, at the first try: a program may be fetched first."""


class ServerConfig(Struct, frozen=True, kw_only=True):
    """One server. All variables in it are expanded.

    Attributes:
        name: as configured.
        transport: how it is reached.
        source: who brought it.
        command: the program; looked for in ``PATH``.
        args: its arguments.
        env: variables it gets besides those that every child gets.
        cwd: the folder it runs in, absolute; the session's where empty.
        url: where it is, for HTTP and SSE.
        headers: sent with each request.
        timeout: seconds that a call may take.
        discovery_timeout: seconds that the first answers may take; None for ``FIRST_SECONDS``.
        trust: its calls run without asking, and its hints about its tools are believed. Whoever reads the
            settings has made sure that this is the person's word, in a folder they trust.
        sandbox: runs in the sandbox where one is in force; only the person's own settings may say no.
        include_tools: names of the tools to take, as the server has them; None for all.
        exclude_tools: names of those to leave out; goes before ``include_tools``.
        oauth: how to sign in, as in the settings.
        version_negotiation: ``legacy`` says hello as of 2025; ``auto`` asks for 2026-07-28 first.
        description: for a person.
        disabled: is listed and not connected.
    """

    name: str
    transport: Transport
    source: Source = "user"
    command: str = ""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: float = TIMEOUT
    discovery_timeout: float | None = None
    trust: bool = False
    sandbox: bool = True
    include_tools: frozenset[str] | None = None
    exclude_tools: frozenset[str] = frozenset()
    oauth: Mapping[str, Any] = field(default_factory=dict)
    version_negotiation: Literal["legacy", "auto"] = "legacy"
    description: str = ""
    disabled: bool = False

    def __repr__(self) -> str:
        return shown(self, without={"env", "headers", "oauth", "args", "url"})

    @property
    def first_seconds(self) -> float:
        """Seconds until it has said what it has, at the first try."""
        return self.discovery_timeout or FIRST_SECONDS[self.transport]

    def takes(self, tool: str) -> bool:
        """Whether the tool of this name is taken."""
        included = self.include_tools is None or tool in self.include_tools
        return included and tool not in self.exclude_tools
