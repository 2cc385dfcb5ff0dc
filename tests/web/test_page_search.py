"""The chat's own search: it finds what is not in the page, since of a long chat only what can be seen is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.browser import barriers, needs_browser
from tests.web.support import OFFLINE, served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = needs_browser

# Enter follows before the browser draws a frame, or does anything else.
PASTED_AND_ENTERED = """async field => {
  field.value = 'quokka';
  field.dispatchEvent(new InputEvent('input', {bubbles: true}));
  for (let renders = 0; renders < 20; renders += 1) await null;
  field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true}));
}"""


def test_words_are_found_where_they_are_folded_and_far_away_and_the_keys_lead_through_them(
    tmp_path: Path, desk: Page
) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "far.txt").write_text("a line\nwith a quokka in it\n")
    script = scripted(
        tmp_path,
        call("read_file", file_path="far.txt"),
        text("nothing to see\n\n", repeat=150),
        text("the other **quokka** is here"),
    )
    with served(tmp_path, command=[*OFFLINE, *script]) as server:
        server.enter().start_session()
        shown = Shown(desk).go(server)
        shown.say("first")
        shown.until(lambda: "nothing to see" in shown.log.inner_text(), "it is answered")
        shown.over()
        shown.say("second")
        shown.sees("the other quokka is here")
        assert "with a quokka in it" not in shown.log.inner_text()
        desk.keyboard.press("Control+f")
        field = desk.get_by_role("textbox", name="Search the chat")
        count = desk.get_by_role("search", name="Search the chat").get_by_role("status")
        shown.prompt.focus()
        desk.keyboard.press("Control+f")
        desk.keyboard.type("QUOKKA")
        count.get_by_text("2 of 2").wait_for()
        field.press("Enter")
        count.get_by_text("1 of 2").wait_for()
        shown.log.get_by_text("with a quokka in it").wait_for()
        marked = "[...(CSS.highlights.get('searched-now') ?? [])].map(String)"
        shown.until(lambda: "quokka" in desk.evaluate(marked), "it is marked")
        assert field.evaluate("field => field === document.activeElement")
        assert barriers(desk) == []
        field.press("Shift+Enter")
        count.get_by_text("2 of 2").wait_for()
        field.fill("")
        field.evaluate(PASTED_AND_ENTERED)
        count.get_by_text("1 of 2").wait_for()
        field.press("Escape")
        field.wait_for(state="detached")
        shown.until(lambda: desk.evaluate("CSS.highlights.size") == 0, "nothing is marked")
