from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from tests.support.declared import DECLARED

if TYPE_CHECKING:
    from qwen_dual.tools.toolset import Toolset

HEAVY = "pydantic pathspec rich prompt_toolkit watchdog orjson httpcore bs4 markdownify tree_sitter"
HEAVY += " qwen_dual.tools.grep_search qwen_dual.tools.walk"


def loaded_after(statements: str) -> str:
    check = f"import sys\n{statements}\nprint(*sorted(set({HEAVY.split()}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def test_the_tools_are_light_to_import() -> None:
    assert (
        loaded_after("import qwen_dual.tools.toolset, qwen_dual.core.permissions.proposals") == ""
    )


def test_warming_up_imports_what_first_calls_need() -> None:
    made = "from qwen_dual.tools.toolset import toolset\ntools = toolset('.', {})"
    assert loaded_after(made) == ""
    searches = "qwen_dual.tools.grep_search qwen_dual.tools.walk"
    assert loaded_after(f"{made}\ntools.warm_up()") == f"orjson pydantic {searches} tree_sitter"


def test_the_tools_that_tests_know_by_what_they_declare_are_all_of_them(tools: Toolset) -> None:
    assert [tool.name for tool in tools.tools] == [words.name for words in DECLARED]
    for tool in tools.tools:
        asks = tool.kind in ("read", "fetch") or tool.name == "exit_plan_mode"
        assert bool(tool.display.question) == asks, f"{tool.name}: what is a person asked?"
