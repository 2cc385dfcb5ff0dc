"""A page whose connection breaks: in the middle of an answer, while somebody is asked, as its server goes."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.ports import free_port
from tests.support.program import COMMAND
from tests.web.browser import needs_browser
from tests.web.support import served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_browser


def children_of(pid: int) -> list[int]:
    """The processes that a program has started."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def test_what_was_said_while_the_network_was_gone_is_there_once(tmp_path: Path, desk: Page) -> None:
    words = [f"word{number} " for number in range(60)]
    script = scripted(
        tmp_path,
        text(*words, delay_ms=20),
        call("run_shell_command", command="touch made"),
        text("that was all"),
    )
    with served(tmp_path, command=[*COMMAND, *script]) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server, cuttable=True)
        shown.say("begin")
        shown.until(lambda: "word5 " in shown.log.inner_text(), "the answer begins")
        shown.cut()
        shown.until(lambda: "word59" in shown.log.inner_text(), "the answer goes on")
        said = shown.log.inner_text()
        assert [said.count(word.strip() + " ") for word in words[:-1]] == [1] * (len(words) - 1)
        shown.say("go on")
        shown.answer("Yes").wait_for()
        shown.cut()
        shown.until(lambda: len(shown.cuts) >= 2, "it is back")
        shown.give("Yes")
        shown.sees("that was all")
        assert (tmp_path / "work" / "made").exists()


def test_a_server_that_is_started_again_has_its_sessions_and_the_page_finds_them(
    tmp_path: Path, desk: Page
) -> None:
    port = str(free_port())  # no connection takes it between two servers
    with served(tmp_path, "--port", port) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("say 3 words")
        shown.sees("some words of")
        assert server.stop() == 0
    with served(tmp_path, "--resume", "--port", port):
        shown.until(lambda: "some words of" in shown.log.inner_text(), "the conversation is back")
        shown.say("say 12 words")
        shown.sees("some words of an answer that means nothing but streams like")
        links = desk.get_by_role("navigation", name="Sessions").get_by_role("link")
        shown.until(lambda: links.count() == 1, "it is listed once")


def test_a_program_that_is_killed_is_told_of_and_the_page_stays(tmp_path: Path, desk: Page) -> None:
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("say 3 words")
        shown.sees("some words of")
        [program] = children_of(server.process.pid)
        os.kill(program, signal.SIGKILL)
        shown.until(lambda: "SIGKILL" in desk.inner_text("main"), "what became of it is told")
        assert "some words of" in shown.log.inner_text()
        shown.prompt.wait_for(state="detached")


def test_a_session_that_is_none_is_said_to_be_none_and_is_not_asked_for_again(
    tmp_path: Path, desk: Page
) -> None:
    with served(tmp_path) as server:
        session = server.enter().start_session()
        shown = Shown(desk).go(server)
        asked: list[str] = []
        desk.on("websocket", lambda socket: asked.append(socket.url))
        desk.evaluate("location.hash = 'session=none'")
        desk.get_by_text("There is no such session any more.").first.wait_for()
        desk.evaluate("key => { location.hash = `session=${key}` }", session)
        shown.say("say 3 words")
        shown.sees("some words of")
        assert sum("/chat/none" in url for url in asked) == 1
