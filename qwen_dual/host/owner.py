"""A session that belongs to no task: opened in one, closed in another, as test fixtures and servers do.

``open_session`` is entered and left by one task of its own here, as task groups and cancel scopes demand.
"""

from __future__ import annotations

import asyncio
import contextvars
import sys
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.host.promise import Promise

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractAsyncContextManager

    from qwen_dual.host.session import Session


class Owner:
    """The task that a session lives in.

    Args:
        make: makes the context manager of the session.
    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[Session]]) -> None:
        self._make = make
        self._opened: Promise[Session] = Promise()
        self._leave = anyio.Event()
        self._over = anyio.Event()
        self._scope = anyio.CancelScope()
        self._failure: Exception | None = None
        self._task: object = None

    async def open(self) -> Session:
        """Starts the task; returns the session when it has begun.

        Raises:
            HostError: what ``open_session`` raises.
        """
        self._task = _spawn(self._run())
        try:
            return await self._opened.wait()
        except BaseException:
            self._scope.cancel()
            with anyio.CancelScope(shield=True):
                await self._over.wait()
            raise

    async def close(self) -> None:
        """Ends the session; returns when nothing of it is left. May be called again.

        Raises:
            Exception: what the host's own ``on_approval`` raised, to the first who closes.
        """
        self._leave.set()
        with anyio.CancelScope(shield=True):
            await self._over.wait()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    async def _run(self) -> None:
        try:
            with self._scope:
                async with self._make() as session:
                    session.owner = self
                    self._opened.keep(session)
                    await self._leave.wait()
        except Exception as error:  # noqa: BLE001 - it is raised to whoever opens or closes
            if self._opened.done:
                self._failure = error
            else:
                self._opened.fail(_raiser(error))
        finally:
            self._over.set()


def _raiser(error: Exception) -> Callable[[], Exception]:
    return lambda: error


def _spawn(work: Coroutine[Any, Any, None]) -> object:
    """Runs a coroutine in a task of the running loop, asyncio's or trio's; keep what is returned."""
    trio = sys.modules.get("trio")
    if trio is not None:
        try:
            trio.lowlevel.current_task()
        except RuntimeError:
            pass
        else:
            return trio.lowlevel.spawn_system_task(_await, work, context=contextvars.copy_context())
    # The one task without a group: whoever opens and whoever closes share none.
    return asyncio.get_running_loop().create_task(work)


async def _await(work: Coroutine[Any, Any, None]) -> None:
    await work
