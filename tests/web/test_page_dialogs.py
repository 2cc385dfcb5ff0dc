"""What the page asks and offers beside the conversation, with the program: plans, forms, servers, files, models."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.web.browser import barriers, needs_browser
from tests.web.support import OFFLINE, served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

pytestmark = needs_browser

# Whether "Go back" can be clicked right behind a click on another extent.
CHOSEN_OTHERWISE = """async body => {
  body.querySelector(".choices button[aria-pressed=false]").click();
  for (let renders = 0; renders < 20; renders += 1) await null;
  return body.querySelector(".actions button:last-child").disabled;
}"""
MODERN = Path(__file__).parents[1] / "mcp" / "modern.py"
PLAN = "# Move the tests\n\n1. Make `tests/new`\n2. Move **all** of them\n"
SETTINGS = {
    "mcpServers": {
        "modern": {"command": sys.executable, "args": [str(MODERN)], "trust": True},
        "broken": {"command": "/missing/server"},
    }
}


def choose(page: Page, label: str) -> None:
    page.locator(".controls").get_by_role("button", name="More for this session").click()
    page.get_by_role("menuitem", name=label).click()


def test_a_plan_a_form_of_a_server_its_end_and_the_session_as_a_file(
    tmp_path: Path, desk: Page
) -> None:
    home = tmp_path / "home" / ".qwen"
    home.mkdir(parents=True)
    (home / "settings.json").write_text(json.dumps(SETTINGS))
    script = scripted(
        tmp_path,
        call("exit_plan_mode", plan=PLAN),
        text("Planned."),
        call("mcp__modern__order"),
        text("Ordered."),
        {"error": {"status": 404, "message": "no such model", "remedy": "change_model"}},
    )
    with served(tmp_path, command=[*OFFLINE, *script]) as server:
        server.enter().start_session(mode="plan")
        shown = Shown(desk).go(server)

        shown.say("plan it")
        desk.locator("[data-armed]").wait_for()
        assert "1. Make `tests/new`" in desk.locator(".request").inner_text()
        shown.give("Yes, with all edits of this session (turns on auto-edit)")
        shown.sees("Planned.")
        desk.get_by_role("button", name="Mode: auto-edit").wait_for()
        shown.log.get_by_role("heading", name="Move the tests").wait_for()  # as it is to be read

        choose(desk, "MCP servers")
        servers = desk.get_by_role("dialog", name="MCP servers")
        servers.get_by_text("3 tools").wait_for()
        servers.get_by_text("/missing/server cannot be started").wait_for()
        assert barriers(desk) == []
        desk.keyboard.press("Escape")

        shown.say("order")
        shown.give("Yes")
        form = desk.locator(".request form")
        form.get_by_role("textbox", name="Name").wait_for()
        desk.locator(".request[data-armed]").wait_for()
        form.get_by_role("button", name="Answer").click()
        form.get_by_text("Something is needed here.").wait_for()
        assert barriers(desk) == []
        desk.keyboard.type("Ann")  # what is missing has the focus
        desk.keyboard.press("Enter")
        shown.sees("Ordered.")
        shown.unfold()
        accepted = "accept: {'gift': False, 'name': 'Ann', 'count': 3}"
        shown.until(lambda: accepted in shown.log.inner_text(), "the server has the answers")

        choose(desk, "MCP servers")
        modern = servers.get_by_role("listitem").filter(has_text="modern")
        modern.get_by_role("button", name="End for this session").click()
        modern.get_by_text("ended").wait_for()
        desk.keyboard.press("Escape")

        with desk.expect_download() as saved:
            choose(desk, "Save as Markdown")
        assert saved.value.suggested_filename == "plan-it.md"
        assert "Ordered." in saved.value.path().read_text()

        shown.say("fail")  # which leads to the end, wherever the reader was
        desk.get_by_role("button", name="Another model").click()
        desk.get_by_role("menu").get_by_text("offline-script").first.wait_for()


def test_going_back_has_all_of_its_ways_in_a_narrow_window(tmp_path: Path, phone: Page) -> None:
    name = "a_name_without_a_blank_that_is_longer_than_a_phone_is_wide.txt"
    phone.set_viewport_size({"width": 360, "height": 640})
    with served(tmp_path) as server:
        server.enter().start_session(mode="auto-edit")
        shown = Shown(phone).go(server)
        shown.say(f"write {name}: hello")
        shown.until(lambda: "done." in shown.log.inner_text(), "it is written")
        shown.over()
        phone.get_by_role("button", name="More for this session").tap()
        phone.set_viewport_size({"width": 360, "height": 700})  # as when the keyboard goes
        phone.get_by_role("menuitem", name="Go back").tap()
        phone.locator(".choose button").first.tap()
        phone.get_by_text("1 file,").wait_for()
        body = phone.locator("dialog .body")
        assert body.evaluate("body => body.scrollWidth - body.clientWidth") == 0
        assert body.evaluate(CHOSEN_OTHERWISE) is True  # until it is shown what that would change
        phone.get_by_role("button", name="Files only").tap()
        phone.locator("dialog").get_by_role("button", name="Go back").tap()
        shown.until(lambda: not (tmp_path / "work" / name).exists(), "it is taken back")


def test_who_opens_a_session_writes_in_it_at_once(tmp_path: Path, desk: Page) -> None:
    with served(tmp_path, command=OFFLINE) as server:
        desk.goto(server.url)
        desk.get_by_role("button", name="Open a session").click()
        desk.get_by_role("button", name="Start", exact=True).click()
        desk.locator("textarea.draft:focus").wait_for()
        desk.keyboard.type("say 2 words")
        assert desk.get_by_role("dialog").count() == 0


def test_links_are_made_once_and_revoked_two_at_once_while_the_new_one_is_shown(
    tmp_path: Path, desk: Page
) -> None:
    names = ("observe", "approve")
    made: list[str] = []
    held: list[Route] = []
    with served(tmp_path) as server:
        owner = server.enter()
        owner.start_session()
        for name in names:
            owner.make_link(name)
        shown = Shown(desk).go(server)
        desk.get_by_role("button", name="More", exact=True).click()
        desk.get_by_role("menuitem", name="Links for others").click()
        desk.on("request", lambda request: made.append(request.url) if request.post_data else None)
        desk.get_by_role("button", name="Make a link").dblclick()
        address = desk.get_by_role("textbox", name="The link")
        address.wait_for()
        assert len(made) == 1
        desk.route("**/api/links/*", lambda route: held.append(route))
        for name in names:
            desk.get_by_role("button", name=f"Revoke: {name}", exact=True).dblclick()
            desk.get_by_role("button", name=f"Really revoke: {name}", exact=True).click()
        shown.until(lambda: len(held) == len(names), "both are on their way")
        for name, route in zip(names, held, strict=True):
            route.continue_()
            desk.get_by_role("button", name=f"evoke: {name}").wait_for(state="detached")
        assert address.input_value().startswith(server.origin)
