"""A command with an id is carried out once where prompts wait: one that joins, is edited, refused or taken out."""

from __future__ import annotations

import anyio
import pytest

from qwen_dual.core.actor import INPUT, Actor
from qwen_dual.core.models.model import TextDelta
from tests.runtime.once_kit import ZED, outcome, session
from tests.support.fakes import call

pytestmark = pytest.mark.usefixtures("place")


def test_what_waited_runs_and_what_was_refused_stays_refused() -> None:
    async def main() -> None:
        gate = anyio.Event()
        async with session([gate, TextDelta("never")]) as one:
            one.send("submit", "a", text="runs")
            await one.log.until(lambda event: event["type"] == "user")
            one.send("submit", "b", text="waits")
            one.send("submit", "c", text="no", when_busy="reject")
            live = [event["data"] for event in one.log.of("command_receipt")]
            assert [told["status"] for told in live] == ["accepted", "queued", "rejected"]
            for name, now in (("a", "running"), ("b", "queued")):
                one.send("submit", name, text="again")
                assert one.log.of("command_receipt")[-1]["data"]["outcome"] == now
            known = one.handle.latest.id
        assert [e["data"].get("code") for e in one.log.of("command_receipt")][-1] == "session_ended"
        async with session(resume=known) as again:
            ended = await again.receipt("submit", "a", text="runs")
            assert (ended["outcome"], ended["result"]["stop_reason"]) == ("done", "interrupted")
            refused = await again.receipt("submit", "c", text="no", when_busy="reject")
            assert (refused["outcome"], refused["code"]) == ("rejected", "busy")
            assert (await again.receipt("submit", "b", text="waits"))["status"] == "accepted"
            assert again.asked == 1

    anyio.run(main)


def test_an_interrupt_that_comes_again_stops_nothing() -> None:
    async def main() -> None:
        async with session([anyio.Event()]) as one:
            one.send("submit", "a", text="hello")
            await one.log.until(lambda event: event["type"] == "user")
            assert (await one.receipt("interrupt", "i"))["status"] == "accepted"
            known = one.handle.latest.id
        gate = anyio.Event()
        async with session([gate, TextDelta("done")], resume=known) as again:
            again.send("submit", "b", text="another")
            await again.log.until(lambda event: event["type"] == "user")
            again.send("interrupt", "i")
            assert again.log.of("command_receipt")[-1]["data"]["outcome"] == "done"
            gate.set()
            [result] = await again.log.results()
            assert result["stop_reason"] == "end_turn"

    anyio.run(main)


def test_a_line_that_is_no_command_takes_no_id_from_a_prompt_that_waits() -> None:
    async def main() -> None:
        gate = anyio.Event()
        async with session([gate, TextDelta("done")]) as one:
            one.send("submit", "a", text="runs")
            await one.log.until(lambda event: event["type"] == "user")
            one.send("submit", "b", text="waits")
            one.handle.latest.dispatcher(INPUT).error("invalid", "no such field", 0, "b")
            one.send("submit", "b", text="waits")
            assert one.log.of("command_receipt")[-1]["data"]["outcome"] == "queued"
            gate.set()
            await one.log.results(2)
            assert (await one.receipt("submit", "b", text="waits"))["outcome"] == "done"

    anyio.run(main)


def test_a_prompt_that_joins_a_turn_ends_with_it_and_an_edited_one_stays_its_hosts() -> None:
    async def main() -> None:
        gate = anyio.Event()
        echo = call("run_shell_command", command="echo hi", description="say it")
        async with session([gate, *echo], approval_mode="yolo") as one:
            one.send("submit", "a", ZED, text="runs")
            await one.log.until(lambda event: event["type"] == "user")
            one.send("submit", "b", ZED, text="joins", when_busy="steer")
            one.send("submit", "c", ZED, text="waits")
            one.send("edit_queued", "e", Actor("host", "ide"), target="c", text="edited")
            gate.set()
            first, second = await one.log.results(2)
            assert first["steered"] == ["b"]
            said = [event for event in one.log.of("user") if event.get("command_id") == "c"]
            assert [event["origin"] for event in said] == ["host:ide"]
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for name, result in (("a", first), ("b", first), ("c", second)):
                receipt = await again.receipt("submit", name, ZED, text="whatever")
                assert (receipt["outcome"], receipt["result"]) == ("done", outcome(result))
            assert again.asked == 0

    anyio.run(main)


def test_a_request_on_the_way_disturbs_nothing() -> None:
    async def main() -> None:
        touch = call("run_shell_command", command="touch made", description="make it")
        async with session([*touch], [TextDelta("made")]) as one:
            one.send("submit", "a", ZED, text="touch it")
            await one.log.until(lambda event: event["type"] == "control_request")
            asked = one.log.of("control_request")[-1]
            one.send(
                "confirmation_response", None, ZED, request_id=asked["request_id"], allowed=True
            )
            (result,) = await one.log.results(1)
            assert result["command_id"] == "a"
            told = [e["data"] for e in one.log.events if e.get("subtype") == "notice"]
            assert [data for data in told if data["level"] == "error"] == []
            receipt = await one.receipt("submit", "a", ZED, text="whatever")
            assert (receipt["outcome"], receipt["result"]) == ("done", outcome(result))

    anyio.run(main)


def test_what_was_taken_out_of_the_queue_does_not_run_later() -> None:
    async def main() -> None:
        gate = anyio.Event()
        async with session([gate, TextDelta("done")]) as one:
            one.send("submit", "a", text="runs")
            await one.log.until(lambda event: event["type"] == "user")
            one.send("submit", "b", text="waits")
            one.send("cancel", "c", target="b")
            one.send("submit", "b", text="waits")
            again = one.log.of("command_receipt")[-1]["data"]
            assert (again["outcome"], again["code"]) == ("rejected", "cancelled")
            known = one.handle.latest.id
        async with session(resume=known) as later:
            receipt = await later.receipt("submit", "b", text="waits")
            assert (receipt["outcome"], receipt["code"]) == ("rejected", "cancelled")

    anyio.run(main)


def test_of_two_hosts_with_the_same_id_each_has_its_own_after_the_program_died() -> None:
    async def main() -> None:
        other = Actor("host", "other")
        async with session([TextDelta("ok")], [TextDelta("ok")], [TextDelta("ok")]) as one:
            one.send("submit", "first", ZED, text="begins")
            one.send("submit", "1", ZED, text="of zed")
            one.send("submit", "1", other, text="of the other")
            await one.handle.parts.session.drained()
            known, chat = one.handle.latest.id, one.chat
            lines = chat.read_text().splitlines(keepends=True)
        # Killed while the first of the two ran: nothing of its end or of the other is there.
        begun = next(at for at, line in enumerate(lines) if "of zed" in line)
        chat.write_text("".join(lines[: begun + 1]))
        async with session([TextDelta("ok")], resume=known) as again:
            assert (await again.receipt("submit", "1", ZED, text="of zed"))[
                "outcome"
            ] == "interrupted"
            told = await again.receipt("submit", "1", other, text="of the other")
            assert told["status"] == "accepted" and again.asked == 1

    anyio.run(main)


def test_a_prompt_that_is_taken_out_is_no_end_of_another_hosts_of_the_same_id() -> None:
    async def main() -> None:
        other = Actor("host", "other")
        async with session(*[[TextDelta("ok")]] * 3) as one:
            one.send("submit", "first", ZED, text="begins")
            one.send("submit", "1", other, text="of the other")
            one.send("submit", "1", ZED, text="of zed")
            one.send("cancel", None, other, target="1")
            await one.handle.parts.session.drained()
            known = one.handle.latest.id
            assert one.asked == 2
        async with session(resume=known) as again:
            told = await again.receipt("submit", "1", other, text="of the other")
            assert (told["outcome"], told["code"]) == ("rejected", "cancelled")
            assert (await again.receipt("submit", "1", ZED, text="of zed"))["outcome"] == "done"
            assert again.asked == 0

    anyio.run(main)
