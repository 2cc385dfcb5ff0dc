"""Runs tools as a session would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from tests.support.contexts import context

if TYPE_CHECKING:
    from qwen_dual.core.tools.tool import Tool, ToolResult
    from qwen_dual.tools.toolset import Toolset


def tool_of(tools: Toolset, name: str) -> Tool:
    return next(tool for tool in tools.tools if tool.name == name)


def call(tools: Toolset, name: str, **arguments: Any) -> ToolResult:
    """Runs one call in a loop of its own."""

    async def main() -> ToolResult:
        return await tool_of(tools, name).prepare(arguments).run(context())

    return anyio.run(main)


def cancelled(tools: Toolset, command: str) -> int:
    """Cancels a command at the first thing that it prints, which is a number; returns that."""
    printed: list[int] = []

    async def main() -> None:
        async with anyio.create_task_group() as group:

            def report(text: str) -> None:
                printed.append(int(text))
                group.cancel_scope.cancel()

            prepared = tool_of(tools, "run_shell_command").prepare({"command": command})
            await prepared.run(context(report))

    anyio.run(main)
    return printed[0]
