"""The page of ``qwen-dual web`` in Chromium: one session at a desk and on a phone, light and dark."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from docs.screenshots.scenes import SCENES, prepare
from tests.web.browser import DESK, PHONE, chromium
from tests.web.support import served
from tests.web.whole_page import Shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.web.support import Server

_SCENES = [scene for scene in SCENES if scene.name in ("answer", "diff")]
_SETTLED = 1200  # milliseconds: both views have drawn what came last
_QUALITY = 82


def pictures() -> Iterator[tuple[str, bytes]]:
    """The name of each file and what is in it; one session for each theme."""
    themes: tuple[Literal["light", "dark"], ...] = ("light", "dark")
    with chromium() as browser:
        for theme in themes:
            with tempfile.TemporaryDirectory(prefix="screenshots-") as temporary:
                home = Path(temporary).resolve()
                replies = [blocks for scene in _SCENES for blocks in scene.replies]
                work, command = prepare(home, replies)
                with served(home, "--cwd", str(work), command=command) as server:
                    server.enter().start_session()
                    yield from _taken(browser, server, theme)


def _taken(
    browser: Browser, server: Server, theme: Literal["light", "dark"]
) -> Iterator[tuple[str, bytes]]:
    desk = browser.new_context(**DESK, color_scheme=theme).new_page()
    shown = Shown(desk).go(server)
    first, last = _SCENES
    shown.say(first.prompt)
    shown.until(lambda: first.until in shown.log.inner_text(), "it is explained")
    shown.until(lambda: "ready" in desk.inner_text("header"), "the turn is over")
    shown.say(last.prompt)
    shown.answer("Yes").wait_for()
    phone = browser.new_context(**{**PHONE, "device_scale_factor": 1.5}, color_scheme=theme)
    hand = Shown(phone.new_page()).go(server)
    hand.answer("Yes").wait_for()
    for name, page in (("desk", desk), ("phone", hand.page)):
        page.wait_for_timeout(_SETTLED)
        yield f"web-{name}-{theme}.jpg", page.screenshot(type="jpeg", quality=_QUALITY)
