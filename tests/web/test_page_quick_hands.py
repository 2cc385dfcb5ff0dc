"""Hands that are quicker than the page, or than the program: nothing is answered by mistake, no word is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.support.program import COMMAND
from tests.web.browser import PHONE, barriers, needs_browser
from tests.web.support import served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page, WebSocketRoute

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


def test_who_writes_on_while_a_prompt_is_being_moved_keeps_the_focus(
    tmp_path: Path, desk: Page
) -> None:
    held: list[str | bytes] = []
    chats: list[WebSocketRoute] = []
    holds = False

    def slow(socket: WebSocketRoute) -> None:
        chats.append(socket)
        socket.connect_to_server().on_message(
            lambda message: held.append(message) if holds else socket.send(message)
        )

    desk.route_web_socket("**/ws/chat/**", slow)
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("say 9000 words")
        shown.stop.wait_for()
        for words in ("one", "two"):
            shown.prompt.fill(words)
            shown.prompt.press("Control+Enter")
        waiting = desk.get_by_role("list", name="Prompts that wait").locator(".text")
        shown.until(lambda: waiting.all_inner_texts() == ["one", "two"], "both wait")
        holds = True
        desk.get_by_role("button", name="Move up").nth(1).click()
        shown.prompt.focus()
        shown.until(lambda: '"move_queued"' in str(held) or '"queue"' in str(held), "it is moved")
        holds = False
        for message in held:
            chats[-1].send(message)
        shown.until(lambda: waiting.all_inner_texts() == ["two", "one"], "it is shown")
        assert desk.locator("textarea.draft:focus").count() == 1
        shown.prompt.press("Escape")
