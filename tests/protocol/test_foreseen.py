"""What ``init`` says of a session before it is there is what the session has: names that stand in two places."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio

from qwen_dual.runtime import foreseen
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from qwen_dual.tools.names import TOOLS

if TYPE_CHECKING:
    from pathlib import Path


def test_the_names_are_those_of_a_session(tmp_path: Path) -> None:
    async def main() -> tuple[list[str], set[str]]:
        env = {**os.environ, "QWEN_HOME": str(tmp_path)}
        handle = SessionFactory().open(SessionSpec(offline=True, cwd=str(tmp_path), env=env))
        handle.attach()
        handle.drop_tools("question")
        tools, names = list(handle.tools), {name for name, _ in handle.slash.names()}
        await handle.aclose()
        return tools, names

    tools, names = anyio.run(main)
    assert tuple(tools) == TOOLS, "of qwen_dual/tools/names.py"
    assert names == foreseen.SLASH_COMMANDS, "of qwen_dual/runtime/foreseen.py"
