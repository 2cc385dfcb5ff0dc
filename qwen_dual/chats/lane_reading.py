"""What sub-agents of an earlier session did, from their files: events in the lanes of their calls.

Takes what this program wrote and what Qwen Code wrote. A file that cannot be read, or is not what its
name says, is as if it were not there: the chat has the results.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.chats.reading import branch, records_in
from qwen_dual.chats.replay import replay_of
from qwen_dual.fs.foreign import ForeignFileError, open_foreign, read_foreign, read_up_to
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qwen_dual.protocol.events import Event

MAX_FILES = 2_000
"""Lanes that are looked at."""

MAX_LANE_BYTES = 8 << 20
"""Of one lane that is read: its end."""

MAX_BYTES = 64 << 20
"""Of all lanes of a session; what is beyond it is left out."""

MAX_DEPTH = 8
"""Agents within agents whose lanes are read."""

MAX_META_BYTES = 1 << 16

_META = ".meta.json"


class _Saved(Struct, frozen=True):
    """A lane on disk."""

    path: str
    agent_id: str
    above: str  # the agent that called it; empty for the main one
    call_id: str
    background: bool
    status: str
    created: str


def with_lanes(replay: Sequence[Event], folder: str) -> list[Event]:
    """The events of a session with those of its sub-agents, each lane before its call's result.

    What went on in the background follows the result, and its end is told.

    Args:
        replay: the events of the main agent.
        folder: where the lanes of the session are.
    """
    return list(_Lanes(folder).joined(replay))


class _Lanes:
    def __init__(self, folder: str) -> None:
        self._by_call: dict[tuple[str, str], list[_Saved]] = {}
        for saved in sorted(_saved_in(folder), key=lambda one: (one.created, len(one.path))):
            self._by_call.setdefault((saved.above, saved.call_id), []).append(saved)
        self._left = MAX_BYTES

    def joined(
        self, replay: Iterable[Event], agent_id: str = "", depth: int = 0
    ) -> Iterator[Event]:
        """The events of one agent, with those of the agents that it called."""
        bodies = list(replay)
        answered = [
            (at, lanes)
            for at, body in enumerate(bodies)
            for call_id in _answered(body)
            if (lanes := self._by_call.get((agent_id, call_id)))
        ]
        # Models count their calls anew, and of a long session only the end is shown: the last call
        # of an id has the last lane.
        found: dict[int, list[_Saved]] = {}
        for at, lanes in reversed(answered):
            if lanes:
                found.setdefault(at, []).insert(0, lanes.pop())
        for at, body in enumerate(bodies):
            lanes = found.get(at, [])
            for saved in lanes:
                if not saved.background:
                    yield from self._events(saved, depth + 1)
            yield body
            for saved in lanes:
                if saved.background:
                    yield from self._events(saved, depth + 1)
                    told = {"tool_use_id": saved.call_id, "status": saved.status}
                    yield events.system("task_notification", told)

    def _events(self, saved: _Saved, depth: int) -> Iterator[Event]:
        if depth > MAX_DEPTH:
            return
        records = branch(records_in(self._read(saved.path)).every)
        own = (body for body in replay_of(records, interrupted=False) if _is_whole(body))
        for body in self.joined(own, saved.agent_id, depth):
            yield {"parent_tool_use_id": saved.call_id, **body}

    def _read(self, path: str) -> bytes:
        try:
            fd = open_foreign(path)
        except (OSError, ForeignFileError):
            return b""
        try:
            size = os.fstat(fd).st_size
            room = min(MAX_LANE_BYTES, self._left)
            os.lseek(fd, max(0, size - room), os.SEEK_SET)
            data = read_up_to(fd, room)
        finally:
            os.close(fd)
        self._left -= len(data)
        return data


def _answered(body: Event) -> list[str]:
    """The calls that have their results in an event."""
    if body["type"] != "user":
        return []
    content = body["message"]["content"]
    return [block["tool_use_id"] for block in content if block["type"] == "tool_result"]


def _is_whole(body: Event) -> bool:
    return body["type"] in ("assistant", "user") or body.get("subtype") == "tool_progress"


def _saved_in(folder: str) -> Iterator[_Saved]:
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(_META))
    except OSError:
        return
    for name in names[:MAX_FILES]:
        path = os.path.join(folder, name)
        try:
            about = decode(read_foreign(path, limit=MAX_META_BYTES))
        except (OSError, ForeignFileError, NotJson):
            continue
        if isinstance(about, dict) and isinstance(about.get("toolUseId"), str):
            agent_id, above = about.get("agentId"), about.get("parentAgentId")
            status, created = about.get("status"), about.get("createdAt")
            yield _Saved(
                path.removesuffix(_META) + ".jsonl",
                agent_id if isinstance(agent_id, str) else path,
                above if isinstance(above, str) else "",
                about["toolUseId"],
                about.get("isBackgrounded") is True,
                status if status in ("completed", "failed", "cancelled") else "cancelled",
                created if isinstance(created, str) else "",
            )
