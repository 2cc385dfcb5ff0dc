"""What sub-agents did, saved as the reference saves it: a file for each, beside the chat.

``subagents/SESSION/agent-NAME-CALL.jsonl`` has the records, which are those of a chat and marked as a
side chain, and ``….meta.json`` says whose they are. The chat itself holds the call and its result alone.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.chats.journal import Journal
from qwen_dual.chats.paths import lanes_folder
from qwen_dual.chats.records import (
    PROVENANCE,
    part_of,
    timestamp,
    tool_call_result,
    usage_metadata,
)
from qwen_dual.fs.replace import replace_file
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid
from qwen_dual.protocol.nesting import each_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.chats.chain import Stamp
    from qwen_dual.protocol.agents import AgentCall
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Preview

_UNSAFE = re.compile(r"[^a-zA-Z0-9_-]")

MAX_NAME = 80
"""Characters of an agent's id in the name of its file."""


class LaneRecorder:
    """Writes down what the sub-agents of one session do.

    Args:
        chat: the file of the session.
        session_id: its id.
        stamp: what every record says.
    """

    def __init__(self, chat: str, session_id: str, stamp: Stamp) -> None:
        self._folder = lanes_folder(chat)
        self._session_id = session_id
        self._stamp = stamp
        self._branch = stamp.git_branch()
        self._open: dict[str, _Lane] = {}

    def take(self, event: Event, agent: str, call: AgentCall) -> None:
        """Takes an event of the sub-agent that works for the call ``agent``, which ``call`` is.

        Raises:
            OSError: it cannot be written.
        """
        kind = event["type"]
        if kind == "control_request":
            preview = event["request"].get("preview")
            self._preview(agent, event["request"]["tool_use_id"], preview)
        elif kind == "system" and event["subtype"] == "tool_progress":
            self._preview(agent, event["data"]["tool_use_id"], event["data"].get("preview"))
        elif kind in ("assistant", "user"):
            lane = self._open.get(agent) or self._begin(agent, call)
            if kind == "assistant":
                self._message(lane, event["message"])
            else:
                self._user(lane, event)

    def path_of(self, agent: str) -> str:
        """The file of a sub-agent that is at work; empty where it has none."""
        lane = self._open.get(agent)
        return "" if lane is None else f"{lane.path}.jsonl"

    def ended(self, agent: str, status: str) -> None:
        """The sub-agent came to its end; one that never said anything is none.

        Args:
            agent: the call that it worked for.
            status: ``completed``, ``failed``, or another word for that it was stopped.

        Raises:
            OSError: it cannot be written.
        """
        lane = self._open.pop(agent, None)
        if lane is not None:
            lane.journal.close()
            self._write_meta(lane, status if status in ("completed", "failed") else "cancelled")

    def close(self, keep: Callable[[str], bool] = lambda agent: False) -> None:
        """Whoever is still at work is stopped: the turn, or the session, has ended.

        Args:
            keep: whether an agent goes on.

        Raises:
            OSError: it cannot be written.
        """
        for agent in [key for key in self._open if not keep(key)]:
            self.ended(agent, "cancelled")

    def _begin(self, agent: str, call: AgentCall) -> _Lane:
        agent_id = f"{call.name}-{agent}"
        base = os.path.join(self._folder, f"agent-{_UNSAFE.sub('_', agent_id)[:MAX_NAME]}")
        path, number = base, 1
        while os.path.lexists(f"{path}.jsonl"):  # models count their calls anew in every turn
            number += 1
            path = f"{base}-{number}"
        if number > 1:
            agent_id = f"{agent_id}-{number}"
        above = self._open.get(call.caller or "")
        journal = Journal(f"{path}.jsonl", new=True)
        lane = _Lane(agent, agent_id, call, path, journal, self._stamp.now())
        lane.above = None if above is None else above.agent_id
        self._open[agent] = lane
        self._write_meta(lane, "running")
        return lane

    def _write_meta(self, lane: _Lane, status: str) -> None:
        """Writes who it is, and how far it came."""
        now = self._stamp.now()
        about: dict[str, Any] = {
            "agentId": lane.agent_id,
            "agentType": lane.call.name,
            "description": lane.call.description,
            "parentSessionId": self._session_id,
            "toolUseId": lane.agent,
            "parentAgentId": lane.above,
            "createdAt": timestamp(lane.began),
            "status": status,
            "isBackgrounded": lane.call.background,
            "lastUpdatedAt": timestamp(now),
            "subagentName": lane.call.name,
        }
        if status != "running":
            about["stats"] = {
                "totalTokens": lane.tokens,
                "outputTokens": lane.written,
                "toolUses": lane.calls,
                "durationMs": round((now - lane.began) * 1000),
            }
        data = encode(each_text(about, self._stamp.scrub))
        real = os.path.join(os.path.realpath(self._folder), os.path.basename(lane.path))
        replace_file(f"{real}.meta.json", data, mode=0o600, durable=False)

    def _preview(self, agent: str, call_id: str, preview: Preview | None) -> None:
        lane = self._open.get(agent)
        if lane is not None and preview and preview["kind"] == "diff":
            lane.changes[call_id] = preview

    def _message(self, lane: _Lane, message: Event) -> None:
        usage = message["usage"]
        lane.written += usage.get("output_tokens", 0)
        lane.tokens += usage.get("input_tokens", 0) + usage.get("output_tokens", 0)
        for block in message["content"]:
            if block["type"] == "tool_use":
                lane.names[block["id"]] = block["name"]
                lane.calls += 1
        if message["content"]:
            parts = [part_of(block, {}) for block in message["content"]]
            self._add(
                lane,
                "assistant",
                model=message["model"],
                message={"role": "model", "parts": parts},
                usageMetadata=usage_metadata(usage),
            )

    def _user(self, lane: _Lane, event: Event) -> None:
        for block in event["message"]["content"]:
            if block["type"] == "text":
                message = {"role": "user", "parts": [{"text": block["text"]}]}
                self._add(lane, "user", message=message)
            elif block["type"] == "tool_result":
                call_id = block["tool_use_id"]
                change = lane.changes.pop(call_id, None)
                part = part_of(block, lane.names)
                lane.names.pop(call_id, None)
                self._add(
                    lane,
                    "tool_result",
                    message={"role": "user", "parts": [part]},
                    toolCallResult=tool_call_result(block, change, event.get("tool_use_result")),
                )

    def _add(self, lane: _Lane, kind: str, **fields: Any) -> None:
        stamp = self._stamp
        record: dict[str, Any] = {
            "uuid": new_uuid(),
            "parentUuid": lane.last,
            "sessionId": self._session_id,
            "timestamp": timestamp(stamp.now()),
            "type": kind,
            "provenance": PROVENANCE[kind],
            "cwd": stamp.cwd,
            "version": stamp.version,
            "agentId": lane.agent_id,
            "agentName": lane.call.name,
            "isSidechain": True,
        }
        if self._branch is not None:
            record["gitBranch"] = self._branch
        for key, value in fields.items():
            if value is not None:
                record[key] = each_text(value, stamp.scrub)
        lane.journal.append(encode(record))
        lane.last = record["uuid"]


class _Lane(Struct):
    agent: str
    agent_id: str
    call: AgentCall
    path: str  # without its ending
    journal: Journal
    began: float
    above: str | None = None  # the agent that called it
    last: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Preview] = field(default_factory=dict)
    calls: int = 0
    tokens: int = 0
    written: int = 0
