"""Our events as the messages of a headless run."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.frontends.headless.endings import Ending, ending_of, signalled
from qwen_dual.frontends.headless.messages import init, message_of, result
from qwen_dual.protocol import events
from qwen_dual.protocol.events import stamp

SESSION = "00000000-0000-4000-8000-000000000000"


def stamped(body: dict[str, Any]) -> dict[str, Any]:
    return stamp(body, session_id=SESSION, seq=7)


def turn_result(stop_reason: str = "end_turn", **more: Any) -> dict[str, Any]:
    body = {
        "type": "result",
        "subtype": "success",
        "is_error": False,
        "result": "done",
        "stop_reason": stop_reason,
        "turn_id": "t",
        "command_id": None,
        "duration_ms": 12,
        "duration_api_ms": 7,
        "num_turns": 2,
        "usage": {"input_tokens": 3, "output_tokens": 4, "total_tokens": 7},
        "permission_denials": [],
        **more,
    }
    return stamped(body)


def test_what_was_submitted_is_not_told_again_but_what_tools_gave_is() -> None:
    assert message_of(stamped(events.user_text("hello", "cli"))) is None
    told = message_of(stamped(events.tool_result("call_1", "out", is_error=False)))
    assert told is not None
    assert told["message"]["content"][0]["tool_use_id"] == "call_1"
    assert "seq" not in told


def test_what_a_session_says_of_itself_is_not_told() -> None:
    for body in (events.notice("x"), events.system("state", {}), events.receipt("1", "accepted")):
        assert message_of(stamped(body), partials=True) is None


def test_requests_are_not_told_of_since_nobody_reads_them_here() -> None:
    assert message_of(stamped(events.control_request("1", {}))) is None
    assert message_of(stamped(events.control_response("1", allowed=True, resolved_by="x"))) is None


def test_what_streams_in_is_told_when_it_was_asked_for() -> None:
    event = stamped(events.text_delta(0, "a"))
    assert message_of(event) is None
    told = message_of(event, partials=True)
    assert told == {key: value for key, value in event.items() if key != "seq"}


def test_the_first_message_has_the_fields_of_the_reference_in_their_order() -> None:
    told = init(
        session_id=SESSION,
        cwd="/w",
        tools=["b", "a"],
        slash_commands=["z", "q"],
        model="m",
        permission_mode="plan",
    )
    assert list(told)[:10] == [
        "type",
        "subtype",
        "uuid",
        "session_id",
        "cwd",
        "tools",
        "mcp_servers",
        "model",
        "permission_mode",
        "slash_commands",
    ]
    assert told["uuid"] == told["session_id"] == SESSION
    assert (told["tools"], told["slash_commands"]) == (["b", "a"], ["q", "z"])


def test_a_result_of_success_has_the_text_and_no_error() -> None:
    told = result(turn_result(), Ending("end_turn"), context_tokens=7, context_window=100)
    assert (told["subtype"], told["is_error"], told["result"]) == ("success", False, "done")
    assert told["usage"]["cache_read_input_tokens"] == 0
    assert (told["context_tokens"], told["context_window"]) == (7, 100)
    assert told["total_cost_usd"] is None
    assert "error" not in told


@pytest.mark.parametrize(
    ("reason", "subtype", "status", "says"),
    [
        ("max_turns", "error_max_turns", 53, "--max-session-turns"),
        ("budget", "error_during_execution", 55, "too much"),
        ("interrupted", "error_during_execution", 130, "Interrupted"),
        ("loop", "error_during_execution", 1, "circles"),
        ("error", "error_during_execution", 1, "[API Error: 401 no]"),
    ],
)
def test_a_result_of_an_error_has_no_text_and_says_what_it_was(
    reason: str, subtype: str, status: int, says: str
) -> None:
    errors = {
        "error": {"kind": "auth", "message": "no", "status": 401},
        "budget": {"kind": "budget", "message": "too much", "status": None},
    }
    more = {"error": errors[reason]} if reason in errors else {}
    event = turn_result(reason, **more)
    ending = ending_of(event, max_turns=4)
    told = result(event, ending)
    assert (ending.status, told["subtype"], told["is_error"]) == (status, subtype, True)
    assert says in told["error"]["message"]
    assert "result" not in told


@pytest.mark.parametrize("reason", ["end_turn", "max_tokens", "denied"])
def test_an_answer_that_is_there_counts_as_one(reason: str) -> None:
    ending = ending_of(turn_result(reason))
    assert (ending.status, ending.subtype, ending.stop_reason) == (0, "success", reason)


def test_a_failed_slash_command_is_no_error_of_the_api() -> None:
    error = {"kind": "command", "message": "Unknown command /x.", "status": None}
    assert ending_of(turn_result("error", error=error)).message == "Unknown command /x."


def test_a_signal_says_which_it_was() -> None:
    assert signalled(15, "SIGTERM") == Ending("interrupted", 143, "Ended by SIGTERM.")
    assert signalled(2, "SIGINT").status == 130
