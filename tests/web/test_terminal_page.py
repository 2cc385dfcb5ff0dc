"""The page's terminal in Chromium, its WebSocket played by the test: what it does with bytes, and what never."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until
from tests.web.browser import needs_browser
from tests.web.support import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page, WebSocketRoute

    from tests.web.support import Server

pytestmark = needs_browser

NO_WEBGL = """
const context = HTMLCanvasElement.prototype.getContext;
HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
  return kind.startsWith("webgl") ? null : context.call(this, kind, ...rest);
};
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("web")) as running:
        running.enter().start_session()
        yield running


class Screen:
    """A page with a terminal, and the server's side of it."""

    def __init__(self, page: Page, server: Server, *, controls: bool = True) -> None:
        self.page = page
        self.asked: list[str] = []
        self.said: list[dict[str, Any]] = []
        self.typed = b""
        self._sockets: list[WebSocketRoute] = []
        page.route_web_socket("**/ws/terminal/**", self._connected)
        page.goto(server.url)
        self.until(lambda: self._sockets, "the terminal's connection")
        if controls:  # the page's chat tells it so; it says its size then, and answers
            self.until(lambda: any(said["type"] == "resize" for said in self.said), "its size")

    def tell(self, subtype: str, **fields: object) -> None:
        self._sockets[-1].send(json.dumps({"type": "web", "subtype": subtype, **fields}))

    def paint(self, data: bytes) -> None:
        self._sockets[-1].send(data)

    def begin(self, data: bytes, *, mine: bool = True) -> None:
        """A screen that was there before the page came; returns once it is shown."""
        self.tell("screen", epoch="e", offset=0, fresh=True, lost=False)
        self.tell("size", columns=60, rows=12, mine=mine)
        self.paint(data)
        self.tell("shown")
        self.until(lambda: self.page.locator("[data-live=true]").count(), "what was kept is shown")

    @property
    def acknowledged(self) -> list[int]:
        return [said["offset"] for said in self.said if said["type"] == "ack"]

    def cut(self) -> None:
        self._sockets[-1].close(code=1012)

    def text(self) -> str:
        return str(self.page.evaluate("window.qwenDual?.text() ?? ''"))

    def until(self, true: Callable[[], object], what: str) -> None:
        # Playwright hears of the browser while it waits.
        wait_until(true, what, meanwhile=lambda: self.page.wait_for_timeout(20))

    def _connected(self, socket: WebSocketRoute) -> None:
        self._sockets.append(socket)
        self.asked.append(socket.url.partition("?")[2])
        socket.on_message(self._hear)

    def _hear(self, message: str | bytes) -> None:
        if isinstance(message, str):
            self.said.append(json.loads(message))
        else:
            self.typed += message


def test_questions_of_the_program_are_answered_by_the_page_in_use_alone(
    desk: Page, server: Server
) -> None:
    screen = Screen(desk, server)
    screen.begin(b"\x1b[cold\x1b[6n\r\n", mine=False)
    screen.paint(b"new\x1b[6n\x1b[c\x1b]11;?\x07\r\n")
    screen.until(lambda: "new" in screen.text(), "the new line")
    screen.tell("size", columns=60, rows=12, mine=True)
    screen.paint(b"mine\x1b[6n")
    screen.until(lambda: screen.typed, "an answer")
    assert screen.typed == b"\x1b[3;5R"


def test_what_is_painted_right_behind_a_key_is_painted_once(desk: Page, server: Server) -> None:
    """Behind a key xterm parses what comes next at once, instead of later."""
    screen = Screen(desk, server)
    screen.begin(b"prompt\r\n")
    desk.locator(".xterm-helper-textarea").focus()
    desk.keyboard.press("x")
    screen.until(lambda: screen.typed.endswith(b"x"), "the key")
    screen.paint(b"echo of it\r\n")
    screen.paint(b"end")
    screen.until(lambda: screen.text().endswith("end"), "what comes behind it")
    assert screen.text() == "prompt\necho of it\nend"


def test_what_is_acknowledged_has_been_shown_and_a_reconnect_asks_for_the_rest(
    desk: Page, server: Server
) -> None:
    screen = Screen(desk, server)
    line = b"0123456789" * 5 + b"\r\n"
    screen.begin(line * 10)
    offset = len(line) * 10
    screen.until(lambda: offset in screen.acknowledged, "all of it acknowledged")
    screen.cut()
    screen.until(lambda: len(screen.asked) == 2, "the next connection")
    assert screen.asked == ["", f"from={offset}&epoch=e"]
    screen.tell("screen", epoch="e", offset=offset, fresh=False, lost=False)
    screen.tell("size", columns=60, rows=12, mine=True)
    screen.paint(b"afterwards")
    screen.until(lambda: screen.text().endswith("afterwards"), "what came afterwards")
    assert screen.text().count("0123456789" * 5) == 10
    screen.until(lambda: offset + 10 in screen.acknowledged, "the rest acknowledged")


@pytest.mark.parametrize("webgl", [True, False])
def test_its_policy_lets_it_draw_with_and_without_webgl(
    visitor: Callable[..., BrowserContext], server: Server, *, webgl: bool
) -> None:
    """A refusal of the policy would be an error of the console, which fails the test."""
    page = visitor().new_page()
    if not webgl:
        page.add_init_script(NO_WEBGL)
    screen = Screen(page, server)
    screen.begin("\x1b[38;2;200;90;40mfar \x1b[48;5;27moff\x1b[0m 漢字 👩‍💻\r\n".encode())
    page.keyboard.press("Control+Shift+KeyF")
    page.keyboard.type("far")
    page.locator(".terminal-pane .search-bar .count", has_text="1 of 1").wait_for()
    assert page.locator("style").count() == 0
    if not webgl:
        colours = "new Set(spans.map(span => getComputedStyle(span).color)).size"
        spans = page.locator(".xterm-rows span")
        screen.until(lambda: spans.evaluate_all(f"spans => {colours}") > 1, "it is drawn")
        height = page.locator(".xterm-rows > div").first.evaluate("row => row.clientHeight")
        assert 10 < height < 30


def test_a_program_gets_neither_into_the_clipboard_nor_anywhere_else_by_its_output(
    visitor: Callable[..., BrowserContext], server: Server
) -> None:
    context = visitor(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    screen = Screen(page, server)
    page.evaluate("navigator.clipboard.writeText('mine')")
    named = b"\x1b]0;<img src=x onerror=alert(1)>\xe2\x80\xaetxt\x07"
    link = b"\x1b]8;;javascript:alert(1)\x07click\x1b]8;;\x07 \x1b]8;;https://example.org/a\x07here\x1b]8;;\x07"
    screen.begin(b"\x1b]52;c;c3RvbGVu\x07" + named + link)
    assert page.evaluate("navigator.clipboard.readText()") == "mine"
    title = page.locator(".terminal-tools .title")
    screen.until(lambda: title.inner_text() == "<img src=x onerror=alert(1)> txt", "its title")
    assert page.locator("img").count() == 0
    box = page.locator(".xterm-screen").bounding_box()
    assert box is not None
    cell = box["width"] / 60
    page.mouse.click(box["x"] + cell * 2, box["y"] + 5)
    assert page.locator("dialog[open]").count() == 0
    page.mouse.move(box["x"] + cell * 7, box["y"] + 5)
    page.locator(".xterm-cursor-pointer").wait_for()
    page.mouse.click(box["x"] + cell * 8, box["y"] + 5)
    page.get_by_role("dialog", name="Open this link?").get_by_text(
        "https://example.org/a"
    ).wait_for()
    assert len(context.pages) == 1


def test_its_size_is_told_also_where_the_chat_says_later_what_the_page_may_do(
    server: Server, desk: Page
) -> None:
    chats: list[WebSocketRoute] = []
    desk.route_web_socket("**/ws/chat/**", lambda socket: chats.append(socket))
    screen = Screen(desk, server, controls=False)
    screen.begin(b"hello")
    screen.until(lambda: chats, "the chat's connection")

    def sizes() -> list[dict[str, Any]]:
        return [said for said in screen.said if said["type"] == "resize"]

    assert sizes() == []  # it may not control yet, as far as it knows
    chats[0].connect_to_server()
    screen.until(sizes, "it tells its size")
    assert sizes()[0]["columns"] > 60
