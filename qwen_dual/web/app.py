"""The server as an ASGI application: the page, its requests and its WebSockets, for who is let in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from qwen_dual.web.answers import failed, problem
from qwen_dual.web.headers import COMMON, NOTHING, PAGE
from qwen_dual.web.origins import Refused
from qwen_dual.web.sockets import socket_routes
from qwen_dual.web.static_files import INDEX

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from qwen_dual.web.api import Api
    from qwen_dual.web.doorkeeper import Doorkeeper
    from qwen_dual.web.origins import Origins
    from qwen_dual.web.sessions import HostedSessions
    from qwen_dual.web.static_files import StaticFile

_YEAR = 365 * 86400


def make_app(
    doorkeeper: Doorkeeper, sessions: HostedSessions, api: Api, page: Mapping[str, StaticFile]
) -> ASGIApp:
    """The application.

    Args:
        doorkeeper: says who asks, and whether from our own page.
        sessions: what it shows.
        api: answers the page's requests.
        page: its files.
    """
    routes = [
        *api.routes(),
        *socket_routes(doorkeeper, sessions),
        Route("/{path:path}", Page(page).answer, methods=["GET", "HEAD"]),
    ]
    handlers = {Refused: problem, HTTPException: problem, Exception: failed}
    return Guard(doorkeeper.origins, Starlette(routes=routes, exception_handlers=handlers))


class Guard:
    """Turns away what is not from our own page, and gives every answer its headers.

    Args:
        origins: the server's own.
        app: what is behind it.
    """

    def __init__(self, origins: Origins, app: ASGIApp) -> None:
        self._origins = origins
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, or serves one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            raise ValueError(f"{scope['type']} is not served")
        http = scope["type"] == "http"
        path = scope["path"]
        page = http and not path.startswith(("/api/", "/ws/"))
        answering = _with_headers(send) if http else send
        try:
            if b"token=" in scope["query_string"].lower():
                # It would stand in histories and in the logs of proxies.
                raise Refused(400, "token", "a token stands behind #, never behind ? in an address")
            own = self._origins.check(
                scope["method"] if http else "", Headers(scope=scope), page=page
            )
        except Refused as error:
            if http:
                response = problem(None, error)
                await response(scope, receive, answering)
            else:
                await send({"type": "websocket.close", "code": 1008})
            return
        scope.setdefault("state", {})["origin"] = own
        await self._app(scope, receive, answering)


class Page:
    """Answers with the files of the page.

    Args:
        files: by their path.
    """

    def __init__(self, files: Mapping[str, StaticFile]) -> None:
        self._files = files

    async def answer(self, request: Request) -> Response:
        """The file that a path names: 404 for any other."""
        name = request.path_params["path"] or INDEX
        file = self._files.get(name)
        if file is None:
            return problem(request, Refused(404, "not_found", "there is nothing here"))
        packs = "gzip" in request.headers.get("accept-encoding", "") and file.packed is not None
        tag = f'"{file.tag}-gz"' if packs else f'"{file.tag}"'
        headers = {
            "ETag": tag,
            "Vary": "Accept-Encoding",
            "Cache-Control": f"max-age={_YEAR}, immutable" if file.lasting else "no-cache",
        }
        if name == INDEX:
            headers["Content-Security-Policy"] = PAGE
        if _names(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=304, headers=headers)
        if packs:
            headers["Content-Encoding"] = "gzip"
        body = file.packed if packs and file.packed is not None else file.data
        return Response(body, headers=headers, media_type=file.media_type)


def _names(sent: str, tag: str) -> bool:
    """Whether ``If-None-Match`` names a tag."""
    return any(one.strip().removeprefix("W/") in (tag, "*") for one in sent.split(","))


def _with_headers(send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in COMMON.items():
                headers[name] = value
            headers.setdefault("Content-Security-Policy", NOTHING)
            headers.setdefault("Cache-Control", "no-store")
        await send(message)

    return answer
