"""A terminal that is attached to a session: the connection, the view over it, and the end of both."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct

from qwen_dual.cli.farewell import say_last
from qwen_dual.cli.faults import FAILED, report_fault
from qwen_dual.core.threads import in_thread
from qwen_dual.fs.home import qwen_home
from qwen_dual.host.connecting import connect
from qwen_dual.host.errors import CommandRejected, HostError, SessionExited
from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.runtime.attached import Link
from qwen_dual.runtime.debuglog import open_log
from qwen_dual.runtime.process import environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Mapping, Sequence

    from anyio.abc import TaskGroup

    from qwen_dual.cli.attached_view import AttachedView
    from qwen_dual.cli.early_terminal import EarlyTerminal
    from qwen_dual.host.event import Event as HostEvent
    from qwen_dual.host.finding import RunningSession
    from qwen_dual.host.session import Session
    from qwen_dual.protocol.command_shapes import Right
    from qwen_dual.protocol.events import Event

log = logging.getLogger(__name__)

REPLAY_SECONDS = 5.0
"""How long the events of before may take to come."""

BUFFER_BYTES = 32 << 20
"""Of events that may wait while the view is imported."""

BLIND = "{name} may not see what happens there: dualOutput.rights in your settings says so."
LEFT = "Detached; the session goes on. To join it again: qwen-dual attach {id}"


class Screen(Struct, frozen=True):
    """This terminal.

    Attributes:
        early: has its signals until the UI does.
        spoken: words in place of symbols, and nothing that moves by itself.
    """

    early: EarlyTerminal
    spoken: bool = False


class Connection(Link):
    """What goes to the session, over its socket.

    Args:
        session: as the host library has it.
        group: runs what waits for a receipt.
        stop: set when this terminal leaves.

    Attributes:
        told: tells the person that something was not taken.
    """

    def __init__(self, session: Session, group: TaskGroup, stop: anyio.Event) -> None:
        self._stop = stop
        self.told: Callable[[str, str], object] = lambda text, level: None
        self._session, self._group = session, group

    def send(
        self,
        kind: str,
        fields: Mapping[str, Any],
        taken: Callable[[str, str], object] = lambda command_id, status: None,
        refused: Callable[[str, str], object] | None = None,
    ) -> None:
        """Sends a command: see ``Link.send``."""
        self._group.start_soon(self._send, kind, dict(fields), taken, refused)

    async def _send(
        self,
        kind: str,
        fields: dict[str, Any],
        taken: Callable[[str, str], object],
        refused: Callable[[str, str], object] | None,
    ) -> None:
        try:
            receipt = await self._session.command(kind, **fields)
        except CommandRejected as error:
            if refused is None:
                self.told(f"{kind}: {error.message or error.code}", "warning")
            else:
                refused(error.code, error.message)
        except SessionExited:
            return  # which is told where the events end
        except HostError as error:
            self.told(f"{kind}: {error}", "warning")
        else:
            taken(receipt.id, receipt.status)

    def leave(self) -> None:
        """Ends the connection; the session goes on."""
        self._stop.set()


class Past:
    """The events of before, from ``from_seq`` up to this terminal's own coming."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.whole = True

    @property
    def turns(self) -> list[Event]:
        """Those of turns that are over."""
        return self.events[: self._over]

    @property
    def said(self) -> list[Event]:
        """Those of the turn that goes on, up to the message that is being written; without its stream.

        Of a long turn the deltas may not be kept any more, and the whole messages are.
        """
        before = self.events[self._over : self._open]
        return [event for event in before if event["type"] != "stream_event"]

    @property
    def open(self) -> list[Event]:
        """Those of the message that is being written, and what came since."""
        return self.events[self._open :]

    @property
    def _over(self) -> int:
        return 1 + _last(self.events, lambda event: event["type"] == "result")

    @property
    def _open(self) -> int:
        """Where the last message begins, if it has no end."""
        begins = _last(self.events, lambda event: _streams(event, "message_start"))
        ends = _last(self.events, lambda event: _streams(event, "message_stop"))
        return begins if begins > ends and begins >= self._over else len(self.events)

    async def read(self, events: AsyncIterable[HostEvent], name: str) -> None:
        """Reads them; what comes behind is left."""
        with anyio.move_on_after(REPLAY_SECONDS):
            async for event in events:
                if event.kind == "system/gap":
                    self.whole = False
                if _is_coming(event, name):
                    return
                if event.kind != "system/session_start" and event.type != "host":
                    self.events.append(event.raw)


def _last(events: Sequence[Event], wanted: Callable[[Event], bool]) -> int:
    """The index of the last event that is ``wanted``; -1 for none."""
    return next((at for at in range(len(events) - 1, -1, -1) if wanted(events[at])), -1)


def _streams(event: Event, kind: str) -> bool:
    """Whether an event is this part of the main agent's stream."""
    if event["type"] != "stream_event" or event.get("parent_tool_use_id") is not None:
        return False
    return bool(event["event"]["type"] == kind)


def _is_coming(event: HostEvent, name: str) -> bool:
    """Whether an event tells that this process has come, under this name."""
    if event.kind != "system/hosts_changed":
        return False
    hosts = event.data.get("hosts")
    return any(
        isinstance(host, dict) and (host.get("name"), host.get("pid")) == (name, os.getpid())
        for host in (hosts if isinstance(hosts, list) else ())
    )


def run_attached(
    found: RunningSession, name: str, rights: Sequence[Right] | None, screen: Screen
) -> int:
    """Shows and steers a session until it ends or the person leaves; returns the exit status.

    Raises:
        HostError: it cannot be connected to.
    """

    async def main() -> tuple[int, str]:
        stop = anyio.Event()
        with screen.early.telling(asyncio.get_running_loop(), stop.set):
            return await _attached(found, name, rights, screen, stop)

    own = open_log(qwen_home(environment()), f"attach-{os.getpid()}", verbose=False)
    logging.lastResort = logging.NullHandler()  # what nobody logs is for no screen
    try:
        with own.active():
            status, told = anyio.run(main, backend="asyncio")
    except (HostError, OSError):
        raise
    except Exception as error:  # no traceback may reach a person
        with own.active():
            log.exception("the view of a session failed")
        report_fault(error, own.path)
        return FAILED
    finally:
        own.close()
    say_last(sanitise(told))  # it has an id that the session gave itself
    return status


async def _attached(
    found: RunningSession,
    name: str,
    rights: Sequence[Right] | None,
    screen: Screen,
    stop: anyio.Event,
) -> tuple[int, str]:
    assert found.socket is not None
    async with (
        connect(
            found.socket,
            name=name,
            rights=rights,
            from_seq=1,
            max_buffer_bytes=BUFFER_BYTES,
        ) as session,
        anyio.create_task_group() as group,
    ):
        if "observe" not in session.rights:
            return 1, BLIND.format(name=name)
        link = Connection(session, group, stop)
        make, past = await in_thread(_import_view), Past()
        granted = session.greeting.data.get("host") or {}
        await past.read(session, str(granted.get("name")))
        view = make(session, link, past, spoken=screen.spoken)
        await view.run(stop)
        group.cancel_scope.cancel()
    here = LEFT.format(id=view.handle.session_id[:8])
    return view.status, view.outcome or here


def _import_view() -> type[AttachedView]:
    """Imports the UI, which takes longer than all else, while events come in."""
    from qwen_dual.frontends.tui.terminal.toolkit import import_toolkit

    import_toolkit()
    from qwen_dual.cli.attached_view import AttachedView

    return AttachedView
