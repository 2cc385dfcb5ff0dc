"""Task groups for tasks that serve a body, whose users have to do with what went wrong, not with a group."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from anyio.abc import TaskGroup


@asynccontextmanager
async def open_task_group() -> AsyncGenerator[TaskGroup, None]:
    """As ``anyio.create_task_group``, but a failure that is the only one comes out as it is.

    Raises:
        BaseExceptionGroup: several tasks failed, or one and the body.
    """
    try:
        async with anyio.create_task_group() as group:
            yield group
    except BaseExceptionGroup as errors:
        if len(errors.exceptions) > 1:
            raise
        failure = errors.exceptions[0]
    else:
        return
    raise failure  # not within the handler, which would name the group as its context
