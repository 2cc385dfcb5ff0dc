"""Makes sessions: a spec becomes a handle, in steps that a quick start takes one by one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from qwen_dual.runtime import launch as starting
from qwen_dual.runtime.launch import NO_CHANNELS, Launch, StartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.launch import Outside
    from qwen_dual.runtime.opened import OpenSession
    from qwen_dual.runtime.registry import Registry
    from qwen_dual.runtime.spec import SessionSpec

    Observer = Callable[[Event], None]

SAVE_SECONDS = 0.02
"""How long what streams in may wait to be saved while nothing is drawn."""


class SessionFactory:
    """Makes the sessions of a process; they share nothing but it.

    ``open`` does all of it on a running loop::

        handle = SessionFactory().open(SessionSpec(offline=True), [print])
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            handle.attach()
            handle.submit("list the files", Actor("sdk"))
            ...
            handle.request_close()
        await handle.aclose()

    A program that is to say its first event as early as it can takes the steps by itself: ``prepare``
    and ``begin`` need no event loop, ``assemble`` does.
    """

    @cached_property
    def registry(self) -> Registry:
        """The sessions that are open."""
        from qwen_dual.runtime.registry import Registry

        return Registry()

    def open(
        self,
        spec: SessionSpec,
        observers: Iterable[Observer] = (),
        outside: Outside = NO_CHANNELS,
    ) -> OpenSession:
        """Begins a session.

        Args:
            spec: what it is to be.
            observers: get every event, from ``session_start`` on, on the loop's own thread.
            outside: the channels that were opened for it.

        Raises:
            StartError: it cannot be begun as it was asked for; nothing was published.
            NoSuchSession: another process took the chat that it was to go on with.
        """
        launch = self.prepare(spec)
        try:
            if self.registry.get(launch.session_id) is not None:
                raise StartError(f"the session {launch.session_id} is open in this process already")
            self.begin(launch, outside, observers)
            return self.assemble(launch)
        except BaseException:
            launch.abandon()
            raise

    def prepare(self, spec: SessionSpec) -> Launch:
        """Decides all that a session is made of, and starts nothing.

        Raises:
            StartError: it cannot be begun as it was asked for.
        """
        return starting.prepare(spec)

    def begin(self, launch: Launch, outside: Outside, observers: Iterable[Observer] = ()) -> None:
        """Publishes ``session_start``."""
        starting.begin(launch, outside, observers)

    def assemble(self, launch: Launch) -> OpenSession:
        """The session, in the registry; on the loop that it is to run on.

        Raises:
            NoSuchSession: another process took the chat that it was to go on with; ``session_end``
                was published.
        """
        import asyncio

        from qwen_dual.protocol import events
        from qwen_dual.runtime.assembly import assemble
        from qwen_dual.runtime.opened import OpenSession
        from qwen_dual.runtime.saved import NoSuchSession

        loop = asyncio.get_running_loop()
        try:
            parts = assemble(launch, lambda act: loop.call_later(SAVE_SECONDS, act))
        except NoSuchSession:
            launch.bus.publish(events.system("session_end", {"session_id": launch.session_id}))
            raise
        handle = OpenSession(launch, parts, self.registry)
        self.registry.add(handle)
        launch.bus.subscribe(handle.follow, name="The list of sessions", streamed=False)
        return handle
