"""Prompts for the offline model."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.models.phrases import in_code, plan


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("run ls -la", [("run_shell_command", "ls -la")]),
        ("run echo a and b", [("run_shell_command", "echo a and b")]),
        ("run ls and read x.txt", [("run_shell_command", "ls"), ("read_file", "x.txt")]),
        ("list", [("list_directory", ".")]),
        ("list src and find *.py", [("list_directory", "src"), ("glob", "*.py")]),
        ("search a.b", [("grep_search", r"a\.b")]),
        ("search two words-", [("grep_search", "two words-")]),
        ("RUN x", [("run_shell_command", "x")]),
        ("run a and list", [("run_shell_command", "a"), ("list_directory", ".")]),
        ("let explore find *.py and list", [("agent", "find *.py"), ("list_directory", ".")]),
        ("let me see", []),
        ("please help", []),
        ("run", []),
    ],
)
def test_phrases_become_calls(prompt: str, expected: list[tuple[str, str]]) -> None:
    keys = {
        "run_shell_command": "command",
        "read_file": "file_path",
        "list_directory": "path",
        "glob": "pattern",
        "grep_search": "pattern",
        "agent": "prompt",
    }
    steps = [(step.name, step.arguments[keys[step.name]]) for step in plan(prompt).steps]
    assert steps == expected


@pytest.mark.parametrize(
    ("prompt", "arguments"),
    [
        ("write a.txt: hello", {"file_path": "a.txt", "content": "hello\n"}),
        ("write a.txt: one\ntwo\n", {"file_path": "a.txt", "content": "one\ntwo\n"}),
        (
            "edit a.py: x = 1 -> x = 2",
            {"file_path": "a.py", "old_string": "x = 1", "new_string": "x = 2"},
        ),
        ("edit a.py: gone ->", {"file_path": "a.py", "old_string": "gone", "new_string": ""}),
    ],
)
def test_writing_and_editing(prompt: str, arguments: dict[str, Any]) -> None:
    (step,) = plan(prompt).steps
    assert step.arguments == arguments


def test_other_phrases_and_what_is_half_said() -> None:
    assert plan("think about it and run ls").thoughts == ["about it"]
    assert plan("say 30 words").words == 30
    assert plan("say 0 words").empty
    assert plan("markdown").markdown
    assert plan("think a and markdown and say 3 words").markdown
    assert not plan("think of and markdown files").markdown
    assert plan("edit a.py: x").problems == ["edit <path>: <old> -> <new>"]
    assert plan("write a.py").problems == ["write <path>: <text>"]
    assert plan("tell me a story").empty


@pytest.mark.parametrize(
    ("text", "code"),
    [("ls", "`ls`"), ("a\n  b", "`a b`"), ("a `b`", "`` a `b` ``"), ("x" * 500, f"`{'x' * 120}…`")],
)
def test_an_argument_is_shown_as_one_bounded_line_of_code(text: str, code: str) -> None:
    assert in_code(text) == code


@given(st.text(max_size=100))
def test_any_prompt_gives_a_plan(prompt: str) -> None:
    plan(prompt)
