"""The page on a session of a program with the base protocol: a recording of Qwen Code, played."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.web.browser import barriers, needs_browser
from tests.web.support import served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_browser

TESTS = Path(__file__).parents[1]
PLAYED = [
    *(sys.executable, "-S", str(TESTS / "host" / "replay.py")),
    str(TESTS / "reference" / "tool_allowed.jsonl"),
]


def test_what_a_program_cannot_do_is_not_offered(tmp_path: Path, desk: Page) -> None:
    with served(tmp_path, command=PLAYED) as server:
        server.enter().start_session()
        desk.goto(server.url)
        draft = desk.get_by_role("textbox", name="Prompt", exact=True)
        draft.fill("TOOL touch made")
        assert desk.locator(".composer").get_by_role("button").all_inner_texts() == ["Send"]
        desk.get_by_role("button", name="More for this session").click()
        offered = desk.get_by_role("menu", name="More for this session").get_by_role("menuitem")
        labels = [text.split("\n")[0] for text in offered.all_inner_texts()]
        assert labels == ["Search the chat", "Save as Markdown", "Save as JSON"]
        desk.keyboard.press("Escape")
        draft.press("Enter")
        request = desk.locator(".request")
        request.get_by_text("touch made", exact=True).wait_for()
        answers = request.get_by_role("group", name="Answers").get_by_role("button")
        assert [one.inner_text().split("\n")[-1] for one in answers.all()] == [
            "Yes",
            "No, and say what instead",
        ]
        assert barriers(desk) == []
        desk.locator("[data-armed]").wait_for()
        request.get_by_role("button", name="Yes", exact=True).click()
        request.wait_for(state="detached")
        head, log = desk.locator("header.head"), desk.get_by_role("region", name="Conversation")
        head.get_by_text("ready").wait_for()
        # Of a turn that is stopped while a tool waits or runs it says nothing at all.
        draft.fill("TOOL touch more")
        draft.press("Enter")
        request.wait_for()
        desk.get_by_role("button", name="Stop", exact=True).click()
        log.get_by_text("Interrupted", exact=True).wait_for()
        request.wait_for(state="detached")
        head.get_by_text("ready").wait_for()
