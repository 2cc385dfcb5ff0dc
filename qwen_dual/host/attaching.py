"""Joins a session that somebody else started, found by its record and reached over its socket."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from qwen_dual.host.connecting import connect
from qwen_dual.host.errors import ConnectFailed
from qwen_dual.host.finding import RunningSession, find, running

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Mapping
    from typing import Literal

    from qwen_dual.host.policy import Policy
    from qwen_dual.host.session import Session


@asynccontextmanager
async def attach(
    session: RunningSession | str | None = None,
    *,
    name: str = "attach",
    rights: Iterable[Literal["observe", "approve", "submit", "control"]] | None = None,
    from_seq: int | None = None,
    on_approval: Policy | None = None,
    env: Mapping[str, str] | None = None,
) -> AsyncGenerator[Session, None]:
    """Joins a session that runs on this machine; leaving the context leaves it running.

    Args:
        session: one of ``running()``, an id, how one begins, or the number of its process; None for the
            only one that runs, or the only one of this folder.
        name: what this host is called; what it may do is the person's setting for that name.
        rights: what it wants to do; all that it may unless given.
        from_seq: as for ``connect``: 1 asks for all that is kept.
        on_approval: as for ``open_session``.
        env: as for ``running``.

    Yields:
        The session.

    Raises:
        NoSuchSession: none runs that is meant, or several may be.
        ConnectFailed: it has no socket, or does not let this host in.
        OSError: the records cannot be read.
    """
    if not isinstance(session, RunningSession):
        session = find(session, running(env), os.getcwd())
    if session.socket is None:
        raise ConnectFailed(
            session.session_id,
            "the session has no socket; start it with --socket, or set dualOutput.socket",
        )
    async with connect(
        session.socket, name=name, rights=rights, from_seq=from_seq, on_approval=on_approval
    ) as joined:
        yield joined
