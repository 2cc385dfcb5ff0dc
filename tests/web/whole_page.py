"""The page as a person has it: a session of the server's in a browser, what it shows, what is done in it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator, Page, WebSocketRoute

    from tests.web.support import Server


def scripted(folder: Path, *replies: dict[str, Any]) -> list[str]:
    """Arguments for a session whose model says these replies."""
    path = folder / "script.jsonl"
    path.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    return ["--offline-script", str(path)]


def text(*deltas: str, repeat: int = 1, **more: Any) -> dict[str, Any]:
    """A reply of text."""
    return {"blocks": [{"type": "text", "deltas": list(deltas), "repeat": repeat}], **more}


def call(name: str, **arguments: Any) -> dict[str, Any]:
    """A reply that calls a tool."""
    return {"blocks": [{"type": "tool_use", "name": name, "input": arguments}]}


class Shown:
    """A browser's page with one session open."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.cuts: list[WebSocketRoute] = []

    def go(self, server: Server, *, cuttable: bool = False) -> Shown:
        """Comes in by the first link; the session is ready then."""
        if cuttable:
            self.page.route_web_socket("**/ws/**", self._pass_on)
        self.page.goto(server.url)
        self.prompt.wait_for()
        return self

    @property
    def prompt(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_role("textbox", name="Prompt", exact=True)

    @property
    def log(self) -> Locator:
        """What was said."""
        return self.page.get_by_role("region", name="Conversation")

    @property
    def stop(self) -> Locator:
        """What stops a turn: there as long as one runs."""
        return self.page.get_by_role("button", name="Stop", exact=True)

    def over(self) -> None:
        """Waits for the end of a turn of which the conversation shows something: before, none may have begun."""
        self.stop.wait_for(state="detached")

    def answer(self, words: str) -> Locator:
        """The button of a request with exactly these words, whatever its key."""
        return self.page.get_by_role("button", name=re.compile(rf"^(\w )?{re.escape(words)}$"))

    def give(self, words: str, *, tap: bool = False) -> None:
        """Answers a request, once that has been seen for a moment: until then no click counts."""
        self.page.locator("[data-armed]").wait_for()
        self.answer(words).tap() if tap else self.answer(words).click()

    def unfold(self) -> None:
        """Everything that is folded in the conversation."""
        folded = self.log.locator("[aria-expanded=false]")
        folded.evaluate_all("all => all.forEach(one => one.click())")

    def say(self, words: str) -> None:
        """Submits a prompt: by the key, or on a phone, where that begins a line, by the button."""
        self.prompt.click()
        self.prompt.fill(words)
        if self.page.evaluate("matchMedia('(pointer: coarse)').matches"):
            self.page.get_by_role("button", name="Send", exact=True).tap()
        else:
            self.prompt.press("Enter")

    def sees(self, words: str, times: int = 1) -> None:
        """Waits until the conversation shows words, and so many times."""
        self.until(lambda: self.log.inner_text().count(words) == times, f"{words!r} {times} times")

    def screen(self) -> str:
        """The rows of the terminal."""
        return str(self.page.evaluate("window.qwenDual?.text() ?? ''"))

    def until(self, true: Callable[[], object], what: str) -> None:
        """Waits for what nothing announces."""
        wait_until(true, what, meanwhile=lambda: self.page.wait_for_timeout(20))

    def cut(self) -> None:
        """The network is gone for a moment: every connection breaks."""
        sockets, self.cuts = self.cuts, []
        for socket in sockets:
            socket.close(code=1012)

    def _pass_on(self, socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        self.cuts.append(socket)
