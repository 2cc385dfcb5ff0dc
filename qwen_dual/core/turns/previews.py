"""What a call shows before it runs, with warnings for what in it is not what it looks like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from anyio import to_thread

from qwen_dual.core.tools.tool import CannotBeDone

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.tools.room import Room
    from qwen_dual.core.tools.tool import Call
    from qwen_dual.core.turns.requested_run import RequestedRun
    from qwen_dual.protocol.shapes import Preview

HIDDEN = (
    "A value in it counts as secret: a name in brackets stands in its place, and the value is used."
)


async def warned_preview(call: Call, scrub: Callable[[str], str] | None = None) -> Preview | None:
    """What ``call`` shows, with a warning for what is not what it looks like.

    Args:
        call: that is shown.
        scrub: what takes secrets out of it before it is seen.
    """
    from qwen_dual.protocol.previews import LONG_CHARS, warnings_of

    preview = await call.preview()
    if preview is None:
        return None
    text = preview["text"]
    if len(text) < LONG_CHARS:
        found = warnings_of(preview)
    else:
        found = await to_thread.run_sync(warnings_of, preview)
    if scrub is not None and scrub(text) != text:
        found.insert(0, {"kind": "invisible", "message": HIDDEN})
    return {**preview, "warnings": found}


async def planned_preview(
    job: RequestedRun,
    call: Call,
    jobs: Sequence[RequestedRun],
    room: Room,
    scrub: Callable[[str], str],
) -> Preview | None:
    """What ``call`` of ``job`` shows to whoever is asked.

    Args:
        job: one of ``jobs``.
        call: that is shown.
        jobs: all calls of its message.
        room: for the work that it takes.
        scrub: takes secrets out.

    Raises:
        CannotBeDone: nor can it be once the calls before it have changed what they change.
    """
    while True:
        before = _unfinished_before(job, jobs)
        try:
            async with room.running:
                return await warned_preview(call, scrub)
        except CannotBeDone:
            if before is None:
                raise
        await before.finished.wait()


def _unfinished_before(job: RequestedRun, jobs: Sequence[RequestedRun]) -> RequestedRun | None:
    """The nearest call before ``job`` whose work it may be planned on top of."""
    earlier = jobs[: jobs.index(job)] if job.lane == "edit" else []
    return next((one for one in reversed(earlier) if one.result is None), None)


async def unseen_change(job: RequestedRun, call: Call) -> Preview | None:
    """The diff of an edit that nobody was asked about, or that an answer has changed."""
    if job.tool is None or job.tool.kind != "edit" or job.previewed:
        return None
    preview = await warned_preview(call)
    return preview if preview is not None and preview["kind"] == "diff" else None
