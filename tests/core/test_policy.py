"""What runs without asking, in each mode, and which rules an answer may leave behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.policy import Policy, UnknownMode, rule_for

if TYPE_CHECKING:
    from qwen_dual.core.tool import Kind

CASES: dict[str, dict[tuple[Kind, bool], str]] = {
    "plan": {
        ("read", False): "allow",
        ("read", True): "ask",
        ("edit", False): "refuse",
        ("execute", False): "refuse",
        ("plan", False): "allow",
    },
    "default": {
        ("read", False): "allow",
        ("read", True): "ask",
        ("edit", False): "ask",
        ("execute", False): "ask",
        ("plan", False): "allow",
    },
    "auto-edit": {
        ("read", True): "ask",
        ("edit", False): "allow",
        ("edit", True): "ask",
        ("execute", False): "ask",
    },
    "yolo": {("read", True): "allow", ("edit", True): "allow", ("execute", True): "allow"},
}


@pytest.mark.parametrize(
    ("mode", "kind", "outside", "expected"),
    [(mode, *key, value) for mode, row in CASES.items() for key, value in row.items()],
)
def test_the_table_of_modes(mode: str, kind: Kind, outside: bool, expected: str) -> None:
    assert Policy(mode).judge(kind, outside=outside, rule=None).action == expected


def test_an_unknown_mode_names_the_known_ones() -> None:
    with pytest.raises(UnknownMode, match="'fast'; expected one of: plan, default"):
        Policy("fast")


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("ls -la", "run_shell_command(ls *)"),
        ("git log -1", "run_shell_command(git log *)"),
        ("  make   test ", "run_shell_command(make test *)"),
        ("git log; rm -rf x", None),
        ("git log && rm x", None),
        ("git log\nrm x", None),
        ("git log $(rm x)", None),
        ("git log `rm x`", None),
        ("ls > x", None),
        ("ls | sh", None),
        ("X=1 ls", None),
        ("ls *", None),
        ("", None),
    ],
)
def test_only_a_plain_command_leaves_a_rule(command: str, rule: str | None) -> None:
    assert rule_for("run_shell_command", "execute", {"command": command}) == rule


def test_a_rule_does_not_reach_outside_the_workspace_nor_into_plan_mode() -> None:
    policy = Policy()
    policy.remember("r")
    assert policy.judge("execute", outside=False, rule="r").action == "allow"
    assert policy.judge("execute", outside=True, rule="r").action == "ask"
    policy.set_mode("plan")
    assert policy.judge("execute", outside=False, rule="r").action == "refuse"
