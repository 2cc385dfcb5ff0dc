"""What comes from a server on its way to the SDK: looked at, and mended where it would hurt others.

The SDK refuses a whole list for one tool that is none, and holds results against schemas of the server
(patterns, which may take for ever); so both are seen to before. A list keeps what is right in it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.mcp.bounds import MAX_NAME, MAX_PER_SECOND, line
from qwen_dual.mcp.schemas import as_parameters, why_no_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

LISTENED_TO = (
    "notifications/progress",
    "notifications/cancelled",
    "notifications/tools/list_changed",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/elicitation/complete",
    "notifications/subscriptions/acknowledged",
)
"""The notices that something comes of; the others end here: the SDK would look into each of them."""


class Incoming:
    """A read stream of the SDK around another.

    Args:
        inner: what the transport gives.
        remark: told what is left out, and why.

    Attributes:
        over: set when nothing more comes.
    """

    def __init__(self, inner: Any, remark: Callable[[str], object]) -> None:
        self._inner = inner
        self._remark = remark
        self._asked = 0
        self._second = 0.0
        self.over = anyio.Event()

    @property
    def last_context(self) -> Any:
        """The context of whoever sent the last item, where the transport knows it."""
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Any:
        """The next message, or an exception that the transport tells of."""
        while True:
            try:
                item = await self._inner.receive()
            except (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError):
                self.over.set()
                raise
            if self._may_pass(item):
                return item

    async def aclose(self) -> None:
        """Closes it."""
        await self._inner.aclose()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()

    def _may_pass(self, item: Any) -> bool:
        message = getattr(item, "message", None)
        method = getattr(message, "method", None)
        if method is None:
            result = getattr(message, "result", None)
            if isinstance(result, dict) and "content" not in result:
                mend_list(result, self._remark)
            return True
        if not hasattr(message, "id") and method not in LISTENED_TO:
            return False
        now = time.monotonic()
        if now - self._second >= 1:
            self._second, self._asked = now, 0
        self._asked += 1
        return self._asked <= MAX_PER_SECOND


def mend_list(result: dict[str, Any], remark: Callable[[str], object]) -> None:
    """Takes out of a list of tools what is none, in place; tells ``remark`` why."""
    tools = result.get("tools")
    if not isinstance(tools, list):
        return
    kept = []
    for tool in tools:
        if not isinstance(tool, dict) or not isinstance(tool.get("name"), str) or not tool["name"]:
            remark("a tool without a name is left out")
            continue
        why = why_no_schema(tool.get("inputSchema"))
        if why:
            remark(f"the tool {line(tool['name'], 60)} is left out: {why}")
            continue
        kept.append(_mended(tool))
    result["tools"] = kept


def _mended(tool: dict[str, Any]) -> dict[str, Any]:
    """The tool without what is wrong in it and can be done without."""
    hints = tool.get("annotations")
    said = hints if isinstance(hints, dict) else {}
    found: dict[str, Any] = {
        "name": tool["name"][: 4 * MAX_NAME],
        "inputSchema": as_parameters(tool["inputSchema"]),
        "annotations": {name: value for name, value in said.items() if isinstance(value, bool)},
    }
    for name, where in (("title", tool), ("description", tool)):
        if isinstance(where.get(name), str):
            found[name] = where[name]
    if isinstance(said.get("title"), str):
        found["annotations"]["title"] = said["title"]
    return found
