"""Which changes are whose, from the calls that were under way when they happened."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.rewind.database import path_of

if TYPE_CHECKING:
    from qwen_dual.rewind.store import Store


class _Past(Struct, frozen=True):
    """A call as the database has it."""

    number: int
    session_id: str
    whole: int
    first: int
    last: int | None
    torn: int


class Changed(Struct, frozen=True):
    """One change of a session's: states by their numbers.

    Attributes:
        shared: whether another session was at work meanwhile.
        torn: whether the program was ended in the middle of the call.
    """

    number: int
    path: str
    before: int
    after: int
    shared: bool
    torn: bool


def changes_of(store: Store, session_id: str, first: int = 0) -> list[Changed]:
    """What a session has changed, from the change ``first`` on, in order."""
    query = "SELECT id, session, whole, first, last, torn FROM span ORDER BY first"
    spans = [_Past(*row) for row in store.database.rows(query)]
    mine = {span.number: span for span in spans if span.session_id == session_id}
    to_come = deque(span for span in spans if span.whole)
    under_way: list[_Past] = []
    found: list[Changed] = []
    query = "SELECT id, path, before, after, span FROM change WHERE id>=? ORDER BY id"
    for number, path, before, after, doing in store.database.rows(query, first):
        if doing is None:
            while to_come and to_come[0].first <= number:
                under_way.append(to_come.popleft())
            under_way = [span for span in under_way if span.last is None or number <= span.last]
            own = [span for span in under_way if span.session_id == session_id]
        else:
            own = [mine[doing]] if doing in mine else []
        if own:
            shared = doing is None and len(own) < len(under_way)
            torn = any(span.torn for span in own)
            found.append(Changed(number, path_of(path, store.top), before, after, shared, torn))
    return found
