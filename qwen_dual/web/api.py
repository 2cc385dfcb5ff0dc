"""The requests of the page, as its ``wire.ts`` lists them: in, out, sessions, links, images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import msgspec
from msgspec import Struct, convert
from starlette.responses import Response
from starlette.routing import Route

from qwen_dual.host import HostError
from qwen_dual.protocol import APPROVAL_MODES
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.web.access_records import AccessError
from qwen_dual.web.answers import answer
from qwen_dual.web.folders import FolderRefused
from qwen_dual.web.origins import Refused
from qwen_dual.web.sessions import NewSession, NoSession, TooMany
from qwen_dual.web.uploads import MAX_IMAGE_BYTES, NoImage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from qwen_dual.web.access_records import Client, Link
    from qwen_dual.web.doorkeeper import Doorkeeper
    from qwen_dual.web.folders import Folders
    from qwen_dual.web.limits import Unfinished
    from qwen_dual.web.sessions import HostedSessions
    from qwen_dual.web.uploads import Uploads

MAX_JSON_BYTES = 1 << 16
BODY_SECONDS = 60.0


class EnterRequest(Struct):
    """The body of ``enter``.

    Attributes:
        token: of a link.
        name: what the person wants to be called; the link's unless given.
    """

    token: str
    name: str = ""


class AttachRequest(Struct):
    """The body of ``attach``.

    Attributes:
        id: of a session that runs on this machine.
    """

    id: str


class LinkRequest(Struct):
    """The body of ``make_link``.

    Attributes:
        rights: what who comes in by it may do.
        name: what it is for.
        session: the key of the only session that it leads to; None for all.
    """

    rights: list[str]
    name: str = ""
    session: str | None = None


T = TypeVar("T")


class Api:
    """Answers the requests of the page. What it refuses it raises as ``Refused``, which becomes the answer.

    Args:
        doorkeeper: says who asks.
        sessions: the sessions.
        folders: where new ones may be started.
        uploads: takes images.
        list_saved: lists saved sessions: of all folders or of one, and before when.
        version: the program's.
    """

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        sessions: HostedSessions,
        folders: Folders,
        uploads: Uploads,
        list_saved: Callable[[bool, float | None], Awaitable[dict[str, Any]]],
        version: str,
    ) -> None:
        self._doorkeeper = doorkeeper
        self._access = doorkeeper.access
        self._sessions = sessions
        self._folders = folders
        self._uploads = uploads
        self._list_saved = list_saved
        self._version = version

    def routes(self) -> list[Route]:
        """The paths and methods that it answers."""
        return [
            Route("/api/enter", self.enter, methods=["POST"]),
            Route("/api/leave", self.leave, methods=["POST"]),
            Route("/api/me", self.me, methods=["GET"]),
            Route("/api/sessions", self.start, methods=["POST"]),
            Route("/api/sessions/{key}", self.end, methods=["DELETE"]),
            Route("/api/saved", self.saved, methods=["GET"]),
            Route("/api/running", self.running, methods=["GET"]),
            Route("/api/attach", self.attach, methods=["POST"]),
            Route("/api/links", self.links, methods=["GET"]),
            Route("/api/links", self.make_link, methods=["POST"]),
            Route("/api/links/{id}", self.revoke_link, methods=["DELETE"]),
            Route("/api/files/{key}", self.take_image, methods=["POST"]),
        ]

    # -- in and out ------------------------------------------------------------------------------

    async def enter(self, request: Request) -> Response:
        """Exchanges a token for the cookie and the proof."""
        if not request.headers.get("x-qwen-dual"):
            raise Refused(403, "origin", "there is no header X-Qwen-Dual, which the page sends")
        given = await _body(request, EnterRequest)
        entered = self._access.enter(given.token, given.name, self._doorkeeper.cookies(request))
        if entered is None:
            raise Refused(401, "left", "this link is not valid (any more): ask for another")
        response = answer({**self._me(entered.client), "proof": entered.proof})
        self._doorkeeper.give_cookie(request, response, entered.cookie)
        return response

    async def leave(self, request: Request) -> Response:
        """Forgets the browser's cookie and proof."""
        self._access.leave(self._doorkeeper.client(request))
        response = Response(status_code=204)
        self._doorkeeper.give_cookie(request, response, "")
        return response

    async def me(self, request: Request) -> Response:
        """Tells who asks, and what they may do."""
        return answer(self._me(self._doorkeeper.client(request)))

    def _me(self, client: Client) -> dict[str, Any]:
        return {
            "name": client.name,
            "rights": sorted(client.rights),
            "session": client.session,
            "folder": self._folders.default if client.session is None else "",
            "version": self._version,
        }

    # -- sessions --------------------------------------------------------------------------------

    async def start(self, request: Request) -> Response:
        """Starts a session; its key."""
        _, new = await self._steered(request, NewSession)
        _check_new(new)
        try:
            # A folder may lie on a disk that does not answer.
            cwd = await anyio.to_thread.run_sync(self._folders.checked, new.cwd)
            key = await self._sessions.start(msgspec.structs.replace(new, cwd=cwd))
        except FolderRefused as error:
            raise Refused(400, "folder", str(error)) from None
        except TooMany as error:
            raise Refused(429, "too_many", str(error)) from None
        except HostError as error:
            raise Refused(502, "not_started", str(error)) from None
        return answer({"key": key}, 201)

    async def end(self, request: Request) -> Response:
        """Ends a session, and the links that lead to it alone."""
        client = self._doorkeeper.client(request, "control")
        key = request.path_params["key"]
        try:
            if not client.sees(key):
                raise NoSession(key)
            await self._sessions.end(key)
        except NoSession:
            raise Refused(404, "not_found", "there is no such session") from None
        self._access.revoke_session(key)
        self._uploads.forget(key)
        return Response(status_code=204)

    async def saved(self, request: Request) -> Response:
        """Lists the saved sessions that one can go on with."""
        self._doorkeeper.client(request, "control", everywhere=True)
        before = request.query_params.get("before", "")
        try:
            at = float(before) if before else None
        except ValueError:
            raise Refused(400, "invalid", f"before={before[:50]!r} is no time in seconds") from None
        return answer(await self._list_saved(request.query_params.get("all") == "1", at))

    async def running(self, request: Request) -> Response:
        """Lists the sessions that run elsewhere on this machine."""
        self._doorkeeper.client(request, "control", everywhere=True)
        return answer(
            {
                "sessions": [
                    {
                        "id": one.session_id,
                        "title": one.title,
                        "cwd": one.cwd,
                        "state": one.state,
                        "pid": one.pid,
                    }
                    for one in await anyio.to_thread.run_sync(self._sessions.running)
                ]
            }
        )

    async def attach(self, request: Request) -> Response:
        """Follows a session that runs elsewhere; its key here."""
        _, wanted = await self._steered(request, AttachRequest)
        try:
            key = await self._sessions.attach(wanted.id)
        except TooMany as error:
            raise Refused(429, "too_many", str(error)) from None
        except HostError as error:
            raise Refused(502, "not_attached", str(error)) from None
        return answer({"key": key}, 201)

    # -- links -----------------------------------------------------------------------------------

    async def links(self, request: Request) -> Response:
        """Lists all links, without their tokens."""
        client = self._doorkeeper.client(request, "control", everywhere=True)
        return answer({"links": [self._row(link, client) for link in self._access.links()]})

    async def make_link(self, request: Request) -> Response:
        """Makes a link; its address, which holds the token, is told this once."""
        client, new = await self._steered(request, LinkRequest)
        if new.session is not None and new.session not in self._keys(client):
            raise Refused(404, "not_found", "there is no such session")
        try:
            link, token = self._access.make_link(new.rights, new.name, new.session, client)
        except AccessError as error:
            raise Refused(400, error.code, str(error)) from None
        # Others come by the proxy, wherever the link was made.
        origin = self._doorkeeper.origins.proxy or request.state.origin
        url = f"{origin}/#token={token}"
        return answer({**self._row(link, client), "url": url, "qr": _qr_code(url)}, 201)

    async def revoke_link(self, request: Request) -> Response:
        """Ends a link; who came in by it is out."""
        client = self._doorkeeper.client(request, "control", everywhere=True)
        try:
            known = self._access.revoke(request.path_params["id"], client)
        except AccessError as error:
            raise Refused(403, error.code, str(error)) from None
        if not known:
            raise Refused(404, "not_found", "there is no such link")
        return Response(status_code=204)

    def _row(self, link: Link, client: Client) -> dict[str, Any]:
        return {
            "id": link.id,
            "name": link.name,
            "rights": link.rights,
            "session": link.session,
            "created_at": link.created_at,
            "used_at": link.used_at,
            "clients": self._access.present(link.id),
            "revocable": self._access.may_revoke(client, link),
        }

    async def _steered(self, request: Request, kind: type[T]) -> tuple[Client, T]:
        """Who asks for what takes control of all, and what that is.

        Looked at again once it is there: whoever sends a byte now and then is not let in for as long as that
        takes, and does not make a new link after the own one was revoked.
        """
        self._doorkeeper.client(request, "control", everywhere=True)
        asked = await _body(request, kind)
        return self._doorkeeper.client(request, "control", everywhere=True), asked

    def _keys(self, client: Client) -> set[str]:
        return {row["key"] for row in self._sessions.rows(client)}

    # -- images ----------------------------------------------------------------------------------

    async def take_image(self, request: Request) -> Response:
        """Keeps an image, to be attached by its path."""
        client = self._doorkeeper.client(request, "submit")
        key = request.path_params["key"]
        if key not in self._keys(client):
            raise Refused(404, "not_found", "there is no such session")
        data = await _read(request, MAX_IMAGE_BYTES, self._access.unfinished(client))
        self._doorkeeper.client(request, "submit")  # the link may be revoked by now
        name = request.query_params.get("name", "")
        try:
            path = await anyio.to_thread.run_sync(self._uploads.keep, key, name, data)
        except NoImage as error:
            raise Refused(415, "no_image", str(error)) from None
        except OSError as error:
            raise Refused(507, "not_kept", f"{name!r} cannot be kept: {error.strerror}") from None
        return answer({"path": path}, 201)


def _qr_code(text: str) -> list[str]:
    """The rows of a QR code, ``1`` for a dark module, without the edge around it."""
    import segno  # 20 ms, for those who make a link

    code = segno.make(text, error="m", micro=False)
    return ["".join("1" if module else "0" for module in row) for row in code.matrix]


def _check_new(new: NewSession) -> None:
    """Raises where what a page asked for could be something else on a command line."""
    if new.mode is not None and new.mode not in APPROVAL_MODES:
        known = ", ".join(APPROVAL_MODES)
        raise Refused(400, "invalid", f"{new.mode[:50]!r} is no mode; there are {known}")
    given = (("model", new.model), ("resume", new.resume))
    for name, value in ((name, value) for name, value in given if value is not None):
        if not value.isprintable() or not 0 < len(value) <= 200 or value.startswith("-"):
            raise Refused(400, "invalid", f"{value[:50]!r} is no {name}")


async def _body(request: Request, kind: type[T]) -> T:
    """The JSON of a request as a record.

    Raises:
        Refused: it is none.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refused(415, "invalid", f"{media_type[:50]!r} is not application/json")
    data = await _read(request, MAX_JSON_BYTES)
    try:
        return convert(decode(data), kind)
    except NotJson as error:
        raise Refused(400, "invalid", f"the body is no JSON: {error}") from None
    except msgspec.ValidationError as error:
        raise Refused(400, "invalid", f"the body is not as it has to be: {error}") from None


async def _read(request: Request, most: int, unfinished: Unfinished | None = None) -> bytes:
    """The body of a request.

    Raises:
        Refused: it is longer than it may be, takes too long, or too much comes by the same link.
    """
    data = bytearray()
    with anyio.move_on_after(BODY_SECONDS) as scope:
        try:
            async for piece in request.stream():
                data += piece
                fits = unfinished is None or unfinished.change(len(piece))
                if len(data) > most:
                    raise Refused(413, "too_long", f"the body is longer than {most:,} bytes")
                if not fits:
                    raise Refused(429, "too_many", "too many images come at once; try again")
        finally:
            if unfinished is not None:
                unfinished.change(-len(data))
    if scope.cancelled_caught:
        raise Refused(408, "slow", f"the body did not come within {BODY_SECONDS:g} seconds")
    return bytes(data)
