"""What model calls take, as it is told after each: whoever made it, with its cost where that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.metering import Meter
from qwen_dual.core.models.model import TokenUsage
from qwen_dual.core.models.pricing import Price
from tests.agents.kit import Cast, Playing, play, said, task

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event

PRICES = {
    "modelPricing": {"cast": {"inputPerMillionTokens": 1_000, "outputPerMillionTokens": 5_000}}
}
EACH = 10 * 0.001 + 2 * 0.005
"""What one answer of ``Cast`` costs by these."""

TOKENS = {"input_tokens": 10, "output_tokens": 2, "cache_read_input_tokens": 0}


def usages(one: Playing) -> list[Event]:
    return one.log.of("usage")


def test_each_call_is_told_once_with_whose_it_is_and_all_so_far(tmp_path: Path) -> None:
    results: list[Event] = []

    async def test(one: Playing) -> None:
        results.append(await one.ask("main"))
        one.handle.latest.submit("/stats", KEYBOARD)
        await one.log.results(2)

    scripts = {"main": [task("work"), said("done")], "work": [said("worked")]}
    one = play(tmp_path, scripts, test, settings=PRICES)
    told = [event["data"] for event in usages(one)]
    assert [data["agent"] for data in told] == [None, "general-purpose", None]
    assert [event["parent_tool_use_id"] for event in usages(one)] == [None, "c-work", None]
    (result,) = results
    assert {data["turn_id"] for data in told} == {result["turn_id"]}
    for number, data in enumerate(told, 1):
        assert {key: data[key] for key in TOKENS} == TOKENS
        assert (data["model"], data["context_tokens"], data["context_window"]) == (
            "cast",
            12,
            100_000,
        )
        assert data["cost_usd"] == pytest.approx(EACH)
        total = data["total"]
        assert {key: total[key] for key in TOKENS} == {k: v * number for k, v in TOKENS.items()}
        assert total["cost_usd"] == pytest.approx(EACH * number)
    assert (result["context_tokens"], result["context_window"]) == (12, 100_000)
    assert result["total_cost_usd"] == pytest.approx(3 * EACH)
    assert result["usage"]["input_tokens"] == told[-1]["total"]["input_tokens"]
    assert any("Cost    $0.0600" in text for text in one.notices())
    kinds = [event.get("subtype") or event.get("event", {}).get("type") for event in one.log.events]
    assert all(
        kinds[index - 1] == "message_stop" for index, kind in enumerate(kinds) if kind == "usage"
    )


def test_without_a_price_no_cost_is_told(tmp_path: Path) -> None:
    results: list[Event] = []

    async def test(one: Playing) -> None:
        results.append(await one.ask("main"))
        one.handle.parts.session.set_model("other", KEYBOARD)
        results.append(await one.ask("main"))

    one = play(tmp_path, {}, test, settings=PRICES, models=[Cast({}, "other")])
    costs = [
        (event["data"]["cost_usd"], event["data"]["total"]["cost_usd"]) for event in usages(one)
    ]
    assert costs == [(pytest.approx(EACH), pytest.approx(EACH)), (None, None)]
    assert [result["total_cost_usd"] for result in results] == [pytest.approx(EACH), None]


def test_a_service_that_tells_no_numbers_has_none_made_up(tmp_path: Path) -> None:
    results: list[Event] = []

    async def test(one: Playing) -> None:
        one.model.usage = TokenUsage()
        results.append(await one.ask("main"))

    one = play(tmp_path, {}, test, settings=PRICES)
    assert usages(one) == []
    assert results[0]["total_cost_usd"] is None


def test_calls_aside_are_counted_too(tmp_path: Path) -> None:
    async def test(one: Playing) -> None:
        session = one.handle.parts.session
        assert await session.services.ask_model("", "aside", "hook") == "aside done"
        await one.ask("main")
        await session.compress()

    one = play(tmp_path, {"main": [said("word " * 4_000)]}, test, settings=PRICES)
    aside, main, *summary = [event["data"] for event in usages(one)]
    assert (aside["turn_id"], aside["context_tokens"], aside["context_window"]) == (
        None,
        None,
        None,
    )
    assert main["total"]["input_tokens"] == 20 and main["turn_id"] is not None
    assert all(data["context_tokens"] is not None for data in summary)


@pytest.mark.parametrize(
    ("price", "cost"),
    [
        (Price(2, 10), 2 * 100 + 10 * 10),
        (Price(2, 10, 0.5), 2 * 60 + 0.5 * 40 + 10 * 10),
        (Price(2, None), None),
        (Price(None, 10), None),
        (Price(None, 10, 0.5), None),
        (Price(0, 0), 0),
        (Price(), None),
    ],
)
def test_what_has_no_price_has_no_cost(price: Price, cost: float | None) -> None:
    found = price.cost(TokenUsage(100, 10, 40))
    assert found == (None if cost is None else pytest.approx(cost / 1_000_000))


def test_what_a_model_did_not_take_needs_no_price() -> None:
    assert Price(2).cost(TokenUsage(1_000_000, 0)) == 2
    assert Price(None, 10).cost(TokenUsage(0, 1_000_000)) == 10


def test_the_cost_of_all_is_not_known_again_once_one_is_not() -> None:
    meter = Meter()
    meter.prices = {"a": Price(1, 1)}
    taken = TokenUsage(1_000_000, 0)

    def total(model: str) -> Any:
        return meter.count(model, taken)["data"]["total"]["cost_usd"]

    assert [total(model) for model in ("a", "a", "b", "a")] == [1, 2, None, None]
    assert meter.total.input_tokens == 4_000_000
