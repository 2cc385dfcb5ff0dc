"""Saved sessions of the real program: gone on with, picked, and whole after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.host.errors import SessionExited
from tests.models.server import event, reply, serve
from tests.support.program import COMMAND
from tests.support.pty import pair
from tests.support.services import ROOT, answer, hosted, openai, texts

if TYPE_CHECKING:
    from pathlib import Path


def test_a_session_goes_on_where_it_was(tmp_path: Path) -> None:
    async def main() -> None:
        async with serve(answer("first answer"), answer("second answer")) as server:
            env = openai(server.url)
            async with hosted(tmp_path, env=env) as program:
                await program.session.run("first prompt", timeout=30)
                session_id = program.session.session_id
                await program.session.write(b"/quit\r")
                await program.until(f"qwen-dual --resume {session_id}")
            async with hosted(tmp_path, "--continue", env=env) as program:
                assert program.session.session_id == session_id
                await program.until("first prompt")
                await program.until("first answer")
                await program.session.run("second prompt", timeout=30)
            assert texts(server.requests[-1].json["messages"])[1:] == [
                "user: first prompt",
                "assistant: first answer",
                "user: second prompt",
            ]
            async with hosted(tmp_path, "--resume", session_id[:8], env=env) as program:
                await program.until("second answer")

    anyio.run(main)


def test_a_kill_in_the_middle_of_a_turn_loses_nothing_that_was_on_screen(tmp_path: Path) -> None:
    pieces = [
        event({"choices": [{"index": 0, "delta": {"content": f"word{number} "}}]})
        for number in range(200)
    ]

    async def main() -> None:
        endless = reply(pieces, headers={"Content-Type": "text/event-stream"}, end="hold")
        async with serve(endless, answer("and on")) as server:
            env = openai(server.url)
            async with hosted(tmp_path, env=env) as program:
                await program.session.submit("tell me")
                await program.until("word199")
                before = program.shown
                os.kill(program.session.pid, signal.SIGKILL)
                await program.session.wait_closed()
            async with hosted(tmp_path, "-c", env=env) as program:
                await program.until("word199")
                words = [word for word in before.split() if word.startswith("word")]
                assert len(words) == 200
                shown = program.shown.split()
                assert [word for word in words if word not in shown] == []
                await program.until("Its last turn did not end")
                await program.session.run("go on", timeout=30)
            said = texts(server.requests[-1].json["messages"])
            assert "word0 word1" in said[2]
            assert "word199" in said[2]

    anyio.run(main)


def test_one_is_picked_from_a_list(tmp_path: Path) -> None:
    async def main() -> None:
        async with serve(answer("about apples"), answer("about pears")) as server:
            env = openai(server.url)
            for prompt in ("apples", "pears"):
                async with hosted(tmp_path, env=env) as program:
                    await program.session.run(prompt, timeout=30)
            async with hosted(tmp_path, "--resume", env=env) as program:
                await program.until("Which session?")
                await program.until("2. ")
                await program.session.write(b"2")
                await program.until("about apples")
                assert "about pears" not in program.shown

    anyio.run(main)


def test_an_id_may_be_given_and_one_session_is_open_once(tmp_path: Path) -> None:
    session_id = "11111111-2222-4333-8444-555555555555"

    async def main() -> None:
        async with serve(answer("hello")) as server:
            env = openai(server.url)
            async with hosted(tmp_path, "--session-id", session_id, env=env) as program:
                assert program.session.session_id == session_id
                await program.session.run("hi", timeout=30)
                with pytest.raises(SessionExited, match="is open in process"):
                    async with hosted(tmp_path, "--resume", session_id, env=env):
                        pass

    anyio.run(main)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--continue", "--fork-session"], "--fork-session: no session was saved in"),
        (["--resume", "abc"], "no session 'abc' is saved"),
    ],
)
def test_what_is_not_there_is_said_before_the_screen_opens(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    with pair() as terminal:
        ended = subprocess.run(
            [*COMMAND, *arguments],
            stdin=terminal.side,
            stdout=terminal.side,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "HOME": str(tmp_path), "PYTHONPATH": ROOT},
            check=False,
        )
    assert ended.returncode == 1
    assert says in ended.stderr


def chats(home: Path) -> list[Path]:
    return sorted(home.glob(".qwen/projects/*/chats/*.jsonl"))


def test_a_session_that_was_killed_before_its_first_prompt_is_gone_on_with(tmp_path: Path) -> None:
    own = "1f3870be-274f-4c49-b3e3-1a0c6728957f"

    async def main() -> None:
        async with serve(answer("an answer"), answer("another")) as server:
            env = openai(server.url)
            for flag in ("--resume-or-new", "--resume", "--session-id", "--resume-or-new"):
                async with hosted(tmp_path, flag, own, env=env) as program:
                    assert program.session.session_id == own
                    os.kill(program.session.pid, signal.SIGKILL)
                    await program.session.wait_closed()
                [chat] = chats(tmp_path)
                assert (chat.stem, chat.stat().st_size, chat.stat().st_mode & 0o777) == (
                    own,
                    0,
                    0o600,
                )
            async with hosted(tmp_path, "--resume", own, env=env) as program:
                await program.session.run("a prompt", timeout=30)
            async with hosted(tmp_path, "--resume-or-new", own, env=env) as program:
                await program.until("an answer")

    anyio.run(main)


def test_a_session_in_which_nothing_was_said_leaves_no_file(tmp_path: Path) -> None:
    async def main() -> None:
        async with hosted(tmp_path, "--offline") as program:
            assert [chat.stem for chat in chats(tmp_path)] == [program.session.session_id]
            following = program.session.events()
            await program.session.write(b"/clear\r")
            async for event in following:
                if event.kind == "system/session_changed":
                    break
            assert [chat.stem for chat in chats(tmp_path)] == [program.session.session_id]
        assert chats(tmp_path) == []

    anyio.run(main)


def test_a_session_that_is_not_saved_says_so_and_is_not_offered_to_be_resumed(
    tmp_path: Path,
) -> None:
    folder = tmp_path / ".qwen"
    folder.mkdir()
    (folder / "projects").write_text("in the way")

    async def main() -> None:
        async with hosted(tmp_path, "--offline") as program:
            await program.session.run("say 3 words", timeout=30)
            await program.until("this session is not saved any more")
            await program.until("start again")
            export = await program.session.run("/export", timeout=30)
            assert "this session is not saved any more" in export.text
            await program.session.write(b"/quit\r")
            await program.until("qwen-dual: this session is not saved any more")
            assert "--resume" not in program.shown

    anyio.run(main)


def test_continue_begins_a_session_where_none_was_saved(tmp_path: Path) -> None:
    async def main() -> None:
        async with serve(answer("hello"), answer("again")) as server:
            env = openai(server.url)
            async with hosted(tmp_path, "--continue", env=env) as program:
                first = program.session.session_id
                await program.until("--continue: no session was saved")
                await program.session.run("hi", timeout=30)
            async with hosted(tmp_path, "--continue", env=env) as program:
                assert program.session.session_id == first

    anyio.run(main)
