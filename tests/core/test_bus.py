"""The bus: the order of what is published, observers that come and go, and its successor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.actor import POLICY
from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.protocol.events import Event


def told(seen: list[Event]) -> list[str]:
    return [event["data"]["text"] for event in seen]


def seqs(seen: list[Event]) -> list[int]:
    return [event["seq"] for event in seen]


def test_what_was_kept_comes_first_and_once() -> None:
    bus = Bus("s")
    late: list[Event] = []
    other: list[Event] = []
    bus.publish(events.notice("before"))
    bus.keep()
    bus.publish(events.notice("one"))
    bus.publish(events.notice("two"))
    bus.subscribe(late.append, missed=True)
    bus.subscribe(other.append)
    bus.forget()
    bus.publish(events.notice("three"))
    assert told(late) == ["one", "two", "three"]
    assert told(other) == ["three"]
    assert seqs(late) == [2, 3, 4]


def test_nothing_is_kept_any_more_once_it_was_forgotten() -> None:
    bus = Bus("s")
    bus.keep()
    bus.publish(events.notice("one"))
    bus.forget()
    bus.publish(events.notice("two"))
    seen: list[Event] = []
    bus.subscribe(seen.append, missed=True)
    assert seen == []


# -- order -------------------------------------------------------------------------------------


def test_an_observer_that_answers_at_once_reorders_nothing() -> None:
    bus = Bus("s")
    first: list[Event] = []
    last: list[Event] = []
    returned: list[Event] = []

    def answer(event: Event) -> None:
        if event["data"]["text"] in ("a", "b"):
            returned.append(bus.publish(events.notice(f"re: {event['data']['text']}")))
            assert returned[-1] not in first  # nobody has it yet

    for observer in (first.append, answer, last.append):
        bus.subscribe(observer)
    bus.publish(events.notice("a"))
    bus.publish(events.notice("b"))
    assert told(first) == told(last) == ["a", "re: a", "b", "re: b"]
    assert seqs(first) == seqs(last) == [1, 2, 3, 4]
    assert returned == [last[1], last[3]]


def test_answers_to_answers_come_in_the_order_of_their_numbers() -> None:
    bus = Bus("s")
    seen: list[Event] = []

    def branch(event: Event) -> None:
        text = event["data"]["text"]
        if len(text) < 4:
            bus.publish(events.notice(text + "l"))
            bus.publish(events.notice(text + "r"))

    bus.subscribe(branch)
    bus.subscribe(seen.append)
    bus.publish(events.notice("."))
    assert seqs(seen) == list(range(1, 16))
    assert told(seen)[:7] == [".", ".l", ".r", ".ll", ".lr", ".rl", ".rr"]


def test_a_request_that_is_answered_while_it_is_told_is_told_before_its_answer() -> None:
    from qwen_dual.core.permissions.approvals import Approvals, Decision

    bus = Bus("s")
    approvals = Approvals(bus.publish)
    seen: list[Event] = []

    def allow(event: Event) -> None:
        if event["type"] == "control_request":
            assert approvals.resolve(event["request_id"], Decision(allowed=True, by=POLICY))

    bus.subscribe(allow)
    bus.subscribe(seen.append)
    approvals.ask({"subtype": "can_use_tool"})
    assert [event["type"] for event in seen] == ["control_request", "control_response"]


def test_deltas_go_to_those_that_want_them() -> None:
    bus = Bus("s")
    whole: list[Event] = []
    every: list[Event] = []
    bus.subscribe(whole.append, streamed=False)
    bus.subscribe(every.append)
    bus.publish(events.text_delta(0, "a"))
    bus.publish(events.notice("b"))
    assert seqs(whole) == [2]
    assert seqs(every) == [1, 2]


# -- observers that come and go ----------------------------------------------------------------


def test_who_subscribes_while_events_wait_gets_those_published_from_then_on() -> None:
    bus = Bus("s")
    late: list[Event] = []
    seen: list[Event] = []

    def invite(event: Event) -> None:
        if event["data"]["text"] == "a":
            bus.publish(events.notice("before"))
            bus.subscribe(late.append)
            bus.publish(events.notice("after"))

    bus.subscribe(invite)
    bus.subscribe(seen.append)
    bus.publish(events.notice("a"))
    assert told(seen) == ["a", "before", "after"]
    assert told(late) == ["after"]


def test_who_subscribes_while_events_wait_and_wants_the_missed_ones_gets_each_once() -> None:
    bus = Bus("s")
    late: list[Event] = []

    def invite(event: Event) -> None:
        if event["data"]["text"] == "a":
            bus.publish(events.notice("before"))
            bus.subscribe(late.append, missed=True)
            bus.publish(events.notice("after"))

    bus.subscribe(invite)
    bus.keep()
    bus.publish(events.notice("a"))
    assert told(late) == ["a", "before", "after"]


@pytest.mark.parametrize("who", [0, 1, 2])
def test_who_unsubscribes_is_called_no_more_and_nobody_is_skipped(who: int) -> None:
    bus = Bus("s")
    seen: list[list[Event]] = [[], [], []]
    observers: list[Callable[[Event], object]] = [one.append for one in seen]

    def leave(event: Event) -> None:
        bus.unsubscribe(observers[who])

    bus.subscribe(observers[0])
    bus.subscribe(observers[1])
    bus.subscribe(leave)
    bus.subscribe(observers[2])
    for text in ("a", "b"):
        bus.publish(events.notice(text))
    expected = [["a", "b"]] * 3
    expected[who] = [] if who == 2 else ["a"]
    assert [told(one) for one in seen] == expected


def test_who_unsubscribes_itself_takes_nothing_from_those_behind_it() -> None:
    bus = Bus("s")
    own: list[Event] = []
    seen: list[Event] = []

    def once(event: Event) -> None:
        own.append(event)
        bus.unsubscribe(once)
        bus.publish(events.notice("left"))

    bus.subscribe(once)
    bus.subscribe(seen.append)
    bus.publish(events.notice("a"))
    assert told(own) == ["a"]
    assert told(seen) == ["a", "left"]


def test_who_leaves_and_then_fails_takes_nothing_from_those_behind_it() -> None:
    bus = Bus("s")
    seen: list[Event] = []

    def leave(event: Event) -> None:
        bus.unsubscribe(leave)
        raise ValueError("broken")

    bus.subscribe(leave)
    bus.subscribe(seen.append)
    for text in ("a", "b"):
        bus.publish(events.notice(text))
    assert told(seen) == ["a", "b"]


def test_nobody_is_subscribed_twice() -> None:
    bus = Bus("s")
    seen: list[Event] = []
    bus.subscribe(seen.append, name="The screen")
    with pytest.raises(ValueError, match="The screen is subscribed already"):
        bus.subscribe(seen.append, name="The screen")
    bus.unsubscribe(seen.append)
    bus.subscribe(seen.append)
    bus.publish(events.notice("a"))
    assert told(seen) == ["a"]


def test_who_leaves_before_it_was_taken_in_never_comes() -> None:
    bus = Bus("s")
    seen: list[Event] = []

    def waver(event: Event) -> None:
        bus.subscribe(seen.append)
        bus.unsubscribe(seen.append)

    bus.subscribe(waver)
    bus.publish(events.notice("a"))
    bus.publish(events.notice("b"))
    assert seen == []


# -- sessions and agents -----------------------------------------------------------------------


def test_the_successor_has_another_id_the_same_observers_and_the_next_number() -> None:
    first = Bus("one")
    seen: list[Event] = []
    first.subscribe(seen.append)
    first.secrets.add("sk-0123456789", "KEY")
    first.publish(events.system("session_changed", {"from": "one", "to": "two"}))
    second = first.successor("two")
    second.publish(events.notice("sk-0123456789"))
    first.publish(events.notice("of the first"))
    assert [(event["session_id"], event["seq"]) for event in seen] == [
        ("one", 1),
        ("two", 2),
        ("one", 3),
    ]
    assert told(seen[1:]) == ["[KEY]", "of the first"]
    assert (first.session_id, second.session_id) == ("one", "two")
    with pytest.raises(AttributeError):
        first.session_id = "three"  # type: ignore[misc]


def test_every_event_names_its_agent() -> None:
    bus = Bus("s")
    seen: list[Event] = []
    bus.subscribe(seen.append)
    agent = bus.lane("call_7")
    bus.publish(events.text_delta(0, "main"))
    agent(events.text_delta(0, "sub"))
    agent(events.control_request("r", {}))
    bus.publish(events.control_request("r", {}))
    assert [event.get("parent_tool_use_id", "absent") for event in seen] == [
        None,
        "call_7",
        "call_7",
        "absent",
    ]
