"""What comes out of a task group, and what of several failures is told."""

from __future__ import annotations

import anyio
import pytest

from qwen_dual.concurrency.failures import first_failure
from qwen_dual.concurrency.task_groups import open_task_group

pytestmark = pytest.mark.anyio


async def fail(text: str) -> None:
    raise OSError(text)


async def test_the_failure_of_the_body_comes_out_as_it_is_and_names_no_group() -> None:
    with pytest.raises(OSError, match=r"^body$") as raised:
        async with open_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            await fail("body")
    assert raised.value.__context__ is None


async def test_the_failure_of_a_task_comes_out_as_it_is() -> None:
    with pytest.raises(OSError, match=r"^task$"):
        async with open_task_group() as group:
            group.start_soon(fail, "task")
            await anyio.sleep_forever()


async def test_of_several_failures_none_is_lost() -> None:
    with pytest.raises(ExceptionGroup) as raised:
        async with open_task_group() as group:
            group.start_soon(fail, "one")
            group.start_soon(fail, "two")
    assert [str(error) for error in raised.value.exceptions] == ["one", "two"]
    assert str(first_failure(ExceptionGroup("outer", [raised.value]))) == "one"


async def test_without_a_failure_it_ends_as_any_group_does() -> None:
    async with open_task_group() as group:
        group.start_soon(anyio.sleep_forever)
        group.cancel_scope.cancel()


async def test_who_cancels_it_from_outside_gets_no_failure() -> None:
    with anyio.CancelScope() as scope:
        async with open_task_group() as group:
            group.start_soon(anyio.sleep_forever)
            scope.cancel()
            await anyio.sleep_forever()
    assert scope.cancelled_caught
