"""Programs that die, hang or babble: an error with data, and nothing left behind."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual import host
from tests.host.support import everything, fake, held, left_since, on_both, run, until

if TYPE_CHECKING:
    from pathlib import Path


@on_both
def test_before_any_event(backend: str) -> None:
    async def main() -> None:
        with pytest.raises(host.SessionExited) as error:
            async with fake("dies_before_any_event"):
                raise AssertionError("never started")
        assert (error.value.status, error.value.signal, error.value.events) == (3, None, 0)
        assert error.value.last_lines == ["cannot open the frobnicator"]
        assert "status 3" in str(error.value)
        assert "frobnicator" in str(error.value)

    run(backend, main)


@on_both
def test_after_session_start(backend: str) -> None:
    async def main() -> None:
        async with fake("dies_after_start") as session:
            assert (await session.wait_closed()).status == 4
            events, error = await everything(session)
            assert [event.kind for event in events] == ["system/session_start"]
            assert error is not None
            assert not error.ended
            with pytest.raises(host.SessionExited):
                await session.submit("hello")
            with pytest.raises(host.SessionExited):
                await session.write("x")

    run(backend, main)


@on_both
def test_between_a_command_and_its_receipt(backend: str) -> None:
    async def main() -> None:
        async with fake("dies_without_a_receipt") as session:
            with pytest.raises(host.SessionExited) as error:
                await session.submit("hello")
            assert error.value.status == 5

    run(backend, main)


@on_both
@pytest.mark.parametrize(
    ("mode", "status", "number"),
    [("dies_in_a_turn", 7, None), ("dies_of_a_signal", None, signal.SIGKILL)],
)
def test_in_a_turn(backend: str, mode: str, status: int | None, number: int | None) -> None:
    async def main() -> None:
        async with fake(mode) as session:
            turn = await session.submit("hello")
            with pytest.raises(host.SessionExited) as error:
                await turn.result()
            assert (error.value.status, error.value.signal) == (status, number)
            assert error.value.last_event == "stream_event/content_block_delta"
            events, failure = await everything(session)
            assert failure is not None
            torn = events[-1]
            assert isinstance(torn, host.BadLine)
            assert torn.data["code"] == "torn"
            assert torn.data["start"] == '{"type":"assistant","mess'
            assert torn.data["bytes"] == 25

    run(backend, main)


@on_both
def test_while_a_request_is_answered(backend: str) -> None:
    async def main() -> None:
        async with fake("dies_in_an_approval") as session:
            turn = await session.submit("hello")
            await until(session, lambda e: e.type == "control_request")
            with pytest.raises(host.SessionExited) as error:
                await session.approve("r1")
            assert error.value.status == 6
            assert not session.pending
            with pytest.raises(host.SessionExited):
                await turn.result()

    run(backend, main)


@on_both
def test_a_policy_is_not_in_the_way_of_a_death(backend: str) -> None:
    async def main() -> None:
        async with fake("dies_in_an_approval", on_approval=lambda request: True) as session:
            with pytest.raises(host.SessionExited):
                await session.run("hello")

    run(backend, main)


@on_both
def test_a_program_that_says_nothing(backend: str) -> None:
    async def main() -> None:
        for seconds in (0.5, 4.0, 20.0):  # within the first even a busy machine mostly starts it
            with pytest.raises(host.StartTimeout) as error:
                async with fake("says_nothing", start_timeout=seconds):
                    raise AssertionError("never started")
            assert error.value.seconds == seconds
            assert isinstance(error.value, TimeoutError)
            if error.value.last_lines:
                break
        assert error.value.last_lines == ["Warning: dual output disabled"]

    run(backend, main)


@on_both
def test_a_program_that_answers_no_command(backend: str) -> None:
    async def main() -> None:
        async with fake("gives_no_receipt", command_timeout=0.05) as session:
            with pytest.raises(host.HostTimeout) as error:
                await session.submit("hello")
            assert error.value.what == "receipt for submit"

    run(backend, main)


@on_both
def test_a_program_that_will_not_end_is_killed(backend: str) -> None:
    async def main() -> None:
        async with fake("ignores_sigterm", close_timeout=0.1) as session:
            pass
        assert session.exit == host.Exit(signal=signal.SIGKILL)
        assert [event.kind async for event in session] == ["system/session_start"]

    run(backend, main)


@on_both
def test_a_program_that_closes_its_channel_and_runs_on(backend: str) -> None:
    async def main() -> None:
        async with fake("closes_its_channel") as session:
            with pytest.raises(host.SessionExited) as error:
                async for _ in session:
                    pass
            assert error.value.exit is None
            assert "closed its channel" in str(error.value)

    run(backend, main)


@on_both
def test_lines_that_are_no_events_and_events_that_are_missing(backend: str) -> None:
    async def main() -> None:
        async with fake("babbles", max_line_bytes=65_536) as session:
            events = [event async for event in session]
            assert session.lost == 5
        bad = [(e.data["code"], e.data["bytes"]) for e in events if isinstance(e, host.BadLine)]
        assert bad == [("not_json", 18), ("not_object", 5), ("too_long", 70_021)]
        strange = next(event for event in events if event.get("type") == 5)
        assert (strange.type, strange.subtype, strange.seq) == ("", "", None)
        (missing,) = [event.data for event in events if isinstance(event, host.Skipped)]
        assert missing == {"dropped": 3, "from_seq": 2, "to_seq": 4, "where": "channel"}
        assert sum(event.type == "control_request" for event in events) == 2

    run(backend, main)


@on_both
def test_a_refusal_carries_its_code(backend: str) -> None:
    async def main() -> None:
        async with fake("refuses") as session:
            with pytest.raises(host.CommandRejected) as error:
                await session.submit("hello")
            assert (error.value.code, error.value.message) == ("busy", "not now")

    run(backend, main)


@on_both
def test_what_cannot_be_started_says_why(backend: str, tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(host.SpawnFailed, match="no-such-program"):
            async with host.open_session(["no-such-program"]):
                pass
        with pytest.raises(host.SpawnFailed, match="no-such-folder"):
            async with host.open_session([sys.executable], cwd=tmp_path / "no-such-folder"):
                pass
        (tmp_path / "text").write_text("not a program")
        (tmp_path / "text").chmod(0o755)
        with pytest.raises(host.SpawnFailed, match="Exec format"):
            async with host.open_session([str(tmp_path / "text")]):
                pass
        with pytest.raises(host.SpawnFailed, match="null byte"):
            async with host.open_session([sys.executable, "a\0b"]):
                pass
        with pytest.raises(TypeError, match="a list"):
            async with host.open_session("qwen-dual"):
                pass
        with pytest.raises(ValueError, match="'pigeon'"):
            async with host.open_session([sys.executable], channel="pigeon"):  # type: ignore[arg-type]
                pass

    run(backend, main)


@on_both
def test_a_relative_program_is_the_hosts_whatever_the_folder(backend: str, tmp_path: Path) -> None:
    script = tmp_path / "program"
    script.write_text("#!/bin/sh\necho in $PWD\nexit 8\n")
    script.chmod(0o755)
    folder = tmp_path / "folder"
    folder.mkdir()

    async def main() -> None:
        with pytest.raises(host.SessionExited) as error:
            async with host.open_session(
                [os.path.relpath(script)], cwd=folder, columns=300, start_timeout=30
            ):
                pass
        assert error.value.status == 8
        assert error.value.last_lines == [f"in {folder}"]

    run(backend, main)


@on_both
def test_an_exception_of_the_body_comes_out_as_it_is(backend: str) -> None:
    async def main() -> None:
        with pytest.raises(LookupError, match="mine"):
            async with fake("floods"):
                raise LookupError("mine")

    run(backend, main)


@on_both
def test_what_a_policy_raises_ends_the_session(backend: str) -> None:
    def policy(request: host.Request) -> bool:
        raise LookupError("in the policy")

    async def main() -> None:
        with pytest.raises(LookupError, match="in the policy"):
            async with fake("dies_in_an_approval", on_approval=policy) as session:
                await session.run("hello")

    run(backend, main)


@on_both
def test_a_cancelled_host_ends_its_program_in_order(backend: str) -> None:
    async def main() -> None:
        sessions = []
        with anyio.CancelScope() as scope:
            async with fake("floods") as session:
                sessions.append(session)
                scope.cancel()
                await session.wait_closed()
        assert scope.cancelled_caught
        assert sessions[0].exit == host.Exit(signal=signal.SIGTERM)

    run(backend, main)


@on_both
def test_the_window_and_the_environment(backend: str) -> None:
    async def main() -> None:
        async with fake("tells_its_size", columns=100, rows=30) as session:
            first = await until(session, lambda e: e.type == "size")
            assert (first["columns"], first["rows"]) == (100, 30)
            assert first["term"] == "xterm-256color"
            session.resize(70, 20)
            second = await until(session, lambda e: e.type == "size" and e["columns"] != 100)
            assert (second["columns"], second["rows"]) == (70, 20)
        env = {**os.environ, "TERM": "vt100"}
        async with fake("tells_its_size", env=env) as session:
            assert (await until(session, lambda e: e.type == "size"))["term"] == "vt100"

    run(backend, main)


MODES = [
    "dies_before_any_event",
    "dies_after_start",
    "says_nothing",
    "ignores_sigterm",
    "closes_its_channel",
    "floods",
]


@on_both
def test_nothing_is_left_of_any_of_them(backend: str) -> None:
    async def session(mode: str) -> None:
        try:
            async with fake(mode, start_timeout=0.3, close_timeout=0.1):
                pass
        except host.HostError:
            pass
        with pytest.raises(host.SpawnFailed):
            async with host.open_session([sys.executable], cwd="/no/such/folder"):
                pass
        with pytest.raises(host.HostError):
            async with fake(mode, channel="files", start_timeout=0.1, close_timeout=0.1):
                pass

    async def main() -> None:
        await session("floods")  # what the backend keeps open itself is open by now
        before = held()
        for mode in MODES:
            await session(mode)
        assert left_since(before) == set()

    run(backend, main)


def reap(pid: int) -> None:
    os.waitpid(pid, 0)


@on_both
def test_a_process_that_somebody_else_reaps(backend: str) -> None:
    async def main() -> None:
        async with fake("floods") as session:
            os.kill(session.pid, signal.SIGKILL)
            reap(session.pid)  # the library is not on turn before the next await
            assert await session.wait_closed() == host.Exit()
            with pytest.raises(host.SessionExited, match="status unknown"):
                await session.submit("hello")

    run(backend, main)
