"""The rooms and their arrows: who may import whom, what is heavy, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from qwen_dual.core.tool import Kind
from tests.support.declared import DECLARED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "qwen_dual"

ALLOWED = {
    "protocol": set(),
    "fs": set(),
    "git": set(),
    "net": set(),
    "shell": set(),
    "sandbox": set(),
    "core": {"protocol", "shell"},
    "models": {"core", "protocol"},
    "tools": {"core", "protocol", "shell", "sandbox"},
    "bridge": {"protocol"},
    "chats": {"core", "protocol"},
    "settings": {"protocol", "models"},  # what is known of a model: models.config alone
    "host": {"protocol"},
    "tui": {"core", "protocol"},
}
EVERYWHERE = {"fs", "git", "net"}
"""What any room may use: they import nothing else of ours."""

HEAVY = ("pydantic", "prompt_toolkit", "rich", "watchdog", "asyncio", "anyio")


def sources() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_stands_left_of_it_or_above(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        used = {name.split(".")[1] for name in imports(path) if name.startswith("qwen_dual.")}
        used -= {room, "__version__"}
        allowed = ALLOWED[room] | (EVERYWHERE if room != "protocol" else set())
        assert used <= allowed, f"{path.relative_to(ROOT)} imports {used - allowed}"


def test_every_room_is_named_here() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("room", ["core", "tui"])
def test_no_tool_is_known_by_its_name_where_tools_declare_what_they_are(room: str) -> None:
    # `edit` is a kind of call too, which core is free to name.
    names = {tool.name for tool in DECLARED} - set(get_args(Kind))
    known = re.compile(rf"\b(?:{'|'.join(sorted(name for name in names if '_' in name))})\b")
    for path in (PACKAGE / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = node.value in names or known.search(node.value)
                assert not found, f"{path.relative_to(ROOT)}:{node.lineno}: {node.value}"


def test_contributing_says_the_same_of_each_room() -> None:
    rows = re.findall(
        r"^\| `qwen_dual/(\w+)/` \| .* \| (.*) \|$",
        (ROOT / "CONTRIBUTING.md").read_text(),
        re.MULTILINE,
    )
    named = {room: set(re.findall(r"`(\w+)[`/]", may.partition(";")[0])) for room, may in rows}
    assert {room: rooms - EVERYWHERE for room, rooms in named.items()} == ALLOWED


def test_only_the_codec_imports_orjson() -> None:
    users = [path for path in sources() if "orjson" in imports(path)]
    assert users == [PACKAGE / "protocol" / "codec.py"]


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(path): len(path.read_text().splitlines()) for path in sources()}
    assert {path: count for path, count in long.items() if count > 400} == {}


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print('\\n'.join(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    return {name.split(".")[0] for name in result.stdout.split()}


@pytest.mark.parametrize(
    "statement",
    [
        "import qwen_dual.bridge",
        "import qwen_dual.bridge.tee",
        "import qwen_dual.protocol.events, qwen_dual.protocol.codec",
        "import qwen_dual.cli",
    ],
)
def test_what_the_first_event_needs_imports_nothing_heavy(statement: str) -> None:
    assert loaded_after(statement).isdisjoint(HEAVY)
