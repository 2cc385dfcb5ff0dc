"""Persistent retry against a server that is full for a while; minutes pass on a clock of the tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.bus import Bus
from qwen_dual.core.models.model import ModelError, RetryWait, TextDelta
from qwen_dual.core.session.session import Session
from qwen_dual.models.connect import connect
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.models.retry import RetryPolicy, asks_for_persistence
from qwen_dual.protocol.events import new_uuid
from tests.models.calling import HELLO, WHOLE, WHOLE_DELTAS
from tests.models.conversations import configured
from tests.models.server import reply, serve, sse

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.protocol.events import Event
    from tests.models.server import Received, Reply, Server

    Script = Reply | Callable[[Received], Reply]


@dataclass
class Patience:
    """One call of a session that nobody watches: what it yielded, waited and told."""

    chance: float = 0.0
    deltas: list[ModelDelta] = field(default_factory=list)
    error: ModelError | None = None
    now: float = 0.0
    told: list[tuple[float, int, float]] = field(default_factory=list)

    @property
    def policy(self) -> RetryPolicy:
        async def sleep(seconds: float) -> None:
            self.now += seconds

        def waiting(attempt: int, seconds: float) -> None:
            self.told.append((self.now, attempt, seconds))

        return RetryPolicy(True, waiting, sleep, lambda: self.chance)

    @property
    def waits(self) -> list[RetryWait]:
        return [delta for delta in self.deltas if isinstance(delta, RetryWait)]


def play(*script: Script, chance: float = 0.0, **generation: Any) -> tuple[Patience, Server]:
    """One call against a server with this script."""
    seen = Patience(chance)

    async def main() -> Server:
        async with serve(*script) as server:
            model = connect(
                configured("openai", base_url=server.url, **generation), {}, seen.policy
            )
            try:
                async for delta in model.stream(HELLO):
                    seen.deltas.append(delta)
            except ModelError as error:
                seen.error = error
            finally:
                await model.aclose()
            return server

    server = anyio.run(main)
    return seen, server


FULL = [reply("busy", status=429), reply("busy", status=529)]


@pytest.mark.parametrize("value", ["true", "1"])
def test_the_environment_asks_for_persistence(value: str) -> None:
    assert asks_for_persistence({"QWEN_CODE_UNATTENDED_RETRY": value})


@pytest.mark.parametrize("env", [{}, {"CI": "true"}, {"QWEN_CODE_UNATTENDED_RETRY": "0"}])
def test_nothing_else_asks_for_it(env: dict[str, str]) -> None:
    assert not asks_for_persistence(env)


def test_a_full_service_is_asked_until_it_answers() -> None:
    seen, server = play(*FULL * 10, WHOLE, max_retries=1)
    assert seen.error is None
    assert seen.deltas[-len(WHOLE_DELTAS) :] == WHOLE_DELTAS
    assert len(server.requests) == 21
    assert [wait.attempt for wait in seen.waits] == list(range(2, 22))
    assert {wait.attempts for wait in seen.waits} == {None}
    seconds = [wait.seconds for wait in seen.waits]
    assert seconds[:8] == [1.5, 3, 6, 12, 24, 48, 96, 192]
    assert set(seconds[8:]) == {300}
    assert seen.now == sum(seconds)


def test_jitter_shortens_a_wait_and_lengthens_what_was_asked_for() -> None:
    asked = reply(status=429, headers={"Retry-After": "20"})
    seen, _ = play(reply(status=529), asked, WHOLE, chance=1.0)
    assert [wait.seconds for wait in seen.waits] == [1.125, 21]


def test_every_thirty_seconds_of_waiting_are_told_short_waits_together() -> None:
    seen, _ = play(*[reply(status=429)] * 6, WHOLE)
    # 1.5 + 3 + 6 + 12 s are told of with the fifth wait's beginning; it goes to 46.5, the sixth to 94.5.
    assert seen.told == [(30, 6, 16.5), (60, 7, 34.5), (90, 7, 4.5)]


def test_a_wait_that_was_asked_for_is_told_of_while_it_lasts() -> None:
    asked = reply(status=429, headers={"Retry-After": "75"})
    seen, _ = play(asked, WHOLE)
    assert seen.told == [(30, 2, 45), (60, 2, 15)]


def test_a_wait_of_hours_is_waited_for_and_one_of_a_day_in_parts() -> None:
    hours = reply(status=429, headers={"Retry-After": "10800"})
    day = reply(status=529, headers={"Retry-After": "86400"})
    seen, _ = play(hours, day, WHOLE)
    assert seen.error is None
    assert [wait.seconds for wait in seen.waits] == [3 * 3600, 6 * 3600]
    assert len(seen.told) == 9 * 3600 / 30 - 1


def test_an_overload_told_in_the_stream_is_one() -> None:
    overload = {"error": {"message": "busy", "type": "overloaded_error"}}
    seen, server = play(*[sse(overload)] * 9, WHOLE)
    assert seen.error is None
    assert len(server.requests) == 10


@pytest.mark.parametrize("status", [408, 500, 503])
def test_other_failures_stay_bounded(status: int) -> None:
    seen, server = play(*[reply(status=status)] * 9, max_retries=2)
    assert seen.error is not None
    assert seen.error.status == status
    assert len(server.requests) == 3
    assert [wait.attempts for wait in seen.waits] == [3, 3]
    assert seen.told == []


def test_waiting_for_a_full_service_takes_no_try_from_other_failures() -> None:
    broken = reply(status=500)
    seen, server = play(*FULL * 3, broken, *FULL, broken, broken, max_retries=2)
    assert len(server.requests) == 11
    assert seen.error is not None
    assert "(11 tries.)" in seen.error.message
    assert [wait.attempts for wait in seen.waits] == [*[None] * 6, 9, None, None, 11]


def test_a_wait_of_hours_that_another_status_asks_for_is_not_waited_for() -> None:
    seen, server = play(reply(status=503, headers={"Retry-After": "10800"}))
    assert seen.error is not None
    assert len(server.requests) == 1


def test_no_waiting_fills_an_account_or_mends_a_key() -> None:
    used_up = {"error": {"message": "no", "code": "insufficient_quota"}}
    for answer in (reply(used_up, status=429), reply("no", status=401)):
        seen, server = play(answer)
        assert seen.error is not None
        assert len(server.requests) == 1


def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    overload = {"error": {"message": "busy", "type": "overloaded_error"}}
    half = {"choices": [{"index": 0, "delta": {"content": "half"}}]}
    seen, server = play(sse(half, overload), WHOLE)
    assert seen.deltas == [TextDelta("half")]
    assert seen.error is not None
    assert len(server.requests) == 1


def test_an_interrupt_ends_the_waiting() -> None:
    async def main() -> None:
        async with serve(reply(status=429, headers={"Retry-After": "600"})) as server:
            config = configured("openai", base_url=server.url)
            model = DeferredModel(config, {}, RetryPolicy(unattended=True))
            session = Session(Bus(new_uuid()), cwd="/w", models={model.name: model})

            def observe(event: Event) -> None:
                events.append(event)
                if waits(event):
                    session.interrupt(KEYBOARD)
                elif event["type"] == "result":
                    session.request_close()

            session.bus.subscribe(observe)
            session.submit("hello", KEYBOARD)
            with anyio.fail_after(20):
                await session.run()
            await model.aclose()

    def waits(event: Event) -> bool:
        return event.get("subtype") == "model_retry"

    events: list[Event] = []
    anyio.run(main)
    (told,) = (event["data"] for event in events if waits(event))
    assert told["attempts"] is None
    assert told["delay_ms"] >= 600_000
    assert [e["stop_reason"] for e in events if e["type"] == "result"] == ["interrupted"]
