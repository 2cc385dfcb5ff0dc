"""The person's sign-ins at MCP servers, in ``mcp-oauth-tokens.json`` as Qwen Code keeps them.

A list with one entry a server; what Qwen Code knows of an entry is written as it writes it, and what it
does not know stands beside that and is lost when it signs in there itself. An entry counts only for the
address it was made for: a server of the same name elsewhere never gets its token.

The file is private, replaced in one step, and changed under a lock beside it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, Struct, field, json

from qwen_dual.fs.foreign import ForeignFileError, read_foreign
from qwen_dual.fs.private import make_private, open_checked, owner_problem
from qwen_dual.fs.reasons import reason
from qwen_dual.fs.replace import replace_file
from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NAME = "mcp-oauth-tokens.json"
LIMIT = 4 << 20
"""Bytes that the file may have."""

LOCK_SECONDS = 10.0
"""How long somebody else may hold the lock before it is gone without."""

_POLL = 0.02


class TokensUnusable(Exception):
    """The file cannot be read or written; the text names it and says what to do."""


class Credentials(Struct, frozen=True, kw_only=True):
    """What a sign-in at one server gave.

    Attributes:
        server: its name in the configuration.
        url: its address, which the token is for.
        access_token: sent with each request.
        refresh_token: gets another when that has expired; empty where there is none.
        scope: what it allows, in words between spaces.
        expires_at: seconds since the epoch; None where nobody said.
        client: the registration with the authorization server, as RFC 7591 has one.
        token_url: where tokens are got; empty where it is not known.
        issuer: the authorization server.
        updated_at: seconds since the epoch.
    """

    server: str
    url: str
    access_token: str
    token_type: str = "Bearer"
    refresh_token: str = ""
    scope: str = ""
    expires_at: float | None = None
    client: Mapping[str, Any] = field(default_factory=dict)
    token_url: str = ""
    issuer: str = ""
    updated_at: float = 0.0

    def __repr__(self) -> str:
        return shown(self, without={"access_token", "refresh_token", "client"})

    def expired(self, within: float = 0.0, now: Callable[[], float] = time.time) -> bool:
        """Whether it has expired, or will within so many seconds."""
        return self.expires_at is not None and now() + within >= self.expires_at


class TokenStore:
    """The file of one person. All of it may block, and is called in threads.

    Args:
        home: the person's settings folder.
    """

    def __init__(self, home: str) -> None:
        self.path = os.path.join(home, NAME)

    def get(self, server: str, url: str) -> Credentials | None:
        """The sign-in at ``server`` while it was at ``url``.

        Raises:
            TokensUnusable: the file cannot be read.
        """
        for entry in self._read():
            found = _credentials(entry)
            if found is not None and (found.server, found.url) == (server, url):
                return found
        return None

    def put(self, credentials: Credentials) -> None:
        """Keeps a sign-in in place of the one at the same server.

        Raises:
            TokensUnusable: the file cannot be read or written.
        """
        with self.locked():
            entries = [entry for entry in self._read() if not _is_of(entry, credentials)]
            self._write([*entries, _entry(credentials)])

    def forget(self, server: str, url: str) -> bool:
        """Forgets the sign-in at a server; False when there is none.

        Raises:
            TokensUnusable: the file cannot be read or written.
        """
        gone = Credentials(server=server, url=url, access_token="")
        with self.locked():
            entries = self._read()
            left = [entry for entry in entries if not _is_of(entry, gone)]
            if len(left) == len(entries):
                return False
            self._write(left)
        return True

    @contextlib.contextmanager
    def locked(self, what: str = "lock") -> Iterator[None]:
        """Within, no other program of ours changes the file; not to be entered twice.

        Whoever holds the lock for longer than ``LOCK_SECONDS`` hangs, and is waited for no more.

        Args:
            what: ``refresh`` is another lock, under which a token is used up for the next.
        """
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT
            fd = open_checked(f"{self.path}.{what}", flags, owner_problem)
        except OSError as error:
            raise self._unusable("cannot be written", error) from error
        try:
            until = time.monotonic() + LOCK_SECONDS
            while not _lock(fd) and time.monotonic() < until:
                time.sleep(_POLL)
            yield
        finally:
            os.close(fd)

    def _read(self) -> list[Any]:
        try:
            with contextlib.suppress(ForeignFileError):  # what is wrong with it the next line says
                make_private(self.path, owner_problem)
            data = read_foreign(self.path, limit=LIMIT)
        except FileNotFoundError:
            return []
        except OSError as error:
            raise self._unusable("cannot be read", error) from error
        if not data.strip():
            return []
        try:
            entries = json.decode(data, type=list[Any])
        except DecodeError as error:
            raise TokensUnusable(
                f"{self.path} is not the JSON list that it should be ({error}). Correct it, or move it "
                "away and sign in again."
            ) from None
        return entries

    def _write(self, entries: list[Any]) -> None:
        data = json.format(json.encode(entries), indent=2)
        try:
            replace_file(os.path.realpath(self.path), data, mode=0o600, folder_mode=0o700)
        except OSError as error:
            raise self._unusable("cannot be written", error) from error

    def _unusable(self, what: str, error: OSError) -> TokensUnusable:
        return TokensUnusable(f"{self.path} {what}: {reason(error)}")


def _lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True


def _is_of(entry: Any, credentials: Credentials) -> bool:
    """Whether an entry is of the same server, or names none."""
    if not isinstance(entry, dict) or entry.get("serverName") != credentials.server:
        return False
    return entry.get("mcpServerUrl") in (credentials.url, None)


def _entry(credentials: Credentials) -> dict[str, Any]:
    token: dict[str, Any] = {
        "accessToken": credentials.access_token,
        "tokenType": credentials.token_type,
    }
    if credentials.refresh_token:
        token["refreshToken"] = credentials.refresh_token
    if credentials.scope:
        token["scope"] = credentials.scope
    if credentials.expires_at is not None:
        token["expiresAt"] = round(credentials.expires_at * 1000)
    return {
        "serverName": credentials.server,
        "token": token,
        "clientId": credentials.client.get("client_id"),
        "tokenUrl": credentials.token_url or None,
        "mcpServerUrl": credentials.url,
        "updatedAt": round((credentials.updated_at or time.time()) * 1000),
        "client": dict(credentials.client),
        "issuer": credentials.issuer,
    }


def _credentials(entry: Any) -> Credentials | None:
    """The sign-in that an entry is; None for what is none, and stays where it is."""
    token = entry.get("token") if isinstance(entry, dict) else None
    if not isinstance(token, dict):
        return None
    server, url = _text(entry, "serverName"), _text(entry, "mcpServerUrl")
    access_token = _text(token, "accessToken")
    if not (server and url and access_token):
        return None
    client = entry.get("client")
    if not isinstance(client, dict) or client.get("client_id") != entry.get("clientId"):
        client_id = _text(entry, "clientId")  # Qwen Code registers without a secret
        client = {"client_id": client_id, "token_endpoint_auth_method": "none"} if client_id else {}
    return Credentials(
        server=server,
        url=url,
        access_token=access_token,
        token_type=_text(token, "tokenType") or "Bearer",
        refresh_token=_text(token, "refreshToken"),
        scope=_text(token, "scope"),
        expires_at=_seconds(token.get("expiresAt")),
        client=client,
        token_url=_text(entry, "tokenUrl"),
        issuer=_text(entry, "issuer"),
        updated_at=_seconds(entry.get("updatedAt")) or 0.0,
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _seconds(value: object) -> float | None:
    """Milliseconds as seconds."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) / 1000 if is_number else None  # type: ignore[arg-type]
