"""Programs find the sessions that run: from their first moment to a kill."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual import host
from qwen_dual.fs.folders import ForeignFileError
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
