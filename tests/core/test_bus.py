"""The bus: events kept for a front end that is not there yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event


def told(seen: list[Event]) -> list[str]:
    return [event["data"]["text"] for event in seen]


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
    assert [event["seq"] for event in late] == [2, 3, 4]


def test_nothing_is_kept_any_more_once_it_was_forgotten() -> None:
    bus = Bus("s")
    bus.keep()
    bus.publish(events.notice("one"))
    bus.forget()
    bus.publish(events.notice("two"))
    seen: list[Event] = []
    bus.subscribe(seen.append, missed=True)
    assert seen == []
