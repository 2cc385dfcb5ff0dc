"""What a call is to run with: checked by its tool, and changed by who may change it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, cast

from anyio import to_thread
from msgspec.structs import replace

from qwen_dual.core.failures import describe
from qwen_dual.core.permissions.proposals import rules_for
from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.core.turns.refusals import CUT_OFF
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.nesting import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.tools.tool import Call, QuestionCall, Tool
    from qwen_dual.core.turns.requested_run import RequestedRun

log = logging.getLogger(__name__)

LARGE = 4096
"""Characters of arguments beyond which they are checked in a thread: a command line of that size
is not taken apart between two keys."""


class CallInput:
    """Checks the arguments of calls; what is wrong with them is noted for the model.

    Args:
        tools: by name.
    """

    def __init__(self, tools: Mapping[str, Tool]) -> None:
        self._tools = tools

    async def prepare(self, job: RequestedRun) -> None:
        """Makes a call of what the model asked for, or says why there is none."""
        requested = job.requested
        tool = self._tools.get(requested.name)
        job.display = tool.display if tool is not None else None
        if tool is None:
            known = ", ".join(self._tools) or "none"
            job.error = f"There is no tool {requested.name[:200]!r}. Tools: {known}."
            job.note = "no such tool"
        elif requested.cut_off:
            job.error = CUT_OFF
            job.note = "cut off"
        elif requested.arguments is None:
            raw = requested.raw[:200]
            job.error = (
                f"The arguments of {requested.name} are not a JSON object, or one that nests deeper "
                f"than {MAX_DEPTH}: {raw}"
            )
            job.why = f"Its arguments are no JSON object that can be read: {raw}"
        else:
            await self._check_sized(job, tool, requested.arguments, len(requested.raw))

    async def change(
        self, job: RequestedRun, tool: Tool, updated: dict[str, Any], by: Actor
    ) -> None:
        """Takes another input for a call, and notes what to tell of it."""
        if tool.kind == "question":  # the input is the answer, and the result says it
            job.call = cast("QuestionCall", job.call).answered(updated)
            return
        job.requested = replace(job.requested, arguments=updated)
        told = encode(updated).decode()
        job.take_change(by, told)
        await self._check_sized(job, tool, updated, len(told))

    def take(self, job: RequestedRun, tool: Tool, call: Call) -> None:
        """Has ``job`` be about ``call`` from now on."""
        job.call = call
        job.previewed = False
        outside = call.outside is not None
        job.rules = rules_for(tool, call.subject, outside=outside)

    async def _check_sized(
        self, job: RequestedRun, tool: Tool, arguments: dict[str, Any], size: int
    ) -> None:
        """Checks the arguments, large ones off the loop's thread."""
        try:
            if size <= LARGE:
                self._check(job, tool, arguments)
            else:
                await to_thread.run_sync(self._check, job, tool, arguments, abandon_on_cancel=True)
        except Exception as error:
            log.exception("%s failed to check its arguments", job.requested.name)
            job.call = None
            job.error = job.failed(error)
            job.note, job.why = "not run", f"Its arguments could not be checked: {describe(error)}."

    def _check(self, job: RequestedRun, tool: Tool, arguments: dict[str, Any]) -> None:
        try:
            call = tool.prepare(arguments)
            self.take(job, tool, call)
            job.tool = tool
        except InvalidArguments as error:
            job.error = str(error)
            job.why = _without_name(job.error, tool.name)
            job.call = None


def _without_name(complaints: str, name: str) -> str:
    """What is wrong with arguments, for a person, who reads whose they are beside it."""
    return "\n".join(line.removeprefix(f"{name}: ") for line in complaints.split("\n"))
