"""Starting in a folder of somebody else, watched from outside: what is run and what is opened."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.git.hostile import TRAPS, program_for
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

READ_ALL_THE_SAME = {
    ".git",
    ".git/HEAD",
    ".git/config",
    ".git/hooks",
    ".git/commondir",
    ".git/info",
    ".git/info/exclude",
    ".mcp.json",
    ".qwen",
    ".qwen/commands",
    ".qwen/settings.json",
    ".gitignore",
    ".qwenignore",
    ".",
}
"""Of a folder that is not trusted: where it says which branch it is on, what it holds by name, what
git would run there, and what only tightens or leaves out."""


def can_trace() -> bool:
    strace = shutil.which("strace")
    if strace is None:
        return False
    tried = subprocess.run(
        [strace, "-f", "-o", os.devnull, "true"], check=False, capture_output=True
    )
    return tried.returncode == 0


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone that tries everything at once; a secret lies beside it."""
    program = program_for(tmp_path / "marker")
    work = TRAPS["include.path to a tracked file"].lay(tmp_path / "work", program)
    (tmp_path / "secret").write_text("planted\n")
    (work / "AGENTS.md").symlink_to("../secret")
    (work / "QWEN.md").symlink_to("/proc/self/environ")
    os.mkfifo(work / ".env")
    (work / ".qwen").mkdir()
    (work / ".qwen" / ".env").symlink_to("../../secret")
    settings = {"mcpServers": {"x": {"command": str(program)}}, "proxy": "http://x.invalid"}
    (work / ".qwen" / "settings.json").write_text(json.dumps(settings))
    (work / ".mcp.json").write_text(json.dumps({"mcpServers": {"y": {"command": str(program)}}}))
    (work / ".vimrc").write_text("x")
    return tmp_path


def lines_of(trace: Path) -> list[str]:
    return trace.read_text(errors="replace").splitlines()


def run(folder: Path, arguments: Sequence[str] = ()) -> list[str]:
    """Starts, types a mention, answers a prompt, ends; returns what the kernel was asked for."""
    trace = folder / "trace"
    calls = "trace=execve,open,openat,openat2"
    wrapper = ["strace", "-f", "--seccomp-bpf", "-s", "400", "-y", "-e", calls, "-o", str(trace)]
    with Program(folder, arguments, wrapper=wrapper) as program:
        program.terminal.wait_for("Type a prompt", 15)
        if not arguments:
            program.terminal.wait_for("› 3. Not now", 15)
            program.terminal.send("\x1b")
            program.until(lambda event: "asked at the next start" in str(event))
        program.submit("say 3 words")
        program.result()
        program.terminal.send("@file")
        program.terminal.wait_for("file.txt")
        program.terminal.send("\x15")
        if arguments:
            program.terminal.wait_for(lambda screen: re.search(r"⎇ \S+\* ·", screen.text))
        program.quit()
        assert "planted" not in json.dumps(program.events)
    return lines_of(trace)


def executed(lines: Sequence[str]) -> list[str]:
    found = [re.search(r'execve\("([^"]*)"', line) for line in lines if "= 0" in line]
    return [match[1] for match in found if match]


def opened(lines: Sequence[str], folder: Path) -> set[str]:
    """What was opened below ``folder``, by the kernel's own name for it."""
    found = [re.search(r"= \d+<([^>]*)>$", line) for line in lines]
    paths = {match[1] for match in found if match}
    return {os.path.relpath(path, folder) for path in paths if path.startswith(str(folder))}


needs_strace = pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace")


@needs_strace
def test_a_folder_that_is_not_trusted_gets_nothing_run_and_nothing_read(clone: Path) -> None:
    lines = run(clone)
    assert {os.path.realpath(path) for path in executed(lines)} == {
        os.path.realpath(sys.executable)
    }
    assert not (clone / "marker").exists()
    assert "secret" not in opened(lines, clone)
    assert opened(lines, clone / "work") <= READ_ALL_THE_SAME
    assert not any(re.search(r"/environ>$", line) for line in lines)


@needs_strace
def test_a_trusted_one_gets_git_run_and_by_it_nothing(clone: Path) -> None:
    lines = run(clone, ["--trust"])
    programs = {os.path.basename(os.path.realpath(path)) for path in executed(lines)}
    assert programs == {"git", os.path.basename(os.path.realpath(sys.executable))}
    assert not (clone / "marker").exists()
    assert "secret" not in opened(lines, clone)
