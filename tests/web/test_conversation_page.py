"""The conversation of a session in a browser: what is said and done is there as words, and never as markup."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until
from tests.web.browser import barriers, needs_browser
from tests.web.support import Server, Visitor, served

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page
    from websockets.sync.client import ClientConnection

pytestmark = needs_browser

HOSTILE = '<img src=x onerror="window.ran=1"><script>window.ran=1</script> [go](javascript:ran)'

BELOW = "rows => rows.scrollHeight - rows.scrollTop - rows.clientHeight"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose sessions run the offline model."""
    folder = tmp_path_factory.mktemp("conversation")
    with served(folder) as running:
        (running.work / "greet.py").write_text("def greet():\n    return 'hello'\n")
        yield running


class Told:
    """A session as a further host has it: it says things, and allows what is asked."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._count = 0

    def run(self, text: str) -> None:
        """Submits a prompt, and waits for the end of its turn."""
        self._count += 1
        name = f"told-{self._count}"
        self._send(type="submit", id=name, text=text)
        while not self._ended(name):
            pass

    def _ended(self, name: str) -> bool:
        for event in json.loads(self._socket.recv(30)):
            if event["type"] == "control_request":
                request = event["request_id"]
                self._send(type="confirmation_response", request_id=request, allowed=True)
            if event["type"] == "result" and event.get("command_id") == name:
                return True
        return False

    def _send(self, **command: Any) -> None:
        self._socket.send(json.dumps(command))


@contextmanager
def session(visitor: Visitor, page: Page, server: Server) -> Iterator[Told]:
    """A new session, shown in a page."""
    key = visitor.start_session()
    with visitor.socket(f"/ws/chat/{key}") as socket:
        page.goto(server.url)
        page.locator(f'[data-session="{key}"] .rows').wait_for()
        yield Told(socket)
    visitor.ask("DELETE", f"/api/sessions/{key}")


def test_answers_calls_and_changes_are_shown_and_can_be_used_by_all(
    desk: Page, server: Server
) -> None:
    with session(server.enter(), desk, server) as told:
        told.run("think about it and markdown")
        told.run("edit greet.py: hello -> good day")
        told.run("run printf '\\033[31mred\\033[0m\\n'; false")
        log = desk.get_by_role("feed", name="Messages")
        log.get_by_text("exit 1").first.wait_for()
        assert log.locator(".tool .ansi-red").inner_text() == "red"
        change = log.get_by_role("group", name="Change of")
        assert change.locator(".is-added .line").inner_text() == "    return 'good day'"
        change.get_by_role("button", name="Side by side").click()
        change.locator(".is-sides").wait_for()
        desk.locator(".rows").focus()
        for _ in range(3):  # quicker than rows are shown
            desk.keyboard.press("[")
        log.locator(".row:focus", has_text="think about it and markdown").wait_for()
        log.get_by_role("heading", name="What an answer can look like").wait_for()
        log.locator(".markdown table").wait_for()
        log.locator(".hljs-keyword").get_by_text("def", exact=True).first.wait_for()
        thought = log.get_by_role("button", name="Thought")
        thought.click()
        assert log.locator(".thought").inner_text() == "about it"
        assert barriers(desk) == []


def test_what_is_said_is_never_markup(desk: Page, server: Server) -> None:
    with session(server.enter(), desk, server) as told:
        told.run(f"write page.html: {HOSTILE}")
        told.run(f"think {HOSTILE}")
        told.run("read page.html")
        told.run("run echo 'a\u202eb' > /dev/null")
        log = desk.get_by_role("feed", name="Messages")
        log.locator(".odd", has_text="⟨U+202E⟩").first.wait_for()
        desk.locator(".rows").evaluate("rows => { rows.scrollTop = 0 }")
        log.get_by_text("window.ran=1").first.wait_for()
        assert desk.evaluate("window.ran") is None
        assert log.locator("img, script, a[href^=javascript]").count() == 0


def test_what_is_new_is_said_once_and_a_reader_is_left_where_they_are(
    phone: Page, server: Server
) -> None:
    with session(server.enter(), phone, server) as told:
        phone.evaluate(
            """() => { window.said = [];
            for (const place of document.querySelectorAll('.unseen [role=status]'))
                new MutationObserver(() => window.said.push(place.textContent))
                    .observe(place, {childList: true, characterData: true, subtree: true}) }"""
        )
        told.run("say 400 words")
        told.run("say 5 words")
        phone.get_by_role("article").filter(has_text="say 5 words").first.wait_for()
        wait_until(lambda: phone.evaluate("said.some(words => words.includes('words of an'))"))
        said = phone.evaluate("said.filter(words => words.trim() === 'some words of an answer')")
        assert len(said) <= 1
        rows = phone.locator(".rows")
        wait_until(lambda: rows.evaluate(BELOW) < 50)
        rows.evaluate("rows => { rows.scrollTop = 100 }")
        phone.get_by_role("button", name="Newest").wait_for()
        told.run("say 300 words")
        phone.get_by_role("button", name="new", exact=False).first.wait_for()
        assert abs(rows.evaluate("rows => rows.scrollTop") - 100) < 5
        phone.get_by_role("button", name="new", exact=False).first.click()
        wait_until(lambda: rows.evaluate(BELOW) < 50)


def test_what_was_said_before_a_session_was_resumed_can_be_shown(
    desk: Page, server: Server
) -> None:
    visitor = server.enter()
    with session(visitor, desk, server) as told:
        told.run("say 7 words")
    saved = visitor.ask("GET", "/api/saved").json()["sessions"]
    ours = next(one for one in saved if one["title"].startswith("say 7 words"))
    key = visitor.start_session(resume=ours["session_id"])
    desk.goto(f"{server.origin}/#session={key}")
    desk.reload()
    desk.locator(f'[data-session="{key}"] .rows').wait_for()
    desk.get_by_text("1 earlier prompt is not shown here, but in the terminal").wait_for()
    desk.get_by_role("button", name="Show what was said").click()
    log = desk.get_by_role("feed", name="Messages")
    log.get_by_text("some words of an answer that means").wait_for()
    assert log.locator(".row.is-prompt").inner_text().endswith("say 7 words")
    desk.get_by_role("button", name="Show what was said").wait_for(state="detached")
    visitor.ask("DELETE", f"/api/sessions/{key}")
