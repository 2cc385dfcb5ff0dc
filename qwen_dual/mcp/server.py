"""The life of one server: connected, listened to, started again with more and more time in between."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
from msgspec.structs import replace

from qwen_dual.core.failures import describe
from qwen_dual.mcp.bounds import MAX_REMARKS, line
from qwen_dual.mcp.connection import Changed
from qwen_dual.mcp.errors import ConnectionLost, MissingExtra, NeedsSignIn, ServerFailure
from qwen_dual.mcp.opening import open_connection, refused_hello
from qwen_dual.mcp.records import ServerStatus
from qwen_dual.mcp.sdk import import_sdk
from qwen_dual.net.causes import causes_of, in_words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import mcp_types as types

    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.connection import Connection, Told
    from qwen_dual.mcp.opening import Answers
    from qwen_dual.mcp.records import State
    from qwen_dual.mcp.transports import TransportFactory

log = logging.getLogger(__name__)

FIRST_WAIT = 1.0
"""Seconds until it is tried again the first time; each further time twice as long."""

LONGEST_WAIT = 300.0

STEADY = 60.0
"""Seconds after which a connection counts as one that was good."""

MAX_TRIES = 8
"""Tries of a program in a row that come to nothing, after which a person has to ask for more."""

AWAY_TRIES = 3
"""Tries after which its tools are taken from the model until it is back."""

WAIT_FOR_IT = 10.0
"""Seconds that a call waits for a server that is just coming back."""


class Server:
    """One server of a session.

    Args:
        config: how it is reached.
        transport: makes what carries the messages.
        answers: who answers what it asks.
        roots: ``file://`` URLs of the folders that are worked in.
        on_tools: takes the tools that it has now, and what is told what of them is not used; gives the
            names that the model calls them by.
        on_change: told after each change of ``status``.

    Attributes:
        config: as given.
        status: what it is now.
        settled: set when the first try has come to something.
    """

    def __init__(
        self,
        config: ServerConfig,
        transport: TransportFactory,
        answers: Answers,
        roots: Sequence[str],
        on_tools: Callable[[Server, Sequence[types.Tool], Callable[[str], object]], Sequence[str]],
        on_change: Callable[[ServerStatus], object],
    ) -> None:
        self.config = config
        self.settled = anyio.Event()
        self.turns = anyio.Lock()
        self._transport = transport
        self._answers = answers
        self._roots = roots
        self._on_tools = on_tools
        self._on_change = on_change
        self._connection: Connection | None = None
        self._connected = anyio.Event()
        self._again = anyio.Event()
        self._stale = Changed()
        self._wake = anyio.Event()
        self._scope = anyio.CancelScope()
        self._gone = anyio.Event()
        self._words: list[str] = []
        self._tries = 0
        state: State = "disabled" if config.disabled else "connecting"
        self.status = ServerStatus(
            name=config.name, state=state, transport=config.transport, source=config.source
        )

    async def run(self) -> None:
        """Keeps it connected until ``stop``; the supervisor of all that it does."""
        try:
            with self._scope:
                if self.config.disabled:
                    self.settled.set()
                    await anyio.sleep_forever()
                while True:
                    await self._live()
                    await self._wait()
        finally:
            self._connection = None
            self.settled.set()
            self._on_tools(self, (), str)
            self._gone.set()

    async def stop(self) -> None:
        """Ends it, and all that it started."""
        self._scope.cancel()
        await self._gone.wait()
        self._set_status(state="disconnected", error="", retry_in=None, tools=())

    def reconnect(self) -> None:
        """Tries it anew, at once, whatever it is at."""
        self._tries = 0
        self._again.set()
        if self._connection is not None:
            self._connection.lost.set()

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        progress: Callable[[float, float | None, str | None], object],
        *,
        repeatable: bool,
    ) -> Told:
        """Calls a tool: see ``Connection.call``.

        Args:
            tool: its name at the server.
            arguments: for it.
            progress: takes how far it is, of how much, and a text.
            repeatable: whether it does no harm to call it a second time where the first was lost.
        """
        connection = await self.connection()
        try:
            return await connection.call(tool, arguments, progress)
        except ConnectionLost:
            if not repeatable:
                raise
        connection = await self.connection()
        return await connection.call(tool, arguments, progress)

    def add_words(self, text: str) -> None:
        """Keeps what the person said for the model while it asked them something."""
        self._words.append(text)

    def take_words(self) -> list[str]:
        """What was kept, for the result of the call that ends next."""
        words, self._words = self._words, []
        return words

    async def connection(self) -> Connection:
        """The connection; waits a little for one that is just coming back.

        Raises:
            ServerFailure: there is none.
        """
        if self._connection is None or self._connection.lost.is_set():
            self._drop()
            if self.status.state not in ("needs_auth", "disabled", "disconnected"):
                self._again.set()
                with anyio.move_on_after(WAIT_FOR_IT):
                    await self._connected.wait()
        if self._connection is None:
            why = self.status.error or f"it is {self.status.state.replace('_', ' ')}"
            raise ServerFailure(f"the server {line(self.config.name)} is not connected: {why}")
        return self._connection

    def _drop(self) -> None:
        self._connection = None
        if self._connected.is_set():
            self._connected = anyio.Event()

    # -- its task --------------------------------------------------------------------------

    async def _live(self) -> None:
        """One connection, from being made to its end."""
        self._again = anyio.Event()
        began = anyio.current_time()
        state: State = "failed"
        try:
            await import_sdk()
            await self._connect()
            why = "it closed the connection"
        except NeedsSignIn as error:
            state, why = "needs_auth", str(error)
        except Exception as error:  # whatever a server does is its own failure
            why = self._why(error)
            if isinstance(_cause(error), NeedsSignIn):
                state = "needs_auth"
            log.info("%s: %s", self.config.name, why, exc_info=error)
        finally:
            self._drop()
        if self._again.is_set():  # a person asked for it
            return
        self._tries = 1 if anyio.current_time() - began > STEADY else self._tries + 1
        if why != self.status.error:
            log.warning("the MCP server %s is not connected: %s", self.config.name, why)
        away: dict[str, Any] = {}
        if self._tries >= AWAY_TRIES or state == "needs_auth":
            self._on_tools(self, (), str)
            away = {"tools": (), "prompts": (), "resources": ()}
        self._set_status(state=state, error=why, retry_in=self._retry_in(state, why), **away)
        self.settled.set()

    def _why(self, error: Exception) -> str:
        cause = _cause(error)
        if isinstance(cause, TimeoutError):
            return f"it did not answer within {self.config.first_seconds:g} s"
        if isinstance(cause, ServerFailure):
            return line(str(cause), 1000)
        if type(cause).__module__.startswith("httpx2") and not hasattr(cause, "response"):
            why = in_words(list(causes_of(cause)))
            return line(f"{origin_of(self.config.url)} cannot be reached: {why}", 1000)
        return line(refused_hello(cause) or describe(cause), 1000)

    def _retry_in(self, state: State, why: str) -> float | None:
        if state == "needs_auth" or why == str(MissingExtra()):
            return None
        if self.config.transport in ("stdio", "sdk") and self._tries >= MAX_TRIES:
            return None
        wait: float = min(FIRST_WAIT * 2 ** (self._tries - 1), LONGEST_WAIT)
        return wait

    async def _wait(self) -> None:
        """Waits until it is to be tried again."""
        with anyio.move_on_after(self.status.retry_in):
            await self._again.wait()
        self._set_status(state="connecting", retry_in=None)

    async def _connect(self) -> None:
        with anyio.fail_after(self.config.first_seconds) as first:
            async with open_connection(
                self.config, self._transport, self._answers, self._roots, self._changed
            ) as connection:
                found = await self._list(connection, Changed(True, True, True))
                first.deadline = float("inf")
                self._connection = connection
                self._set_status(
                    state="connected",
                    error="",
                    retry_in=None,
                    server=connection.server,
                    protocol=connection.protocol,
                    instructions=connection.instructions,
                    **found,
                )
                self._connected.set()
                self.settled.set()
                async with anyio.create_task_group() as group:
                    group.start_soon(self._follow, connection)
                    group.start_soon(connection.listen, self._changed)
                    await connection.lost.wait()
                    group.cancel_scope.cancel()

    def _changed(self, what: Changed) -> None:
        self._stale = Changed(
            self._stale.tools or what.tools,
            self._stale.prompts or what.prompts,
            self._stale.resources or what.resources,
        )
        self._wake.set()

    async def _follow(self, connection: Connection) -> None:
        """Looks again at what it says to have changed, at most once a second."""
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            stale, self._stale = self._stale, Changed()
            try:
                with anyio.fail_after(self.config.first_seconds):
                    self._set_status(**await self._list(connection, stale))
            except (ServerFailure, TimeoutError) as error:
                log.warning("%s: its list cannot be had: %s", self.config.name, describe(error))
            await anyio.sleep(1)

    async def _list(self, connection: Connection, what: Changed) -> dict[str, Any]:
        """Asks anew for what has changed; what that makes of ``status``."""
        connection.remarks.clear()
        found: dict[str, Any] = {}
        if what.prompts:
            found["prompts"] = await connection.prompts()
        if what.resources:
            found["resources"] = await connection.resources()
        if what.tools:
            tools = await connection.tools()
            found["tools"] = tuple(self._on_tools(self, tools, connection.remarks.append))
        remarks = list(dict.fromkeys(connection.remarks))
        if (more := len(remarks) - MAX_REMARKS) > 0:
            remarks[MAX_REMARKS:] = [f"and {more:,} more"]
        found["warnings"] = tuple(line(text, 500) for text in remarks)
        return found

    def _set_status(self, **changes: Any) -> None:
        before = self.status
        self.status = replace(before, **changes)
        if self.status != before:
            self._on_change(self.status)


def origin_of(url: str) -> str:
    """Scheme, host and port of ``url``: no password, and nothing of its path."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _cause(error: BaseException) -> BaseException:
    """What is at the bottom of groups: a failure in words before anything else."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    inner = [_cause(each) for each in error.exceptions]
    return next((each for each in inner if isinstance(each, ServerFailure)), inner[0])
