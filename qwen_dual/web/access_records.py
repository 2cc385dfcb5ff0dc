"""Who is let in, as records: links, the browsers that came in by them, and what one of these may do."""

from __future__ import annotations

from msgspec import Struct, field

from qwen_dual.protocol.command_shapes import Right  # noqa: TC001 - read back from a file


class AccessError(Exception):
    """Something that access does not allow.

    Attributes:
        code: a word for programs.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Client(Struct, frozen=True):
    """Who a request or a WebSocket is from, and what it may do.

    Attributes:
        name: what the person is called.
        rights: of the protocol; observe is always among them.
        session: the key of the only session that it may see; None for all.
        id: of the browser, the same for all of its tabs.
    """

    name: str
    rights: frozenset[Right]
    session: str | None = None
    id: str = ""

    def may(self, right: Right) -> bool:
        """Whether it has a right."""
        return right in self.rights

    def sees(self, key: str) -> bool:
        """Whether it may know of the session of this key at all."""
        return self.session in (None, key) and "observe" in self.rights


class Link(Struct):
    """A way in.

    Attributes:
        id: names it where it is listed.
        name: what it is for.
        rights: of who comes in by it.
        session: the only session that it leads to; None for all.
        created_at: in seconds since the epoch.
        used_at: when somebody came in by it last; None where nobody has.
        digest: of its token.
        first: whether the server made it for who started it.
    """

    id: str
    name: str
    rights: tuple[Right, ...]
    session: str | None
    created_at: float
    digest: bytes
    used_at: float | None = None
    first: bool = False


class Guest(Struct):
    """A browser that came in by a link.

    Attributes:
        id: the cookie begins with it.
        link: the id of its link.
        name: what the person there is called.
        cookie: digest of the cookie's secret.
        proof: digest of the page's.
        seen_at: when it showed both last, in seconds since the epoch.
    """

    id: str
    link: str
    name: str
    cookie: bytes
    proof: bytes
    seen_at: float


class KnownAccess(Struct):
    """What a server knows of who was let in, for the one after it: digests, no secret.

    Attributes:
        links: in the order in which they were made.
        guests: the browsers that came in by them.
    """

    links: list[Link] = field(default_factory=list)
    guests: list[Guest] = field(default_factory=list)


class Entered(Struct, frozen=True):
    """What a browser gets that came in: the only time that its secrets are told.

    Attributes:
        client: who it is from now on.
        cookie: the value of the cookie: the browser's id and its secret.
        proof: the secret of the page.
    """

    client: Client
    cookie: str
    proof: str
