"""What runs without asking, in each mode, and how rules change that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.errors import UnknownMode
from qwen_dual.core.tools.tool import Command, FileAccess, Kind, Subject
from qwen_dual.shell.reader import Line, Simple
from tests.support.declared import policy_of
from tests.support.fakes import FakeCall, FakeTool

if TYPE_CHECKING:
    from qwen_dual.core.permissions.policy import Policy

NAMES: dict[Kind, str] = {
    "read": "read_file",
    "edit": "edit",
    "execute": "run_shell_command",
    "plan": "todo_write",
    "fetch": "web_fetch",
    "question": "ask_user_question",
}
CASES: dict[str, dict[tuple[Kind, bool], str]] = {
    "plan": {
        ("read", False): "allow",
        ("read", True): "ask",
        ("edit", False): "refuse",
        ("execute", False): "refuse",
        ("plan", False): "allow",
        ("fetch", False): "ask",
        ("question", False): "ask",
    },
    "default": {
        ("read", False): "allow",
        ("read", True): "ask",
        ("edit", False): "ask",
        ("execute", False): "ask",
        ("plan", False): "allow",
        ("fetch", False): "ask",
        ("question", False): "ask",
    },
    "auto-edit": {
        ("read", True): "ask",
        ("edit", False): "allow",
        ("edit", True): "ask",
        ("execute", False): "ask",
        ("fetch", False): "ask",
    },
    "yolo": {
        ("read", True): "allow",
        ("edit", True): "allow",
        ("execute", True): "allow",
        ("fetch", False): "allow",
        ("question", False): "ask",
    },
}


def verdict(
    policy: Policy, kind: Kind, subject: Subject | None = None, *, outside: bool = False
) -> str:
    tool = FakeTool(NAMES[kind], kind, subject=subject, outside="/o" if outside else None)
    return policy.judge(tool, FakeCall(tool, {})).action


def command(*words: str) -> Subject:
    return Subject((Command(words),), line=Line((Simple(words),)))


def file(path: str, **more: str) -> Subject:
    return Subject(files=(FileAccess(path, path, **more),), root="/w")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mode", "kind", "outside", "expected"),
    [(mode, *key, value) for mode, row in CASES.items() for key, value in row.items()],
)
def test_the_table_of_modes(mode: str, kind: Kind, outside: bool, expected: str) -> None:
    assert verdict(policy_of(mode), kind, outside=outside) == expected


def test_an_unknown_mode_names_the_known_ones() -> None:
    with pytest.raises(UnknownMode, match="'fast'; expected one of: plan, default"):
        policy_of("fast")


def test_deny_goes_before_ask_and_ask_before_allow() -> None:
    policy = policy_of(allow=["Bash(git *)"], ask=["Bash(git push *)"], deny=["Bash(git clean *)"])
    assert verdict(policy, "execute", command("git", "log")) == "allow"
    assert verdict(policy, "execute", command("git", "push")) == "ask"
    assert verdict(policy, "execute", command("git", "clean", "-fd")) == "refuse"
    assert verdict(policy, "execute", command("ls")) == "ask"


@pytest.mark.parametrize("mode", ["plan", "default", "auto-edit", "yolo"])
def test_deny_holds_in_every_mode_and_names_the_rule_to_the_model(mode: str) -> None:
    tool = FakeTool(subject=command("rm", "x"))
    found = policy_of(mode, deny=["Bash(rm *)"]).judge(tool, FakeCall(tool, {}))
    assert found.action == "refuse"
    assert "Bash(rm *)" in found.reason


def test_what_a_rule_may_deny_is_asked_about_even_in_yolo() -> None:
    policy = policy_of("yolo", deny=["Bash(rm *)"])
    unknown = Subject((Command(("\0", "x")),))
    assert verdict(policy, "execute", unknown) == "ask"
    assert verdict(policy, "execute", Subject((), parsed=False)) == "ask"
    assert verdict(policy_of("yolo"), "execute", unknown) == "allow"


def test_ask_rules_do_not_hold_in_yolo() -> None:
    policy = policy_of("auto-edit", ask=["Edit(/w/x)"])
    assert verdict(policy, "edit", file("/w/x")) == "ask"
    assert verdict(policy, "edit", file("/w/y")) == "allow"
    policy.set_mode("yolo")
    assert verdict(policy, "edit", file("/w/x")) == "allow"


def test_what_git_or_the_agent_would_run_asks_even_in_auto_edit() -> None:
    guarded = file("/w/.git/config", guard=".git")
    assert verdict(policy_of("auto-edit"), "edit", guarded) == "ask"
    assert verdict(policy_of("auto-edit", allow=["Edit"]), "edit", guarded) == "ask"
    assert verdict(policy_of(allow=["Edit(**)"]), "edit", guarded) == "ask"
    assert verdict(policy_of(allow=["Edit(.git/config)"]), "edit", guarded) == "allow"
    assert verdict(policy_of("yolo"), "edit", guarded) == "allow"


def test_a_private_address_asks_in_every_mode_unless_a_rule_names_it() -> None:
    private = Subject(host="127.0.0.1", private=True)
    assert verdict(policy_of("yolo"), "fetch", private) == "ask"
    assert verdict(policy_of(allow=["WebFetch"]), "fetch", private) == "ask"
    assert verdict(policy_of(allow=["WebFetch(127.0.0.1)"]), "fetch", private) == "allow"


def test_a_rule_for_commands_does_not_reach_outside_nor_into_plan_mode() -> None:
    policy = policy_of()
    policy.remember("run_shell_command(ls *)")
    assert verdict(policy, "execute", command("ls")) == "allow"
    assert verdict(policy, "execute", command("ls"), outside=True) == "ask"
    policy.set_mode("plan")
    assert verdict(policy, "execute", command("ls")) == "refuse"


def test_a_rule_for_paths_reaches_outside() -> None:
    policy = policy_of(allow=["Read(//o/**)"])
    assert verdict(policy, "read", file("/o/x"), outside=True) == "allow"
    assert verdict(policy, "read", file("/p/x"), outside=True) == "ask"


def test_what_was_remembered_is_forgotten_and_rules_are_replaced() -> None:
    policy = policy_of(allow=["Bash(a *)"])
    policy.remember("Bash(b *)")
    policy.forget()
    policy.set_rules(allow=["Bash(c *)"])
    asked = [verdict(policy, "execute", command(word)) for word in "abc"]
    assert asked == ["ask", "ask", "allow"]


def test_a_bad_rule_leaves_the_others_in_force() -> None:
    policy = policy_of(deny=["Bash(a *)"])
    with pytest.raises(ValueError, match="parenthesis is not closed"):
        policy.set_rules(allow=["Bash(c *"])
    assert verdict(policy, "execute", command("a")) == "refuse"


def test_a_tool_limited_to_some_commands_refuses_the_others() -> None:
    policy = policy_of("yolo")
    policy.set_rules(only=["run_shell_command(git)"])
    assert verdict(policy, "execute", command("git", "log")) == "allow"
    assert verdict(policy, "execute", command("ls")) == "refuse"
    assert verdict(policy, "read") == "allow"
