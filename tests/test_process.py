"""Who touches what there is once a process: its environment, folder, signals and garbage collector.

Sessions of one process would see each other through it. What each of them has of its own is in its
``Workspace``, and what is started gets an environment that somebody chose.
"""

from __future__ import annotations

import ast
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.test_architecture import PACKAGE, ROOT, sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROCESS = {"runtime/process.py", "cli"}
"""Where all of it is allowed."""

BEYOND = {
    # Programs of their own, that a session starts or that know of no session.
    "tools/grep_worker.py": "a child that ends itself by a timer's signal",
    "host": "the other side of the PTY: a program that starts ours, from its own environment",
    "bridge/channel.py": "the channel of a program that has no sessions: its folder is the process's",
}
"""What is allowed besides, and why."""

ONCE = {
    *("os.environ", "os.environb", "os.getenv", "os.getenvb", "os.putenv", "os.unsetenv"),
    *("os.getcwd", "os.getcwdb", "os.chdir", "os.fchdir", "os.umask", "os.get_exec_path"),
    *("os.path.expanduser", "os.path.expandvars", "Path.home", "Path.cwd", "pathlib.Path.home"),
    *("signal.signal", "signal.pthread_sigmask", "signal.setitimer", "signal.siginterrupt"),
    *("signal.set_wakeup_fd", "signal.getsignal", "signal.alarm"),
}
METHODS = {"expanduser", "add_signal_handler", "remove_signal_handler"}
MODULES = {"gc"}

STARTS = {
    *("subprocess.Popen", "subprocess.run", "subprocess.check_output", "subprocess.check_call"),
    *("subprocess.call", "anyio.open_process", "anyio.run_process"),
    *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell"),
}
"""What starts a program: with no environment of its own it would get the process's, keys and all."""

INHERITS = {
    "os.system",
    "os.popen",
    "os.execv",
    "os.execvp",
    "os.spawnv",
    "os.spawnvp",
    "pty.spawn",
}
"""What starts one with the process's environment always."""


WORDS = re.compile(
    r"environ\b|getenv|putenv|unsetenv|getcwd|chdir|umask|get_exec_path|expand(?:user|vars)"
    r"|Path\.(?:home|cwd)|import signal|from signal|signal_handler|import gc|from gc|subprocess"
    r"|_process\(|shutil|os\.(?:system|popen|exec|spawn)|pty\."
)
"""Something of it is in each file that matters: to parse all of them takes seconds."""


def dotted(node: ast.AST) -> str:
    """``a.b.c`` as it is written; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else ""
    return ""


def uses(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines that touch what there is once, with what they touch."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if dotted(node) in ONCE or node.attr in METHODS:
                yield node.lineno, dotted(node) or node.attr
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, name.name) for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "subprocess":  # its functions are known by their whole names
                yield node.lineno, "from subprocess"
            named = {f"{node.module}.{name.name}" for name in node.names} | {node.module or ""}
            yield from ((node.lineno, name) for name in named & (ONCE | MODULES))


def unsafe_starts(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines that start a program, or look for one, by the process's environment."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name, given = dotted(node.func), {word.arg for word in node.keywords}
        if (
            name in INHERITS
            or (name in STARTS and "env" not in given)
            or (name == "shutil.which" and "path" not in given)
        ):
            yield node.lineno, name


def is_in(path: Path, places: set[str]) -> bool:
    name = path.relative_to(PACKAGE).as_posix()
    return any(name == place or name.startswith(f"{place}/") for place in places)


@cache
def parsed() -> dict[Path, ast.Module]:
    """Every file that may not, of those that could."""
    return {
        path: ast.parse(text)
        for path in sources()
        if not is_in(path, PROCESS | set(BEYOND))
        if WORDS.search(text := path.read_text())
    }


def found(look: Callable[[ast.AST], Iterator[tuple[int, str]]]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path, tree in parsed().items()
        for line, name in look(tree)
    ]


def test_only_the_process_module_and_the_command_line_touch_what_there_is_once() -> None:
    assert found(uses) == []


def test_whatever_is_started_gets_an_environment_that_somebody_chose() -> None:
    # The way in starts itself again, before there is any session.
    assert [line for line in found(unsafe_starts) if "__main__.py" not in line] == []


def test_no_place_is_allowed_that_needs_it_no_longer() -> None:
    for place in BEYOND:
        path = PACKAGE / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        assert any(True for file in files for _ in uses(ast.parse(file.read_text()))), place


@pytest.mark.parametrize(
    "line",
    [
        "import gc",
        "from os import environ",
        "x = os.environ.get('A')",
        "f(**os.environ)",
        "def f(env=os.environ): ...",
        "os.path.expanduser('~')",
        "path.expanduser()",
        "Path.home()",
        "signal.signal(1, f)",
        "from signal import signal",
        "from subprocess import run",
        "loop().add_signal_handler(1, f)",
    ],
)
def test_the_test_sees(line: str) -> None:
    assert list(uses(ast.parse(line)))


@pytest.mark.parametrize(
    ("line", "safe"),
    [
        ("subprocess.run(['x'], env=env)", True),
        ("subprocess.run(['x'])", False),
        ("subprocess.Popen(['x'], cwd='/')", False),
        ("shutil.which('x', path=path)", True),
        ("shutil.which('x')", False),
        ("os.system('x')", False),
    ],
)
def test_the_test_knows_a_start_that_inherits(line: str, safe: bool) -> None:
    assert (not list(unsafe_starts(ast.parse(line)))) == safe
