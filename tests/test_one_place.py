"""What has one place has no second one: a way of doing a thing is written once and used from there."""

from __future__ import annotations

import ast
import functools
import re
from typing import TYPE_CHECKING

import pytest

from tests.support.sources import ROOT, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

PLACES = {
    r"/proc/[^\"']*/stat\b": ("fs/proc.py",),
    r"os\.listdir\(\"/proc\"\)": ("fs/proc.py",),
    r"pidfd_send_signal": ("fs/proc.py", "sandbox/namespace.py"),  # this one holds the descriptor
    r"os\.(rename|replace)\(": (
        "fs/replace.py",
        "chats/prompt_history.py",  # gives a full file another name
        "conformance/plus_inputs.py",  # does what an editor does that saves the input file
    ),
    r"import (watchdog|ptyprocess)|from (watchdog|ptyprocess)": ("fs/observer.py", "host/pty.py"),
    r"while \(\w+ := \w+\.find\(b\"\\n\"": ("protocol/framing.py",),
    r"x1b\\+\[\(?\[0-9;:\]": ("protocol/ansi.py",),
    r"\"\.git\"\)\)(\.st_uid)?": ("git/repository.py", "git/configured.py"),
}
"""Patterns of source text, and the files of the package that may have them."""


@functools.cache
def texts(folder: str) -> dict[str, str]:
    """The sources below a folder of the project, by their paths in it."""
    root = ROOT / folder
    return {str(path.relative_to(root)): text for path, text in sources(folder).items()}


@pytest.mark.parametrize("pattern", PLACES)
def test_the_package_does_it_in_one_place(pattern: str) -> None:
    found = {path for path, text in texts("qwen_dual").items() if re.search(pattern, text)}
    assert found <= set(PLACES[pattern])
    assert found, "nothing does it any more: the pattern is out of date"


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function with such a last name in the tests."""
    for path, text in texts("tests").items():
        if any(f"{name}(" in text for name in names):
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call):
                    name = ast.unparse(node.func).rpartition(".")[2]
                    if name in names:
                        yield path, node


SLEEPING = {
    "support/waiting.py": "waits for the tests",
    "support/pty.py": "waits while it reads a screen",
    "host/fake.py": "is a program that hangs",
    "conformance/faulty.py": "is a program that looks at its input from time to time",
    "mcp/hostile.py": "is a server that is slow",
    "models/test_connections.py": "is a service that sends a comment from time to time",
    "tui/ui_program.py": "is a model that takes its time",
}
"""Files of the tests that sleep, and why they may."""


def test_nothing_sleeps_for_a_fixed_time_to_wait_for_something() -> None:
    sleeping = {
        path
        for path, call in calls("sleep")
        if not (isinstance(call.args[0], ast.Constant) and call.args[0].value == 0)
    }
    assert sleeping == set(SLEEPING)


def test_terminals_of_tests_come_from_one_place() -> None:
    assert {path for path, _ in calls("openpty", "forkpty", "Child")} == {"support/pty.py"}
