from __future__ import annotations

import subprocess
import sys

HEAVY = "pydantic pathspec rich prompt_toolkit watchdog orjson httpx bs4 markdownify tree_sitter"


def loaded_after(statements: str) -> str:
    check = f"import sys\n{statements}\nprint(*sorted(set({HEAVY.split()}) & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def test_the_tools_are_light_to_import() -> None:
    assert loaded_after("import qwen_dual.tools.toolset, qwen_dual.core.proposals") == ""


def test_warming_up_imports_what_first_calls_need() -> None:
    warmed = loaded_after("from qwen_dual.tools.toolset import toolset\ntoolset('.').warm_up()")
    assert warmed == "pydantic tree_sitter"
