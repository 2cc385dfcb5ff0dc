"""What is known from the events alone: losses, requests, turns, in both kinds of program."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest

from qwen_dual import host
from qwen_dual.host.channels import FileChannel, SocketChannel, open_channel
from qwen_dual.host.event import Event
from qwen_dual.host.tracker import REMEMBERED, Tracker
from qwen_dual.host.turns import DerivedTurns, ReportedTurns, Submitted
from tests.host.support import REFERENCE

TEXT = {"type": "text", "text": "for the sub-agent"}


def system(subtype: str, seq: int | None = None, **data: Any) -> Event:
    return Event({"type": "system", "subtype": subtype, "seq": seq, "data": data})


def request(number: str, **more: Any) -> Event:
    inner = {"subtype": "can_use_tool", "tool_name": "t", "tool_use_id": f"call-{number}"}
    return Event({"type": "control_request", "request_id": number, "request": inner, **more})


def response(number: str, allowed: bool) -> Event:
    inner = {"subtype": "success", "request_id": number, "response": {"allowed": allowed}}
    return Event({"type": "control_response", "response": inner})


def told() -> Tracker:
    tracker = Tracker()
    tracker.feed(system("session_start", 1, supported_commands=["submit"], agent="a"))
    return tracker


def test_a_gap_is_counted_once_and_a_missing_number_too() -> None:
    tracker = told()
    assert tracker.feed(system("gap", 6, from_seq=2, to_seq=6, dropped=5)) is None
    assert tracker.lost == 5
    missing = tracker.feed(system("state", 9, state="thinking"))
    assert missing is not None
    assert missing.data == {"dropped": 2, "from_seq": 7, "to_seq": 8, "where": "channel"}
    assert tracker.lost == 7
    assert tracker.feed(request("r", seq=4)) is None
    assert tracker.feed(system("state", 10, state="idle")) is None
    assert tracker.feed(system("session_start", 14, resumed=True, next_seq=15)) is None
    assert tracker.feed(system("gap", 14, from_seq=11, to_seq=14, dropped=4)) is None
    assert tracker.feed(system("state", 15, state="idle")) is None
    assert tracker.lost == 11


def test_a_request_is_pending_once_until_it_is_resolved() -> None:
    tracker = told()
    asked: list[str] = []
    resolved: list[str] = []
    tracker.on_request = lambda request: asked.append(request.id)
    tracker.on_resolved = resolved.append
    for number in ("one", "two", "one"):
        tracker.feed(request(number))
    assert list(tracker.pending) == asked == ["one", "two"]
    assert tracker.state == "awaiting_approval"
    tracker.feed(response("one", True))
    tracker.feed(request("one"))
    assert list(tracker.pending) == ["two"]
    assert resolved == ["one"]
    found = tracker.resolved("one")
    assert found is not None
    assert found.allowed


def test_what_is_remembered_of_requests_is_bounded() -> None:
    tracker = told()
    for number in range(REMEMBERED * 2):
        tracker.feed(request(str(number)))
        tracker.feed(response(str(number), False))
    assert tracker.resolved("0") is None
    assert tracker.resolved(str(REMEMBERED * 2 - 1)) is not None
    assert not tracker.pending


@pytest.mark.parametrize("strange", [None, 5, [], "x", {"subtype": "error"}, {"response": 3}])
def test_strange_values_do_no_harm(strange: Any) -> None:
    tracker = told()
    for kind in ("user", "assistant", "stream_event", "result", "system", "control_response"):
        for field in ("data", "message", "event", "response", "request", "subtype", "usage"):
            tracker.feed(Event({"type": kind, field: strange}))
            tracker.feed(Event({"type": kind, "subtype": "state", field: strange}))
            tracker.feed(Event({"type": kind, "subtype": "command_receipt", field: strange}))
    tracker.feed(Event({"type": "control_request", "request_id": "r", "request": strange}))
    assert tracker.state == "awaiting_approval"


def test_after_the_end_whoever_waits_gets_an_error_of_their_own() -> None:
    async def main() -> None:
        tracker = told()
        turn = Submitted("id", "hello")
        tracker.turns.add(turn)
        tracker.feed(request("r"))
        waiting = [tracker.receipt("c").wait(), tracker.resolution("r").wait(), turn.result.wait()]
        tracker.finish(lambda: LookupError("gone"))
        late = tracker.receipt("d").wait()
        errors = []
        for promise in (*waiting, late):
            with pytest.raises(LookupError) as error:
                await promise
            errors.append(error.value)
        assert len(set(map(id, errors))) == 4
        assert not tracker.pending

    anyio.run(main)


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.jsonl")), ids=lambda path: path.stem)
def test_a_recorded_turn_begins_and_ends_as_its_events_show(path: Any) -> None:
    events = [Event(json.loads(line)) for line in path.read_text().splitlines()]
    tracker = Tracker()
    turn = Submitted("id", events[1].text)
    tracker.feed(events[0])
    tracker.turns.add(turn)
    states = []
    for event in events[1:]:
        assert turn.result.done is (event.subtype == "session_end")
        tracker.feed(event)
        states.append(tracker.state)
    assert turn.ended_by is events[-2]
    assert states[0] == "thinking"
    assert states[-1] == "idle"
    assert "responding" in states
    asked = any(event.type == "control_request" for event in events)
    assert ("awaiting_approval" in states) is ("running_tool" in states) is asked
    assert tracker.ended


def test_a_turn_goes_on_when_only_some_calls_were_denied() -> None:
    turns = DerivedTurns()
    turn = Submitted("id", "go")
    turns.add(turn)
    calls = [{"type": "tool_use", "id": f"call-{number}"} for number in "ab"]
    turns.feed(Event({"type": "user", "message": {"content": [{"type": "text", "text": "go"}]}}))
    turns.feed(Event({"type": "assistant", "message": {"content": calls}}))
    turns.feed(Event({"type": "stream_event", "event": {"type": "message_stop"}}))
    turns.denied(host.Request.of(request("a")), response("a", False))
    assert not turn.result.done
    turns.denied(host.Request.of(request("b")), response("b", False))
    assert turn.result.done


def test_a_turn_that_is_stopped_and_says_an_ordinary_end_was_interrupted() -> None:
    async def main() -> None:
        turns = DerivedTurns()
        turn = Submitted("id", "go")
        turns.add(turn)
        turns.interrupting()  # nothing runs yet, so this stops nothing
        for number in range(2):
            text = [{"type": "text", "text": "go"}]
            turns.feed(Event({"type": "user", "message": {"content": text}}))
            if number == 0:
                turns.interrupting()
            turns.feed(Event({"type": "stream_event", "event": {"type": "message_stop"}}))
            assert (await turn.result.wait()).stop_reason == ["interrupted", "end_turn"][number]
            turn = Submitted("id", "go")
            turns.add(turn)

    anyio.run(main)


def test_what_a_sub_agent_says_is_no_turn_of_its_own() -> None:
    turns = DerivedTurns()
    turns.feed(Event({"type": "user", "message": {"content": [{"type": "text", "text": "go"}]}}))
    stop = {"type": "stream_event", "event": {"type": "message_stop"}, "parent_tool_use_id": "c"}
    turns.feed(Event(stop))
    assert turns.state == "thinking"


def of_agent(event: Event) -> Event:
    return Event({**event.raw, "parent_tool_use_id": "call-9"})


def test_what_a_sub_agent_comes_to_ends_no_turn_and_is_no_state_of_the_session() -> None:
    turns = ReportedTurns()
    mine = Submitted("1", "a")
    turns.add(mine)
    turns.feed(system("state", state="running_tool", queued=2))
    turns.feed(of_agent(system("state", state="idle", queued=0)))
    turns.feed(of_agent(Event({"type": "result", "command_id": "1", "result": "not mine"})))
    assert (turns.state, turns.queued) == ("running_tool", 2)
    assert not mine.result.done


def test_a_sub_agent_changes_nothing_of_the_session_but_what_waits_for_an_answer() -> None:
    tracker = told()
    tracker.feed(system("model_changed", 2, to="main"))
    tracker.feed(of_agent(system("model_changed", 3, to="small")))
    tracker.feed(of_agent(system("mode_changed", 4, to="yolo")))
    tracker.feed(of_agent(request("r", seq=5)))
    assert (tracker.model, tracker.approval_mode) == ("main", "")
    assert tracker.pending["r"].parent_tool_use_id == "call-9"
    assert tracker.state == "awaiting_approval"


def test_a_denial_of_a_sub_agents_call_ends_no_turn_of_a_silent_program() -> None:
    tracker = Tracker()
    tracker.feed(system("session_start"))
    tracker.feed(Event({"type": "user", "message": {"content": [{"type": "text", "text": "go"}]}}))
    # Models that count their calls anew give both the same id.
    use = {"type": "tool_use", "id": "call-r", "name": "task", "input": {}}
    tracker.feed(Event({"type": "assistant", "message": {"content": [use]}}))
    tracker.feed(of_agent(request("r")))
    tracker.feed(of_agent(Event({"type": "user", "message": {"content": [TEXT]}})))
    assert list(tracker.pending) == ["r"]
    tracker.feed(response("r", False))
    assert tracker.state == "thinking"


def test_a_prompt_from_the_keyboard_is_nobody_elses_turn() -> None:
    turns = DerivedTurns()
    mine = Submitted("id", "mine")
    turns.add(mine)
    turns.feed(Event({"type": "user", "message": {"content": [{"type": "text", "text": "other"}]}}))
    turns.feed(Event({"type": "stream_event", "event": {"type": "message_stop"}}))
    assert not mine.receipt.done
    assert turns.queued == 1


def test_a_new_prompt_of_a_silent_program_means_that_its_requests_were_dismissed() -> None:
    tracker = Tracker()
    tracker.feed(system("session_start"))
    tracker.feed(request("r"))
    assert tracker.state == "awaiting_approval"
    tracker.feed(Event({"type": "user", "message": {"content": [{"type": "text", "text": "go"}]}}))
    assert not tracker.pending
    assert tracker.state == "thinking"


def test_a_result_belongs_to_its_submit_alone() -> None:
    turns = ReportedTurns()
    one, other = Submitted("1", "a"), Submitted("2", "b")
    turns.add(one)
    turns.add(other)
    turns.feed(Event({"type": "result", "result": "keyboard", "command_id": None}))
    turns.feed(Event({"type": "result", "result": "second", "command_id": "2"}))
    assert (one.result.done, other.result.done) == (False, True)
    turns.feed(system("command_receipt", id="1", status="rejected", code="busy"))
    assert one.receipt.done


@pytest.mark.parametrize(
    ("code", "error"),
    [("session_ended", host.SessionExited), ("other", host.CommandRejected)],
)
def test_a_prompt_that_was_taken_and_then_not_run_says_so(
    code: str, error: type[Exception]
) -> None:
    turns = ReportedTurns()
    submitted = Submitted("1", "a")
    turns.add(submitted)
    turns.feed(system("command_receipt", id="1", status="accepted"))
    turns.feed(system("command_receipt", id="1", status="rejected", code=code, message="no"))
    turns.fail(
        lambda: host.SessionExited(
            None, ended=True, events=3, last_event="system/session_end", last_lines=[]
        )
    )

    async def main() -> None:
        assert (await submitted.receipt.wait()).status == "accepted"
        with anyio.fail_after(30), pytest.raises(error):
            await submitted.result.wait()

    anyio.run(main)


def prompt(command_id: str, **more: Any) -> Event:
    content = [{"type": "text", "text": "x"}]
    message = {"role": "user", "content": content}
    return Event({"type": "user", "message": message, "command_id": command_id, **more})


def test_a_prompt_that_steered_ends_with_the_turn_that_it_joined() -> None:
    turns = ReportedTurns()
    one, steered, late = Submitted("1", "a"), Submitted("2", "b"), Submitted("3", "c")
    for submitted in (one, steered, late):
        turns.add(submitted)
    turns.feed(prompt("1"))
    turns.feed(prompt("2", steered=True, turn_id="t"))
    turns.feed(Event({"type": "result", "result": "of t", "command_id": "1", "steered": ["2"]}))
    assert (one.result.done, steered.result.done, late.result.done) == (True, True, False)
    assert (one.joined, steered.joined, late.joined) == ("", "t", "")
    turns.feed(prompt("3"))
    turns.feed(Event({"type": "result", "result": "its own", "command_id": "3"}))
    assert late.result.done


def test_a_prompt_that_somebody_else_takes_out_of_the_queue_was_cancelled() -> None:
    turns = ReportedTurns()
    submitted = Submitted("1", "a")
    turns.add(submitted)
    turns.feed(system("command_receipt", id="1", status="queued", position=1, turn_id="t"))
    turns.feed(system("command_receipt", id="1", status="rejected", code="cancelled"))

    async def main() -> None:
        assert (await submitted.receipt.wait()).turn_id == "t"
        assert (await submitted.result.wait()).stop_reason == "cancelled"

    anyio.run(main)


def test_which_channel_a_program_gets() -> None:
    for command, kind in [
        (["qwen-dual"], SocketChannel),
        (["/opt/bin/qwen-dual", "--yolo"], SocketChannel),
        (["python", "-m", "qwen_dual"], SocketChannel),
        (["qwen"], FileChannel),
        (["node", "/opt/qwen-code/cli.js"], FileChannel),
    ]:
        channel = open_channel("auto", command, 1000)
        try:
            assert isinstance(channel, kind)
        finally:
            channel.close()
