"""Runs tools as a session would, and waits for things to become true."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import anyio

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.tool import Tool, ToolResult
    from qwen_dual.tools.toolset import Toolset


def tool_of(tools: Toolset, name: str) -> Tool:
    return next(tool for tool in tools.tools if tool.name == name)


def call(tools: Toolset, name: str, **arguments: Any) -> ToolResult:
    """Runs one call in a loop of its own."""

    async def main() -> ToolResult:
        return await tool_of(tools, name).prepare(arguments).run(lambda _: None)

    return anyio.run(main)


def wait_until(true: Callable[[], bool], what: str, seconds: float = 40) -> None:
    """Polls until ``true``; fails with ``what`` after a deadline."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not in {seconds} s: {what}"
        time.sleep(0.01)


def group_is_gone(pgid: int) -> bool:
    try:
        os.killpg(pgid, 0)
    except ProcessLookupError:
        return True
    return False
