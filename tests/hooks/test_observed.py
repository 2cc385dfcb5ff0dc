"""What hooks hear of that nothing waits for, and the ends of a session."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta
from qwen_dual.hooks.observer import kind_of
from tests.hooks.kit import group, play, says, session
from tests.support.fakes import call
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path


def test_the_session_tells_that_it_waits_for_the_person(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"Notification": [group(says(), matcher="permission_prompt | idle_prompt")]}
        steps = call("run_shell_command", command="touch made", description="x")
        async with session(tmp_path, hooks, steps) as one:
            one.handle.submit("make it", KEYBOARD)
            one.answer(await one.request(), allowed=True)
            await one.events.results()
            await until(lambda: len(one.told()) == 2)
            first, second = one.told()
            assert first["notification_type"] == "permission_prompt"
            assert "run_shell_command" in first["message"] and first["title"]
            assert second["notification_type"] == "idle_prompt"

    play(main)


def test_begin_and_end_are_told_with_why(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {name: [group(says())] for name in ("SessionStart", "SessionEnd")}
        async with session(tmp_path, hooks) as one:
            await one.ask("hello")
            first = one.handle.id
            await one.ask("/clear")
            await one.ask("hello")
            second = one.handle.latest.id
            await until(lambda: len(one.told()) == 3, "what is told of /clear")
        told = [
            (told["hook_event_name"], told.get("source", told.get("reason")), told["session_id"])
            for told in one.told()
        ]
        assert told[0] == ("SessionStart", "startup", first)
        assert set(told[1:3]) == {("SessionEnd", "clear", first), ("SessionStart", "clear", second)}
        assert told[3:] == [("SessionEnd", "prompt_input_exit", second)]
        kinds = [event.get("subtype") for event in one.events.events]
        assert kinds[-2:] == ["hook_response", "session_end"]

    play(main)


def test_a_session_that_goes_on_says_so(tmp_path: Path) -> None:
    async def main() -> None:
        async with session(tmp_path, {}) as one:
            await one.ask("hello")
        hooks = {"SessionStart": [group(says(), matcher="resume")]}
        async with session(tmp_path, hooks, resume=one.handle.id) as again:
            await again.ask("go on")
            assert [told["source"] for told in again.told()] == ["resume"]

    play(main)


def test_a_summary_is_told_before_and_after(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            name: [group(says(seen=name))] for name in ("PreCompact", "PostCompact", "SessionStart")
        }
        long = [TextDelta("words " * 2000)]
        async with session(tmp_path, hooks, long, long, long, [TextDelta("the summary")]) as one:
            for _ in range(3):
                await one.ask("tell me more")
            await one.ask("/compress")
            await until(lambda: one.told(file="PostCompact"))
            (before,) = one.told(file="PreCompact")
            assert (before["trigger"], before["custom_instructions"]) == ("manual", "")
            (after,) = one.told(file="PostCompact")
            assert after["trigger"] == "manual" and "the summary" in after["compact_summary"]
            await until(lambda: len(one.told(file="SessionStart")) == 2)
            assert one.told(file="SessionStart")[1]["source"] == "compact"

    play(main)


def test_an_error_is_told_instead_of_the_end(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            "Stop": [group(says())],
            "StopFailure": [group(says(seen="failed"), matcher="rate_limit")],
        }
        error = ModelError("slow down", status=429, kind="rate_limit")
        async with session(tmp_path, hooks, [error]) as one:
            assert (await one.ask("hello"))["stop_reason"] == "error"
            await until(lambda: one.told(file="failed"))
            (told,) = one.told(file="failed")
            assert told["error"] == "rate_limit" and "slow down" in told["error_details"]
            assert one.told() == []

    play(main)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"kind": "auth", "status": 401}, "authentication_failed"),
        ({"kind": "server", "status": 503}, "server_error"),
        ({"kind": "overloaded", "status": None}, "server_error"),
        ({"kind": "invalid_request", "status": 400}, "invalid_request"),
        ({"kind": "network", "status": None}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_each_kind_of_error_has_a_name_that_hooks_know(error: dict[str, Any], kind: str) -> None:
    assert kind_of(error) == kind


def test_a_hook_that_hangs_at_the_end_does_not_hold_it_up_for_long(tmp_path: Path) -> None:
    async def main() -> None:
        async with session(tmp_path, {"SessionEnd": [group({"command": "sleep 600"})]}) as one:
            await one.ask("hello")
        assert one.responses()[0]["outcome"] == "cancelled"

    play(main)


def test_what_there_is_can_be_listed_and_only_the_person_switches_it(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            "UserPromptSubmit": [group(says("no", exit=2, name="filter"))],
            "SubagentStop": [group({"command": "./x", "name": "later"}, matcher="plan")],
            "Typo": [],
        }
        async with session(tmp_path, hooks) as one:
            await one.ask("hello")
            listed = (await one.ask("/hooks"))["result"]
            assert "UserPromptSubmit: before a prompt goes to the model" in listed
            assert "  filter  " in listed and "User (~/home/settings.json)" in listed
            assert "ran 1 time; last: blocked deny no" in listed
            assert "SubagentStop: before a sub-agent ends" in listed
            assert "  later  for plan  ./x" in listed and "has not run" in listed
            assert "hooks.Typo is not used: there is no such event" in listed
            one.handle.latest.submit("/hooks off", INPUT)
            assert "Only the person" in (await one.events.results(3))[2]["result"]
            assert (await one.ask("hello"))["stop_reason"] == "denied"
            await one.ask("/hooks off")
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"
            await one.ask("/hooks on")
            assert (await one.ask("hello"))["stop_reason"] == "denied"

    play(main)


def test_what_is_written_into_the_settings_meanwhile_runs_only_once_it_is_read(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        async with session(tmp_path, {"Stop": [group(says())]}) as one:
            await one.ask("hello")
            more = {"hooks": {"UserPromptSubmit": [group(says("no", exit=2))]}}
            (tmp_path / "home" / "settings.json").write_text(json.dumps(more))
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"
            await one.ask("/hooks reload")
            assert (await one.ask("hello"))["stop_reason"] == "denied"

    play(main)


def test_in_a_folder_that_is_not_trusted_no_hook_of_it_runs(tmp_path: Path) -> None:
    async def main() -> None:
        own = tmp_path / "work" / ".qwen"
        own.mkdir(parents=True)
        hooks = {"UserPromptSubmit": [group(says("no", exit=2, name="theirs"))]}
        (own / "settings.json").write_text(json.dumps({"hooks": hooks, "disableAllHooks": True}))
        async with session(tmp_path, {"Stop": [group(says(seen="mine"))]}) as one:
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"
            assert one.told() == [] and one.told(file="mine")  # nor does it switch off the person's
            told = (await one.ask("/trust"))["result"]
            assert "commands that run by themselves (UserPromptSubmit: cat" in told
            await one.ask("/trust session")
            assert "disableAllHooks is true" in (await one.ask("/hooks"))["result"]

    play(main)


def test_the_hooks_of_a_folder_run_once_it_is_trusted(tmp_path: Path) -> None:
    async def main() -> None:
        own = tmp_path / "work" / ".qwen"
        own.mkdir(parents=True)
        hooks = {"UserPromptSubmit": [group(says("no", exit=2))]}
        (own / "settings.json").write_text(json.dumps({"hooks": hooks}))
        async with session(tmp_path, {}) as one:
            assert (await one.ask("hello"))["stop_reason"] == "end_turn"
            await one.ask("/trust session")
            assert (await one.ask("hello"))["stop_reason"] == "denied"
            assert one.responses()[0]["source"] == "Project"

    play(main)


def test_without_hooks_nothing_of_them_is_imported(tmp_path: Path) -> None:
    script = """
import sys, anyio
from tests.hooks.kit import session
from pathlib import Path
async def main():
    async with session(Path(sys.argv[1]), {}, settings={"hooks": None}) as one:
        await one.ask("hello")
        await one.ask("/hooks")
    print([name for name in sys.modules if name.startswith("qwen_dual.hooks")])
anyio.run(main)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.stdout == "[]\n", ran.stderr
