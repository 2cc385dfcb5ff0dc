"""The library with the real program, in both kinds of channel, on the one backend or the other."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal

import anyio
import anyio.lowlevel
import pytest

from qwen_dual import host
from tests.host.support import on_asyncio, on_both, on_trio, real, run, until
from tests.support.images import encoded, png

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

Kind = Literal["socket", "files"]


@pytest.mark.parametrize(("channel", "backend"), [("socket", "trio"), ("files", "asyncio")])
def test_a_prompt_gets_a_receipt_and_a_result(backend: str, channel: Kind, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path, channel=channel) as session:
            assert session.greeting.agent == "qwen-dual"
            assert session.greeting.told
            assert session.supports("interrupt")
            assert session.session_id == session.greeting.data["session_id"]
            turn = await session.submit("say 5 words")
            assert turn.receipt.status == "accepted"
            result = await turn.result()
            assert len(result.text.split()) == 5
            assert (result.is_error, result.stop_reason) == (False, "end_turn")
            assert result.command_id == turn.id
            assert not result.derived
            assert turn.done
            assert await turn.result() is result
        assert session.exit == host.Exit(status=0)
        assert session.lost == 0
        kinds = [event.kind async for event in session]
        assert kinds[0] == "system/session_start"
        assert kinds[-1] == "system/session_end"
        assert kinds.count("result/success") == 1

    run(backend, main)


@on_both
def test_the_next_request_is_waited_for(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            with pytest.raises(host.HostTimeout, match="no request within"):
                await session.next_request(timeout=0)
            turn = await session.submit("run touch made and run touch more")
            for name in ("made", "more"):
                request = await session.next_request()
                assert request is await session.next_request()  # until it is answered
                assert request.input["command"] == f"touch {name}"
                assert (await session.approve(request)).allowed
            assert (await turn.result()).stop_reason == "end_turn"
            async with anyio.create_task_group() as group:
                group.start_soon(session.aclose)
                with pytest.raises(host.SessionExited):
                    await session.next_request()

    run(backend, main)


@on_trio
def test_a_stream_shows_one_turn_and_ends_with_its_result(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            for number in (3, 4):
                events = [event async for event in session.stream(f"say {number} words")]
                deltas = "".join(e.text for e in events if e.subtype == "content_block_delta")
                assert len(deltas.split()) == number
                assert events[-1].type == "result"
                assert events[-1].text == deltas

    run(backend, main)


@on_asyncio
def test_images_go_with_a_prompt(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            source = {"type": "base64", "media_type": "image/png", "data": encoded(png(4, 3))}
            block = {"type": "image", "source": source, "name": "a.png"}
            with session.events() as reader:
                turn = await session.submit("say 3 words", content=[block])
                await turn.result()
                said = [event async for event in _until_result(reader) if event.type == "user"]
        assert said[0].raw["message"]["content"][1]["title"] == "[image 1: a.png, 4×3]"

    run(backend, main)


async def _until_result(reader: host.Subscription) -> AsyncGenerator[host.Event, None]:
    async for event in reader:
        yield event
        if event.type == "result":
            return


@on_asyncio
def test_a_policy_answers_and_its_reason_reaches_the_model(backend: str, tmp_path: Path) -> None:
    asked: list[host.Request] = []

    async def policy(request: host.Request) -> host.Allow | host.Deny:
        asked.append(request)
        await anyio.lowlevel.checkpoint()
        if request.input["command"] == "echo fine | tee fine":
            return host.Allow()
        return host.Deny("only echo fine")

    async def main() -> None:
        async with real(tmp_path, on_approval=policy) as session:
            assert "fine" in (await session.run("run echo fine | tee fine")).text
            await session.run("run touch bad")
            result = await until(session, lambda e: e.blocks and "only echo fine" in str(e.raw))
            assert result.blocks[0]["is_error"] is True
            assert not session.pending
        assert [request.tool_name for request in asked] == ["run_shell_command"] * 2
        answers = [e["response"] async for e in session if e.type == "control_response"]
        assert all(answer["resolved_by"] == "input" for answer in answers)

    run(backend, main)


@on_trio
def test_answers_by_hand_and_one_that_comes_too_late(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            turn = await session.submit("run touch one")
            event = await until(session, lambda e: e.type == "control_request")
            request = session.pending[event["request_id"]]
            assert session.state == "awaiting_approval"
            changed = {**request.input, "command": "echo two"}
            verdict = await session.approve(request, updated_input=changed)
            assert (verdict.allowed, verdict.resolved_by, verdict.in_time) == (True, "input", True)
            late = await session.deny(request.id, "too late")
            assert (late.allowed, late.in_time) == (True, False)
            assert "two" in (await turn.result()).text
            with pytest.raises(host.CommandRejected) as error:
                await session.approve("no-such-request")
            assert error.value.code == "unknown_request"

    run(backend, main)


@on_trio
def test_when_the_keyboard_is_quicker_a_waiting_policy_is_let_go(
    backend: str, tmp_path: Path
) -> None:
    cancelled = False

    async def policy(request: host.Request) -> bool:
        nonlocal cancelled
        try:
            await anyio.sleep_forever()
        except BaseException:
            cancelled = True
            raise
        return True

    async def main() -> None:
        async with real(tmp_path, on_approval=policy) as session:
            turn = await session.submit("run touch x")
            await until(session, lambda e: e.type == "control_request")
            async for _ in session.terminal:
                if any("y  Yes" in line for line in session.terminal.last_lines(40)):
                    break
            while not turn.done:  # the dialog takes no key before its grace time is over
                await session.write("\r")
                with anyio.move_on_after(0.2):
                    assert (await turn.result()).stop_reason == "end_turn"
            assert cancelled

    run(backend, main)


@on_asyncio
def test_interrupt_stops_a_turn_and_says_whether_there_was_one(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        async with real(tmp_path, "--yolo") as session:
            assert await session.interrupt() is False
            turn = await session.submit("run sleep 30")
            queued = await session.submit("say 1 words")
            assert queued.receipt.status == "queued"
            assert await queued.cancel() is True
            assert (await queued.result()).stop_reason == "cancelled"
            assert await turn.cancel() is False
            await until(session, lambda e: e.data.get("state") == "running_tool")
            assert await session.interrupt() is True
            assert (await turn.result()).stop_reason == "interrupted"

    run(backend, main)


@on_trio
def test_the_terminal_is_seen_and_typed_into(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            painted = b""
            async for data in session.terminal:
                painted += data
                if b"shift + tab" in painted:
                    break
            session.resize(70, 20)
            await session.write("say 2 words\r")
            user = await until(session, lambda e: e.get("origin") == "keyboard")
            assert user.text == "say 2 words"

    run(backend, main)


@on_asyncio
def test_a_refused_command_says_why(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path, "--yolo") as session:
            with pytest.raises(host.CommandRejected) as empty:
                await session.submit("  ")
            assert empty.value.code == "empty"
            await session.submit("run sleep 30")
            with pytest.raises(host.CommandRejected) as busy:
                await session.submit("say 1 words", when_busy="reject")
            assert busy.value.code == "busy"
            assert (await session.command("get_state")).status == "accepted"
            with pytest.raises(host.NotSupported):
                await session.command("dance")
            with pytest.raises(host.HostTimeout) as slow:
                await session.run("say 1 words", timeout=0.01)
            assert slow.value.what == "result"
            await session.interrupt()

    run(backend, main)


@on_trio
def test_quit_ends_the_session_in_order(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            await session.submit("/quit")
            assert await session.wait_closed() == host.Exit(status=0)
            assert session.state == "ended"
            with pytest.raises(host.SessionExited) as error:
                await session.submit("say 1 words")
            assert error.value.ended
            assert error.value.status == 0
            assert [event async for event in session][-1].subtype == "session_end"
            assert [event async for event in session.events()] == []

    run(backend, main)


@on_asyncio
def test_the_files_are_private_and_are_gone_afterwards(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        before = set(os.listdir(tmp_path))
        async with real(tmp_path, channel="files") as session:
            (name,) = set(os.listdir(tmp_path)) - before - {"work", ".qwen"}
            folder = tmp_path / name
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
            assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
            await session.run("say 1 words")
        assert not folder.exists()

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    run(backend, main)


@on_both
def test_a_run_that_times_out_or_is_cancelled_stops_its_turn_if_it_is_to(
    backend: str, tmp_path: Path
) -> None:
    async def main() -> None:
        async with real(tmp_path, "--yolo") as session:
            results = session.events()
            with pytest.raises(host.HostTimeout):
                await session.run("run sleep 30", timeout=1, cancel="interrupt")
            assert session.state == "idle"
            with anyio.move_on_after(1) as scope:
                await session.run("run sleep 31", cancel="interrupt")
            assert scope.cancelled_caught
            assert session.state == "idle"
            # One that waits its turn is taken out, and the one that runs goes on.
            running = await session.submit("run sleep 32")
            with pytest.raises(host.HostTimeout):
                await session.run("say 3 words", timeout=0.1, cancel="interrupt")
            assert not running.done
            await session.interrupt()
            await running.result()
            # Unless it is asked to, a turn goes on.
            with pytest.raises(host.HostTimeout):
                await session.run("run sleep 33", timeout=1)
            assert session.state != "idle"
        reasons = [event["stop_reason"] async for event in results if event.type == "result"]
        assert reasons == ["interrupted"] * 4

    run(backend, main)
