"""The page in Chromium: how soon it can be used, how soon an event is seen in it, and what it weighs.

Chromium draws in software here: with a graphics card it is quicker.
"""

from __future__ import annotations

import gzip
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.web import EVENTS, PROGRAM, RATE
from tests.web.browser import DESK, chromium
from tests.web.support import served
from tests.web.whole_page import Shown

if TYPE_CHECKING:
    from playwright.sync_api import Page

BUDGET_SCREEN_MS = 300.0
"""From the navigation to a terminal that is shown, beside a chat that can be written in, the median."""
BUDGET_WEIGHT = 400_000

WATCH = """() => {
  window.seen = [];
  const place = document.querySelector('[aria-label="Conversation"]');
  const look = () => {
    const [told] = place.textContent.slice(-120).match(/[0-9]{12,}(?=\\D*$)/) ?? [];
    if (told && window.seen.at(-1)?.[0] !== told) {
      window.seen.push([told, performance.timeOrigin + performance.now()]);
    }
  };
  // Behind the frame in which it is painted.
  new MutationObserver(() => requestAnimationFrame(() => setTimeout(look)))
    .observe(place, { subtree: true, childList: true, characterData: true });
}"""


@dataclass(frozen=True, slots=True)
class Painted:
    """What a person at the page waits for.

    Attributes:
        screen: milliseconds from the navigation until the terminal is shown, each.
        event: from an event that the program writes to the frame with its text, each that a frame shows.
        weight: bytes of all pieces of the page, compressed, those that are loaded later too.
    """

    screen: list[float]
    event: list[float]
    weight: int


def measure(folder: Path, loads: int) -> Painted:
    """One page at a desk, with the terminal and the chat beside each other.

    Args:
        folder: gets what the server keeps.
        loads: how often the page is opened.
    """
    folder.mkdir()
    with served(folder, command=PROGRAM) as server, chromium() as browser:
        server.enter().start_session()
        page = browser.new_context(**DESK).new_page()
        shown = Shown(page).go(server)
        screen = [_loaded(shown) for _ in range(loads)]
        return Painted(screen, _seen(page, shown), weight())


def _loaded(shown: Shown) -> float:
    page = shown.page
    page.reload()
    mark = "performance.getEntriesByName('terminal-shown')[0]?.startTime ?? 0"
    shown.until(lambda: page.evaluate(mark), "the terminal is shown")
    shown.prompt.wait_for()
    return float(page.evaluate(mark))


def _seen(page: Page, shown: Shown) -> list[float]:
    began = time.time_ns() - time.monotonic_ns()
    page.evaluate(WATCH)
    shown.say(f'{{"message": 1, "events": {EVENTS}, "rate": {RATE}}}')
    seen: list[list[object]] = []

    def all_seen() -> bool:
        seen[:] = page.evaluate("window.seen")
        return len(seen) > 1 and time.time() * 1000 - float(str(seen[-1][1])) > 1500

    shown.until(all_seen, "every event is shown")
    return [float(str(at)) - (int(str(told)) + began) / 1e6 for told, at in seen]


def weight() -> int:
    """What a browser loads of the page in the end."""
    folder = Path(__file__).parents[1] / "qwen_dual" / "web" / "static"
    pieces = [
        path
        for path in folder.rglob("*")
        if path.is_file() and "replay" not in path.relative_to(folder).parts
    ]
    return sum(len(gzip.compress(path.read_bytes(), 6)) for path in pieces)
