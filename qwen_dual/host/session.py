"""A hosted session: what a host asks of it and learns from it. ``opening`` starts and ends it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.host.choosing import Choosing
from qwen_dual.host.draft import Drafting
from qwen_dual.host.errors import CommandRejected, HostTimeout
from qwen_dual.host.hosting import hosted
from qwen_dual.host.once import Once
from qwen_dual.host.owner import Owner
from qwen_dual.host.records import Allow
from qwen_dual.host.steering import Steering
from qwen_dual.host.stopping import press_escape, stop
from qwen_dual.host.turn import Turn

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping, Sequence
    from typing import Literal

    from qwen_dual.host.agents import Agent
    from qwen_dual.host.commands import Commands
    from qwen_dual.host.event import Event
    from qwen_dual.host.feed import Feed
    from qwen_dual.host.hosted import Hosted
    from qwen_dual.host.records import (
        Exit,
        Greeting,
        Request,
        Resolution,
        Result,
    )
    from qwen_dual.host.subscription import Subscription
    from qwen_dual.host.terminal import TerminalStream
    from qwen_dual.host.usage import ModelUsage


class Session(Steering, Drafting, Choosing, Once):
    """A program that runs in a terminal, seen and steered through its channels.

    Iterating over it gives every event from ``session_start`` on, once; ``events()`` gives each
    further reader all events of its own, from now on. Both end after ``session_end``, and raise
    ``SessionExited`` where the program went without one. Use it from one event loop only.

    Made by ``open_session``, or by ``Session.open`` where the task that closes it is another one.

    Attributes:
        terminal: what the program paints, as bytes.
    """

    def __init__(
        self, process: Hosted, feed: Feed, commands: Commands, max_buffer_bytes: int
    ) -> None:
        self.terminal: TerminalStream = process.terminal
        self._process = process
        self._feed = feed
        self._tracker = feed.tracker
        self._commands = commands
        self._buffer = max_buffer_bytes
        self._own = self.events()
        self.owner: Owner | None = None

    @classmethod
    async def open(cls, command: Sequence[str] = ("qwen-dual",), **options: Any) -> Session:
        """Runs a program as ``open_session`` does, until ``aclose`` is called: by any task.

        For fixtures, servers and the like, where a context manager does not fit. A session that nobody
        closes ends with the event loop.

        Args:
            command: the program and its arguments.
            **options: those of ``open_session``.

        Raises:
            HostError: what ``open_session`` raises.
        """
        return await Owner(lambda: hosted(cls, command, **options)).open()

    # -- what it is -------------------------------------------------------------------------

    @property
    def greeting(self) -> Greeting:
        """Who is hosted, and what it can do."""
        return self._commands.greeting

    async def started(self) -> Greeting:
        """Waits until the program has said who it is; raises ``SessionExited`` if it never does."""
        return await self._tracker.started.wait()

    @property
    def pid(self) -> int:
        """Its process id; 0 where that is not known."""
        return self._process.pid

    @property
    def session_id(self) -> str:
        """The session's id; another one after a person began or resumed another session."""
        return self._tracker.session_id or ""

    @property
    def state(self) -> str:
        """What it is doing.

        ``idle``, ``thinking``, ``responding``, ``running_tool``, ``awaiting_approval`` or
        ``compacting``; ``ended`` when it is over.
        """
        over = self._tracker.ended or self._process.finished
        return "ended" if over else self._tracker.state

    @property
    def model(self) -> str:
        """The model in force; empty for a program that does not say."""
        return self._tracker.model

    @property
    def approval_mode(self) -> str:
        """The approval mode in force; empty for a program that does not say."""
        return self._tracker.approval_mode

    @property
    def pending(self) -> Mapping[str, Request]:
        """The requests that wait for an answer by their id, the oldest first; always current."""
        return MappingProxyType(self._tracker.pending)

    @property
    def agents(self) -> Mapping[str, Agent]:
        """The sub-agents by the call that each works for; those that ended stay for a while."""
        return MappingProxyType(self._tracker.agents.known)

    @property
    def usage(self) -> ModelUsage | None:
        """What the last model call took, and all of them so far; None before the first.

        From a program that does not tell it, such as Qwen Code, it is counted from its messages, without
        cost and windows.
        """
        return self._tracker.usage

    @property
    def lost(self) -> int:
        """Events that the program wrote and that never came here, announced by a ``gap`` or not."""
        return self._tracker.lost

    @property
    def exit(self) -> Exit | None:
        """How the program ended; None while it runs."""
        return self._process.exit

    def supports(self, command: str) -> bool:
        """Whether the program knows a command: ``interrupt``, ``set_model`` …"""
        return command in self.greeting.supported_commands

    # -- events -----------------------------------------------------------------------------

    def __aiter__(self) -> Subscription:
        return self._own

    def events(self, max_buffer_bytes: int | None = None) -> Subscription:
        """A further reader with a queue of its own; close it, or use it in a ``with``.

        Args:
            max_buffer_bytes: how much may wait before it loses events; the session's bound unless
                given.
        """
        return self._feed.subscribe(max_buffer_bytes or self._buffer)

    async def agent_events(self, agent: Agent | str) -> AsyncGenerator[Event, None]:
        """What one sub-agent tells from now on, requests too, until it has ended.

        Args:
            agent: the agent or its id.

        Raises:
            SessionExited: the program is gone before.
        """
        known = self.agents[agent] if isinstance(agent, str) else agent
        with self.events() as reader:
            if known.done:
                return
            async for event in reader:
                if event.parent_tool_use_id == known.id:
                    yield event
                last = known.ended_by
                if last is not None and event.end >= last.end:
                    return

    # -- prompts ----------------------------------------------------------------------------

    async def submit(
        self,
        text: str,
        *,
        when_busy: Literal["queue", "reject", "steer"] = "queue",
        content: Sequence[Mapping[str, Any]] = (),
        review: bool = False,
        include_images: bool = False,
    ) -> Turn:
        """Submits a prompt or a slash command as if it were typed, and waits for its receipt.

        Args:
            text: what is typed.
            content: what follows it, as the protocol has it: blocks of text and images, such as
                ``{"type": "image", "source": {"type": "path", "path": "shot.png"}}``.
            when_busy: ``queue`` waits in the program's queue; ``reject`` is refused while a turn
                runs; ``steer`` joins the turn that runs before its next model call, and has the result
                of that: its receipt says which (``turn_id``). Where that ends before, or nothing runs
                that it could join, it waits as with ``queue``, before what does so already.
            review: the person looks at it first: see ``Turn.reviewed``.
            include_images: its ``user`` event has the images' bytes, as far as a line holds them.

        Raises:
            CommandRejected: it was refused (``busy``, ``empty``).
            HostTimeout: nothing shows that it was taken.
            NotSupported: the program takes no content, knows no review, or takes no prompt into a turn
                that runs.
            SessionExited: the program is gone.
        """
        more = {"review": review, "images": include_images}
        submitted, receipt = await self._commands.submit(text, when_busy, content, **more)
        return Turn(submitted, receipt, self._commands)

    async def run(
        self,
        text: str,
        *,
        timeout: float | None = None,
        cancel: Literal["leave", "interrupt"] = "leave",
    ) -> Result:
        """Submits a prompt and waits for the end of its turn.

        Args:
            text: what is typed.
            timeout: seconds for the turn.
            cancel: what becomes of the turn when the time is over or the caller is cancelled:
                ``leave`` lets it go on, unseen; ``interrupt`` takes the prompt out of the queue, or
                stops its turn, and waits until that is done before the exception goes on.

        Raises:
            CommandRejected: it was refused.
            HostTimeout: the time is over.
            SessionExited: the program is gone.
        """
        # The receipt is waited for in any case, or nobody would know what there is to stop.
        with anyio.CancelScope(shield=cancel == "interrupt"):
            turn = await self.submit(text)
        try:
            return await turn.result(timeout)
        except (HostTimeout, anyio.get_cancelled_exc_class()):
            if cancel == "interrupt":
                with anyio.CancelScope(shield=True):
                    await stop(self, turn)
            raise

    async def stream(self, text: str) -> AsyncGenerator[Event, None]:
        """Submits a prompt and yields every event until its turn has ended, that one included.

        Raises:
            CommandRejected: it was refused.
            SessionExited: the program is gone.
        """
        with self.events() as reader:
            submitted, _ = await self._commands.submit(text, "queue")
            if submitted.result.done and submitted.ended_by is None:
                return  # a slash command of a program that tells nothing of it
            async for event in reader:
                yield event
                if submitted.result.done:
                    last = submitted.ended_by
                    if last is None or event.end >= last.end:
                        return

    # -- approvals --------------------------------------------------------------------------

    async def approve(
        self,
        request: Request | str,
        *,
        updated_input: Mapping[str, Any] | None = None,
        remember: Literal["session", "project", "user"] | None = None,
        mode: Literal["previous", "default", "auto-edit"] | None = None,
    ) -> Resolution:
        """Allows a tool call. The first answer wins, wherever it was given.

        Args:
            request: the request or its id.
            updated_input: run the call with these arguments instead.
            remember: do not ask again for the like.
            mode: of a plan: how to go on (``Suggestion.mode``).

        Returns:
            How the request ended; ``in_time`` tells whether it was by this answer.

        Raises:
            CommandRejected: there never was such a request, or its new input is not valid.
            NotSupported: the program knows no more than a plain yes.
        """
        return await self._commands.approve(_id(request), Allow(updated_input, remember, mode))

    async def deny(self, request: Request | str, reason: str | None = None) -> Resolution:
        """Refuses a tool call. The first answer wins, wherever it was given.

        Of a program with the base protocol alone that says nothing of it within two seconds, it is
        assumed that it took the denial.

        Args:
            request: the request or its id.
            reason: for the model, which goes on with it; without one the turn may end. A program
                that knows no reasons ignores it.

        Returns:
            How the request ended; ``in_time`` tells whether it was by this answer.

        Raises:
            CommandRejected: there never was such a request.
        """
        return await self._commands.deny(_id(request), reason)

    # -- control ----------------------------------------------------------------------------

    async def send(self, command: Mapping[str, Any]) -> None:
        """Hands over a command as it is, and waits for no receipt: for what passes others' commands on.

        Raises:
            SessionExited: the program is gone.
        """
        await self._commands.send(command)

    async def interrupt(self, queue: Literal["keep", "clear", "return"] = "keep") -> bool:
        """Stops the turn that runs; its result says ``interrupted``.

        Args:
            queue: whether the prompts that wait run after it, are taken out, or are taken out and
                the person's own given back to the draft, as Esc does.

        A program without the command gets the key, and its turn counts as ended when a second has
        passed without an event.

        Returns:
            False if nothing ran.

        Raises:
            CommandRejected: something runs, and this host may not stop it (``no_right``).
        """
        if self.supports("interrupt"):
            try:
                await self.command("interrupt", **({} if queue == "keep" else {"queue": queue}))
            except CommandRejected as error:
                if error.code == "no_right" and self.state not in ("idle", "ended"):
                    raise
                return False
            return True
        if self.state in ("idle", "ended"):
            return False
        await press_escape(self, self._feed, self._tracker)
        return True

    async def write(self, data: bytes | str) -> None:
        """Types into the terminal; waits while the program does not read.

        Raises:
            SessionExited: the program is gone.
        """
        self._commands.check_running()
        try:
            await self._process.write(data.encode() if isinstance(data, str) else data)
        except OSError as error:
            raise self._process.gone() from error

    def resize(self, columns: int, rows: int) -> None:
        """Changes the size of the terminal's window.

        Raises:
            SessionExited: the program is gone.
        """
        self._commands.check_running()
        self._process.resize(columns, rows)

    async def wait_closed(self) -> Exit:
        """Waits for the program's end and tells how it ended; never raises for a status."""
        return await self._process.wait()

    async def aclose(self) -> None:
        """Ends the program: asks it to, and kills it after the close timeout.

        It may be called again, and by any task; leaving ``open_session`` does it too. After
        ``Session.open`` nothing is left when it returns: no process, file or task; what ``on_approval``
        raised comes out here.
        """
        await self._process.stop()
        if self.owner is not None:
            await self.owner.close()


def _id(request: Request | str) -> str:
    return request if isinstance(request, str) else request.id
