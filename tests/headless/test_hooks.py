"""Hooks without a screen: those of the SDK's side, and what a reader of stdout is told of any."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.frontends.headless.host_hooks import hooks_in
from qwen_dual.runtime.host_hooks import HostHook
from tests.headless.test_streams import Program

if TYPE_CHECKING:
    from pathlib import Path

Message = dict[str, Any]


def listed(*events: str) -> list[dict[str, str]]:
    """As Qwen Code's SDKs declare them."""
    return [{"event": event, "callback_id": f"cb_{event}"} for event in events]


def asked(message: Message) -> bool:
    return bool(message.get("request", {}).get("subtype") == "hook_callback")


def answer(program: Program, question: Message, response: Any) -> None:
    inner = {"subtype": "success", "request_id": question["request_id"], "response": response}
    program.send(type="control_response", response=inner)


def tool_result(program: Program) -> dict[str, Any]:
    message = program.until(
        lambda m: m["type"] == "user" and m["message"]["content"][0]["type"] == "tool_result"
    )
    found: dict[str, Any] = message["message"]["content"][0]
    return found


def configured(folder: Path, hooks: Any) -> None:
    (folder / "home/.qwen").mkdir(parents=True)
    (folder / "home/.qwen/settings.json").write_text(json.dumps({"hooks": hooks}))


def test_a_hook_of_the_other_side_denies_a_call(tmp_path: Path) -> None:
    with Program(tmp_path, "--include-hook-events") as program:
        said = program.request(subtype="initialize", hooks=listed("PreToolUse", "Stop"))["response"]
        assert said["capabilities"]["can_handle_hook_callback"] is True
        assert said["unsupported"] == [] and said["hooks_applied"] is True
        program.say("run touch made")
        question = program.until(asked)
        request = question["request"]
        assert request["callback_id"] == "cb_PreToolUse"
        assert request["tool_use_id"] == request["input"]["tool_use_id"]
        assert request["input"]["hook_event_name"] == "PreToolUse"
        assert request["input"]["tool_input"]["command"] == "touch made"
        decision = {"permissionDecision": "deny", "permissionDecisionReason": "not here"}
        answer(program, question, {"hookSpecificOutput": decision})
        assert (
            tool_result(program)["content"]
            == "hook:cb_PreToolUse did not allow this call: not here"
        )
        answer(program, program.until(asked, 2), {})
        assert program.result()["is_error"] is False
        assert not (program.work / "made").exists()
        told = program.until(lambda m: m.get("subtype") == "hook_response")
        assert (told["hook_event"], told["hook_name"]) == ("PreToolUse", "cb_PreToolUse")
        assert (told["outcome"], told["decision"], told["exit_code"]) == ("error", "deny", 0)
        assert told["source"] == "Session" and "data" not in told
        assert program.end() == 0


def test_a_hook_of_the_other_side_allows_changes_and_adds(tmp_path: Path) -> None:
    groups = {
        "PreToolUse": [{"matcher": "Bash", "hookCallbackIds": ["hook_0"]}],
        "UserPromptSubmit": [{"matcher": None, "hookCallbackIds": ["hook_1"], "timeout": 5}],
    }
    with Program(tmp_path) as program:
        program.request(subtype="initialize", hooks=groups)
        program.say("run touch made")
        question = program.until(asked)
        assert question["request"]["callback_id"] == "hook_1"
        assert question["request"]["input"]["prompt"] == "run touch made"
        answer(program, question, {"hookSpecificOutput": {"additionalContext": "be quick"}})
        question = program.until(asked, 2)
        own = {
            "permissionDecision": "allow",
            "updatedInput": {"command": "touch other", "description": "x"},
        }
        answer(program, question, {"hookSpecificOutput": own})
        assert "changed the input" in tool_result(program)["content"]
        program.result()
        assert (program.work / "other").exists() and not (program.work / "made").exists()
        assert program.end() == 0


def test_one_that_fails_decides_nothing_unless_it_is_to_block(tmp_path: Path) -> None:
    for blocks in (False, True):
        more = {"onFailure": "block"} if blocks else {}
        groups = {"PreToolUse": [{"hookCallbackIds": ["h"], **more}]}
        folder = tmp_path / str(blocks)
        folder.mkdir()
        with Program(folder, "--approval-mode", "yolo") as program:
            program.request(subtype="initialize", hooks=groups)
            program.say("run touch made")
            question = program.until(asked)
            inner = {"subtype": "error", "request_id": question["request_id"], "error": "no such"}
            program.send(type="control_response", response=inner)
            program.result()
            assert (program.work / "made").exists() is not blocks
            assert program.end() == 0


@pytest.mark.parametrize(
    "answered", [None, 7, "yes", {"hookSpecificOutput": {"permissionDecision": "Deny"}}]
)
def test_an_answer_that_cannot_be_used_blocks_where_a_failure_is_to(
    tmp_path: Path, answered: Any
) -> None:
    seconds = 1 if answered in (7, "yes") else 30  # what is no object is no answer
    group = {"hookCallbackIds": ["h"], "onFailure": "block", "timeout": seconds}
    groups = {"PreToolUse": [group]}
    with Program(tmp_path, "--approval-mode", "yolo") as program:
        program.request(subtype="initialize", hooks=groups)
        program.say("run touch made")
        answer(program, program.until(asked), answered)
        program.result()
        made = (program.work / "made").exists()
        assert made is (answered is None)  # no opinion
        assert program.end() == 0


def test_one_that_is_not_answered_holds_up_nothing_for_longer_than_it_said(tmp_path: Path) -> None:
    groups = {"UserPromptSubmit": [{"hookCallbackIds": ["h"], "timeout": 0.3}]}
    with Program(tmp_path) as program:
        program.request(subtype="initialize", hooks=groups)
        program.say("say 2 words")
        question = program.until(asked)
        assert program.result()["is_error"] is False
        cancelled = [m for m in program.messages if m["type"] == "control_cancel_request"]
        assert [m["request_id"] for m in cancelled] == [question["request_id"]]
        assert program.end() == 0


def test_a_side_that_leaves_in_the_middle_ends_the_session_in_order(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.request(subtype="initialize", hooks=listed("UserPromptSubmit", "Stop"))
        program.say("say 2 words")
        program.until(asked)
        assert program.end() == 0
        assert program.result()["is_error"] is False


def test_what_is_too_long_for_a_line_may_be_forbidden_and_not_allowed(tmp_path: Path) -> None:
    text = "x" * 200_000
    script = {
        "blocks": [
            {
                "type": "tool_use",
                "name": "write_file",
                "input": {"file_path": "made", "content": text},
            }
        ]
    }
    (tmp_path / "answers").write_text(
        json.dumps(script)
        + "\n"
        + json.dumps({"blocks": [{"type": "text", "text": "done"}]})
        + "\n"
    )
    with Program(tmp_path, "--offline-script", str(tmp_path / "answers")) as program:
        program.request(subtype="initialize", hooks=listed("PreToolUse"))
        program.say("write it")
        question = program.until(asked)
        assert len(json.dumps(question)) < 65_536
        answer(program, question, {"hookSpecificOutput": {"permissionDecision": "allow"}})
        asks = program.until(lambda m: m.get("request", {}).get("subtype") == "can_use_tool")
        answer(program, asks, {"behavior": "deny", "message": "no"})
        program.result()
        assert program.end() == 0


def test_hooks_that_cannot_be_read_are_refused_and_others_named(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        refused = program.request(subtype="initialize", hooks={"PreToolUse": [{}]})
        assert refused["subtype"] == "error" and "hookCallbackIds" in refused["error"]
        program.request(subtype="initialize", hooks=listed("Nonsense"))
        assert program.end() == 0
        assert program.process.stderr is not None
        said = program.process.stderr.read().decode()
        assert "hooks of Nonsense, which does not happen in this version" in said


def test_both_shapes_of_hooks_are_read() -> None:
    assert hooks_in(listed("Stop")) == [HostHook("Stop", "cb_Stop")]
    group = {"matcher": "Bash", "hookCallbackIds": ["a", "b"], "timeout": 3, "onFailure": "block"}
    assert hooks_in({"PreToolUse": [group]}) == [
        HostHook("PreToolUse", name, "Bash", 3.0, blocks_on_failure=True) for name in "ab"
    ]
    every: tuple[Any, ...] = ("x", 7, [7], [{}], {"Stop": [{"hookCallbackIds": [7]}]}, {"Stop": 7})
    for wrong in every:
        with pytest.raises(ValueError, match="hooks"):
            hooks_in(wrong)


def test_hooks_of_the_settings_are_told_of_only_where_that_is_asked_for(tmp_path: Path) -> None:
    configured(tmp_path, {"UserPromptSubmit": [{"hooks": [{"command": "true", "name": "n"}]}]})
    for flags, told in (((), False), (("--include-hook-events",), True)):
        with Program(tmp_path, *flags) as program:
            program.say("say 2 words")
            assert program.end() == 0
            assert ("hook_started" in program.kinds()) is told
            assert ("hook_response" in program.kinds()) is told


def test_a_request_that_nobody_can_answer_is_answered_by_a_hook_first(tmp_path: Path) -> None:
    decision = json.dumps({"hookSpecificOutput": {"decision": {"behavior": "allow"}}})
    configured(tmp_path, {"PermissionRequest": [{"hooks": [{"command": f"echo '{decision}'"}]}]})
    with Program(tmp_path) as program:
        program.say("run touch made")
        program.result()
        assert (program.work / "made").exists()
        assert program.end() == 0


def test_where_no_hook_decides_it_is_refused_as_without(tmp_path: Path) -> None:
    configured(tmp_path, {"PermissionRequest": [{"hooks": [{"command": "true"}]}]})
    with Program(tmp_path) as program:
        program.say("run touch made")
        assert program.result()["permission_denials"]
        assert not (program.work / "made").exists()
        assert program.end() == 0
