"""MCP servers for a command line that has no session: an entry checked, servers tried out, signing in."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.mcp.bounds import exact_line, line
from qwen_dual.mcp.configured import BadConfig, read_entry, where
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.tokens import TokenStore
from qwen_dual.runtime.browser import open_page
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.mcp import load_servers
from qwen_dual.runtime.mcp_control import server_fields
from qwen_dual.settings.environment import Environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.servers import Servers
    from qwen_dual.runtime.opened import OpenSession
    from qwen_dual.runtime.spec import SessionSpec
    from qwen_dual.settings.load import Settings

ANY_VALUE = "http://x"
"""Stands for a variable that is not set when an entry is written: it may be when it is read."""


class Tried(Struct, frozen=True):
    """What became of one server.

    Attributes:
        data: as the wire has it: ``system_shapes.McpServerData``.
        where: its command line, or its address.
        file: what configures it.
        off: why it is not used; empty where it is.
        tools: the names that it has for its tools, and what they do.
    """

    data: dict[str, Any]
    where: str
    file: str
    off: str
    tools: Sequence[tuple[str, str]]


class _Set(dict[str, str]):
    """An environment in which every variable is set."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, ANY_VALUE)


def problem_of(name: str, entry: dict[str, Any], settings: Settings, cwd: str) -> str:
    """What is wrong with an entry of ``mcpServers``; empty for nothing."""
    environment = Environment(_Set(settings.environment.values))
    try:
        read_entry(name, entry, replace(settings, environment=environment), cwd, "user")
    except BadConfig as error:
        return str(error)
    return ""


def forget_sign_in(home: str, name: str, url: str) -> None:
    """Forgets the sign-in at a server that is configured no more."""
    TokenStore(home).forget(name, url)


async def try_servers(
    spec: SessionSpec, heard: Callable[[str], object] = lambda text: None
) -> tuple[list[Tried], list[str]]:
    """Connects what is configured and looks at it, as a session would; nothing is left running.

    Args:
        spec: of the session; one that records nothing.
        heard: takes what servers say on stderr.

    Returns:
        What became of each, and what of the configuration cannot be used.

    Raises:
        StartError: there is no session to be had.
    """
    notices: list[str] = []
    with _listening(heard):
        async with _session(spec, notices) as handle:
            if handle.parts.servers is not None:
                await handle.parts.servers.settled()
            found = _looked_at(handle)
    return found, notices


class CannotSignIn(Exception):
    """Signing in at a server, or out, came to nothing; the text says why."""


async def sign_in(
    spec: SessionSpec,
    name: str,
    show: Callable[[str, bool], object],
    opened: Callable[[Callable[[str], bool]], object],
) -> tuple[Tried, list[str]]:
    """Signs a person in at a server, by way of their browser, and connects it.

    Args:
        spec: of a session that has no other server, and records nothing.
        name: of the server.
        show: takes the address to go to, and whether a browser opens it.
        opened: takes, once a browser's return is waited for, what an address that one ended at can
            be given to; that says whether it is of this sign-in.

    Returns:
        What became of the server, and what of the configuration cannot be used.

    Raises:
        CannotSignIn: it came to nothing.
        StartError: there is no session to be had.
    """
    notices: list[str] = []

    async def tell(address: str) -> None:
        show(address, await open_page(address, handle.launch.env))

    async with _session(spec, notices) as handle:
        servers = _servers_of(handle, name)
        try:
            await servers.sign_in(name, tell, lambda callback: opened(callback.take))
        except ServerFailure as error:
            raise CannotSignIn(str(error)) from error
        connected = anyio.Event()

        def look(status: ServerStatus) -> None:
            if status.name == name and status.state != "connecting":
                connected.set()

        servers.listen(look)
        with anyio.move_on_after(servers.config(name).first_seconds):
            await connected.wait()
        [found] = [each for each in _looked_at(handle) if each.data["name"] == name]
    return found, notices


async def sign_out(spec: SessionSpec, name: str) -> bool:
    """Forgets the sign-in at a server; whether there was one. Raises as ``sign_in``."""
    async with _session(spec, []) as handle:
        try:
            return await _servers_of(handle, name).sign_out(name)
        except ServerFailure as error:
            raise CannotSignIn(str(error)) from error


@asynccontextmanager
async def _session(spec: SessionSpec, notices: list[str]) -> AsyncIterator[OpenSession]:
    """A session whose servers are being connected; ``notices`` gets what it says."""

    def note(event: dict[str, Any]) -> None:
        if event.get("subtype") == "notice" and "is not connected" not in event["data"]["text"]:
            notices.append(event["data"]["text"])

    handle = SessionFactory().open(spec, [note])
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        while handle.parts.spawn is None:
            await anyio.lowlevel.checkpoint()
        await load_servers(handle.launch, handle.parts)
        try:
            yield handle
        except Exception as error:  # noqa: BLE001 - the group would wrap it
            failure = error
        handle.request_close()
    await handle.aclose()
    if failure is not None:
        raise failure


def _servers_of(handle: OpenSession, name: str) -> Servers:
    """The servers, among which there is ``name``."""
    servers = handle.parts.servers
    if servers is None or name not in {status.name for status in servers.status()}:
        shown = line(name)
        told = f"there is no MCP server {shown!r} that may be used here: qwen-dual mcp list"
        raise CannotSignIn(told)
    return servers


def _looked_at(handle: OpenSession) -> list[Tried]:
    control = handle.parts.mcp
    if control is None or control.configured is None:
        return []
    return [
        Tried(
            server_fields(status),
            where(control.servers.config(status.name)),
            control.configured.files.get(status.name, ""),
            control.configured.off.get(status.name, ""),
            [
                (exact_line(tool.tool), tool.display.about)
                for tool in control.servers.tools(status.name)
            ],
        )
        for status in control.servers.status()
    ]


class _Heard(logging.Handler):
    def __init__(self, heard: Callable[[str], object]) -> None:
        super().__init__(logging.INFO)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        if record.args and record.msg == "%s: %s":
            self._heard(record.getMessage())


class _listening:
    """While it is entered, ``heard`` takes what the log is told of servers."""

    def __init__(self, heard: Callable[[str], object]) -> None:
        self._handler = _Heard(heard)
        self._log = logging.getLogger("qwen_dual.runtime.mcp")

    def __enter__(self) -> None:
        self._level = self._log.level
        self._log.addHandler(self._handler)
        self._log.setLevel(logging.INFO)

    def __exit__(self, *_: object) -> None:
        self._log.removeHandler(self._handler)
        self._log.setLevel(self._level)
