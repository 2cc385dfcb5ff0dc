"""The WebSockets: who opens one is checked, what comes is counted, and who is let in no more is cut."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from qwen_dual.concurrency.failures import first_failure
from qwen_dual.web.access_records import AccessError
from qwen_dual.web.close_codes import CROWDED, FAILED, FLOOD, LEFT, UNKNOWN
from qwen_dual.web.connections import MAY_SEND
from qwen_dual.web.doorkeeper import PROTOCOL
from qwen_dual.web.limits import CHAT, SILENT, TERMINAL, Flood, LimitedReceive, message_bytes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from qwen_dual.web.access_records import Client
    from qwen_dual.web.doorkeeper import Doorkeeper
    from qwen_dual.web.limits import Limit
    from qwen_dual.web.sessions import HostedSessions

log = logging.getLogger(__name__)

NOT_LET_IN = "you are not let in (any more): open a link anew"
MAX_REASON_BYTES = 123
"""Of a close frame, as RFC 6455 has it."""
CLOSE_SECONDS = 5.0


def socket_routes(doorkeeper: Doorkeeper, sessions: HostedSessions) -> list[WebSocketRoute]:
    """The three kinds of WebSocket: a session's chat, its terminal, and which sessions there are."""

    async def chat(socket: WebSocket, client: Client) -> None:
        at, epoch = _place(socket)
        await sessions.chat(socket, socket.path_params["key"], client, at, epoch)

    async def terminal(socket: WebSocket, client: Client) -> None:
        at, epoch = _place(socket)
        await sessions.terminal(socket, socket.path_params["key"], client, at, epoch)

    return [
        WebSocketRoute("/ws/chat/{key}", Endpoint(doorkeeper, CHAT, chat)),
        WebSocketRoute("/ws/terminal/{key}", Endpoint(doorkeeper, TERMINAL, terminal)),
        WebSocketRoute("/ws/sessions", Endpoint(doorkeeper, SILENT, sessions.watch)),
    ]


class Endpoint:
    """Serves one kind of WebSocket to who is let in.

    Args:
        doorkeeper: says who opens one.
        limit: what may come from there.
        serve: runs until it is gone.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        limit: Limit,
        serve: Callable[[WebSocket, Client], Awaitable[None]],
    ) -> None:
        self._doorkeeper = doorkeeper
        self._limit = limit
        self._serve = serve

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one."""
        socket = WebSocket(scope, LimitedReceive(receive, self._limit), send)
        client = self._doorkeeper.of_socket(socket)
        # Let in first, and closed then: of one that is not let in, a page is not told why.
        await socket.accept(PROTOCOL if PROTOCOL in scope["subprotocols"] else None)
        key = scope["path_params"].get("key")
        if client is None:
            await _close(socket, LEFT, NOT_LET_IN)
        elif key is not None and not client.sees(key):
            await _close(socket, UNKNOWN, "there is no such session for this link")
        else:
            await _close(socket, *await self._served(socket, client))

    async def _served(self, socket: WebSocket, client: Client) -> tuple[int, str]:
        """Why it is over."""
        code, why = 1000, ""
        may_send = socket.scope.get("extensions", {}).get(MAY_SEND)
        if may_send is not None:
            may_send(
                message_bytes(self._limit, client.rights),
                self._doorkeeper.access.unfinished(client),
            )
        try:
            with self._doorkeeper.access.socket(client) as scope:
                await self._serve(socket, client)
            if scope.cancelled_caught:
                code, why = LEFT, NOT_LET_IN
        except* WebSocketDisconnect:
            pass
        except* AccessError as errors:
            code, why = CROWDED, str(first_failure(errors))
        except* Flood as errors:
            code, why = FLOOD, f"cut for sending too much: {first_failure(errors)}"
        except* Exception as errors:
            if not _is_closed(socket):  # else it failed to tell something to who had gone
                log.error("a WebSocket failed: %s", socket.url.path, exc_info=errors)
                code, why = FAILED, "the server failed at this; its log has the details"
        return code, why


async def _close(socket: WebSocket, code: int, why: str) -> None:
    """Closes it where it is not closed; who takes nothing any more does not hold that up."""
    if _is_closed(socket):
        return
    with anyio.move_on_after(CLOSE_SECONDS):
        try:
            await socket.close(code, why.encode()[:MAX_REASON_BYTES].decode(errors="ignore"))
        except WebSocketDisconnect:
            pass


def _is_closed(socket: WebSocket) -> bool:
    return WebSocketState.DISCONNECTED in (socket.client_state, socket.application_state)


def _place(socket: WebSocket) -> tuple[int | None, str]:
    """From where a page goes on; None where it has nothing yet."""
    asked = socket.query_params
    number = asked.get("from", "")
    at = int(number) if number.isascii() and number.isdigit() and len(number) < 16 else None
    return at, asked.get("epoch", "")[:100]
