"""Programs find the sessions that run: from their first moment to a kill."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual import host
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.host.finding import RunningSession, find
from tests.support.program import Program
from tests.support.services import hosted
from tests.support.waiting import until, wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_hosted_session_is_found_until_it_ends(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}

    async def main() -> None:
        assert host.running(env) == []
        async with hosted(tmp_path, "--offline") as program:
            await until(lambda: host.running(env))
            [found] = host.running(env)
            assert (found.session_id, found.pid) == (
                program.session.session_id,
                program.session.pid,
            )
            assert (found.agent, found.cwd) == ("qwen-dual", str(tmp_path / "work"))
            turn = await program.session.submit("run touch made")
            await until(lambda: [one for one in host.running(env) if one.waits])
            assert host.running(env)[0].title == "run touch made"
            await program.session.interrupt()
            await turn.result()
        assert host.running(env) == []
        assert list((tmp_path / ".qwen" / "run").iterdir()) == []

    anyio.run(main)


def test_a_killed_session_is_gone_at_once_though_its_command_goes_on(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path / "home")}
    with Program(tmp_path, ["--offline", "--yolo"]) as program:
        program.submit("run sleep 60 & echo $! > child")
        program.result()
        wait_until(lambda: host.running(env) and (program.work / "child").exists())
        [found] = host.running(env)
        assert (found.events, found.input) == (str(program.events_file), str(program.input_file))
        child = int((program.work / "child").read_text())
        os.kill(found.pid, signal.SIGKILL)
        program.terminal.wait_exit()
        assert host.running(env) == []
        os.kill(child, signal.SIGKILL)  # it was still there


def test_a_folder_that_others_may_have_a_hand_in_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "qwen-dual").mkdir()
    (tmp_path / "qwen-dual").chmod(0o777)
    with pytest.raises(ForeignFileError, match="written to by others"):
        host.running({"XDG_RUNTIME_DIR": str(tmp_path)})


def session(name: str, pid: int = 1, cwd: str = "/", socket: str | None = None) -> RunningSession:
    return RunningSession(
        v=1, pid=pid, session_id=name, agent="qwen-dual", version="1", cwd=cwd, title="",
        started_at=0.0, socket=socket, events=None, input=None, state="idle", state_at=0.0, waits=False,
    )  # fmt: skip


def test_a_session_is_meant_by_its_id_how_that_begins_or_its_process() -> None:
    one, two = session("aa11", 7, "/one"), session("ab22", 8, "/two")
    for wanted in ("aa11", "AA", "7"):
        assert find(wanted, [one, two]) is one
    assert find(None, [one, two], "/two") is two
    assert find(None, [one], "/elsewhere") is one
    refused: tuple[tuple[str | None, str], ...] = (
        ("a", "may be several sessions: aa11, ab22"),
        ("", "no session '' runs"),
        ("zz", "no session 'zz' runs; there are aa11, ab22"),
        (None, "2 sessions run; say which: aa11, ab22"),
    )
    for meant, told in refused:
        with pytest.raises(host.NoSuchSession, match=told):
            find(meant, [one, two], "/elsewhere")
    with pytest.raises(host.NoSuchSession, match="no session runs"):
        find("aa", [])


def test_a_session_without_a_socket_cannot_be_joined() -> None:
    async def main() -> None:
        with pytest.raises(host.ConnectFailed, match="start it with --socket"):
            async with host.attach(session("aa11")):
                pass

    anyio.run(main)
