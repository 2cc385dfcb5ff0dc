"""The bus: the order of what is published, observers that come, go and fail, and its successor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.actor import POLICY
from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.bus import OnError
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
    from qwen_dual.core.approvals import Approvals, Decision

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


# -- observers that fail -----------------------------------------------------------------------


class Failing:
    """An observer that raises at the events whose text it was given."""

    def __init__(self, *texts: str) -> None:
        self.texts = texts
        self.seen: list[Event] = []

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        self.seen.append(event)
        if event["data"]["text"] in self.texts:
            raise ValueError("broken")


def failing(on_error: OnError, *texts: str) -> tuple[Bus, Failing, list[Event]]:
    bus = Bus("s")
    observer = Failing(*texts)
    seen: list[Event] = []
    bus.subscribe(observer, name="The recorder", on_error=on_error)
    bus.subscribe(seen.append)
    return bus, observer, seen


def test_one_that_is_dropped_is_called_no_more_and_the_person_is_told() -> None:
    bus, observer, seen = failing("drop", "a")
    bus.publish(events.notice("a"))
    bus.publish(events.notice("b"))
    assert told(observer.seen) == ["a"]
    assert [event["data"]["level"] for event in seen] == ["info", "error", "info"]
    assert told(seen)[1].startswith(
        "The recorder failed and is told nothing more: ValueError: broken."
    )
    assert "/bug" in told(seen)[1]
    assert seqs(seen) == [1, 2, 3]


def test_one_that_is_kept_goes_on_and_is_told_of_once() -> None:
    bus, observer, seen = failing("keep", "a", "b")
    for text in ("a", "b", "c"):
        bus.publish(events.notice(text))
    [notice] = [text for text in told(seen) if len(text) > 1]
    assert notice.startswith("The recorder failed and goes on with the next event")
    assert told(observer.seen) == ["a", notice, "b", "c"]


def test_one_that_ends_the_session_ends_it() -> None:
    bus, observer, seen = failing("end", "a")
    ends: list[str] = []
    bus.end_with(lambda: ends.append("end"))
    bus.publish(events.notice("a"))
    bus.publish(events.notice("b"))
    assert ends == ["end"]
    assert told(observer.seen) == ["a"]
    assert bus.failure == told(seen)[1]
    assert "so the session ends" in bus.failure


@pytest.mark.parametrize("on_error", ["keep", "drop", "end"])
def test_those_behind_one_that_fails_miss_nothing(on_error: OnError) -> None:
    bus, _, seen = failing(on_error, "a")
    bus.subscribe(Failing("a"), name="Another", on_error=on_error)
    last: list[Event] = []
    bus.subscribe(last.append)
    event = bus.publish(events.notice("a"))
    assert seen == last
    assert last[0] is event
    assert [text.split()[0] for text in told(last)] == ["a", "The", "Another"]


def test_one_that_fails_at_an_answer_is_told_of_behind_what_waits() -> None:
    bus, observer, seen = failing("drop", "answer")

    def answer(event: Event) -> None:
        if event["data"]["text"] == "a":
            bus.publish(events.notice("answer"))
            bus.publish(events.notice("more"))

    bus.subscribe(answer)
    bus.publish(events.notice("a"))
    assert told(observer.seen) == ["a", "answer"]
    assert [text.split()[0] for text in told(seen)] == ["a", "answer", "more", "The"]


def test_one_that_tells_of_its_failure_itself_is_left_to_it() -> None:
    bus = Bus("s")
    errors: list[Exception] = []
    seen: list[Event] = []
    bus.subscribe(Failing("a"), on_failure=errors.append)
    bus.subscribe(Failing("a"), on_failure=lambda error: f"own words: {error}")
    bus.subscribe(seen.append)
    bus.publish(events.notice("a"))
    assert [str(error) for error in errors] == ["broken"]
    assert told(seen) == ["a", "own words: broken"]


def test_one_that_fails_at_what_it_missed_gets_no_more_of_it() -> None:
    bus = Bus("s")
    bus.keep()
    bus.publish(events.notice("a"))
    bus.publish(events.notice("b"))
    seen: list[Event] = []
    bus.subscribe(seen.append)
    observer = Failing("a")
    bus.subscribe(observer, name="The screen", missed=True)
    assert told(observer.seen) == ["a"]
    assert told(seen)[0].startswith("The screen failed")


def test_nothing_is_published_after_the_end_for_one_that_fails_at_it() -> None:
    bus = Bus("s")
    seen: list[Event] = []

    def fail(event: Event) -> None:
        raise OSError(28, "No space left on device", "/chat")

    bus.subscribe(fail, name="The recorder", on_failure=lambda error: f"not saved: {error}")
    bus.subscribe(seen.append)
    bus.publish(events.system("session_end", {"session_id": "s"}))
    assert [event["subtype"] for event in seen] == ["session_end"]
    assert bus.untold == ["not saved: [Errno 28] No space left on device: '/chat'"]


def test_an_interrupt_from_the_keyboard_loses_nothing_that_waits() -> None:
    bus = Bus("s")
    seen: list[Event] = []

    def answer(event: Event) -> None:
        if event["data"]["text"] == "a":
            bus.publish(events.notice("answer"))
            raise KeyboardInterrupt

    bus.subscribe(answer)
    bus.subscribe(seen.append)
    with pytest.raises(KeyboardInterrupt):
        bus.publish(events.notice("a"))
    bus.publish(events.notice("b"))
    assert told(seen) == ["answer", "b"]


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
