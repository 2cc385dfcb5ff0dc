"""Which commands were taken, in this run of the program."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.actor import INPUT, Actor
from qwen_dual.core.commands import ledger as module
from qwen_dual.core.commands.ledger import Known, Ledger
from qwen_dual.protocol.receipts import is_not_run
from tests.support.fakes import FakeModel, Host

IDS = st.lists(st.tuples(st.sampled_from(["a", "b"]), st.text(min_size=1, max_size=2)))


def empty() -> Ledger:
    return Ledger(Host(FakeModel()).session)


@given(IDS)
def test_an_id_of_a_host_is_new_exactly_once(sent: list[tuple[str, str]]) -> None:
    ledger = empty()
    new = [one for one in sent if ledger.take(Actor("host", one[0]), one[1], "get_state") is None]
    assert new == list(dict.fromkeys(sent))


def test_the_memory_of_ids_is_bounded_and_forgets_the_oldest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LIMIT", 3)
    ledger = empty()
    for item in "abcd":
        assert ledger.take(INPUT, item, "get_state") is None
    assert ledger.take(INPUT, "b", "get_state") == Known()
    assert ledger.take(INPUT, "a", "get_state") is None


@pytest.mark.parametrize(
    ("receipt", "expected"),
    [
        ({"status": "refused"}, True),
        ({"status": "rejected", "code": "busy"}, True),
        ({"status": "rejected", "code": "cancelled"}, True),
        ({"status": "rejected", "code": "session_ended"}, False),
        ({"status": "rejected", "code": "invalid"}, False),
        ({"status": "accepted"}, False),
    ],
)
def test_what_waited_when_the_session_ended_may_still_run(
    receipt: dict[str, Any], expected: bool
) -> None:
    assert is_not_run(receipt) is expected


def test_who_sends_most_makes_nobody_else_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LIMIT", 3)
    ledger = empty()
    assert ledger.take(INPUT, "a", "submit") is None
    flood = Actor("host", "flood")
    assert all(ledger.take(flood, str(number), "get_state") is None for number in range(9))
    assert ledger.take(INPUT, "a", "submit") is not None
