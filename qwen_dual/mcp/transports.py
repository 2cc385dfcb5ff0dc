"""What carries the messages of each kind of server: made from its configuration when it is connected."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

from anyio import to_thread

from qwen_dual.mcp.bounds import MAX_MESSAGE
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.errors import NeedsSignIn, ServerFailure
from qwen_dual.mcp.process import plain
from qwen_dual.mcp.stdio import stdio_transport
from qwen_dual.net.proxies import proxy_for
from qwen_dual.net.tls import TlsFailure, context_for

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    import httpx2

    from qwen_dual.mcp.process import Start

Streams: TypeAlias = tuple[Any, Any]
"""A read stream and a write stream of the SDK (``mcp.client._transport.TransportStreams``)."""

TransportFactory: TypeAlias = Callable[[ServerConfig], AbstractAsyncContextManager[Streams]]
"""Makes the transport of one connection. Entering it connects; it raises ``ServerFailure`` (of which
``NeedsSignIn`` is one) or what the network raises. Called anew for each try."""


class Transports:
    """Makes the transport that a server is configured for. A ``TransportFactory``.

    Args:
        cwd: the folder of the session.
        env: what children are given, now.
        log: takes a server's name and a line for the log.
        start: starts a program, confined or not.
        proxy: the proxy of the settings.
        auth: signs the requests to a server that asks for it.
        sdk: makes the transport to a server that lives in the program which runs this one.
    """

    def __init__(
        self,
        cwd: str,
        env: Callable[[], Mapping[str, str]],
        log: Callable[[str, str], object],
        *,
        start: Callable[[ServerConfig], Start] = lambda config: plain,
        proxy: str | None = None,
        auth: Callable[[ServerConfig], httpx2.Auth | None] = lambda config: None,
        sdk: TransportFactory | None = None,
    ) -> None:
        self._cwd = cwd
        self._env = env
        self._log = log
        self._start = start
        self._proxy = proxy
        self.auth = auth
        self.sdk = sdk

    def __call__(self, config: ServerConfig) -> AbstractAsyncContextManager[Streams]:
        """The transport for one connection to the server of ``config``."""
        if config.transport == "stdio":
            return self._program(config)
        if config.transport == "sdk":
            if self.sdk is None:
                raise ServerFailure("it is in the program that started this one, which is gone")
            return self.sdk(config)
        return self._web(config)

    def _program(self, config: ServerConfig) -> AbstractAsyncContextManager[Streams]:
        cwd = os.path.join(self._cwd, config.cwd)
        env = {**self._env(), **config.env}
        if not os.path.isdir(cwd):
            raise ServerFailure(f"its folder {cwd} is not there")
        # Looked for in what the server gets as PATH, and from the session's folder never.
        found = shutil.which(config.command, path=env.get("PATH", os.defpath))
        if os.path.dirname(config.command):
            found = os.path.join(cwd, config.command)
        if found is None:
            raise ServerFailure(f"there is no program {config.command} in PATH; install it")
        return stdio_transport(
            [found, *config.args],
            cwd,
            env,
            self._start(config),
            lambda text: self._log(config.name, text),
        )

    @asynccontextmanager
    async def _web(self, config: ServerConfig) -> AsyncIterator[Streams]:
        from mcp.client.sse import sse_client
        from mcp.client.streamable_http import streamable_http_client

        from qwen_dual.mcp.web import make_client

        proxy = proxy_for(config.url, self._proxy, self._env())
        try:
            tls = await to_thread.run_sync(
                lambda: context_for(config.url, proxy.url if proxy else None, env=self._env())
            )
        except TlsFailure as error:
            raise ServerFailure(str(error).rstrip(".")) from None
        refused = ""

        def refuse(why: str) -> None:
            nonlocal refused
            refused = why

        client = make_client(
            config.headers, tls, proxy.url if proxy else None, self.auth(config), refuse
        )

        def give(
            headers: dict[str, str] | None = None,
            timeout: httpx2.Timeout | None = None,
            auth: httpx2.Auth | None = None,
        ) -> httpx2.AsyncClient:
            return client

        try:
            if config.transport == "sse":
                async with sse_client(config.url, httpx_client_factory=give) as streams:
                    yield streams
            else:
                async with (
                    client,
                    streamable_http_client(
                        config.url, http_client=client, max_sse_event_size=MAX_MESSAGE
                    ) as streams,
                ):
                    yield streams
        except Exception as error:
            if refused and not _says_why(error):
                raise NeedsSignIn(f"it asks for signing in ({refused})") from error
            raise


def _says_why(error: Exception) -> bool:
    """Whether there is a failure in words in it."""
    if isinstance(error, ExceptionGroup):
        return error.subgroup(ServerFailure) is not None
    return isinstance(error, ServerFailure)
