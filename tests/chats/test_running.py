"""Other programs find a running session, in the files of the reference."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.chats.paths import chats_folder
from qwen_dual.chats.running import RunningSession, session_name, start_token
from tests.support.services import hosted

if TYPE_CHECKING:
    from pathlib import Path

ONE = "1f3870be-274f-4c49-b3e3-1a0c6728957f"
TWO = "2f3870be-274f-4c49-b3e3-1a0c6728957f"


def test_both_files_are_there_while_it_runs_and_follow_the_session(
    tmp_path: Path,
) -> None:
    home = str(tmp_path / "home")
    running = RunningSession(home, "/srv/my project", ONE, "1.2.3")
    record = tmp_path / "home" / "sessions" / f"{os.getpid()}.json"
    chats = chats_folder(home, "/srv/my project")
    first = json.loads(record.read_bytes())
    assert list(first) == [
        *("schemaVersion", "pid", "procStart", "pidNs", "sessionId", "cwd", "name"),
        *("startedAt", "qwenVersion", "kind"),
    ]
    digits = hashlib.sha256(ONE.encode()).hexdigest()[:2]
    assert first["name"] == f"my-project-{digits}"
    assert (first["sessionId"], first["pid"], first["kind"]) == (ONE, os.getpid(), "tui")
    assert record.stat().st_mode & 0o777 == 0o600
    assert record.parent.stat().st_mode & 0o777 == 0o700
    status = json.loads((chats / f"{ONE}.runtime.json").read_bytes())
    assert (status["schema_version"], status["session_id"]) == (1, ONE)
    assert status["work_dir"] == "/srv/my project"
    assert round(status["started_at"] * 1000) == first["startedAt"]

    running({"type": "system", "subtype": "session_changed", "data": {"from": ONE, "to": TWO}})
    assert json.loads(record.read_bytes())["sessionId"] == TWO
    assert [path.name for path in chats.iterdir()] == [f"{TWO}.runtime.json"]

    running.close()
    assert list(chats.iterdir()) == list(record.parent.iterdir()) == []
    running.close()


def test_sessions_of_one_process_leave_each_others_files_alone(tmp_path: Path) -> None:
    home, folder = str(tmp_path), tmp_path / "sessions"
    folder.mkdir()
    stale = folder / f"{os.getpid()}.json"
    stale.write_text(json.dumps({"pid": os.getpid(), "procStart": "another boot:1"}))
    first = RunningSession(home, "/srv/a", ONE, "1")
    second = RunningSession(home, "/srv/b", TWO, "1")
    found = {path.name: json.loads(path.read_bytes())["sessionId"] for path in folder.iterdir()}
    assert found == {stale.name: ONE, f"{os.getpid()}-{TWO}.json": TWO}
    first.close()
    assert [path.name for path in folder.iterdir()] == [f"{os.getpid()}-{TWO}.json"]
    second.close()
    assert not list(folder.iterdir())


def test_a_home_that_cannot_be_written_hurts_nothing(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    RunningSession(str(tmp_path / "file"), "/work", ONE, "1").close()


@pytest.mark.parametrize(
    ("cwd", "name"),
    [("/a/b.c_d-e", "b.c_d-e"), ("/", "session"), ("/a/ é / x ", "x"), ("/" + "n" * 50, "n" * 32)],
)
def test_a_session_is_named_after_its_folder(cwd: str, name: str) -> None:
    assert session_name(cwd, ONE).rpartition("-")[0] == name


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_the_token_is_this_process() -> None:
    token = start_token()
    assert token is not None
    boot, _, tick = token.partition(":")
    assert len(boot) == 36 and tick.isdecimal()


def test_the_program_is_found_and_its_commands_know_the_session(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosted(tmp_path, "--offline", "--yolo") as program:
            await program.session.run("run echo $QWEN_CODE_SESSION_ID > id", timeout=30)
            session_id = program.session.session_id
            assert (tmp_path / "work" / "id").read_text().strip() == session_id
            record = tmp_path / ".qwen" / "sessions" / f"{program.session.pid}.json"
            assert json.loads(record.read_bytes())["sessionId"] == session_id
            [chat] = tmp_path.glob(f".qwen/projects/*/chats/{session_id}.jsonl")
            answers = [json.loads(line) for line in chat.read_bytes().splitlines()]
            windows = {r["contextWindowSize"] for r in answers if r["type"] == "assistant"}
            assert len(windows) == 1 and windows.pop() > 1000
        assert not record.exists()
        assert list(tmp_path.glob(".qwen/projects/*/chats/*.runtime.json")) == []

    anyio.run(main)
