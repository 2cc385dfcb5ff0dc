from __future__ import annotations

import subprocess
import sys


def test_the_tools_are_light_to_import() -> None:
    check = (
        "import sys, qwen_dual.tools.toolset\n"
        "heavy = {'pydantic', 'pathspec', 'rich', 'prompt_toolkit', 'watchdog', 'orjson'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", check], capture_output=True, text=True, check=True, timeout=15
    )
    assert done.stdout == "[]\n"
