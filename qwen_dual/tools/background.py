"""Commands that go on by themselves: what their call comes to, and what is told when they end."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.tools.tool import Shown, ToolResult
from qwen_dual.protocol import events
from qwen_dual.tools.workspace import printable

if TYPE_CHECKING:
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.tools.job import Job, Task


def in_background(job: Job, context: ToolContext) -> ToolResult:
    """The result of a call whose command goes on; its end will be told."""
    context.spawn(partial(_tell_end, job, context))
    output = printable(job.capture.latest().strip("\n"))
    shown = Shown(output, note="in the background")
    return ToolResult(printable(_begun_text(job)), shown=shown)


async def _tell_end(job: Job, context: ToolContext) -> None:
    await job.over()
    if not job.given_up:
        context.publish(events.notice(_ended(job.task())))


def _begun_text(job: Job) -> str:
    """For the model."""
    return (
        "The command runs in the background.\n"
        f"PID: {job.group.pgid}\n"
        f"Process Group PGID: {job.group.pgid}\n"
        f"Output File: {job.capture.path or '(none: it could not be made)'}\n"
        f"To end it: kill -- -{job.group.pgid}. It is ended with the session."
    )


def _ended(task: Task) -> str:
    """For a person."""
    how = "was stopped" if task.state == "stopped" else f"ended ({task.outcome})"
    last = f"\n{task.last_line}" if task.last_line else ""
    return f"The background command {task.id} {how}: {task.command}{last}"
