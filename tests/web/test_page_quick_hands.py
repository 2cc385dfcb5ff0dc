"""Hands that are quicker than the page, or than the program: nothing is answered by mistake, no word is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.support.program import COMMAND
from tests.web.browser import PHONE, barriers, needs_browser
from tests.web.support import OFFLINE, served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Locator, Page, WebSocketRoute

pytestmark = needs_browser

# A request is new for as long as the test likes.
UNSEEN = """
window.seen = [];
window.IntersectionObserver = class {
  constructor(tell) { this.tell = tell; }
  observe() { seen.push(() => this.tell([{isIntersecting: true}])); }
  disconnect() {}
};
"""
# What has the focus once the message is there.
LED_AND_GONE = """log => new Promise(done => {
  const look = () => log.querySelector(".is-found") && done(document.activeElement.className);
  new MutationObserver(look).observe(log, {subtree: true, attributeFilter: ["class"]});
  log.focus();
  log.dispatchEvent(new KeyboardEvent("keydown", {key: "j", bubbles: true}));
  document.querySelector("textarea.draft").focus();
})"""
BOXES = "all => all.map(one => JSON.stringify(one.getBoundingClientRect()))"
ASKED = {"question": "Which?", "header": "", "options": [{"label": "a", "description": ""}]}
DESK: dict[str, Any] = {}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("device", [DESK, PHONE], ids=["desk", "phone"])
def test_a_request_that_takes_no_click_yet_looks_like_it_and_keeps_its_place(
    tmp_path: Path,
    visitor: Callable[..., BrowserContext],
    device: dict[str, Any],
    theme: Literal["light", "dark"],
) -> None:
    script = scripted(
        tmp_path,
        call("run_shell_command", command="touch made"),
        call("ask_user_question", questions=[ASKED]),
        text("that was all"),
    )
    with served(tmp_path, command=[*COMMAND, *script]) as server:
        server.enter().start_session()
        page = visitor(**device, color_scheme=theme).new_page()
        page.add_init_script(UNSEEN)
        shown = Shown(page).go(server)
        shown.say("begin")
        for answer in ("Yes", "Decline"):
            button = shown.answer(answer)
            button.wait_for()
            assert button.is_disabled()
            button.dispatch_event("click", {"detail": 1})
            places = page.locator(".request .button")
            before = places.evaluate_all(BOXES)
            assert barriers(page) == []
            page.evaluate("seen.forEach(see => see())")
            page.locator(".request[data-armed]").wait_for()
            assert not button.is_disabled()
            assert places.evaluate_all(BOXES) == before
            assert barriers(page) == []
            button.click()
            button.wait_for(state="detached")
        assert (server.work / "made").exists()


def test_a_reason_is_kept_where_one_goes_back_and_a_double_click_gives_none(
    tmp_path: Path, desk: Page
) -> None:
    script = scripted(tmp_path, call("run_shell_command", command="touch made"), text("understood"))
    with served(tmp_path, command=[*COMMAND, *script]) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("begin")
        no = shown.answer("No, and say what instead")
        desk.locator("[data-armed]").wait_for()
        no.dblclick()
        reason = desk.get_by_role("textbox", name="No, and say what instead")
        reason.press_sequentially("use the trash")
        desk.get_by_role("button", name="No", exact=True).dispatch_event("click", {"detail": 2})
        composing = "new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229, bubbles: true})"
        reason.evaluate(f"field => field.dispatchEvent({composing})")  # Safari's, at its end
        reason.press("Escape")
        desk.locator(".request:focus").wait_for()
        no.click()
        assert reason.input_value() == "use the trash"
        reason.press("Enter")
        shown.sees("understood")


def test_what_was_made_of_a_prompt_that_began_meanwhile_is_in_the_draft(
    tmp_path: Path, desk: Page
) -> None:
    waits = "until [ -e go ]; do sleep 0.05; done"
    script = scripted(
        tmp_path, call("run_shell_command", command=waits), text("first"), text("second")
    )
    with served(tmp_path, command=[*COMMAND, *script, "--yolo"]) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("begin")
        shown.stop.wait_for()
        shown.prompt.fill("then")
        shown.prompt.press("Control+Enter")
        desk.get_by_role("button", name="Edit: then").click()
        desk.keyboard.type(", but not so")
        (server.work / "go").touch()
        shown.until(lambda: shown.prompt.input_value() == "then, but not so", "it is not lost")
        desk.locator("textarea.draft:focus").wait_for()
        shown.sees("second")


def test_who_begins_to_write_while_a_message_is_being_led_to_keeps_the_focus(
    tmp_path: Path, desk: Page
) -> None:
    with served(tmp_path, command=[*OFFLINE, *scripted(tmp_path, text("hello"))]) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("first")
        shown.sees("hello")
        shown.over()
        assert shown.log.evaluate(LED_AND_GONE) == "draft"
        shown.log.focus()
        desk.keyboard.press("j")
        desk.locator(".row:focus").wait_for()


class SlowChats:
    """The chat's connections of a page, by which at times nothing comes."""

    def __init__(self, page: Page) -> None:
        self.held: list[str | bytes] = []
        self.holds = False
        self._last: WebSocketRoute
        page.route_web_socket("**/ws/chat/**", self._pass_on)

    def release(self) -> None:
        self.holds = False
        for message in self.held:
            self._last.send(message)
        self.held.clear()

    def _pass_on(self, socket: WebSocketRoute) -> None:
        self._last = socket
        socket.connect_to_server().on_message(
            lambda message: self.held.append(message) if self.holds else socket.send(message)
        )


def queue_up(shown: Shown, *prompts: str) -> Locator:
    """Has prompts wait behind an answer that takes a while; their words, as they are shown."""
    shown.say("say 9000 words")
    shown.stop.wait_for()
    for words in prompts:
        shown.prompt.fill(words)
        shown.prompt.press("Control+Enter")
    waiting = shown.page.get_by_role("list", name="Prompts that wait").locator(".text")
    shown.until(lambda: waiting.all_inner_texts() == [*prompts], "all wait")
    return waiting


def test_who_writes_on_while_a_prompt_is_being_moved_keeps_the_focus(
    tmp_path: Path, desk: Page
) -> None:
    chats = SlowChats(desk)
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        waiting = queue_up(shown, "one", "two")
        chats.holds = True
        desk.get_by_role("button", name="Move up").nth(1).click()
        shown.prompt.focus()
        shown.until(lambda: '"queue"' in str(chats.held), "it is moved")
        chats.release()
        shown.until(lambda: waiting.all_inner_texts() == ["two", "one"], "it is shown")
        assert desk.locator("textarea.draft:focus").count() == 1
        shown.prompt.press("Escape")


def test_a_prompt_that_is_moved_twice_before_the_first_is_confirmed_moves_by_two(
    tmp_path: Path, desk: Page
) -> None:
    chats = SlowChats(desk)
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        waiting = queue_up(shown, "one", "two", "three")
        chats.holds = True
        desk.get_by_role("button", name="Move up").nth(2).dblclick()
        shown.until(lambda: str(chats.held).count('"position"') == 2, "both are answered")
        chats.release()
        shown.until(lambda: waiting.all_inner_texts() == ["three", "one", "two"], "by two")
        desk.locator("[aria-label='Move up'][aria-disabled=true]:focus").wait_for()
        desk.get_by_role("button", name="Move down").first.click()
        shown.until(lambda: waiting.all_inner_texts() == ["one", "three", "two"], "from there")
        shown.prompt.press("Escape")


def test_who_has_all_of_a_long_change_shown_reads_to_its_end_before_a_key_allows_it(
    tmp_path: Path, desk: Page
) -> None:
    content = "".join(f"line {number}\n" for number in range(5_000))
    script = scripted(
        tmp_path, call("write_file", file_path="long.txt", content=content), text("written")
    )
    with served(tmp_path, command=[*COMMAND, *script]) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("write it")
        whole = desk.get_by_role("region", name="What will happen")
        to_end = "box => new Promise(done => { box.onscroll = done; box.scrollTop = 1e9; })"
        whole.evaluate(to_end)
        desk.get_by_role("button", name="Show all of it").click()
        whole.get_by_text('"file_path"').wait_for()
        desk.locator(".request").focus()
        desk.locator(".request[data-armed]").wait_for()
        desk.keyboard.press("y")
        desk.get_by_text("Scroll to its end first.").wait_for()
        whole.evaluate(to_end)
        desk.locator(".request[data-armed]").wait_for()
        desk.keyboard.press("y")
        shown.sees("written")
        assert (tmp_path / "work" / "long.txt").read_text() == content
