"""The rooms and their arrows: who may import whom, what is heavy, how long a file may be."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import get_args

import pytest

from qwen_dual.core.tools.tool import Kind
from tests.support.declared import DECLARED
from tests.support.sources import statements

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "qwen_dual"

ALLOWED = {
    "cli": {
        *("frontends", "bridge", "runtime", "web", "recording", "conformance", "telemetry"),
        *("core", "settings", "host", "running", "protocol"),
    },
    "frontends": {"runtime", "bridge", "imaging", "core", "protocol"},  # of core what is in PLAIN
    "bridge": {"protocol"},
    "runtime": {
        *("models", "tools", "mcp", "agents", "chats", "hooks", "rewind", "definitions"),
        *("telemetry", "sandbox", "core", "settings", "running", "protocol"),
    },
    "hooks": {"core", "settings", "protocol"},
    "agents": {"core", "protocol"},
    "models": {"core", "settings", "protocol"},
    "tools": {"core", "imaging", "protocol", "shell", "sandbox"},
    "mcp": {"core", "imaging", "settings", "protocol"},
    "chats": {"core", "protocol"},
    "rewind": {"core", "protocol"},
    "core": {"protocol", "shell"},
    "definitions": {"protocol"},
    "imaging": {"protocol"},
    "settings": {"protocol"},
    "web": {"host", "protocol"},
    "recording": {"host", "protocol"},
    "conformance": {"host", "protocol"},
    "host": {"running", "protocol"},
    "telemetry": {"protocol"},
    "running": {"protocol"},
    "protocol": set(),
    "sandbox": set(),
    "shell": set(),
    "git": {"fs"},
    "fs": set(),
    "net": set(),
    "concurrency": set(),
}
EVERYWHERE = {"fs", "git", "net", "concurrency"}
"""What any room may use: they import nothing else of ours."""

INNER = {
    "core": (
        *("session", "commands", "conversation", "prompts", "turns", "permissions", "tools"),
        *("models", "text"),
    ),
    "frontends/tui": (
        *("region", "dialogs", "editing", "rendering", "terminal", "state", "markdown", "text"),
    ),
}
"""The rooms within a room, each above what it may import when it runs; imports for types may point up."""

BESIDE = {
    "core": {"actor", "bus", "errors", "failures", "secrets", "threads"},
    "frontends/tui": {
        *("app", "attached", "controller", "frontend", "keys", "ui_publisher", "screen"),
        "shared_draft",
    },
}
"""What stands in none of those rooms: in ``core`` what each may use, in the front end what is made of them."""

PLAIN = {
    *("actor", "errors", "failures", "threads"),
    *("commands.completion", "commands.questions", "commands.slash", "permissions.approvals"),
    *("prompts.draft", "prompts.prompt", "prompts.queue_editing", "prompts.review"),
    *("tools.tool", "tools.tool_context", "turns.stopping"),
}
"""The modules of ``core`` that a front end may import: records, protocols and what goes with them."""

HEAVY = ("pydantic", "prompt_toolkit", "rich", "watchdog", "asyncio", "anyio", "logging")


def sources() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "node_modules" not in path.parts)


@cache
def imports(path: Path) -> frozenset[str]:
    found: set[str] = set()
    for node in statements(path.read_text()):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def rooms_of(path: Path) -> set[str]:
    """The rooms that a file imports from, its own included."""
    used = {name.split(".")[1] for name in imports(path) if name.startswith("qwen_dual.")}
    return used - {"__version__"}


def allowed(room: str) -> set[str]:
    return ALLOWED[room] | (EVERYWHERE - {room} if room not in ("protocol", *EVERYWHERE) else set())


def test_every_file_is_in_a_room_but_the_way_in() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == {"__init__.py", "__main__.py"}
    assert rooms_of(PACKAGE / "__main__.py") == {"cli", "runtime"}
    assert rooms_of(PACKAGE / "__init__.py") == set()
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == set(ALLOWED)


@pytest.mark.parametrize("room", sorted(ALLOWED))
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    for path in (PACKAGE / room).rglob("*.py"):
        used = rooms_of(path) - {room}
        assert used <= allowed(room), f"{path.relative_to(ROOT)} imports {used - allowed(room)}"


def test_no_room_stands_below_itself() -> None:
    graph = {room: allowed(room) for room in ALLOWED}
    tuple(TopologicalSorter(graph).static_order())  # raises on a circle


def _for_types(node: ast.AST) -> bool:
    test = node.test if isinstance(node, ast.If) else None
    return isinstance(test, ast.Name) and test.id == "TYPE_CHECKING"


def files_imported(path: Path) -> set[Path]:
    """The files of ours that a file imports when it runs, at once or later; not those for types."""
    found: set[str] = set()
    for node in statements(path.read_text(), leave_out=_for_types):
        if isinstance(node, ast.ImportFrom):
            found.update(
                {node.module or "", *(f"{node.module}.{item.name}" for item in node.names)}
            )
        elif isinstance(node, ast.Import):
            found.update(item.name for item in node.names)
    places = [ROOT / name.replace(".", "/") for name in found]
    files = [file for at in places for file in (at.with_suffix(".py"), at / "__init__.py")]
    return {file for file in files if file.is_file() and PACKAGE in file.parents}


def test_no_file_imports_itself_by_way_of_others() -> None:
    tuple(TopologicalSorter({path: files_imported(path) for path in sources()}).static_order())


@pytest.mark.parametrize("outer", INNER)
def test_each_file_is_in_an_inner_room_or_beside_them(outer: str) -> None:
    at = PACKAGE / outer
    assert {path.stem for path in at.glob("*.py")} - {"__init__"} == BESIDE[outer]
    assert {path.parent.name for path in at.glob("*/__init__.py")} == set(INNER[outer])
    for room in INNER[outer]:
        tree = ast.parse((at / room / "__init__.py").read_text())
        assert ast.get_docstring(tree), room
        assert len(tree.body) == 1, f"{room}: who imports one of its files would pay for more"


@pytest.mark.parametrize(
    ("outer", "room"), [(outer, room) for outer, rooms in INNER.items() for room in rooms]
)
def test_an_inner_room_imports_only_what_stands_below_it(outer: str, room: str) -> None:
    at, rooms = PACKAGE / outer, INNER[outer]
    below = {at / name for name in rooms[rooms.index(room) :]}
    below |= {at} if outer == "core" else set()
    for path in (at / room).glob("*.py"):
        for used in files_imported(path):
            if at in used.parents and used != at / "__init__.py":
                assert used.parent in below, f"{path.relative_to(ROOT)} imports {used}"


def test_what_stands_beside_the_rooms_of_core_imports_none_of_them() -> None:
    at = PACKAGE / "core"
    for path in at.glob("*.py"):
        used = {file.parent for file in files_imported(path) if at in file.parents}
        assert used <= {at}, f"{path.relative_to(ROOT)} imports {used}"


def test_a_front_end_imports_no_other_and_of_core_only_what_is_plain() -> None:
    shared = "parsing"  # imports none of them, and nothing of ``core``
    for path in (PACKAGE / "frontends").rglob("*.py"):
        own = path.relative_to(PACKAGE / "frontends").parts[0]
        for name in imports(path):
            words = name.split(".")
            if words[:2] == ["qwen_dual", "frontends"] and len(words) > 2:
                assert words[2] in (own, shared), f"{path.relative_to(ROOT)} imports {name}"
            if words[:2] == ["qwen_dual", "core"]:
                module = ".".join(words[2 : 4 if words[2:3] and words[2] in INNER["core"] else 3])
                assert module in PLAIN | set(INNER["core"]) | {""}, (
                    f"{path.relative_to(ROOT)}: {name}"
                )


@pytest.mark.parametrize("room", ["core", "frontends", "chats", "bridge", "runtime", "cli"])
def test_no_tool_is_known_by_its_name_where_tools_declare_what_they_are(room: str) -> None:
    # `edit` is a kind of call too, which core is free to name.
    names = {tool.name for tool in DECLARED} - set(get_args(Kind))
    known = re.compile(rf"\b(?:{'|'.join(sorted(name for name in names if '_' in name))})\b")
    anywhere = re.compile("|".join(sorted(names)))
    for path in (PACKAGE / room).rglob("*.py"):
        if not anywhere.search(text := path.read_text()):
            continue  # most: to read their grammar takes seconds
        for node in ast.walk(ast.parse(text)):
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
    assert named == ALLOWED


def test_only_the_codec_imports_orjson() -> None:
    naming = [path for path in sources() if "orjson" in path.read_text()]
    users = [path for path in naming if "orjson" in imports(path)]
    assert users == [PACKAGE / "protocol" / "codec.py"]


def test_no_file_is_longer_than_400_lines() -> None:
    long = {str(path): len(path.read_text().splitlines()) for path in sources()}
    tests = (
        path for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts
    )
    long |= {str(path): len(path.read_text().splitlines()) for path in tests}
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
        "import qwen_dual.cli.start, qwen_dual.cli.parser",
    ],
)
def test_what_the_first_event_needs_imports_nothing_heavy(statement: str) -> None:
    assert loaded_after(statement).isdisjoint(HEAVY)
