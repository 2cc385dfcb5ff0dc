"""Reads from a request who asks: the cookie and the proof, and which rights go with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.web.origins import Refused

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection, Request
    from starlette.responses import Response
    from starlette.websockets import WebSocket

    from qwen_dual.protocol.command_shapes import Right
    from qwen_dual.web.access import Access
    from qwen_dual.web.access_records import Client
    from qwen_dual.web.origins import Origins

HEADER = "x-qwen-dual"
"""Has the proof. No page of another origin can send it without our leave."""
PROTOCOL = "qwen-dual"
"""The first protocol of a WebSocket; the proof is the second."""

COOKIE_SECONDS = 30 * 86400


class Doorkeeper:
    """Who is behind a request.

    Args:
        access: who is let in.
        origins: the server's own.
    """

    def __init__(self, access: Access, origins: Origins) -> None:
        self.access = access
        self.origins = origins

    def client(
        self, request: Request, right: Right = "observe", *, everywhere: bool = False
    ) -> Client:
        """Who sent a request.

        Args:
            request: it.
            right: what it takes.
            everywhere: whether it takes a link that leads to all sessions.

        Raises:
            Refused: nobody who is let in, or without the right.
        """
        client = self._known(request, request.headers.get(HEADER, ""))
        if client is None:
            raise Refused(401, "left", "you are not let in (any more): open a link anew")
        if not client.may(right):
            raise Refused(403, "no_right", f"this link gives no right to {right}")
        if everywhere and client.session is not None:
            raise Refused(403, "no_right", "this link leads to one session alone")
        return client

    def of_socket(self, socket: WebSocket) -> Client | None:
        """Who opens a WebSocket; None where nobody who is let in."""
        protocols = socket.scope["subprotocols"]
        proof = protocols[1] if protocols[:1] == [PROTOCOL] and len(protocols) == 2 else ""
        return self._known(socket, proof)

    def give_cookie(self, request: Request, response: Response, value: str) -> None:
        """Has the browser keep the cookie; an empty one takes it away."""
        secure = _is_secure(request)
        response.set_cookie(
            self._cookie_name(secure=secure),
            value,
            max_age=COOKIE_SECONDS if value else 0,
            path="/",
            secure=secure,
            httponly=True,
            samesite="strict",
        )

    def _known(self, connection: HTTPConnection, proof: str) -> Client | None:
        return self.access.client(self.cookies(connection), proof)

    def cookies(self, connection: HTTPConnection) -> list[str]:
        """All that a browser has of the server's name, whoever has set them."""
        name = self._cookie_name(secure=_is_secure(connection)) + "="
        sent = "; ".join(connection.headers.getlist("cookie")).split(";")
        return [one.strip().removeprefix(name) for one in sent if one.strip().startswith(name)]

    def _cookie_name(self, *, secure: bool) -> str:
        """With the port in it: browsers have one jar for all ports of a host.

        The prefix has browsers refuse the cookie from anything but this very host, over TLS.
        """
        return f"{'__Host-' if secure else ''}qwen-dual-{self.origins.port}"


def _is_secure(connection: HTTPConnection) -> bool:
    return bool(connection.state.origin.startswith("https:"))
