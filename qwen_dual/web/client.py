"""Who uses a page, as the channels have to know it: ``access`` says who that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Collection


class Client(Protocol):
    """Somebody who was let in.

    Attributes:
        name: what people call them.
        rights: of ``protocol.HOST_RIGHTS``.
        session: the key of the one session that they were given a link to; None for all.
        id: of their browser, the same for all of its tabs.
    """

    @property
    def name(self) -> str:
        """What people call them."""

    @property
    def rights(self) -> Collection[str]:
        """What they may do."""

    @property
    def session(self) -> str | None:
        """The one session that they may see; None for all."""

    @property
    def id(self) -> str:
        """Of their browser."""


def may_see(client: Client, key: str) -> bool:
    """Whether somebody may know of a session at all."""
    return client.session in (None, key) and "observe" in client.rights
