"""The page for those who use no mouse, hear it, or see little of it: axe in every state, and keys alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pytest

from tests.web.browser import PHONE, barriers, needs_browser
from tests.web.support import served
from tests.web.whole_page import Shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page

    from tests.web.support import Server

pytestmark = needs_browser
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with served(tmp_path) as running:
        running.enter().start_session()
        yield running


def nothing(page: Page) -> None:
    found = barriers(page)
    assert found == [], "\n\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_at_a_desk(
    visitor: Callable[..., BrowserContext], server: Server, theme: Literal["light", "dark"]
) -> None:
    page = visitor(color_scheme=theme).new_page()
    page.goto(server.origin)
    page.get_by_role("heading").first.wait_for()
    nothing(page)
    shown = Shown(page).go(server)
    nothing(page)
    shown.say("write notes.md: hello")
    shown.answer("Yes").wait_for()
    shown.unfold()
    nothing(page)
    shown.give("Yes")
    shown.until(lambda: "done." in shown.log.inner_text(), "it is written")
    shown.over()
    for button in ("New", "Theme", "More", "This session", "More for this session"):
        page.get_by_role("button", name=button, exact=True).click()
        nothing(page)
        page.keyboard.press("Escape")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("?")
    page.get_by_role("dialog").wait_for()
    nothing(page)


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_on_a_phone(
    visitor: Callable[..., BrowserContext], server: Server, theme: Literal["light", "dark"]
) -> None:
    page = visitor(
        **{**PHONE, "viewport": {"width": 360, "height": 740}}, color_scheme=theme
    ).new_page()
    shown = Shown(page).go(server)
    shown.say("run touch made")
    shown.answer("Yes").wait_for()
    nothing(page)
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(wide) <= 0
    shown.give("Yes", tap=True)
    shown.until(lambda: shown.answer("Yes").count() == 0, "it is answered")
    page.get_by_role("button", name="Terminal", exact=True).first.tap()
    shown.until(lambda: shown.screen().strip(), "the terminal is shown")
    nothing(page)
    assert page.evaluate(wide) <= 0


def focused(page: Page) -> str:
    """The name and role of what has the focus."""
    return str(
        page.evaluate(
            "(e => `${e.getAttribute('role') ?? e.tagName} ${e.ariaLabel ?? e.innerText ?? ''}`)"
            "(document.activeElement)"
        )
    )


def test_everything_is_reached_and_left_by_keys_alone(desk: Page, server: Server) -> None:
    shown = Shown(desk).go(server)
    shown.prompt.focus()
    seen: list[str] = []
    while (now := focused(desk)) not in seen[-60:] or now.startswith("BODY"):
        seen.append(now)
        assert len(seen) < 200
        desk.keyboard.press("F6" if "Terminal input" in now else "Tab")
    told = "\n".join(seen)
    for name in ("New", "Theme", "More", "Chat", "Both", "Terminal", "Width of the chat"):
        assert name in told, f"{name!r} is not among\n{told}"
