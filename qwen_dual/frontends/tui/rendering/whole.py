"""The conversation whole, as text for a pager: everything that the screen folds is open in it. Pure.

An observer of the bus beside the view. It holds the end of a conversation that has no bound; what it
gives is sanitised.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.tools.tool import Display
from qwen_dual.frontends.tui.rendering.render import ARROWS, FAILED, MODEL, OK, PERSON
from qwen_dual.frontends.tui.state.agents import AgentTexts
from qwen_dual.frontends.tui.state.live_state import is_remote, main_argument, sender_of
from qwen_dual.frontends.tui.state.outcome import ending
from qwen_dual.protocol.blocks import text_in
from qwen_dual.protocol.rewound import rewound_text
from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.protocol.visible import visible, visible_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ToolOutcome

MAX_CHARS = 8_000_000
"""Of all that is held; the oldest goes first."""

LANE_CHARS = 1_000_000
"""The same of one sub-agent."""

EARLIER = "… what came before is in the saved session: /export writes all of it\n"


class _Call(Struct):
    head: str
    diff: str = ""
    denied: bool = False
    asked: str = ""  # the request for leave that is open


class WholeTranscript:
    """What was said and done, one part after another; what sub-agents did, below their calls.

    Args:
        display_of: how the tool with a name is called before a person.
        max_chars: of what is held.
    """

    def __init__(
        self,
        display_of: Callable[[str], Display] = Display.of,
        max_chars: int = MAX_CHARS,
    ) -> None:
        self._display_of = display_of
        self._max_chars = max_chars
        # Sanitised when it is asked for: of megabytes that takes longer than a key may wait.
        self._parts: deque[tuple[str, str, str]] = deque()  # symbol, text, the diff below it
        self._chars = 0
        self._cut = False
        self._calls: dict[str, _Call] = {}
        self._lanes = AgentTexts(lambda: WholeTranscript(display_of, LANE_CHARS))

    @property
    def text(self) -> str:
        """All of it, a blank line between two parts; at the end what sub-agents are at."""
        return self._earlier + "\n".join(filter(None, [self._own, self._lanes.at_work]))

    @property
    def agents(self) -> str:
        """What the sub-agents said and did that are at work, or were the last to be."""
        return self._lanes.latest

    @property
    def _earlier(self) -> str:
        return EARLIER + "\n" if self._cut else ""

    @property
    def _own(self) -> str:
        parts = (_shown(*part) for part in self._parts)
        return "\n".join(filter(None, parts))

    def replay(self, events: Iterable[Event]) -> None:
        """Takes the events of an earlier conversation."""
        for event in events:
            self(event)
        self._calls.clear()
        self._lanes.close()

    def __call__(self, event: Event) -> None:
        """Takes one event, of a sub-agent in its lane."""
        agent = event.get("parent_tool_use_id")
        if agent is None or event.get("subtype") == "notice":
            self._add_event(event)
        elif event["type"] != "stream_event":
            if event["type"] in ("assistant", "user"):
                self._nested(event, agent)
            self._lanes.of(agent)._of_agent(event)

    def _nested(self, event: Event, agent: str) -> None:
        """Agents of an agent: the calls they work for are made and answered in its lane."""
        content = event["message"]["content"]
        self._lanes.called(content, agent)
        for block in content:
            if block["type"] == "tool_result":
                failed = block["is_error"]
                inner = self._lanes.ended(block["tool_use_id"], failed=failed, caller=agent)
                self._lanes.of(agent)._add(" ", inner)

    def _of_agent(self, event: Event) -> None:
        """Takes an event of the sub-agent whose lane this is; its approvals stand in it."""
        self._add_event(event)
        if event["type"] == "control_request":
            request = event["request"]
            call = self._calls.get(request["tool_use_id"])
            head = call.head if call is not None else sanitise(request["tool_name"])
            self._calls[event["request_id"]] = _Call("", asked=head)
        elif event["type"] == "control_response":
            response = event["response"]
            asked = self._calls.pop(response["request_id"], None)
            if asked is not None and response["subtype"] == "success":
                self._add("?", _answered(asked.asked, response))

    def _add_event(self, event: Event) -> None:
        match event["type"]:
            case "assistant":
                self._assistant(event)
            case "user":
                self._user(event)
            case "control_request":
                preview = event["request"].get("preview") or {}
                self._preview(event["request"]["tool_use_id"], preview)
            case "result" if event["num_turns"]:
                self._lanes.settle()
            case "system":
                self._system(event)

    def _assistant(self, event: Event) -> None:
        self._lanes.called(event["message"]["content"])
        for block in event["message"]["content"]:
            if block["type"] == "text":
                self._add(MODEL, block["text"])
            elif block["type"] == "thinking":
                self._add(MODEL, f"(thinking) {block['thinking']}")
            elif block["type"] == "tool_use":
                argument = visible(main_argument(block["input"]))
                head = f"{self._display_of(sanitise(block['name'])).word}  {argument}".rstrip()
                self._calls[block["id"]] = _Call(head)

    def _user(self, event: Event) -> None:
        for block in event["message"]["content"]:
            if block["type"] == "text":
                if event.get("origin") == "agent" and event.get("parent_tool_use_id") is None:
                    self._add(" ", block["text"])  # how one in the background ended
                    continue
                sender = sender_of(event.get("origin"))
                self._add(
                    PERSON, f"{block['text']}  {ARROWS} {sender}" if sender else block["text"]
                )
            elif block["type"] == "tool_result":
                call = self._calls.pop(block["tool_use_id"], None) or _Call("Tool")
                failed = block["is_error"]
                self._add(" ", self._lanes.ended(block["tool_use_id"], failed=failed))
                outcome: ToolOutcome = event.get("tool_use_result") or {}
                head = "  ".join([call.head, *ending(outcome)])
                if call.diff and not failed:
                    self._add(OK, head, call.diff)
                    continue
                text = outcome.get("output", text_in(block["content"]))
                self._add(FAILED if failed else OK, f"{head}\n{text.rstrip()}".rstrip())

    def _preview(self, tool_use_id: str, preview: Event) -> None:
        call = self._calls.get(tool_use_id)
        if call is not None and preview.get("kind") == "diff":
            call.diff = preview["text"]

    def _system(self, event: Event) -> None:
        data = event["data"]
        match event["subtype"]:
            case "tool_progress" if data["status"] == "started":
                self._preview(data["tool_use_id"], data.get("preview") or {})
            case "slash_command":
                self._add(PERSON, f"/{data['command']} {data['args']}".rstrip())
            case "rewound" if is_remote(data["origin"]):  # else a command answers with the same
                self._add(" ", rewound_text(data))
            case "notice":
                self._add(" ", data["text"])
            case "session_changed":
                self._parts.clear()
                self._calls.clear()
                self._lanes.clear()
                self._chars, self._cut = 0, False
            case "task_started" | "task_notification":
                self._add(" ", self._lanes.system_event(event["subtype"], data))

    def _add(self, symbol: str, text: str, diff: str = "") -> None:
        if not text or text.isspace():
            return
        if len(text) > self._max_chars:
            begin = len(text) - self._max_chars
            text = text[text.find("\n", begin) + 1 or begin :]
            self._cut = True
            self._parts.clear()
            self._chars = 0
        self._parts.append((symbol, text, diff))
        self._chars += len(text) + len(diff)
        while self._chars > self._max_chars and len(self._parts) > 1:
            _, text, diff = self._parts.popleft()
            self._chars -= len(text) + len(diff)
            self._cut = True


def _shown(symbol: str, text: str, diff: str) -> str:
    if diff:
        text = f"{text}\n{visible(diff).rstrip()}"
    text = (visible_prompt if symbol == PERSON else sanitise)(text).strip("\n")
    return f"{symbol} " + text.replace("\n", "\n  ") + "\n" if text.strip() else ""


def _answered(asked: str, response: Event) -> str:
    """What a sub-agent asked for, what came of it, and who said so."""
    answer = response["response"]
    verdict = "allowed" if answer["allowed"] else "not allowed"
    by = response.get("resolved_by") or ""
    reason = answer.get("message") or ""
    head = f"{asked}\n{verdict}{f' ({by})' if by else ''}"
    return f"{head}: {reason}" if reason else head
