"""Lets a running session be found: keeps its record, which says what it is and what it does now.

Written in a thread, at a change of state and at most a few times a second: a stream of deltas writes
nothing, and nothing of the session ever waits for it.
"""

from __future__ import annotations

import logging
import os
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio

from qwen_dual import __version__
from qwen_dual.core.threads import in_thread
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.home import runtime_directory
from qwen_dual.running.keeper import Keeper, Locks
from qwen_dual.running.leftovers import remove_leftovers
from qwen_dual.running.record import Record, titled

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.registry import Registry
    from qwen_dual.runtime.workspace import Workspace

log = logging.getLogger(__name__)

SECONDS_BETWEEN = 0.25
"""How soon after one write there may be another."""

_CHANGES = {"state", "session_changed", "rewound", "proposals"}


class Findable:
    """The record of a session; an observer of its bus.

    Args:
        session: it is told of.
        workspace: where it works.
        outside: where its channels are: ``socket``, ``events``, ``input``, as far as they have names.
        locks: of the process.
        named: whether its first prompt may be told, as its title.
        now: seconds since the epoch.

    Attributes:
        written: how often the record was written.
    """

    def __init__(
        self,
        session: Session,
        workspace: Workspace,
        outside: dict[str, str],
        locks: Locks,
        *,
        named: bool = True,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._cwd, self._outside = workspace.cwd, outside
        self._folder = runtime_directory(workspace.env, workspace.home)
        self._keeper = Keeper(self._folder, locks)
        self._named, self._now = named, now
        self.written = 0
        self._proposed = False  # a prompt that a person is to look at
        self._changed = anyio.Event()
        self._started = now()
        self._state, self._state_at = session.state, self._started

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        subtype = event.get("subtype")
        if subtype == "state" and event["data"]["state"] != self._state:
            self._state, self._state_at = event["data"]["state"], self._now()
        elif subtype == "proposals":
            self._proposed = bool(event["data"]["proposals"])
        if subtype in _CHANGES or (event["type"] == "user" and "origin" in event):
            self._changed.set()

    async def run(self) -> None:
        """Keeps the record until it is cancelled, which takes it away; without a place there is none."""
        try:
            await in_thread(self._begin, abandon=False)
            while True:
                self._changed = anyio.Event()
                await in_thread(partial(self._write, self._record()), abandon=False)
                await anyio.sleep(SECONDS_BETWEEN)
                await self._changed.wait()
        except ForeignFileError as error:
            told = f"Other programs cannot find this session: {error}."
            self._session.notice(told, "warning")
        except OSError:
            log.warning("this session cannot be found by others", exc_info=True)
        finally:
            self._keeper.close()

    def _begin(self) -> None:
        if self._keeper.open():
            remove_leftovers(self._folder)

    def _write(self, record: Record) -> None:
        try:
            self._keeper.write(record)
            self.written += 1
        except OSError:  # a full disk, for one: the next change may find room
            log.warning("the record of this session is out of date", exc_info=True)

    def _record(self) -> Record:
        """What is so now."""
        session = self._session
        return Record(
            pid=os.getpid(),
            session_id=session.session_id,
            agent="qwen-dual",
            version=__version__,
            cwd=self._cwd,
            title=self._title(),
            started_at=self._started,
            socket=self._outside.get("socket"),
            events=self._outside.get("events"),
            input=self._outside.get("input"),
            state=self._state,
            state_at=self._state_at,
            waits=self._proposed or self._state == "awaiting_approval",
        )

    def _title(self) -> str:
        first = next(iter(self._session.points), None) if self._named else None
        return "" if first is None else titled(first.text)


async def be_found(launch: Launch, session: Session, registry: Registry, *, named: bool) -> None:
    """Keeps the record of a session until it is cancelled."""
    where = {
        name: os.path.join(launch.cwd, path) for name, path in launch.outside.addresses.items()
    }
    if registry.locks is None:
        registry.locks = Locks()
    findable = Findable(session, launch.workspace, where, registry.locks, named=named)
    launch.bus.subscribe(
        findable, name="The record of this session", on_error="keep", streamed=False
    )
    try:
        await findable.run()
    finally:
        launch.bus.unsubscribe(findable)
