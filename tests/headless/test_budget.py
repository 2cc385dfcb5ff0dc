"""The bound of what a run costs, with the real program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.headless.program import Runner

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_a_budget_that_cannot_be_kept_is_refused_at_the_start(runner: Runner) -> None:
    ended = runner.run("-p", "go", "--max-budget-usd", "1.5", "--offline")
    assert (ended.status, ended.out) == (1, "")
    assert "no price of offline is known" in ended.err
    assert '"modelPricing": {"offline"' in ended.err
    streamed = runner.run(
        *(
            "--input-format",
            "stream-json",
            "-o",
            "stream-json",
            "--max-budget-usd",
            "1.5",
            "--offline",
        )
    )
    assert (streamed.status, streamed.out) == (1, "")


def test_the_bound_of_money_is_status_55_and_takes_no_answer_away(runner: Runner) -> None:
    settings = runner.home / ".qwen" / "settings.json"
    settings.parent.mkdir()
    prices = dict.fromkeys(("inputPerMillionTokens", "outputPerMillionTokens"), 100)
    settings.write_text(json.dumps({"modelPricing": {"offline": prices}}))
    money = ("--max-budget-usd", "0.0001", "--offline", "-o", "json")
    ended = runner.run("-p", "list and list", *money)
    assert (ended.status, ended.result["stop_reason"]) == (55, "budget")
    assert ended.result["num_turns"] == 1, "the call that reached the bound is the last"
    assert "--max-budget-usd is $0.0001" in ended.result["error"]["message"]
    answered = runner.run("-p", "say 3 words", *money)
    assert (answered.status, answered.result["stop_reason"]) == (0, "end_turn")
    assert answered.result["total_cost_usd"] > 0.0001
