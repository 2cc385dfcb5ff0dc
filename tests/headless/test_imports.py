"""What a run without a screen imports: no screen, and nothing that it makes no use of."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from anyio.from_thread import start_blocking_portal

from tests.headless.program import Runner
from tests.models.server import serve
from tests.support.services import answer

if TYPE_CHECKING:
    from pathlib import Path

SCREENS = {"prompt_toolkit", "rich", "pygments"}
NOT_NEEDED = {
    "httpx",
    # What of the standard library only brings more along.
    *("ast", "hashlib", "inspect", "linecache", "random", "tokenize"),
    *("_hashlib", "typing_extensions"),
    "email",
    "pydantic",
    "click",
    "trio",
    "jsonschema",
    "watchdog",
    "bs4",
    "tree_sitter",
}

COMMANDS = "qwen_dual.runtime.commands."
"""Of slash commands, which nobody can run."""

MOST = 450
"""Modules, of Python and of libraries too: each takes a third of a millisecond at least."""

OF_AGENTS = (
    "qwen_dual.agents",
    "qwen_dual.chats.lane",
    "qwen_dual.chats.sub_agents",
    "qwen_dual.protocol.agents",
    "qwen_dual.runtime.agents",
)
"""Of sub-agents, which nobody has asked for and of which there is no file."""

COUNTED = """
import sys
from qwen_dual.__main__ import main
sys.argv = ["qwen-dual", *sys.argv[1:]]
status = main()
print("\\n".join(sys.modules), file=sys.stderr)
sys.exit(status)
"""


def counted(folder: Path) -> str:
    """The program that tells its modules, as a file: Python 3.13 imports ``linecache`` for what ``-c`` names."""
    path = folder / "counted.py"
    path.write_text(COUNTED)
    return str(path)


def test_a_run_against_a_service_imports_no_screen_and_nothing_for_nothing(tmp_path: Path) -> None:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(serve(answer("Hi."))) as server,
    ):
        env = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": server.url, "OPENAI_MODEL": "mock"}
        runner = Runner(tmp_path, env)
        command = [sys.executable, counted(tmp_path), "-p", "hello"]
        ran = subprocess.run(
            command, cwd=runner.work, env=runner.env, capture_output=True, text=True, check=False
        )
    assert (ran.returncode, ran.stdout) == (0, "Hi.\n"), ran.stderr
    modules = ran.stderr.splitlines()
    assert {name.split(".")[0] for name in modules} & (SCREENS | NOT_NEEDED) == set()
    assert not [name for name in modules if name.startswith("qwen_dual.frontends.tui")]
    assert not [name for name in modules if name.startswith(OF_AGENTS)]
    assert [name for name in modules if name.startswith(COMMANDS)] == [f"{COMMANDS}screen"]
    assert len(modules) <= MOST
