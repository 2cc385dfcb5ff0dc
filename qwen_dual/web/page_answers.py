"""Which page an answer is for that comes over the server's own channel, where pages have none of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qwen_dual.protocol.command_shapes import QUERIES

if TYPE_CHECKING:
    from qwen_dual.host import Event

MAX_ASKED = 1000
"""Answers that are waited for."""


class Page(Protocol):
    """What asks: a page's channel."""

    def send(self, event: dict[str, Any]) -> None:
        """Tells an event to this page alone."""


class PageAnswers:
    """Remembers which page has asked what, and which ones follow the draft."""

    def __init__(self) -> None:
        self._asked: dict[str, Page] = {}
        self._watchers: set[Page] = set()

    def note(self, command: dict[str, Any], page: Page) -> None:
        """Notes a command that a page gives: what answers it is for that page."""
        command_id = command.get("id")
        if isinstance(command_id, str) and command["type"] in (*QUERIES, "get_draft"):
            self._asked[command_id] = page
            if len(self._asked) > MAX_ASKED:
                del self._asked[next(iter(self._asked))]
        if command["type"] in ("get_draft", "watch"):
            self._watchers.add(page)

    def takes(self, event: Event) -> bool:
        """Whether an event is for some pages alone, which it tells it then; no other is to be told."""
        if event.type != "system":
            return False
        receipt = event.subtype == "command_receipt"
        command_id = str(event.data.get("id") if receipt else event.command_id)
        page = self._asked.get(command_id)
        if page is not None:
            page.send(event.raw)
            if not receipt or event.data.get("status") == "rejected":  # nothing more comes of it
                del self._asked[command_id]
        elif event.subtype == "draft":
            for watcher in self._watchers:
                watcher.send(event.raw)
        # Which sessions are saved is nothing for who has a link to one alone.
        return page is not None or event.subtype in ("draft", "sessions")

    def forget(self, page: Page) -> None:
        """A page is gone."""
        self._watchers.discard(page)
        self._asked = {asked: by for asked, by in self._asked.items() if by is not page}
