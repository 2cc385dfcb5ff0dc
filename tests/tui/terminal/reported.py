"""What a terminal is told of a session, by a clock that goes when it is told to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.terminal.reports import Reports
from qwen_dual.protocol import events as build
from qwen_dual.runtime.in_terminal import InTerminal
from tests.support.osc import statuses
from tests.tui.support import Clock

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.protocol.events import Event


XTERM = {"TERM": "xterm-256color"}


KNOWN, ATTRIBUTES = "\x1b]7501;?", "\x1b[?62;c"


SECRET = "sesame-7501-prompt"


class Desk:
    """Reports, a clock, and all that was written, as the terminal gets it."""

    def __init__(
        self,
        env: Mapping[str, str] = XTERM,
        wishes: InTerminal | None = None,
        cwd: str = "/home/me/proj",
        *,
        words: bool = False,
    ) -> None:
        self.clock = Clock()
        self.reports = Reports(cwd, env, wishes or InTerminal(), self.clock, words=words)
        self.written, self.asks = self.reports.drawn()

    def __call__(self, *said: str) -> str:
        """What is written once the session did what is said."""
        self.tell(*said)
        new, self.asks = self.reports.drawn()
        self.written += new
        return new

    def tell(self, *said: str) -> None:
        """A state, ``ask`` or ``answer``, or how a turn ended."""
        for word in said:
            for event in made(word):
                self.reports(event)

    def answers(self, *reports: str) -> str:
        """What is written once the terminal has said that of itself."""
        for report in reports:
            self.reports.said(report)
        return self()

    @property
    def statuses(self) -> list[str]:
        return statuses(self.written.encode())


def made(word: str) -> list[Event]:
    if word in ("done", "error", "interrupted"):
        result = {
            "type": "result",
            "is_error": word == "error",
            "stop_reason": word,
            "parent_tool_use_id": None,
        }
        return [*made("idle"), result]
    if word == "ask":
        request = {"tool_name": "edit", "input": {}, "preview": {"kind": "diff", "text": SECRET}}
        return [*made("awaiting_approval"), build.control_request("r", request)]
    if word in ("propose", "take"):
        proposals = [{"id": None, "text": SECRET, "origin": "input"}] if word == "propose" else []
        return [{**build.system("proposals", {"proposals": proposals}), "parent_tool_use_id": None}]
    if word == "answer":
        return [build.control_response("r", allowed=True, resolved_by="keyboard")]
    return [{**build.system("state", {"state": word}), "parent_tool_use_id": None}]
