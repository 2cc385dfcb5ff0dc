"""All servers of a session: added, removed, looked at, called."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.mcp.bounds import MAX_TOOLS, line
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.names import server_part, tool_name
from qwen_dual.mcp.opening import NoAnswers
from qwen_dual.mcp.server import Server
from qwen_dual.mcp.tools import ServerTool

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    import mcp_types as types
    from anyio.abc import TaskGroup

    from qwen_dual.mcp.authorization import Authorization, Authorizations
    from qwen_dual.mcp.callback import Callback
    from qwen_dual.mcp.config import ServerConfig
    from qwen_dual.mcp.connection import Told
    from qwen_dual.mcp.opening import Answers
    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.transports import TransportFactory


class NoSuchServer(ValueError):
    """There is no server of that name."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        listed = ", ".join(map(line, known)) or "none"
        super().__init__(f"there is no MCP server {line(name)!r}; there are: {listed}")


class Servers:
    """The servers of one session. All methods belong to the loop's own thread.

    Servers that are added before ``run`` are connected when that begins.

    Args:
        transport: makes what carries the messages of a connection.
        on_tools: takes the tools of one server that are no more, and those that there are now.
        answers: who answers what servers ask; may be set later, and counts from the next connection on.
        roots: ``file://`` URLs of the folders that are worked in.
        authorizations: who is signed in where; None where nobody can.
    """

    def __init__(
        self,
        transport: TransportFactory,
        on_tools: Callable[[Sequence[str], Sequence[ServerTool]], object],
        *,
        answers: Answers | None = None,
        roots: Sequence[str] = (),
        authorizations: Authorizations | None = None,
    ) -> None:
        self.answers: Answers = answers or NoAnswers()
        self._transport = transport
        self._hand_on = on_tools
        self._roots = roots
        self._servers: dict[str, Server] = {}
        self._parts: dict[str, str] = {}
        self._tools: dict[str, list[ServerTool]] = {}
        self._listeners: list[Callable[[ServerStatus], object]] = []
        self._group: TaskGroup | None = None
        self._authorizations = authorizations
        if authorizations is not None:
            authorizations.on_needed = self._needs_sign_in

    # -- what can be seen ------------------------------------------------------------------

    def status(self) -> list[ServerStatus]:
        """What each server is now, in the order they were added in."""
        return [server.status for server in self._servers.values()]

    def config(self, name: str) -> ServerConfig:
        """What a server was asked for by.

        Raises:
            NoSuchServer: there is none.
        """
        return self._named(name).config

    def part(self, name: str) -> str:
        """What stands for a server in the names of its tools, and in rules: ``mcp__PART``."""
        return self._parts[name]

    def tools(self, name: str) -> Sequence[ServerTool]:
        """The tools that a server has now."""
        return tuple(self._tools.get(name, ()))

    def listen(self, listener: Callable[[ServerStatus], object]) -> None:
        """Calls ``listener`` with a server's status after each change; it must not raise."""
        self._listeners.append(listener)

    @property
    def all_settled(self) -> bool:
        """Whether the first try of each has come to something."""
        return all(server.settled.is_set() for server in self._servers.values())

    async def settled(self) -> None:
        """Waits until the first try of each has come to something; how long is bounded."""
        for server in list(self._servers.values()):
            await server.settled.wait()

    # -- what can be done ------------------------------------------------------------------

    async def run(self) -> None:
        """Keeps the servers connected until it is cancelled, and ends them then."""
        try:
            async with anyio.create_task_group() as self._group:
                for server in self._servers.values():
                    self._group.start_soon(server.run)
                await anyio.sleep_forever()
        finally:
            self._group = None

    def add(self, config: ServerConfig) -> None:
        """Adds a server, and begins to connect it.

        Raises:
            ValueError: there is one of that name.
        """
        if config.name in self._servers:
            raise ValueError(f"there is an MCP server {line(config.name)!r} already")
        self._parts[config.name] = server_part(config.name, set(self._parts.values()))
        server = Server(
            config, self._transport, self.answers, self._roots, self._take_tools, self._notify
        )
        self._servers[config.name] = server
        if self._group is not None:
            self._group.start_soon(server.run)
        self._notify(server.status)

    async def remove(self, name: str) -> None:
        """Ends a server and forgets it.

        Raises:
            NoSuchServer: there is none.
        """
        server = self._named(name)
        if self._group is not None:
            await server.stop()
        self._servers.pop(name, None)
        self._parts.pop(name, None)

    def reconnect(self, name: str) -> None:
        """Connects a server anew, whatever it is at.

        Raises:
            NoSuchServer: there is none.
        """
        self._named(name).reconnect()

    async def sign_in(
        self,
        name: str,
        show: Callable[[str], Awaitable[None]],
        opened: Callable[[Callback], object] = lambda callback: None,
    ) -> None:
        """Signs the person in at a server, and connects it anew; ends when they are back.

        Args:
            name: of the server.
            show: takes the address that their browser is to go to.
            opened: takes the place where the browser's return is waited for.

        Raises:
            ServerFailure: it came to nothing; says why.
            NoSuchServer: there is none.
        """
        await self._authorization(name).sign_in(show, opened)
        self._named(name).reconnect()

    async def sign_out(self, name: str) -> bool:
        """Forgets the sign-in at a server, and connects it anew; False when there is none.

        Raises:
            ServerFailure: it cannot be forgotten.
            NoSuchServer: there is none.
        """
        was = await self._authorization(name).sign_out()
        self._named(name).reconnect()
        return was

    async def prompt(self, name: str, prompt: str, arguments: Mapping[str, str]) -> Told:
        """A prompt of a server, filled in: a ``GetPromptResult`` as JSON.

        Raises:
            ServerFailure: it cannot be had.
            NoSuchServer: there is none.
        """
        return await (await self._named(name).connection()).prompt(prompt, arguments)

    async def complete(self, name: str, prompt: str, argument: str, begun: str) -> list[str]:
        """What an argument of a prompt may be; nothing where the server does not say."""
        try:
            return await (await self._named(name).connection()).complete(prompt, argument, begun)
        except ServerFailure:
            return []

    def tell_model(self, name: str, text: str) -> None:
        """Puts ``text`` behind the result of the call of a server that ends next."""
        if name in self._servers:
            self._servers[name].add_words(text)

    async def read(self, name: str, uri: str) -> Told:
        """A resource of a server: a ``ReadResourceResult`` as JSON; raises as ``prompt``."""
        return await (await self._named(name).connection()).read(uri)

    # -- what servers do -------------------------------------------------------------------

    def _named(self, name: str) -> Server:
        try:
            return self._servers[name]
        except KeyError:
            raise NoSuchServer(name, self._servers) from None

    def _authorization(self, name: str) -> Authorization:
        config = self._named(name).config
        if self._authorizations is None:
            raise ServerFailure("nobody can sign in here")
        return self._authorizations.of(config)

    def _needs_sign_in(self, name: str) -> None:
        if name in self._servers:
            self._servers[name].reconnect()

    def _notify(self, status: ServerStatus) -> None:
        for listener in self._listeners:
            listener(status)

    def _take_tools(
        self, server: Server, tools: Sequence[types.Tool], remark: Callable[[str], object]
    ) -> Sequence[str]:
        """Hands on what a server has now; what is the same as before stays what it is."""
        name = server.config.name
        before = {tool.name: tool for tool in self._tools.get(name, ())}
        taken = [tool for tool in tools if server.config.takes(tool.name)]
        if len(taken) > MAX_TOOLS:
            remark(
                f"of its {len(taken):,} tools the first {MAX_TOOLS} are used; "
                "name those you want in includeTools"
            )
        now: dict[str, ServerTool] = {}
        for tool in taken[:MAX_TOOLS]:
            called = tool_name(self._parts[name], tool.name)
            if called in now:
                remark(f"it has several tools that are called {line(tool.name, 60)}; one is used")
                continue
            made = ServerTool(server, tool, called)
            was = before.get(called)
            now[called] = was if was is not None and was.is_like(made) else made
        self._tools[name] = list(now.values())
        gone = [called for called in before if called not in now]
        new = [tool for called, tool in now.items() if before.get(called) is not tool]
        if gone or new:
            self._hand_on(gone, new)
        return list(now)
