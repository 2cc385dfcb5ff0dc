"""Rules that deny, ask or leave out, and cannot be understood: they take away more, and say so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.rule_names import RuleNames
from tests.hooks.kit import echo, play, session
from tests.support.declared import DECLARED
from tests.support.fakes import call

if TYPE_CHECKING:
    from pathlib import Path

NAMES = RuleNames(DECLARED)
WHERE = "permissions.deny in settings.json"


@pytest.mark.parametrize(
    ("text", "tools"),
    [
        ("Bash(git *", ["run_shell_command"]),
        ("bash(git 'x)", ["run_shell_command"]),
        ("WebFetch(https://example.com/x)", ["web_fetch"]),
        ("Unheard(of)", ["Unheard"]),
    ],
)
def test_one_with_a_wrong_pattern_means_all_calls_of_its_tool(text: str, tools: list[str]) -> None:
    told: list[str] = []
    (rule,) = NAMES.parse_strictly([text], told.append, WHERE)
    assert sorted(rule.tools) == tools and rule.pattern is None
    assert not rule.names("read_file") and all(map(rule.names, tools))
    assert repr(text) in told[0] and "until that is mended, all calls of" in told[0]
    assert WHERE in rule.text


@pytest.mark.parametrize("text", ["rm -rf", "(x)", "B*(git)", ""])
def test_one_without_a_name_means_every_call(text: str) -> None:
    told: list[str] = []
    (rule,) = NAMES.parse_strictly([text], told.append, WHERE)
    assert rule.names("read_file") and rule.names("mcp__any__thing")
    assert told[0].endswith("until that is mended, every call is meant")


def test_a_star_is_every_call_and_what_is_right_is_as_it_was() -> None:
    told: list[str] = []
    star, right = NAMES.parse_strictly(["*", "Bash(rm *)"], told.append, WHERE)
    assert star.names("anything") and right == NAMES.parse("Bash(rm *)") and told == []


@pytest.mark.parametrize(
    "permissions", [{"deny": "all"}, {"deny": ["Bash(rm *)", 7]}, {"deny": ["Bash(rm *"]}, "none"]
)
def test_what_a_person_forbade_in_a_way_that_is_not_understood_stays_forbidden(
    tmp_path: Path, permissions: Any
) -> None:
    async def main() -> None:
        settings = {"permissions": permissions}
        async with session(tmp_path, {}, echo(), settings=settings, approval_mode="yolo") as one:
            result = await one.ask("say hi")
            assert len(result["permission_denials"]) == 1
            refused = one.results()[0]["content"]
            file = str(tmp_path / "home" / "settings.json")
            assert "permissions.deny" in refused and file in refused
            warnings = await one.handle.load()
            assert any("until that is mended" in warning for warning in warnings)

    play(main)


@pytest.mark.parametrize("tools", [{"exclude": "Bash"}, {"exclude": ["rm -rf"]}, {"core": {}}])
def test_tools_that_are_limited_in_a_way_that_is_not_understood_are_not_offered(
    tmp_path: Path, tools: Any
) -> None:
    async def main() -> None:
        async with session(tmp_path, {}, settings={"tools": tools}) as one:
            await one.ask("hello")
            assert not one.model.requests[0].tools

    play(main)


@pytest.mark.parametrize(
    ("deny", "command", "said"),
    [
        ("Bash(rm *)", "$TOOL -rf x", "The permission rule Bash(rm *) may deny this"),
        (
            "Read(secret/**)",
            "grep -r key .",
            "may be what the permission rule Read(secret/**) denies",
        ),
    ],
)
def test_whoever_is_asked_about_what_a_rule_may_deny_is_told_which(
    tmp_path: Path, deny: str, command: str, said: str
) -> None:
    async def main() -> None:
        steps = call("run_shell_command", command=command, description="try it")
        settings = {"permissions": {"deny": [deny]}}
        async with session(tmp_path, {}, steps, settings=settings) as one:
            one.handle.submit("go", KEYBOARD)
            asked = await one.request()
            (warning,) = asked["request"]["preview"]["warnings"]
            assert warning["kind"] == "rule" and said in warning["message"]
            one.answer(asked, allowed=False)
            await one.events.results()

    play(main)
