"""What a person does beside prompts, in the page: stops a turn, changes the mode, sees a sub-agent, begins anew."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.web.browser import needs_browser
from tests.web.support import served
from tests.web.whole_page import Shown

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = needs_browser
ENDLESS = "say 9000 words"  # a minute and a half, unless it is stopped


def test_a_turn_is_stopped_and_a_mode_changed_in_both_views(tmp_path: Path, desk: Page) -> None:
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say(ENDLESS)
        shown.until(lambda: "some words of" in shown.log.inner_text(), "it answers")
        shown.stop.click()
        shown.sees("Interrupted")
        desk.locator("header.head").get_by_text("ready").wait_for()
        desk.get_by_role("button", name="Mode: default").click()
        desk.get_by_role("menuitemcheckbox", name=re.compile("^auto-edit")).click()
        desk.get_by_role("button", name="Mode: auto-edit").wait_for()
        shown.until(lambda: "auto-edit" in shown.screen(), "the terminal says so")
        shown.say("write notes.md: hello")
        shown.until((tmp_path / "work" / "notes.md").exists, "nobody is asked")
        shown.until(lambda: "notes.md" in shown.screen(), "the terminal shows it")


def told(shown: Shown) -> bool:
    """Whether the lane, which is folded into its call, shows what the sub-agent said."""
    shown.unfold()
    lanes = shown.log.locator(".lane").all_inner_texts()
    return any("some words of an answer that means" in lane for lane in lanes)


def test_a_sub_agent_has_a_lane_and_another_conversation_begins_empty(
    tmp_path: Path, desk: Page
) -> None:
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("let explore say 7 words")
        shown.until(lambda: told(shown), "what the sub-agent said is in its lane")
        shown.over()
        shown.say("/clear")
        shown.until(lambda: "let explore" not in shown.log.inner_text(), "it begins anew")
        shown.say("say 3 words")
        shown.sees("some words of")
        shown.until(lambda: "say 3 words" in shown.screen(), "the terminal goes on with it")


def test_enter_queues_where_the_person_has_set_that_and_tab_steers_then(
    tmp_path: Path, desk: Page
) -> None:
    home = tmp_path / "home" / ".qwen"
    home.mkdir(parents=True)
    (home / "settings.json").write_text('{"ui": {"enterWhileBusy": "queue"}}')
    with served(tmp_path) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say(ENDLESS)
        shown.stop.wait_for()
        waiting = desk.get_by_role("list", name="Prompts that wait").get_by_role("listitem")
        for key, words, way in (("Enter", "say 1 words", "1"), ("Tab", "say 2 words", "steers")):
            shown.prompt.fill(words)
            shown.prompt.press(key)
            row = waiting.filter(has_text=words)
            row.wait_for()
            assert row.inner_text().split("\n")[0] == way
        shown.prompt.press("Escape")
        waiting.first.wait_for(state="detached")
