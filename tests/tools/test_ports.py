"""Tools reach files and processes through what they are given, and past it nothing."""

from __future__ import annotations

import ast
import os
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import pytest

import qwen_dual.tools
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.grep import GrepSearchTool
from qwen_dual.tools.local_files import LocalFiles
from qwen_dual.tools.local_processes import LocalProcesses
from qwen_dual.tools.toolset import Toolset, toolset
from tests.support.contexts import context
from tests.tools.support import call

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import BinaryIO

    from qwen_dual.core.tools.ports import Process


class Buffers(LocalFiles):
    """The files of an editor: what it has open is not saved yet."""

    def __init__(self) -> None:
        self.open_ones: dict[str, bytes] = {}

    def exists(self, path: str) -> bool:
        return path in self.open_ones or super().exists(path)

    def open(self, path: str) -> BinaryIO:
        return BytesIO(self.open_ones[path]) if path in self.open_ones else super().open(path)

    def may_write(self, path: str) -> bool:
        return path in self.open_ones or super().may_write(path)

    def write(self, path: str, data: bytes, *, copies: str | None = None) -> None:
        if path in self.open_ones:
            self.open_ones[path] = data
        else:
            super().write(path, data, copies=copies)


class Recorded(LocalProcesses):
    """Starts processes, and knows which."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[list[str]] = []

    def start(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        stdin: BinaryIO | bytes | None = None,
        errors: Callable[[bytes], object] | None = None,
    ) -> Process:
        self.started.append(list(argv))
        return super().start(argv, cwd, env, stdin, errors)


@pytest.fixture
def buffers() -> Buffers:
    return Buffers()


@pytest.fixture
def processes() -> Recorded:
    return Recorded()


@pytest.fixture
def tools(workspace: Path, buffers: Buffers, processes: Recorded) -> Iterator[Toolset]:
    made = toolset(workspace, os.environ, files=buffers, processes=processes)
    yield made
    made.close()


def test_what_an_editor_has_open_is_read_and_changed_in_it(
    tools: Toolset, buffers: Buffers, workspace: Path
) -> None:
    saved = workspace / "a.txt"
    saved.write_text("saved\n")
    path = os.path.realpath(saved)
    buffers.open_ones[path] = b"not saved\n"
    assert call(tools, "read_file", file_path="a.txt").text == "not saved\n"
    changed = call(tools, "edit", file_path="a.txt", old_string="not", new_string="never")
    assert not changed.is_error, changed.text
    assert buffers.open_ones[path] == b"never saved\n"
    written = call(tools, "write_file", file_path="a.txt", content="other\n")
    assert not written.is_error, written.text
    assert buffers.open_ones[path] == b"other\n"
    assert saved.read_text() == "saved\n"


def test_what_it_has_not_open_is_the_disks(
    tools: Toolset, buffers: Buffers, workspace: Path
) -> None:
    result = call(tools, "write_file", file_path="new/b.txt", content="x\n")
    assert not result.is_error, result.text
    assert (workspace / "new/b.txt").read_text() == "x\n"
    assert buffers.open_ones == {}


def test_a_buffer_is_searched_as_it_stands(
    tools: Toolset, buffers: Buffers, processes: Recorded, workspace: Path
) -> None:
    saved = workspace / "a.txt"
    saved.write_text("saved\n")
    buffers.open_ones[os.path.realpath(saved)] = b"needle\n"
    # Stands for ripgrep, which is given the file on its stdin.
    fake = workspace / "rg"
    fake.write_text(
        "#!/bin/sh\nwhile read -r line; do printf '<stdin>\\0001:1:%s\\n' \"$line\"; done\n"
    )
    fake.chmod(0o755)
    grep = GrepSearchTool(tools.workspace, Limits(), lambda: str(fake))
    prepared = grep.prepare({"pattern": "needle", "path": "a.txt"})
    result = anyio.run(partial(prepared.run, context()))
    assert "L1: needle" in result.text, result.text
    assert processes.started[0][0] == str(fake)


def test_commands_and_searches_are_started_by_what_was_given(
    tools: Toolset, processes: Recorded, workspace: Path
) -> None:
    (workspace / "a.txt").write_text("needle\n")
    assert call(tools, "run_shell_command", command="echo hello").text == "hello"
    assert "a.txt" in call(tools, "grep_search", pattern="needle").text
    assert next(argv[-1] for argv in processes.started) == "echo hello"
    assert len(processes.started) == 2


PAST_THE_PORTS = {
    "local_files.py": "the default for files",
    "local_processes.py": "the default for processes",
    "process.py": "the same",
    "capture.py": "the session's own saved output, in a folder of its own",
    "file_listing.py": "names for a person to complete, no contents",
    "ignore.py": "decides what is kept from the agent, by what is on the disk",
    "reading.py": "decides what runs unasked, by what is on the disk",
    "grep_worker.py": "a program of its own",
    "schemas.py": "belongs to the package",
}
"""Modules of the tools that may open files or start processes, and why."""

OPENERS = frozenset(
    [
        *("open", "fdopen", "scandir", "listdir", "walk", "write", "truncate", "mkdir", "makedirs"),
        *(
            "unlink",
            "remove",
            "rmdir",
            "removedirs",
            "rename",
            "renames",
            "replace",
            "link",
            "symlink",
        ),
        *("chmod", "chown", "mkfifo", "mknod", "utime", "system", "popen", "fork", "forkpty"),
        *("posix_spawn", "posix_spawnp", "startfile"),
    ]
)
FOR_THE_DEFAULTS = (
    "subprocess",
    "tempfile",
    "multiprocessing",
    "pty",
    "qwen_dual.fs.replace",
    "qwen_dual.fs.foreign",
    "qwen_dual.fs.private",
    "qwen_dual.fs.tree",
    "qwen_dual.tools.process",
)


def reaches_past(source: str) -> list[str]:
    """What of a module, but for what only type checkers read, opens files or starts processes."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            node.body = [ast.Pass()]
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name in FOR_THE_DEFAULTS]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            found += [name for name in names if name in FOR_THE_DEFAULTS]
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            module, _, name = called.rpartition(".")
            if (
                called == "open"
                or (module == "os" and (name in OPENERS or name.startswith(("exec", "spawn"))))
                or name in ("read_text", "read_bytes", "write_text", "write_bytes")
            ):
                found.append(called)
    return found


def modules() -> list[Path]:
    [folder] = qwen_dual.tools.__path__
    return sorted(Path(folder).glob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.name)
def test_no_tool_opens_files_or_starts_processes_past_the_ports(path: Path) -> None:
    found = reaches_past(path.read_text())
    if path.name not in PAST_THE_PORTS:
        assert found == []


def test_every_exception_is_one() -> None:
    known = {path.name: path for path in modules()}
    for name in PAST_THE_PORTS:
        assert reaches_past(known[name].read_text()), f"{name} needs no exception any more"


@pytest.mark.parametrize(
    "source",
    [
        "import subprocess",
        "def f():\n    from qwen_dual.fs.replace import replace_file",
        "from qwen_dual.tools import process",
        "open('x')",
        "os.open('x', 0)",
        "os.execv('x', [])",
        "Path('x').write_text('y')",
    ],
)
def test_what_reaches_past_them_is_seen(source: str) -> None:
    assert len(reaches_past(source)) == 1


def test_what_type_checkers_alone_read_reaches_nothing() -> None:
    source = "if TYPE_CHECKING:\n    from qwen_dual.tools.process import ProcessGroup"
    assert reaches_past(source) == []
