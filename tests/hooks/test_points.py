"""The points at which a session waits for hooks: what each is told, and what comes of what it says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import KEYBOARD
from tests.hooks.kit import CALL, COMMON, SHELL, decides, echo, group, play, says, session
from tests.support.fakes import call

if TYPE_CHECKING:
    from pathlib import Path


def touch(name: str = "made", call_id: str = "call_1") -> list[Any]:
    return call(SHELL, call_id, command=f"touch {name}", description="make it")


def test_before_and_after_a_call_each_hook_is_told_what_is_documented(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            name: [group(says())] for name in ("PreToolUse", "PostToolUse", "PostToolBatch", "Stop")
        }
        async with session(tmp_path, hooks, echo()) as one:
            await one.ask("say hi")
            before, after, batch, stop = (one.told(name)[0] for name in hooks)
            arguments = {"command": "echo hi", "description": "say it"}
            assert set(before) == COMMON | CALL
            assert before["tool_name"] == SHELL and before["tool_input"] == arguments
            assert before["tool_use_id"] == "call_1" and before["cwd"] == str(one.work)
            assert before["session_id"] == one.handle.id and before["permission_mode"] == "default"
            assert before["transcript_path"].endswith(f"/{one.handle.id}.jsonl")
            assert set(after) == COMMON | CALL | {"tool_response", "duration_ms"}
            assert "hi" in after["tool_response"]["llmContent"]
            assert after["tool_response"]["returnDisplay"] == "hi"
            assert set(batch) == COMMON | {"tool_calls"}
            assert batch["tool_calls"][0]["status"] == "success"
            assert set(batch["tool_calls"][0]) == CALL | {"status", "tool_response"}
            assert stop["stop_hook_active"] is False and stop["last_assistant_message"] == "done"
            assert {"context_usage", "context_limit", "input_tokens"} <= set(stop)
            assert (stop["background_tasks"], stop["crons"]) == ([], [])
            assert one.responses("PreToolUse")[0]["outcome"] == "success"

    play(main)


def test_a_call_that_fails_is_told_as_a_failure(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            "PostToolUseFailure": [group(says(matcher="Bash"))],
            "PostToolUse": [group(says())],
        }
        failing = call(SHELL, command="ls /nowhere-at-all", description="look")
        async with session(tmp_path, hooks, failing, approval_mode="yolo") as one:
            await one.ask("look")
            (failed,) = one.told()
            assert set(failed) == COMMON | CALL | {"error", "is_interrupt", "duration_ms"}
            assert "nowhere" in failed["error"] and failed["is_interrupt"] is False
            assert failed["permission_mode"] == "yolo"

    play(main)


@pytest.mark.parametrize(
    "answer", [("no", 2), (decides("deny", "no"), 0), ({"decision": "block", "reason": "no"}, 0)]
)
def test_what_a_hook_denies_does_not_run_and_the_model_is_told_why(
    tmp_path: Path, answer: tuple[Any, int]
) -> None:
    async def main() -> None:
        hooks = {"PreToolUse": [group(says(answer[0], exit=answer[1], name="guard"))]}
        async with session(tmp_path, hooks, touch(), approval_mode="yolo") as one:
            result = await one.ask("make it")
            assert not (one.work / "made").exists()
            assert one.results()[0]["content"] == "hook:guard did not allow this call: no"
            assert one.results()[0]["is_error"] is True
            assert result["permission_denials"][0]["tool_use_id"] == "call_1"
            assert "did not allow" in one.sent()
            (told,) = one.responses()
            assert (told["decision"], told["outcome"]) == ("deny", "blocked")
            assert (told["hook_name"], told["hook_event"]) == ("guard", "PreToolUse")
            assert told["tool_use_id"] == "call_1" and told["reason"] == "no"

    play(main)


def test_what_a_hook_allows_runs_without_anybody_being_asked(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"PreToolUse": [group(says(decides("allow")))]}
        async with session(tmp_path, hooks, touch()) as one:
            await one.ask("make it")
            assert (one.work / "made").exists()
            assert one.events.of("control_request") == []
            assert one.responses()[0]["decision"] == "allow"

    play(main)


@pytest.mark.parametrize(
    "command", ["touch .git/hooks/pre-commit", "echo x > .qwen/settings.json", "touch .envrc"]
)
def test_the_leave_of_a_hook_is_not_enough_for_a_guarded_file(tmp_path: Path, command: str) -> None:
    async def main() -> None:
        hooks = {"PreToolUse": [group(says(decides("allow")))]}
        steps = call(SHELL, command=command, description="x")
        async with session(tmp_path, hooks, steps) as one:
            one.handle.submit("do it", KEYBOARD)
            one.answer(await one.request(), allowed=False)
            await one.events.results()

    play(main)


def test_the_leave_of_a_hook_is_not_enough_for_what_a_rule_denies_or_asks(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"PreToolUse": [group(says(decides("allow")))]}
        rules = {"permissions": {"deny": ["Bash(touch *)"], "ask": ["Bash(echo *)"]}}
        async with session(tmp_path, hooks, touch(), echo(), settings=rules) as one:
            one.handle.submit("do it", KEYBOARD)
            one.answer(await one.request(), allowed=False)
            await one.events.results()
            assert "denies this in every approval mode" in one.results()[0]["content"]
            assert not (one.work / "made").exists()

    play(main)


def test_a_hook_that_wants_it_asked_is_named_where_somebody_is_asked(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {
            "PreToolUse": [
                group(says(decides("ask", "look\n\x1b[2J\u202eat this"), name="careful"))
            ]
        }
        async with session(tmp_path, hooks, touch(), approval_mode="yolo") as one:
            one.handle.submit("make it", KEYBOARD)
            request = await one.request()
            preview = request["request"]["preview"]
            assert preview["warnings"][0] == {
                "kind": "hook",
                "message": "hook:careful wants this to be asked: look at this",
            }
            assert preview["text"] == "touch made"
            one.answer(request, allowed=True)
            await one.events.results()
            assert (one.work / "made").exists()

    play(main)


def test_an_input_that_a_hook_changed_is_what_is_shown_and_what_runs(tmp_path: Path) -> None:
    async def main() -> None:
        changed = {"command": "touch other", "description": "make it"}
        hooks = {"PreToolUse": [group(says(decides("ask", updatedInput=changed), name="changer"))]}
        async with session(tmp_path, hooks, touch()) as one:
            one.handle.submit("make it", KEYBOARD)
            request = (await one.request())["request"]
            assert request["input"] == changed
            assert request["preview"]["text"] == "touch other"
            said = [warning["message"] for warning in request["preview"]["warnings"]]
            assert "hook:changer changed the input." in said
            one.answer(one.events.of("control_request")[0], allowed=True)
            await one.events.results()
            assert (one.work / "other").exists() and not (one.work / "made").exists()
            assert "hook:changer changed the input to" in one.results()[0]["content"]
            assert one.responses()[0]["changed_input"] is True

    play(main)


@pytest.mark.parametrize("decision", ["allow", ""])
def test_an_input_changed_to_something_that_a_rule_denies_is_denied(
    tmp_path: Path, decision: str
) -> None:
    async def main() -> None:
        changed = {"command": "rm -rf other", "description": "x"}
        hooks = {"PreToolUse": [group(says(decides(decision, updatedInput=changed)))]}
        rules = {"permissions": {"deny": ["Bash(rm *)"]}}
        async with session(tmp_path, hooks, touch(), settings=rules, approval_mode="yolo") as one:
            (one.work / "other").mkdir(parents=True)
            await one.ask("make it")
            assert (one.work / "other").exists()
            assert "denies this in every approval mode" in one.results()[0]["content"]

    play(main)


def test_an_input_changed_to_nonsense_does_not_run(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"PreToolUse": [group(says(decides("allow", updatedInput={"command": 7})))]}
        async with session(tmp_path, hooks, touch(), approval_mode="yolo") as one:
            await one.ask("make it")
            assert one.results()[0]["is_error"] and "command" in one.results()[0]["content"]

    play(main)


def test_a_hook_answers_a_request_in_the_name_of_the_person_who_set_it_up(tmp_path: Path) -> None:
    async def main() -> None:
        answer = {"hookSpecificOutput": {"decision": {"behavior": "allow"}}}
        hooks = {"PermissionRequest": [group(says(answer, name="approver"))]}
        async with session(tmp_path, hooks, touch()) as one:
            await one.ask("make it")
            assert (one.work / "made").exists()
            (response,) = one.events.of("control_response")
            assert response["response"]["resolved_by"] == "hook:approver"
            (told,) = one.told()
            assert set(told) == COMMON | CALL | {"permission_suggestions"}

    play(main)


def test_a_hook_refuses_a_request_with_its_reason(tmp_path: Path) -> None:
    async def main() -> None:
        decision = {"behavior": "deny", "message": "not today", "interrupt": True}
        hooks = {
            "PermissionRequest": [
                group(says({"hookSpecificOutput": {"decision": decision}}, name="no"))
            ]
        }
        async with session(tmp_path, hooks, touch()) as one:
            result = await one.ask("make it")
            assert one.results()[0]["content"] == "hook:no did not allow this call: not today"
            assert result["stop_reason"] == "denied" and len(one.model.requests) == 1

    play(main)


def test_the_person_need_not_wait_for_a_hook_that_thinks_about_a_request(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"PermissionRequest": [group({"type": "command", "command": "sleep 600"})]}
        async with session(tmp_path, hooks, touch()) as one:
            one.handle.submit("make it", KEYBOARD)
            one.answer(await one.request(), allowed=True)
            await one.events.results()
            assert (one.work / "made").exists()
            assert one.responses()[0]["outcome"] == "cancelled"

    play(main)


def test_a_hook_cannot_answer_what_only_the_person_may_allow(tmp_path: Path) -> None:
    async def main() -> None:
        answer = {"hookSpecificOutput": {"decision": {"behavior": "allow"}}}
        hooks = {"PermissionRequest": [group(says(answer))]}
        steps = call("write_file", file_path=str(tmp_path / "work/.envrc"), content="x")
        async with session(tmp_path, hooks, steps) as one:
            one.handle.submit("write it", KEYBOARD)
            request = await one.request()
            await one.events.until(lambda event: event.get("subtype") == "hook_response")
            one.answer(request, allowed=False)
            await one.events.results()
            assert one.events.of("control_response")[0]["response"]["resolved_by"] == "keyboard"
            assert not (one.work / ".envrc").exists()

    play(main)


@pytest.mark.parametrize("command", ["ls; touch .git/hooks/pre-commit", "grep -r a ."])
def test_a_hook_that_changes_what_it_answers_has_leave_for_no_more(
    tmp_path: Path, command: str
) -> None:
    async def main() -> None:
        changed = {"command": command, "description": "x"}
        decision = {"behavior": "allow", "updatedInput": changed}
        hooks = {"PermissionRequest": [group(says({"hookSpecificOutput": {"decision": decision}}))]}
        rules = {"permissions": {"deny": ["Read(.env)"]}}
        async with session(tmp_path, hooks, touch(), settings=rules) as one:
            (one.work / ".git" / "hooks").mkdir(parents=True)
            one.handle.submit("make it", KEYBOARD)
            request = await one.request(2)
            assert request["request"]["input"] == changed
            one.answer(request, allowed=False)
            await one.events.results()
            assert not list((one.work / ".git" / "hooks").iterdir())

    play(main)


def test_what_a_hook_says_after_a_call_goes_to_the_model_with_the_result(tmp_path: Path) -> None:
    async def main() -> None:
        said = {
            "decision": "block",
            "reason": "format it",
            "hookSpecificOutput": {"additionalContext": "the formatter is ruff"},
        }
        hooks = {"PostToolUse": [group(says(said, name="linter"))]}
        async with session(tmp_path, hooks, echo()) as one:
            await one.ask("say hi")
            content = one.results()[0]["content"]
            assert content.startswith("hi")
            assert "hook:linter objects to this result: format it" in content
            assert content.endswith("From hook:linter:\nthe formatter is ruff")
            assert "the formatter is ruff" in one.sent()

    play(main)
