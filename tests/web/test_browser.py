"""What the tests in a browser stand on: that it runs, and that a page which complains is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.web.browser import AXE, PHONE, Complaints, barriers, needs_browser

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = needs_browser


def test_what_a_page_says_against_itself_is_heard(browser: Browser) -> None:
    context = browser.new_context(**PHONE)
    complaints = Complaints(context)
    page = context.new_page()
    page.set_content("<script>setTimeout(() => { throw new Error('torn') })</script>")
    page.wait_for_function("true")
    page.evaluate("console.error('refused')")
    context.close()
    assert complaints.found == ["torn", "refused"]


def test_axe_finds_what_bars_somebody(desk: Page) -> None:
    assert AXE.is_file()
    desk.set_content("<html lang='en'><title>t</title><main><h1>t</h1><button></button></main>")
    assert [found.split(" ")[0] for found in barriers(desk)] == ["button-name"]
