"""The bus: what becomes of observers that fail, of those behind them, and what a person is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events
from tests.core.test_bus import seqs, told

if TYPE_CHECKING:
    from qwen_dual.core.bus import OnError
    from qwen_dual.protocol.events import Event


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
    assert bus.unreported == ["not saved: [Errno 28] No space left on device: '/chat'"]


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
