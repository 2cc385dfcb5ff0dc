"""A turn that is stopped from outside, and what its result says of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.actor import CLI, POLICY
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.turns.stopping import INTERRUPTED, Stop
from tests.support.fakes import FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from collections.abc import Sequence


def stopped(*stops: Stop) -> dict[str, object]:
    host = Host(FakeModel([TextDelta("so far"), anyio.Event()]))

    async def script(host: Host) -> None:
        host.session.submit("go", CLI)
        await host.until(lambda event: event["type"] == "stream_event", 3)
        for stop in stops:
            assert host.session.interrupt(POLICY, why=stop)
        await host.result()

    host.play(script)
    return host.of("result")[0]


def test_an_interrupt_without_a_reason_says_interrupted() -> None:
    result = stopped(INTERRUPTED)
    assert (result["stop_reason"], result["is_error"]) == ("interrupted", True)
    assert "error" not in result


def test_a_bound_is_an_error_that_says_which() -> None:
    result = stopped(Stop("budget", "too long"))
    assert (result["stop_reason"], result["is_error"]) == ("budget", True)
    assert result["error"] == {"kind": "budget", "message": "too long", "status": None}


def test_a_turn_that_has_nothing_left_to_do_ends_well() -> None:
    result = stopped(Stop("end_turn"))
    assert (result["subtype"], result["stop_reason"]) == ("success", "end_turn")
    assert result["result"] == "so far"


def test_the_first_reason_is_the_one_that_is_told() -> None:
    assert stopped(Stop("budget", "first"), INTERRUPTED)["stop_reason"] == "budget"


def test_mentions_count_in_a_persons_own_words_alone() -> None:
    looked: list[str] = []

    async def expand(text: str) -> Sequence[str]:
        looked.append(text)
        return ()

    host = Host(FakeModel(), expand=expand)

    async def script(host: Host) -> None:
        host.session.submit("a log with @secret\n\nwhy @here?", CLI, own="why @here?")
        await host.result()

    host.play(script)
    assert looked == ["why @here?"]
    sent = host.model.requests[0].messages[0]["content"][0]
    assert sent == {"type": "text", "text": "a log with @secret\n\nwhy @here?"}


def test_what_plan_mode_forbids_is_among_the_denials_and_the_turn_goes_on() -> None:
    model = FakeModel(call("write_file", path="a"), [TextDelta("It would write a.")])
    host = Host(model, FakeTool("write_file", "edit"), approval_mode="plan")

    async def script(host: Host) -> None:
        host.session.submit("go", CLI)
        await host.result()

    host.play(script)
    (result,) = host.of("result")
    assert [denial["tool_name"] for denial in result["permission_denials"]] == ["write_file"]
    assert result["result"] == "It would write a."
