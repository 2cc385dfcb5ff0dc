"""What is kept of a session's events for pages that come later, and what gives way to its outcome."""

from __future__ import annotations

import json
from typing import Any

from qwen_dual.web.chat_log import ChatLog
from tests.host.support import REFERENCE


def event(kind: str, seq: int | None = None, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **({} if seq is None else {"seq": seq}), **fields}


def delta(text: str, seq: int, lane: str | None = None) -> dict[str, Any]:
    inner = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": text}}
    return event("stream_event", seq, event=inner, parent_tool_use_id=lane)


def system(subtype: str, seq: int, **data: Any) -> dict[str, Any]:
    return event("system", seq, subtype=subtype, data=data)


def everything(log: ChatLog, after: int = 0) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while after < log.newest:
        frame, after = log.read(after)
        found += json.loads(frame) if frame else []
    return found


def numbers(log: ChatLog, after: int = 0) -> list[int]:
    return [item["seq"] for item in everything(log, after) if "seq" in item]


def test_a_page_goes_on_exactly_behind_what_it_has() -> None:
    log = ChatLog("e")
    for seq in range(1, 8):
        log.add(event("user", seq))
    begin = log.beginning(4, "e")
    assert (begin.whole, begin.lost) == (False, 0)
    assert numbers(log, begin.after) == [5, 6, 7]


def test_another_epoch_or_a_number_that_never_was_is_the_whole_conversation() -> None:
    log = ChatLog("e")
    log.add(event("user", 1))
    for begin in (log.beginning(1, "older"), log.beginning(9, "e"), log.beginning(None, "")):
        assert begin.whole
        assert numbers(log, begin.after) == [1]


def test_deltas_of_a_finished_message_give_way_to_it_in_their_own_lane_alone() -> None:
    log = ChatLog("e")
    log.add(delta("a", 1))
    log.add(delta("x", 2, "call"))
    log.add(delta("b", 3))
    log.add(event("assistant", 4, parent_tool_use_id=None))
    log.add(delta("c", 5))
    assert numbers(log) == [2, 4, 5]
    # Who was in the middle of it gets the message, and what follows.
    assert numbers(log, log.beginning(1, "e").after) == [2, 4, 5]


def test_of_a_call_the_latest_output_is_kept_and_nothing_once_it_has_ended() -> None:
    log = ChatLog("e")
    log.add(system("tool_progress", 1, tool_use_id="c", status="started", text="make"))
    log.add(system("tool_progress", 2, tool_use_id="c", status="output", text="1"))
    log.add(system("tool_progress", 3, tool_use_id="c", status="output", text="1 2"))
    log.add(system("tool_progress", 4, tool_use_id="d", status="started", preview={}))
    assert numbers(log) == [1, 3, 4]
    results = [{"type": "tool_result", "tool_use_id": one} for one in ("c", "d")]
    log.add(event("user", 5, message={"content": results}))
    assert numbers(log) == [4, 5]  # a change that nobody was asked about is told nowhere else


def test_a_state_gives_way_to_the_next_and_an_agents_does_not() -> None:
    log = ChatLog("e")
    for seq in range(1, 5):
        log.add(system("state", seq))
        log.add(system("ui", seq + 10))
    log.add(system("state", 30) | {"parent_tool_use_id": "call"})
    assert [item["seq"] for item in everything(log)] == [4, 14, 30]


def test_another_conversation_leaves_of_the_last_one_what_still_holds() -> None:
    log = ChatLog("e")
    log.add(system("session_start", 1))
    log.add(system("model_changed", 2, to="m"))
    log.add(event("user", 3))
    log.add(system("session_changed", 4))
    log.add(event("user", 5))
    assert numbers(log) == [1, 2, 4, 5]
    assert numbers(log, log.beginning(3, "e").after) == [4, 5]


def test_what_there_is_no_room_for_goes_from_the_beginning_and_is_counted() -> None:
    log = ChatLog("e", max_bytes=100_000)
    log.add(system("session_start", 1))
    for seq in range(2, 402):
        log.add(event("user", seq, text="x" * 300))
    kept = numbers(log)
    begin = log.beginning(None, "")
    assert kept[0] == 1, "who is hosted is always told"
    assert begin.lost == 400 - (len(kept) - 1)
    assert kept[1:] == list(range(begin.lost + 2, 402))
    assert log.beginning(300, "e").whole is False
    late = log.beginning(5, "e")
    assert (late.whole, late.lost) == (True, begin.lost)


def test_events_of_a_program_that_does_not_count_are_counted_here() -> None:
    log = ChatLog("e")
    with open(REFERENCE / "tool_allowed.jsonl", encoding="utf-8") as file:
        recorded = [json.loads(line) for line in file]
    for one in recorded:
        log.add(one)
    told = everything(log)
    assert [item["seq"] for item in told] == sorted(item["seq"] for item in told)
    assert told[-1]["seq"] == len(recorded)
    assert not any(item.get("event", {}).get("type") == "content_block_delta" for item in told), (
        "all messages of the recording are finished"
    )
    assert {item["type"] for item in told} >= {"assistant", "control_request", "user", "system"}


def test_frames_are_bounded_and_hold_whole_lines() -> None:
    log = ChatLog("e")
    for seq in range(1, 30):
        log.add(event("user", seq, text="x" * 50_000))
    after, sizes = 0, []
    while after < log.newest:
        frame, after = log.read(after)
        json.loads(frame)
        sizes.append(len(frame))
    assert max(sizes) < 300_000
    assert len(sizes) > 4


def test_a_later_server_is_given_the_conversation_without_what_nobody_waits_for() -> None:
    log = ChatLog("e")
    log.add(system("session_start", 1))
    log.add(event("user", 2, text="hello"))
    log.add(delta("a", 3))
    log.add(event("control_request", 4, request_id="answered"))
    log.add(event("control_response", 5, response={"request_id": "answered"}))
    log.add(event("control_request", 6, request_id="open"))
    log.add_own({"type": "web", "subtype": "by", "id": "k", "name": "anna"})
    later = ChatLog("f")
    later.restore([*log.conversation(), b'{"type":"user","cut'])
    later.add(system("session_start", 1))
    told = everything(later)
    assert [item["type"] for item in told] == [
        *("user", "control_request", "control_response", "web", "system")
    ]
    assert ["seq" in item for item in told] == [False] * 4 + [True]


def test_a_request_that_waits_is_kept_whatever_else_goes() -> None:
    log = ChatLog("e", max_bytes=50_000)
    log.add(event("control_request", 1, request_id="open"))
    for seq in range(2, 300):
        log.add(event("user", seq, text="x" * 300))
    assert numbers(log)[0] == 1
    log.add(event("control_response", 300, response={"request_id": "open"}))
    for seq in range(301, 600):
        log.add(event("user", seq, text="x" * 300))
    assert 1 not in numbers(log)


def test_what_always_holds_is_bounded_too() -> None:
    log = ChatLog("e", max_bytes=50_000)
    log.add(system("session_start", 1))
    for seq in range(2, 1000):
        log.add(system("mcp", seq, servers=["x" * 200]))
    frame, _ = log.read(0)
    assert len(frame) < 60_000
    assert numbers(log)[0] == 1, "who is hosted is always told"
