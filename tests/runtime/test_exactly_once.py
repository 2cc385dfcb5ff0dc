"""A command with an id is carried out once, whatever ends the program in between; its receipt says what became of it."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.model import TextDelta
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.fakes import FakeModel, call

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

ZED = Actor("host", "zed")
ENVELOPE = {"type", "uuid", "session_id", "seq", "parent_tool_use_id"}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return tmp_path


class Driven:
    """A running session, its events, and what its model is asked."""

    def __init__(self, handle: OpenSession, log: Log, model: FakeModel) -> None:
        self.handle, self.log, self.model = handle, log, model

    def send(self, kind: str, command_id: str | None, actor: Actor = INPUT, **fields: Any) -> None:
        line = {"type": kind, **({} if command_id is None else {"id": command_id}), **fields}
        command = parse_command(json.dumps(line).encode())
        self.handle.latest.dispatcher(actor).command(command)

    async def receipt(
        self, kind: str, command_id: str, actor: Actor = INPUT, **fields: Any
    ) -> dict[str, Any]:
        """Sends a command; the first receipt of it, once nothing runs any more."""
        before = len(self.log.events)
        self.send(kind, command_id, actor, **fields)
        await self.handle.parts.session.drained()
        told = [
            e["data"] for e in self.log.events[before:] if e.get("subtype") == "command_receipt"
        ]
        found = next(dict(data) for data in told if data["id"] == command_id)
        assert found.pop("host") == str(actor)
        return found

    @property
    def chat(self) -> Path:
        recorder = self.handle.parts.recorder
        assert recorder is not None and recorder.path is not None
        return recorder.path

    @property
    def asked(self) -> int:
        """How often the model was."""
        return len(self.model.requests)


@asynccontextmanager
async def session(*answers: Any, **spec: Any) -> AsyncIterator[Driven]:
    log, model = Log(), FakeModel(*answers)
    handle = SessionFactory().open(SessionSpec(offline=True, **spec), [log])
    inner = handle.parts.session
    inner.add_model("fake", model)
    inner.set_model("fake", KEYBOARD)
    with anyio.fail_after(30):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(handle.run)
            handle.attach()
            yield Driven(handle, log, model)
            handle.request_close()
        await handle.aclose()


def outcome(result: Event) -> dict[str, Any]:
    return {key: value for key, value in result.items() if key not in ENVELOPE}


async def one_done(text: str = "hello") -> tuple[str, dict[str, Any]]:
    """A session in which a prompt with the id ``a`` ran; its id, and what the turn came to."""
    async with session([TextDelta("the answer")]) as one:
        assert (await one.receipt("submit", "a", text=text))["status"] == "accepted"
        return one.handle.latest.id, outcome(one.log.of("result")[-1])


@pytest.mark.parametrize("how", ["resume", "continue", "fork"])
def test_what_is_done_is_not_done_again_and_its_result_is_told_again(how: str) -> None:
    async def main() -> None:
        known, result = await one_done()
        spec: dict[str, Any] = {"resume_last": True} if how == "continue" else {"resume": known}
        async with session(**spec, fork_session=how == "fork") as again:
            expected = {"id": "a", "status": "duplicate", "outcome": "done", "result": result}
            assert await again.receipt("submit", "a", text="hello") == expected
            assert await again.receipt("submit", "a", text="hello") == expected
            assert again.asked == 0
            assert (await again.receipt("submit", "b", text="another"))["status"] == "accepted"
            assert again.asked == 1

    anyio.run(main)


def test_a_slash_command_counts_too_before_anything_was_said() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "s", text="/approval-mode plan")
            known, told = one.handle.latest.id, one.log.of("result")[-1]["result"]
        async with session(resume=known) as again:
            receipt = await again.receipt("submit", "s", text="/approval-mode plan")
            assert (receipt["status"], receipt["outcome"]) == ("duplicate", "done")
            assert receipt["result"]["result"] == told
            assert again.handle.latest.approval_mode == "default"

    anyio.run(main)


def test_what_has_no_end_was_interrupted() -> None:
    async def main() -> None:
        async with session([TextDelta("the answer")]) as one:
            await one.receipt("submit", "a", text="hello")
            chat, known = one.chat, one.handle.latest.id
        lines = chat.read_bytes().splitlines(keepends=True)
        chat.write_bytes(b"".join(line for line in lines if b"turn_result" not in line))
        async with session(resume=known) as again:
            receipt = await again.receipt("submit", "a", text="hello")
            assert receipt == {"id": "a", "status": "duplicate", "outcome": "interrupted"}
            assert again.asked == 0

    anyio.run(main)


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


def test_an_id_counts_within_the_name_of_its_host() -> None:
    async def main() -> None:
        async with session() as one:
            for actor in (INPUT, ZED):
                assert (await one.receipt("submit", "1", actor, text="hi"))["status"] == "accepted"
                assert (await one.receipt("submit", "1", actor, text="hi"))["outcome"] == "done"
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for actor in (INPUT, ZED):
                assert (await again.receipt("submit", "1", actor, text="hi"))["outcome"] == "done"
            other = Actor("host", "other")
            assert (await again.receipt("submit", "1", other, text="hi"))["status"] == "accepted"

    anyio.run(main)


def test_a_turn_that_was_taken_back_is_still_done_and_so_is_taking_it_back() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="hello")
            to = one.log.of("user")[0]["uuid"]
            back = {"to": to, "conversation": True, "files": False}
            assert (await one.receipt("rewind", "r", **back))["status"] == "accepted"
            assert (await one.receipt("submit", "b", text="instead"))["status"] == "accepted"
            assert (await one.receipt("rewind", "r", **back))["outcome"] == "done"
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for kind, name, fields in (
                ("submit", "a", {"text": "hello"}),
                ("rewind", "r", back),
                ("submit", "b", {"text": "instead"}),
            ):
                assert (await again.receipt(kind, name, **fields))["outcome"] == "done"
            said = [message for message in again.handle.latest.history if message["role"] == "user"]
            assert [message["content"][0].get("text") for message in said] == ["instead"]

    anyio.run(main)


def test_what_was_done_before_clear_is_not_done_again_after_it() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="hello")
            await one.receipt("submit", "c1", text="/clear")
            await one.receipt("submit", "c2", text="/clear")
            await one.receipt("submit", "b", text="anew")
            assert (await one.receipt("submit", "a", text="hello"))["outcome"] == "done"
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for name, text in (("a", "hello"), ("c1", "/clear"), ("c2", "/clear"), ("b", "anew")):
                receipt = await again.receipt("submit", name, text=text)
                assert (receipt["status"], receipt["outcome"]) == ("duplicate", "done")
            assert again.handle.latest.id == known

    anyio.run(main)


def test_a_command_that_begins_anew_or_goes_on_with_another_session_is_done_once() -> None:
    async def main() -> None:
        first, _ = await one_done()
        async with session() as one:
            await one.receipt("submit", "b", text="hello")
            assert (await one.receipt("clear", "c"))["status"] == "accepted"
            back: dict[str, Any] = {"session_id": first}
            assert (await one.receipt("resume", "r", **back))["status"] == "accepted"
            assert one.handle.latest.id == first
            assert (await one.receipt("submit", "a", text="hello"))["outcome"] == "done"
        async with session(resume=first) as again:
            for kind, name, fields in (("clear", "c", {}), ("resume", "r", back)):
                receipt = await again.receipt(kind, name, **fields)
                assert receipt == {"id": name, "status": "duplicate", "outcome": "done"}
            assert (await again.receipt("submit", "b", text="hello"))["outcome"] == "done"
            assert again.handle.latest.id == first

    anyio.run(main)


def test_what_ends_with_the_program_is_done_again() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="hello")
            await one.receipt("set_approval_mode", "m", mode="plan")
            receipt = await one.receipt("set_approval_mode", "m", mode="plan")
            assert receipt == {"id": "m", "status": "duplicate"}
            known = one.handle.latest.id
        async with session(resume=known) as again:
            receipt = await again.receipt("set_approval_mode", "m", mode="plan")
            assert receipt == {"id": "m", "status": "accepted"}
            assert again.handle.latest.approval_mode == "plan"

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


def test_without_ids_nothing_is_written_for_them_or_loaded() -> None:
    code = """
import json, sys
import anyio
from tests.runtime.test_exactly_once import session
async def main():
    async with session() as one:
        one.send("submit", None, text="hello")
        await one.handle.parts.session.drained()
        one.send("interrupt", None)
        print(one.chat.read_bytes().count(b"hostCommand"))
anyio.run(main)
print([name for name in ("qwen_dual.core.ledger", "qwen_dual.chats.command_log") if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", code]
    env = {"PATH": "/usr/bin:/bin", "QWEN_HOME": str(Path.cwd().parent / "home"), "HOME": "/none"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.stdout.split("\n")[0] == "0", done.stderr
    assert done.stdout.split("\n")[1] == "[]"


def test_where_nothing_is_saved_the_receipt_says_so() -> None:
    async def main() -> None:
        async with session(chat_recording=False) as one:
            receipt = await one.receipt("submit", "a", text="hello")
            assert receipt == {"id": "a", "status": "accepted", "durable": False}
            assert (await one.receipt("get_state", "g")) == {"id": "g", "status": "accepted"}

    anyio.run(main)


@contextmanager
def full_at(size: int) -> Iterator[None]:
    """Within, no file can grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up_is_told_in_a_second_receipt() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="x" * 2000)
            with full_at(one.chat.stat().st_size + 10):
                one.send("submit", "b", text="hello")
                await one.log.until(lambda e: e.get("data", {}).get("durable") is False)
            await one.log.results(2)
            told = [e["data"] for e in one.log.of("command_receipt") if e["data"]["id"] == "b"]
            assert [(data["status"], data.get("durable")) for data in told] == [
                ("accepted", None),
                ("accepted", False),
            ]
            assert one.asked == 2  # it runs all the same
            assert (await one.receipt("submit", "c", text="on"))["durable"] is False

    anyio.run(main)


def test_a_chat_of_another_program_is_gone_on_with() -> None:
    name = "892a46fb-d495-4a3a-b00e-f16cbd6a528b.jsonl"
    recorded = Path(__file__).parents[1] / "chats" / "recorded" / name
    folder = Path("../home/projects/-any/chats")
    folder.mkdir(parents=True)
    shutil.copy(recorded, folder / name)

    async def main() -> None:
        for expected in ("accepted", "duplicate"):
            async with session(resume=recorded.stem) as one:
                assert (await one.receipt("submit", "a", text="on"))["status"] == expected

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


def test_of_two_hosts_with_the_same_id_each_has_its_own_after_the_program_died(
    place: Path,
) -> None:
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


def test_a_prompt_that_is_taken_out_is_no_end_of_another_hosts_of_the_same_id(place: Path) -> None:
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
