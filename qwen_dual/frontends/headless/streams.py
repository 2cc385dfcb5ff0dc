"""A session over streams both ways: each prompt that comes in is told from ``init`` to ``result``.

The end of stdin lets the session finish what is queued; a bound or a signal ends it before.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import anyio
from msgspec import Struct, field

from qwen_dual.core.actor import CLI, POLICY
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.frontends.headless.bounds import Bounds, Watch
from qwen_dual.frontends.headless.control import ControlProtocol
from qwen_dual.frontends.headless.endings import BUDGET, FAILED, Ending
from qwen_dual.frontends.headless.frontend import STOP_SECONDS, Headless, refusal_of
from qwen_dual.frontends.headless.messages import never_began
from qwen_dual.frontends.headless.output import StreamJson
from qwen_dual.frontends.headless.stream_input import Commands, StreamInput
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.headless.control import BringHooks
    from qwen_dual.frontends.headless.stdout import Stdout
    from qwen_dual.protocol.control import Unusable
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle
    from qwen_dual.runtime.host_servers import HostServers

_USED_UP = ("budget", "max_turns")
"""How a turn ends at a bound, which the exit status tells too."""


class Wanted(Struct, frozen=True):
    """What a session over streams is to be.

    Attributes:
        partials: whether what streams in is told.
        hook_events: whether it is told which hooks run, and what became of them.
        bounds: what it may take.
        asks: whether the other side decides on calls before it has said ``initialize``.
        answerable: whether somebody may answer requests over a channel.
        prompt: runs before those that come in; None for none.
    """

    partials: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    asks: bool = False
    answerable: bool = False
    prompt: str | None = None
    hook_events: bool = False


class StreamRun:
    """One session over stdin and stdout: subscribe it to the session's events.

    Args:
        session: what runs.
        dispatcher: carries out the commands on it.
        wanted: what it is to be.
        stdout: where the messages go.
        stderr: where a person is told what they should know.
        servers: as ``ControlProtocol`` takes them.
        look_for_model: as ``ControlProtocol`` takes it.
        bring_hooks: likewise.
        bring_agents: likewise.
    """

    def __init__(
        self,
        session: SessionHandle,
        dispatcher: Commands,
        wanted: Wanted,
        stdout: Stdout,
        stderr: TextIO,
        servers: HostServers,
        look_for_model: Callable[[str], object] = lambda name: None,
        bring_hooks: BringHooks = lambda hooks, ask: [],
        bring_agents: Callable[[Any], list[str]] = lambda agents: [],
    ) -> None:
        self._handle = session
        self._wanted = wanted
        self._stdout = stdout
        self._stderr = stderr
        self._output = StreamJson(stdout, partials=wanted.partials, hook_events=wanted.hook_events)
        self._watch = Watch(session, wanted.bounds, ())
        self._control = ControlProtocol(
            session,
            self._output.message,
            self.warn,
            asks=wanted.asks,
            look_for_model=look_for_model,
            servers=servers,
            bring_hooks=bring_hooks,
            bring_agents=bring_agents,
        )
        self._input = StreamInput(session, dispatcher, self._control, self._output.message)
        self._input.on_refused = self._refuse
        self._status = 0
        self._unannounced = False
        self._refused: list[tuple[int, Unusable]] = []
        self.front = Headless(session, self._output, self.warn, answerable=True)

    @property
    def _session(self) -> SessionHandle:
        """The one that goes on, after ``/clear`` too."""
        return self._handle.latest

    def __call__(self, event: Event) -> None:
        """Takes one event of the session."""
        kind = event["type"]
        if kind == "stream_event":  # the hot path
            if self._unannounced:
                self._announce()
            self.front(event)
            return
        self._watch(event)
        steered = "steered" in event  # the turn has begun before
        if ("origin" in event and not steered) or event.get("subtype") == "slash_command":
            # Servers that are just being connected are waited for: ``init`` has their tools too.
            self._unannounced = True
            if not self._session.connecting:
                self._announce()
        elif self._unannounced and kind != "system":
            self._announce()
        if kind == "result" and event["parent_tool_use_id"] is None:
            self._end(event)
            return
        self.front(event)
        self._input.observe(event)
        self._control.observe(event)
        if kind == "control_request" and not (self._control.asks or self._wanted.answerable):
            refusal = refusal_of(event, self._session.approval_mode)
            self._session.answer(event["request_id"], Decision(False, POLICY, message=refusal))

    def _announce(self) -> None:
        """Tells ``init`` of the turn that begins."""
        self._unannounced = False
        self.front.begin(self._session.mcp_servers)

    def warn(self, text: str) -> None:
        """Tells a person, on stderr."""
        with suppress(OSError, ValueError):  # nobody reads it any more
            self._stderr.write(f"qwen-dual: {sanitise(text)}\n")
            self._stderr.flush()

    async def run(self, fd: int = 0) -> int:
        """Runs what comes in until its end, or until the session closes; the exit status.

        Args:
            fd: where from.
        """
        session = self._session
        self._stdout.attach(asyncio.get_running_loop())
        self._stdout.on_gone = session.request_close
        if self._wanted.prompt:
            session.submit(self._wanted.prompt, CLI)
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch_time)
            group.start_soon(self._read, fd)
            await session.closing.wait()
            with anyio.move_on_after(STOP_SECONDS):
                await session.drained()
            group.cancel_scope.cancel()
        for prompt in session.queue_editing.end():  # a result is the last line, behind the receipts
            self._announce()
            self._end({**never_began(self._session.id), "command_id": prompt.command_id})
        for _, error in self._refused:  # what was to run before it was taken out of the queue
            self._report_refused(error)
        self._output.close()
        self._stdout.drain()
        by = self.front.ended_by()
        status = self._status if by is None else by.status
        return self._stdout.lost(self.warn) if self._stdout.gone else status

    async def _read(self, fd: int) -> None:
        """Takes what comes in; at its end the session finishes what there is, and closes."""
        await self._input.run(fd)
        await self._session.drained()
        self._session.request_close()

    async def _watch_time(self) -> None:
        await self._watch.run()
        if self._watch.exceeded:
            self._status = BUDGET
            if not self._session.busy:  # else the turn is being stopped, and its result closes
                self._session.request_close()

    def _end(self, event: Event) -> None:
        """Tells the result of a turn."""
        ending = self.front.ending(event)
        if ending.stop_reason in _USED_UP:
            self._status = ending.status
        command_id = event.get("command_id")
        self.front.end(event, ending, {"command_id": command_id} if command_id else {})
        if ending.stop_reason == "budget":
            self._session.request_close()
        waiting = [(before - 1, error) for before, error in self._refused]
        self._refused = [(before, error) for before, error in waiting if before > 0]
        for before, error in waiting:
            if before <= 0:
                self._report_refused(error)

    def _refuse(self, error: Unusable) -> None:
        """Has a prompt that cannot be used end in its turn, since its sender waits for a result."""
        session = self._session
        before = session.queued + (session.state != "idle")
        if before:
            self._refused.append((before, error))
        else:
            self._report_refused(error)

    def _report_refused(self, error: Unusable) -> None:
        self._announce()
        result = {**never_began(self._session.id), "stop_reason": "error"}
        more: dict[str, Any] = {"command_id": error.command_id} if error.command_id else {}
        self.front.end(result, Ending("error", FAILED, str(error)), more)
