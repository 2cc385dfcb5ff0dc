"""Who is let in: links, the browsers that came in by one, and the WebSockets that these have open.

A link is a token with rights, for all sessions or for one. Who shows a token gets two secrets: one that the
browser keeps as a cookie and one for the page, which keeps it where only its own origin can see it. Each
request shows both. Here are hashes only: what is kept for a restart lets nobody in who reads it.
"""

from __future__ import annotations

import hmac
import secrets
import time
from contextlib import contextmanager
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING

import anyio

from qwen_dual.protocol import HOST_RIGHTS
from qwen_dual.protocol.visible import visible
from qwen_dual.web.access_records import AccessError, Client, Entered, Guest, KnownAccess, Link
from qwen_dual.web.limits import Unfinished

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

SECRET_BYTES = 16
MAX_LINKS = 200
MAX_GUESTS = 100
"""Browsers that came in by one link and may come again; for one more, that which was away longest is
forgotten. None of another link, so that nobody can have others forgotten."""
MAX_SOCKETS = 64
"""WebSockets of one browser: twenty tabs of a page."""
NAME_CHARS = 60
NAMED_SECONDS = 86400.0
"""For which the name of a browser that has gone stays its own."""


class Access:
    """The links of one server, and who came in by them.

    Args:
        kept: what the server before this one knew.
        changed: called after each change that a restart has to know of.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        kept: KnownAccess | None = None,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        kept = kept or KnownAccess()
        self._links = {link.id: link for link in kept.links}
        self._guests = {guest.id: guest for guest in kept.guests if guest.link in self._links}
        self._sockets: dict[str, set[anyio.CancelScope]] = {}
        self._unfinished: dict[str, Unfinished] = {}
        self._changed = changed
        self._clock = clock

    def kept(self) -> KnownAccess:
        """What a restart needs."""
        return KnownAccess(list(self._links.values()), list(self._guests.values()))

    # -- links ---------------------------------------------------------------------------------

    def first_link(self) -> str:
        """The token of a link with all rights, in place of the one that an earlier start gave.

        Who came in by that one stays.
        """
        token = secrets.token_hex(SECRET_BYTES)
        for link in self._links.values():
            if link.first:
                link.digest = _digest(token)
                break
        else:
            made = self._new_link("the terminal", HOST_RIGHTS, None, token)
            made.first = True
        self._changed()
        return token

    def make_link(
        self, rights: Iterable[str], name: str, session: str | None, by: Client
    ) -> tuple[Link, str]:
        """A further link, and its token, which is told this once.

        Args:
            rights: what who comes in by it may do; observe is added.
            name: what it is for.
            session: the key of the only session that it leads to; None for all.
            by: who makes it: nobody gives rights that he has not.

        Raises:
            AccessError: it may not be made.
        """
        wanted = {"observe", *rights}
        if unknown := sorted(wanted - set(HOST_RIGHTS)):
            raise AccessError(
                "invalid", f"{unknown[0]!r} is no right; there are {', '.join(HOST_RIGHTS)}"
            )
        if more := sorted(wanted - by.rights):
            raise AccessError("no_right", f"you have no right to {more[0]}, so you cannot give it")
        if len(self._links) >= MAX_LINKS:
            raise AccessError(
                "too_many", f"there are {MAX_LINKS} links; revoke some before you make another"
            )
        token = secrets.token_hex(SECRET_BYTES)
        ordered = tuple(right for right in HOST_RIGHTS if right in wanted)
        link = self._new_link(shown_name(name) or "link", ordered, session, token)
        self._changed()
        return link, token

    def links(self) -> list[Link]:
        """All of them, in the order in which they were made."""
        return list(self._links.values())

    def present(self, link_id: str) -> int:
        """How many browsers that came in by a link have a WebSocket open."""
        return sum(
            1
            for guest in self._guests.values()
            if guest.link == link_id and self._sockets.get(guest.id)
        )

    def revoke(self, link_id: str, by: Client | None = None) -> bool:
        """Ends a link; who came in by it is out at once. Whether there was one.

        Args:
            link_id: of the link.
            by: who wants it; None for the server itself.

        Raises:
            AccessError: it is the link of who started the server, and somebody else wants it.
        """
        link = self._links.get(link_id)
        if link is None:
            return False
        if by is not None and not self.may_revoke(by, link):
            raise AccessError(
                "no_right", "the first link is for who started the server, and ends with it"
            )
        del self._links[link_id]
        self._unfinished.pop(link_id, None)
        for guest in [guest for guest in self._guests.values() if guest.link == link_id]:
            self._forget(guest)
        self._changed()
        return True

    def revoke_session(self, key: str) -> None:
        """Ends the links that lead to one session alone, which is over."""
        for link in [link for link in self._links.values() if link.session == key]:
            self.revoke(link.id)

    def _new_link(self, name: str, rights: Sequence[str], session: str | None, token: str) -> Link:
        link = Link(
            id=secrets.token_hex(6),
            name=name,
            rights=tuple(right for right in HOST_RIGHTS if right in rights),  # type: ignore[misc]
            session=session,
            created_at=self._clock(),
            digest=_digest(token),
        )
        self._links[link.id] = link
        return link

    # -- browsers ------------------------------------------------------------------------------

    def enter(self, token: str, name: str = "", cookies: Collection[str] = ()) -> Entered | None:
        """Lets a browser in that shows the token of a link; None where no link has it.

        Args:
            token: as it was shown.
            name: what the person there wants to be called; the link's unless given. Where somebody is
                called so already it gets a number.
            cookies: that the browser has from before.
        """
        shown, found = _digest(token), None
        for link in self._links.values():  # all of them: how long it takes says nothing
            if hmac.compare_digest(link.digest, shown):
                found = link
        if found is None:
            return None
        known = [guest for guest in self._guests.values() if guest.link == found.id]
        if len(known) >= MAX_GUESTS:
            self._forget(min(known, key=self._absence))
        found.used_at = self._clock()
        cookie, proof = secrets.token_hex(SECRET_BYTES), secrets.token_hex(SECRET_BYTES)
        guest = Guest(
            id=secrets.token_hex(6),
            link=found.id,
            name=self._free_name(
                shown_name(name) or ("browser" if found.first else found.name), cookies
            ),
            cookie=_digest(cookie),
            proof=_digest(proof),
            seen_at=found.used_at,
        )
        self._guests[guest.id] = guest
        self._changed()
        return Entered(self._client(guest), f"{guest.id}.{cookie}", proof)

    def client(self, cookies: Iterable[str], proof: str) -> Client | None:
        """Who shows one of these cookies with this proof; None where nobody is let in by them.

        Args:
            cookies: all that have the server's name: another port of the host may have set more.
            proof: what the page has shown.
        """
        for cookie in cookies:
            guest_id, _, secret = cookie.partition(".")
            guest = self._guests.get(guest_id)
            if guest is None:
                continue
            both = hmac.compare_digest(guest.cookie, _digest(secret))
            both &= hmac.compare_digest(guest.proof, _digest(proof))
            if both:
                guest.seen_at = self._clock()
                return self._client(guest)
        return None

    def _free_name(self, name: str, cookies: Collection[str]) -> str:
        """The name, with a number where another browser has it that is here, or was not long ago."""
        own = {cookie.partition(".")[0] for cookie in cookies}
        since = self._clock() - NAMED_SECONDS
        taken = {
            guest.name
            for guest in self._guests.values()
            if guest.id not in own and (self._sockets.get(guest.id) or guest.seen_at >= since)
        }
        names = (name if number == 1 else f"{name} {number}" for number in count(1))
        return next(one for one in names if one not in taken)

    def leave(self, client: Client) -> None:
        """Forgets a browser, and closes what it has open."""
        guest = self._guests.get(client.id)
        if guest is not None:
            self._forget(guest)
            self._changed()

    @contextmanager
    def socket(self, client: Client) -> Iterator[anyio.CancelScope]:
        """The scope of a WebSocket, which is cancelled once the client is not let in any more.

        Raises:
            AccessError: it has too many, or is not let in by now.
        """
        if client.id not in self._guests:
            raise AccessError("left", "this link was revoked")
        scopes = self._sockets.setdefault(client.id, set())
        if len(scopes) >= MAX_SOCKETS:
            raise AccessError("crowded", f"this browser has {MAX_SOCKETS} connections already")
        with anyio.CancelScope() as scope:
            scopes.add(scope)
            try:
                yield scope
            finally:
                scopes.discard(scope)
                if not scopes:
                    self._sockets.pop(client.id, None)

    def unfinished(self, client: Client) -> Unfinished:
        """What has begun to come from all who came in by the same link as this one."""
        guest = self._guests.get(client.id)
        return self._unfinished.setdefault(guest.link if guest else "", Unfinished())

    def _client(self, guest: Guest) -> Client:
        link = self._links[guest.link]
        return Client(guest.name, frozenset(link.rights), link.session, guest.id)

    def may_revoke(self, client: Client, link: Link) -> bool:
        """Whether who has control may end a link: that of who started the server only who came in by it."""
        guest = self._guests.get(client.id)
        return not link.first or (guest is not None and guest.link == link.id)

    def _absence(self, guest: Guest) -> tuple[bool, float]:
        return bool(self._sockets.get(guest.id)), guest.seen_at

    def _forget(self, guest: Guest) -> None:
        self._guests.pop(guest.id, None)
        for scope in list(self._sockets.get(guest.id, ())):
            scope.cancel()


def shown_name(name: str) -> str:
    """A name as people may see it: one short line with nothing in it that hides or turns."""
    return visible(" ".join(name.split()))[:NAME_CHARS].strip()


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()
