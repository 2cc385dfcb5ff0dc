"""The page of ``qwen-dual replay --html`` in a browser: terminal and chat move together, and nothing runs in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwen_dual.recording.html import html_of
from qwen_dual.recording.recorded import Recorded
from tests.web.browser import barriers, needs_browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = needs_browser

STREAMS = Path(__file__).with_name("streams")
STEP = 0.1
HOSTILE = (
    '</script><script>window.ran = 1</script><!-- <img src="http://x.invalid/y" onerror="ran=2">'
)


def recording(folder: Path, name: str) -> Recorded:
    """A recorded stream with a terminal that shows the number of each event, a tenth of a second apart."""
    place = folder / "r"
    place.mkdir()
    lines = (
        (STREAMS / f"{name}.jsonl").read_text().replace("say 30 words", json.dumps(HOSTILE)[1:-1])
    )
    events = lines.splitlines(keepends=True)
    cast: list[object] = [{"version": 3, "term": {"cols": 40, "rows": 10}, "title": HOSTILE}]
    cast += [[STEP, "o", f"\r\nevent {number}"] for number in range(1, len(events) + 1)]
    (place / "events.jsonl").write_text(lines)
    (place / "terminal.cast").write_text("".join(f"{json.dumps(line)}\n" for line in cast))
    offset = 0
    with (place / "index.jsonl").open("w") as index:
        for number, event in enumerate(events, 1):
            index.write(f"{json.dumps({'t': number * STEP, 'offset': offset})}\n")
            offset += len(event.encode())
    return Recorded(str(place))


def shown(page: Page, folder: Path, name: str = "answers") -> list[str]:
    """Opens the page of a recording; what it asks for on the network besides itself."""
    path = folder / "page.html"
    path.write_bytes(html_of(recording(folder, name)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    page.wait_for_selector(".ap-term")
    return [url for url in asked if url != path.as_uri() and not url.startswith("data:")]


def seek(page: Page, key: str) -> None:
    """Sets the player to tenths of the recording, as its own keys do."""
    page.locator(".ap-wrapper").focus()
    page.keyboard.press(key)


def test_the_chat_follows_the_player_and_the_player_the_chat(desk: Page, tmp_path: Path) -> None:
    assert shown(desk, tmp_path) == []
    chat = desk.locator(".replay-chat")
    chat.get_by_text("Nothing has been said yet").wait_for()
    seek(desk, "7")
    chat.get_by_text("The end.").wait_for()
    chat.locator(".hljs-keyword").first.wait_for()
    chat.locator(".row.is-prompt").first.click()
    chat.get_by_text("What an answer can look like").wait_for(state="detached")
    chat.locator(".row.is-prompt").nth(1).wait_for(state="detached")
    events = (STREAMS / "answers.jsonl").read_text().splitlines()
    began = next(at for at, line in enumerate(events, 1) if '"type": "user"' in line)
    last = rf"event {began}\s*$"
    desk.wait_for_function(f"/{last}/.test(document.querySelector('.ap-term').innerText)")
    assert barriers(desk) == []


def test_nothing_that_was_recorded_runs_or_is_fetched(desk: Page, tmp_path: Path) -> None:
    assert shown(desk, tmp_path) == []
    seek(desk, "8")
    desk.locator(".replay-chat").get_by_text("window.ran").first.wait_for()
    assert desk.evaluate("window.ran") is None
    assert desk.locator("#page img").count() == 0
    assert HOSTILE[:20] in desk.title()


def test_a_stream_without_a_terminal_has_a_clock(phone: Page, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_bytes(html_of(Recorded(str(STREAMS / "tools.jsonl"))))
    phone.goto(path.as_uri())
    phone.get_by_role("button", name="Play").wait_for()
    phone.get_by_label("Moment").evaluate(
        "slider => { slider.value = slider.max; slider.dispatchEvent(new Event('input')) }"
    )
    phone.get_by_text("Unknown command /nonsense").wait_for()
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert barriers(phone) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_its_colours_are_those_of_the_readers_theme(
    desk: Page, tmp_path: Path, scheme: str
) -> None:
    desk.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    shown(desk, tmp_path)
    ground = desk.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(255, 255, 255)") is (scheme == "light")
