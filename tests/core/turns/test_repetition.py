"""Models that go round in circles are told, and then stopped."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.answer import RequestedCall
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.turns.repetition import Repetition
from tests.support.fakes import FakeModel, FakeTool, Host, Step, call


def found(*made: str) -> list[str]:
    """What comes of calls, each written as name and result."""
    repetition = Repetition()
    return [
        repetition.add(RequestedCall("id", each[0], {"a": 1}, ""), each[1:] or "same")
        for each in made
    ]


def test_the_third_time_is_told_once_and_the_fifth_ends_it() -> None:
    assert found("A", "A", "A", "A", "A") == ["", "", "remind", "", "stop"]


def test_calls_that_take_turns_count_as_rounds() -> None:
    assert found(*"ABABAB") == ["", "", "", "", "", "remind"]
    assert found(*"ABC" * 5)[-1] == "stop"
    assert "stop" not in found(*"ABCDE" * 9)


def test_another_result_begins_anew() -> None:
    assert found("A", "A", "A", "A2", "A2", "A", "A") == ["", "", "remind", "", "", "", ""]
    assert "remind" not in found(*(f"A{number}" for number in range(20)))


def test_another_call_in_between_begins_anew() -> None:
    assert found(*"AABAACAADAA") == [""] * 11


def test_what_is_told_says_how_many_calls_take_turns() -> None:
    repetition = Repetition()
    for name in "ABABABABA":
        repetition.add(RequestedCall("id", name, {}, ""), "same")
    assert repetition.reminder.startswith("You have made the same 2 calls 4 times in a row")
    assert repetition.add(RequestedCall("id", "B", {}, ""), "same") == "stop"
    assert "the same 2 calls (A, B) 5 times" in repetition.stopped


def test_the_order_of_arguments_makes_no_other_call() -> None:
    repetition = Repetition()
    orders: list[dict[str, Any]] = [
        {"a": 1, "b": {"c": 2, "d": 3}},
        {"b": {"d": 3, "c": 2}, "a": 1},
    ]
    told = [
        repetition.add(RequestedCall("id", "A", orders[number % 2], ""), "same")
        for number in range(5)
    ]
    assert told == ["", "", "remind", "", "stop"]
    assert "the same call (A) 5 times" in repetition.stopped


def test_arguments_that_differ_are_other_calls() -> None:
    repetition = Repetition()
    for number in range(9):
        assert repetition.add(RequestedCall("id", "A", {"a": number}, ""), "same") == ""
        assert repetition.add(RequestedCall("id", "A", None, f"a{number}"), "same") == ""


@pytest.mark.parametrize("mode", ["default", "auto-edit", "yolo", "plan"])
def test_a_turn_that_goes_in_circles_stops_in_every_mode(mode: str) -> None:
    tool = FakeTool("read_file", kind="read", result="no such file", is_error=True)
    model = FakeModel(*(call(tool.name, f"c{number}", path="nope") for number in range(40)))
    host = Host(model, tool, approval_mode=mode)

    async def script(host: Host) -> dict[str, Any]:
        host.session.submit("go", KEYBOARD)
        result = await host.result()
        assert (result["stop_reason"], result["subtype"]) == ("loop", "success")
        host.session.submit("and now?", KEYBOARD)
        assert (await host.result(2))["stop_reason"] == "loop"
        return result

    host.play(script)
    assert len(tool.runs) == 10
    told = [str(request.messages[-1]) for request in model.requests]
    assert ["3 times in a row" in text for text in told[:5]] == [False, False, False, True, False]
    notices = [event["data"]["text"] for event in host.of("system", "notice")]
    stopped = [text for text in notices if "how it should go on" in text]
    assert len(stopped) == 2
    assert all("(Read file)" in text and "read_file" not in text for text in stopped)


def test_calls_of_one_message_count_too() -> None:
    tool = FakeTool("read_file", kind="read")
    steps: list[Step] = [TextDelta("all at once")]
    for number in range(6):
        steps += call(tool.name, f"c{number}", path="x")
    host = Host(FakeModel(steps), tool)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        assert (await host.result())["stop_reason"] == "loop"

    host.play(script)
    assert len(host.tool_results()) == 6
