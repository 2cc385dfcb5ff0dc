"""What goes first where the processor is not enough for all."""

from __future__ import annotations

import anyio
import pytest

from qwen_dual import processor
from qwen_dual.processor import Share, go_first

ENOUGH, SHORT = Share(ran=0.2, waited=0.1), Share(ran=0.2, waited=3.0)


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processor, "LOOK_SECONDS", 0.0)


def looks(share: Share, *, progress: list[int], seconds: float = 0.0) -> int:
    """How often it looks whether three steps of work are done."""
    asked = 0
    clock = 0.0

    def busy() -> bool:
        nonlocal asked, clock
        asked += 1
        clock += seconds
        return asked <= 3

    steps = iter(progress)
    anyio.run(lambda: go_first(busy, lambda: next(steps), lambda: share, lambda: clock))
    return asked


def test_where_there_is_enough_nothing_is_waited_for() -> None:
    assert looks(ENOUGH, progress=[]) == 1


def test_what_is_busy_goes_first_where_there_is_not() -> None:
    assert looks(SHORT, progress=[1, 2, 3, 4, 5, 6]) == 4


def test_what_does_not_get_on_is_not_waited_for() -> None:
    assert looks(SHORT, progress=[1, 2, 2, 2], seconds=1.0) == 2


def test_it_takes_no_longer_than_was_waited_before() -> None:
    assert looks(SHORT, progress=[1, 2, 3, 4, 5, 6], seconds=2.0) == 2


def test_the_share_of_this_process_is_known_where_the_system_tells() -> None:
    ran, waited = processor.share()
    assert 0.0 <= ran < 10_000
    assert 0.0 <= waited < 10_000
