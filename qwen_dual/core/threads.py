"""Work that takes longer than a key may wait, off the loop's thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

from anyio import to_thread

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


async def in_thread(work: Callable[[], T], *, only_if: bool = True, abandon: bool = True) -> T:
    """What ``work`` returns, which runs in a thread; on the loop's own where none can be had.

    Args:
        work: what is to be done.
        only_if: whether it is long enough to be worth a thread.
        abandon: when the caller is cancelled nobody waits for it; for what changes nothing.
    """
    if not only_if:
        return work()
    begun = False

    def run() -> T:
        nonlocal begun
        begun = True
        return work()

    try:
        return cast("T", await to_thread.run_sync(run, abandon_on_cancel=abandon))
    except RuntimeError:
        if begun:
            raise
        return work()
