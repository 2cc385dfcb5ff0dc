"""Matchers, as the reference reads them."""

from __future__ import annotations

import pytest

from qwen_dual.hooks.matching import matches

SHELL = ("run_shell_command", "Shell", "Bash")
WRITE = ("write_file", "Write", "WriteFile")


@pytest.mark.parametrize(
    ("matcher", "values", "meant"),
    [
        ("", SHELL, True),
        ("*", SHELL, True),
        (".*", SHELL, True),
        ("run_shell_command", SHELL, True),
        ("Bash", SHELL, True),
        ("bash", SHELL, False),
        ("Ba", SHELL, False),  # other names are compared exactly
        ("^Bash$", SHELL, False),
        ("shell", SHELL, True),  # the id is searched
        ("^run_shell_command$", SHELL, True),
        ("Write|Edit", WRITE, True),
        ("Write | Edit", WRITE, True),
        ("Write|Edit", SHELL, False),
        ("read_.*", ("read_file",), True),
        ("read", ("read_file",), True),
        ("(write_file|edit)", WRITE, True),
        ("^(?!write_file).*$", WRITE, False),
        ("^(?!write_file).*$", SHELL, True),
        ("(?!write_file).*", WRITE, True),
        ("read_(file|edit)|", WRITE, False),
        ("read_(file|edit)|", ("read_file",), True),
        ("^write_file|", SHELL, True),  # as it is written
        ("|", SHELL, False),
        ("a|*", SHELL, True),
        (r"notes\|todo\.md", ("notes|todo.md",), True),
        ("foo[ |]bar", ("foo|bar",), True),
        ("foo[ |]bar", ("bar",), False),
        (r"\.env\ |\.pem", ("/w/x.env y",), True),
        ("permission_prompt | idle_prompt", ("idle_prompt",), True),
        ("[", SHELL, False),
        ("mcp__.*", ("mcp__time__now",), True),
    ],
)
def test_a_matcher_means(matcher: str, values: tuple[str, ...], meant: bool) -> None:
    assert matches(matcher, values) is meant
