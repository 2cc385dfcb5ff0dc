"""The page in Debian's Chromium: at a desk and on a phone, and what it must never do."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).parents[2]
AXE = ROOT / "qwen_dual/web/page/node_modules/axe-core/axe.min.js"
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "device_scale_factor": 2,
    "has_touch": True,
    "is_mobile": True,
}
_ARGUMENTS = [
    *("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-quic"),
    "--disable-3d-apis",  # without a graphics card they cost more than all the rest
]


def missing() -> str:
    """Why there is no browser to test in; empty where there is one."""
    if shutil.which("chromium") is None:
        return "needs Chromium (Debian's package chromium)"
    if not (ROOT / "qwen_dual/web/static/index.html").is_file():
        return "needs the page (make page)"
    return ""


needs_browser = pytest.mark.skipif(bool(missing()), reason=missing() or "there is one")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium; while it is there nobody can run an event loop of their own in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=_ARGUMENTS, timeout=50_000
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of one module."""
    if why := missing():
        pytest.skip(why)
    with chromium() as browser:
        yield browser


class Complaints:
    """What a page said against itself: errors of its script, and what its policy refused."""

    def __init__(self, context: BrowserContext) -> None:
        self.found: list[str] = []
        context.on("page", self._listen)

    def _listen(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.found.append(str(error)))
        page.on("console", lambda said: self._hear(said.type, said.text))

    def _hear(self, kind: str, text: str) -> None:
        # What the server refuses is told by the browser as an error of the network, which tests expect.
        if kind == "error" and "Failed to load resource" not in text and "WebSocket" not in text:
            self.found.append(text)


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browsers that share nothing: ``visitor(**PHONE)``. A page that complained fails the test."""
    contexts: list[tuple[BrowserContext, Complaints]] = []

    def visit(**options: Any) -> BrowserContext:
        context = browser.new_context(**{**DESK, **options})
        context.set_default_timeout(40_000)
        contexts.append((context, Complaints(context)))
        return context

    yield visit
    for context, _ in contexts:
        context.close()
    assert [said for _, complaints in contexts for said in complaints.found] == []


@pytest.fixture
def desk(visitor: Callable[..., BrowserContext]) -> Page:
    """An empty page at a desk."""
    return visitor().new_page()


@pytest.fixture
def phone(visitor: Callable[..., BrowserContext]) -> Page:
    """An empty page on a phone."""
    return visitor(**PHONE).new_page()


def barriers(page: Page) -> list[str]:
    """What axe finds on a page that bars somebody from using it: rule, impact and where.

    Not in what a program paints on its terminal: the colours there are its own, and tests of its themes hold
    them; half of a colour, which xterm draws as dim, is what it asked for.
    """
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run({exclude: ['.xterm-rows']}, {resultTypes: ['violations']})")
    return [
        f"{one['id']} ({one['impact']}): {node['html']} {node.get('failureSummary', '')}"
        for one in found["violations"]
        for node in one["nodes"]
    ]
