"""``qwen-dual sessions``: what runs, as lines for any window and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from qwen_dual.cli.sessions_command import ATTACH, NO_SOCKET, NOTHING, listed, main
from qwen_dual.frontends.tui.text.lines import width_of
from qwen_dual.running.keeper import Keeper, Locks
from qwen_dual.running.record import Record

if TYPE_CHECKING:
    from pathlib import Path

NOW = 100_000.0
ASKS = Record(
    pid=7,
    session_id="98c9c6ca-3166-455f-b7a5-c356eaa4595a",
    agent="qwen-dual",
    version="1",
    cwd="/home/me/src/app",
    title="Why does the parser fail?",
    started_at=1.0,
    state="awaiting_approval",
    state_at=NOW - 200,
    waits=True,
    socket="/run/s",
)
WORKS = replace(
    ASKS,
    session_id="aa000000-0",
    title="名前を" * 30,
    cwd="/srv/" + "long/" * 20 + "end",
    state="running_tool",
    waits=False,
    state_at=NOW - 9,
)
IDLE = replace(
    ASKS, session_id="bb000000-0", title="", cwd="/home/me", state="idle", state_at=0.0, waits=False
)


def test_a_session_takes_a_line_of_a_window_of_80_columns() -> None:
    lines = listed([ASKS, WORKS, IDLE], 80, "/home/me", NOW)
    assert lines == [
        "waits for you  3 min  Why does the parser fail?              ~/src/app  98c9c6ca",
        "works            9 s  名前を名前を名前を名前を名前を名前を…  …/end      aa000000",
        "idle             1 d  (no prompt yet)                        ~          bb000000",
        "",
        ATTACH,
    ]
    assert all(width_of(line) <= 80 for line in lines)


def test_a_narrow_window_gets_a_session_below_itself() -> None:
    lines = listed([ASKS, WORKS], 30, "/home/me", NOW)
    assert lines[:5] == [
        "waits for you · 3 min",
        "  Why does the parser fail?",
        "  ~/src/app",
        "  98c9c6ca",
        "works · 9 s",
    ]
    assert all(width_of(line) <= 30 for line in lines)


def test_what_a_record_says_is_shown_and_does_nothing_else() -> None:
    hostile = replace(
        ASKS, title="a\x1b[2Jb\x07", cwd="/tmp/\x1b]0;x\x07\nd", session_id="\x1b[1mx"
    )
    forever = replace(ASKS, started_at=1e308, state_at=-1e308)
    for width in (30, 80):
        lines = listed([hostile, forever], width, "/home/me", NOW)
        assert all(line.isprintable() for line in lines)
        assert all(width_of(line) <= width for line in lines[:-2])


def test_it_says_whether_one_can_be_attached_to() -> None:
    assert listed([ASKS], 80, "/", NOW)[-1] == ATTACH
    assert listed([replace(ASKS, socket=None)], 80, "/", NOW)[-1] == NO_SOCKET
    assert listed([], 80, "/", NOW) == [NOTHING]


def test_the_command_lists_what_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []
    keeper = Keeper(str(tmp_path / "qwen-dual"), Locks())
    keeper.open()
    keeper.write(ASKS)
    assert main(["--json"]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["session_id"], told["state"]) == (ASKS.session_id, "awaiting_approval")
    assert set(told) == {
        *("v", "pid", "session_id", "agent", "version", "cwd", "title", "started_at", "socket"),
        *("events", "input", "state", "state_at", "waits"),
    }
    assert main([]) == 0
    assert "Why does the parser fail?" in capsys.readouterr().out
    keeper.close()
    assert main([]) == 0
    assert capsys.readouterr().out == f"{NOTHING}\n"


def test_a_folder_that_cannot_be_trusted_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    (tmp_path / "qwen-dual").symlink_to(tmp_path)
    assert main([]) == 1
    told = capsys.readouterr()
    assert told.out == "" and f"{tmp_path}/qwen-dual is a symbolic link" in told.err


def test_what_it_does_not_know_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for arguments in (["--jsn"], ["extra"]):
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        assert ended.value.code == 2
        said.append(capsys.readouterr().err)
    help_ = "`qwen-dual sessions --help` lists what there is.\n"
    assert said == [
        f"qwen-dual sessions: unrecognized arguments: --jsn; did you mean --json?\n{help_}",
        f"qwen-dual sessions: unrecognized arguments: extra\n{help_}",
    ]
