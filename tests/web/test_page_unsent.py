"""What is half written in answer to a request stays, whatever is looked at before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.program import COMMAND
from tests.web.browser import DESK, PHONE, needs_browser
from tests.web.support import served
from tests.web.whole_page import Shown, call, scripted, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = needs_browser

LABELS = [{"label": "a", "description": ""}, {"label": "b", "description": ""}]
ASKED = [
    {"question": "Which?", "header": "", "options": LABELS},
    {"question": "How?", "header": "", "options": LABELS},
]
# More than stay connected: the one that is come back to is told anew.
OTHERS = [f"other{number}" for number in range(4)]


def looks_elsewhere(page: Page, session: str) -> Iterator[str]:
    """Does what takes a form away and brings it back, and says what that was, each time it is there again."""
    request, look = page.locator(".request"), page.get_by_role("button", name="Look", exact=True)
    page.get_by_role("button", name="Close", exact=True).click()
    look.click()
    request.wait_for()
    yield "the dialog was closed"
    page.set_viewport_size(DESK["viewport"])
    page.locator(":not(dialog .body) > .request").wait_for()
    yield "the window became wide"
    page.set_viewport_size(PHONE["viewport"])
    page.locator("dialog .request").wait_for()
    yield "the window became narrow"
    for key in OTHERS:
        page.evaluate("key => { location.hash = `session=${key}` }", key)
        page.locator(f"[data-session={key}]").get_by_text("There is no such session").wait_for()
    page.evaluate("key => { location.hash = `session=${key}` }", session)
    request.or_(look).first.wait_for()
    if look.is_visible():
        look.click()
    request.wait_for()
    yield "other sessions were looked at"


def test_what_is_half_written_stays_until_its_request_is_resolved(
    tmp_path: Path, phone: Page
) -> None:
    script = scripted(
        tmp_path,
        call("ask_user_question", questions=ASKED),
        call("run_shell_command", command="touch made"),
        call("run_shell_command", command="touch made"),
        text("understood"),
    )
    with served(tmp_path, command=[*COMMAND, *script]) as server:
        session = server.enter().start_session()
        shown = Shown(phone).go(server)
        shown.say("begin")
        request = phone.locator(".request")
        look = phone.get_by_role("button", name="Look", exact=True)
        request.or_(look).first.wait_for()
        if look.is_visible():
            look.click()
        option = request.get_by_label("b", exact=True).first
        words = phone.get_by_label("In your own words: How?")
        option.check()
        words.fill("by hand")
        for what in looks_elsewhere(phone, session):
            assert (option.is_checked(), words.input_value()) == (True, "by hand"), what
        shown.give("Answer", tap=True)

        phone.locator("[data-armed]").wait_for()
        shown.answer("No, and say what instead").tap()
        reason = phone.get_by_role("textbox", name="No, and say what instead")
        reason.fill("use the trash")
        for what in looks_elsewhere(phone, session):
            assert reason.input_value() == "use the trash", what
        shown.give("No", tap=True)
        shown.sees("use the trash")
