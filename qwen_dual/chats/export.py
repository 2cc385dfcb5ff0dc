"""A chat as a document: Markdown, JSON, JSON Lines or one HTML page. Pure; writes no file."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.chats.page import page
from qwen_dual.protocol.agents import agent_call
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.visible import visible, visible_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from qwen_dual.chats.load import Chat
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.visible import Reading

Format = Literal["md", "json", "jsonl", "html"]
FORMATS: tuple[Format, ...] = ("md", "json", "jsonl", "html")

_EXACT: dict[str, Reading] = dict.fromkeys(
    ("command", "directory", "file_path", "path", "pattern", "url"), "command"
)


class UnknownFormat(ValueError):
    """A format that there is not."""

    def __init__(self, given: str) -> None:
        super().__init__(f"unknown format {given!r}; one of {', '.join(FORMATS)}")
        self.given = given


class Entry(Struct, frozen=True):
    """One thing that was said or done.

    Attributes:
        kind: ``user``, ``assistant``, ``thinking``, ``tool``, ``notice`` or ``compaction``.
        text: what was said; of a tool its result.
        timestamp: ISO 8601; empty where nobody told.
        name: of a tool.
        input: its arguments.
        is_error: whether it failed.
        call_id: its call.
        diff: the change that it made to a file.
        given: its arguments as they are shown; empty before they are.
        images: what there is to see; a line of ``text`` names each.
        agent: who worked for the call, and on what; empty where no sub-agent did.
        lane: what that sub-agent said and did.
    """

    kind: str
    text: str
    timestamp: str = ""
    name: str = ""
    input: dict[str, Any] | None = None
    is_error: bool = False
    call_id: str = ""
    diff: str = ""
    given: str = ""
    images: tuple[Mapping[str, Any], ...] = ()
    agent: str = ""
    lane: tuple[Entry, ...] = ()


def export(chat: Chat, form: str, *, title: str = "") -> str:
    """The document, which ends with a newline.

    Args:
        chat: the session.
        form: one of ``FORMATS``.
        title: in place of the beginning of the first prompt.

    Raises:
        UnknownFormat: there is no such format.
    """
    # A lone surrogate, which JSON may hold, cannot be in a file.
    return _document(chat, form, title).encode("utf-8", "replace").decode()


def _document(chat: Chat, form: str, title: str) -> str:
    entries = entries_of(chat.replay)
    # For programs everything is exact; for the eye what hides in a text is an escape.
    if form == "json":
        return encode({**_about(chat), "messages": list(map(_plain, entries))}).decode()
    if form == "jsonl":
        lines = [{"type": "session", **_about(chat)}, *map(_plain, entries)]
        return b"".join(map(encode, lines)).decode()
    facts = [(name, visible_line(str(value))) for name, value in _about(chat).items() if value]
    entries = list(map(_visible, entries))
    title = visible_line(title or _title(entries), "prose")
    if form == "md":
        return _markdown(title, facts, entries)
    if form == "html":
        return page(title, facts, entries)
    raise UnknownFormat(form)


def entries_of(replay: Iterable[Event]) -> list[Entry]:
    """What happened, in order; a call and its result are one entry, with the lane of its agent."""
    return _Entries().of(replay, {})


class _Entries:
    """The entries of one agent."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._calls: dict[str, int] = {}
        self._agents: dict[str, int] = {}  # calls of agents, which may go on after their results

    def of(self, replay: Iterable[Event], lanes: dict[str, list[Event]]) -> list[Entry]:
        """Those of ``replay``; ``lanes`` has what agents said by their calls, until it is taken."""
        for body in replay:
            lane = body.get("parent_tool_use_id")
            if lane is not None:
                lanes.setdefault(lane, []).append(body)
            elif body["type"] in ("assistant", "user"):
                told = body.get("origin") == "agent"  # how one in the background ended
                kind = "notice" if told else body["type"]
                for block in body["message"]["content"]:
                    self._block(block, kind, body.get("timestamp", ""), lanes)
            elif body["type"] == "system":
                self._system(body, lanes)
        return self._entries

    def _block(
        self, block: dict[str, Any], kind: str, time: str, lanes: dict[str, list[Event]]
    ) -> None:
        entries, calls = self._entries, self._calls
        if block["type"] == "image":  # of the prompt before it
            entries[-1] = replace(entries[-1], images=(*entries[-1].images, block))
            return
        if block["type"] == "tool_use":
            calls[block["id"]] = len(entries)
            if agent_call(block["input"]) is not None:
                self._agents[block["id"]] = len(entries)
        entry = _entry(block, kind, time)
        at = calls.pop(entry.call_id, None) if block["type"] == "tool_result" else None
        if at is None:
            entries.append(entry)
            return
        entries[at] = _answered(entries[at], entry)
        self._work(entry.call_id, lanes)

    def _system(self, body: Event, lanes: dict[str, list[Event]]) -> None:
        data = body["data"]
        if body["subtype"] == "task_notification":
            self._work(data["tool_use_id"], lanes)
            return
        changed = self._calls.get(data.get("tool_use_id"))
        if changed is None:
            time, at = body.get("timestamp", ""), len(self._entries)
            self._entries += _notice_entries(body, time, self._calls, at)
        else:
            diff = data["preview"]["text"]
            self._entries[changed] = replace(self._entries[changed], diff=diff)

    def _work(self, call_id: str, lanes: dict[str, list[Event]]) -> None:
        """Puts what the agent of a call did into the entry of the call."""
        at, lane = self._agents.get(call_id), lanes.pop(call_id, None)
        if at is None or lane is None:
            return
        call = agent_call(self._entries[at].input or {})
        title = "sub-agent" if call is None else f"{call.name}: {call.description}".rstrip(": ")
        own = ({**body, "parent_tool_use_id": None} for body in lane)
        told = tuple(_Entries().of(own, lanes))
        self._entries[at] = replace(self._entries[at], agent=title, lane=told)


def _entry(block: dict[str, Any], kind: str, time: str) -> Entry:
    if block["type"] == "text":
        return Entry(kind, block["text"], time)
    if block["type"] == "thinking":
        return Entry("thinking", block["thinking"], time)
    if block["type"] == "tool_use":
        name, given = block["name"], block["input"]
        return Entry("tool", "", time, name=name, input=given, call_id=block["id"])
    call_id, failed = block["tool_use_id"], block["is_error"]
    told = text_in(block["content"])
    seen = tuple(images_in(block["content"]))
    return Entry("tool", told, time, name="tool", is_error=failed, call_id=call_id, images=seen)


def _answered(call: Entry, result: Entry) -> Entry:
    return replace(call, text=result.text, is_error=result.is_error, images=result.images)


def _visible(entry: Entry) -> Entry:
    return replace(
        entry,
        text=visible(entry.text, "prose"),
        name=visible_line(entry.name),
        diff=visible(entry.diff, "code"),
        given=_given(entry.input) if entry.input else "",
        agent=visible_line(" ".join(entry.agent.split()), "prose"),
        lane=tuple(map(_visible, entry.lane)),
    )


def _given(arguments: dict[str, Any]) -> str:
    """Arguments as JSON; what runs and where, as strictly read as in an approval."""
    pairs = (
        visible(encode({name: value}).decode().strip()[1:-1], _EXACT.get(name, "code"))
        for name, value in arguments.items()
    )
    return f"{{{','.join(pairs)}}}"


def _notice_entries(body: Event, time: str, calls: dict[str, int], at: int) -> list[Entry]:
    data, subtype = body["data"], body["subtype"]
    if subtype == "notice":
        return [Entry("notice", data["text"], time)]
    if subtype == "compact_boundary":
        tokens = f"{data['tokens_before']} → {data['tokens_after']} tokens"
        return [Entry("compaction", f"Conversation compacted: {tokens}", time)]
    if subtype == "tool_progress":  # a command that the person ran
        calls[data["tool_use_id"]] = at
        name, given = data["tool_name"], {"command": data["text"]}
        return [Entry("tool", "", time, name=name, input=given, call_id=data["tool_use_id"])]
    return []


def _about(chat: Chat) -> dict[str, Any]:
    return {
        "sessionId": chat.session_id,
        "cwd": chat.cwd,
        "model": chat.model,
        "startTime": chat.started,
    }


def _plain(entry: Entry) -> dict[str, Any]:
    plain: dict[str, Any] = {"type": entry.kind, "timestamp": entry.timestamp or None}
    if entry.kind == "tool":
        plain |= {"name": entry.name, "id": entry.call_id, "input": entry.input}
        if entry.diff:
            plain["diff"] = entry.diff
        if entry.agent:
            plain["lane"] = list(map(_plain, entry.lane))
        return {**plain, "result": entry.text, "isError": entry.is_error}
    return {**plain, "text": entry.text}


def _title(entries: Iterable[Entry]) -> str:
    prompt = next((entry.text for entry in entries if entry.kind == "user"), "")
    line = " ".join(prompt.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


def _markdown(title: str, facts: list[tuple[str, str]], entries: Iterable[Entry]) -> str:
    parts = [f"# {_escaped(title) or 'Session'}"]
    parts.append("\n".join(f"- {name}: {_code(value)}" for name, value in facts))
    return "\n\n".join([*parts, *_sections(entries)]) + "\n"


def _sections(entries: Iterable[Entry], depth: int = 0) -> Iterator[str]:
    """Entries in Markdown; ``depth`` of them are in the lane of an agent, whose headings are lower."""
    level = "#" * min(6, 2 + 2 * depth)
    last = ""
    for entry in entries:
        if entry.kind in ("user", "assistant") and entry.kind != last:
            who = ("Task", "Sub-agent") if depth else ("You", "Assistant")
            yield f"{level} {who[entry.kind == 'assistant']}"
        last = "assistant" if entry.kind in ("tool", "thinking") else entry.kind
        if entry.kind == "thinking":
            yield "\n".join(f"> {line}".rstrip() for line in entry.text.splitlines())
        elif entry.kind == "tool":
            state = " (failed)" if entry.is_error else ""
            yield f"{level[:5]}# {_escaped(entry.name)}{state}"
            if entry.diff:
                yield _fenced(entry.diff, "diff")
            elif entry.given:
                yield _fenced(entry.given, "json")
            if entry.agent:
                yield f"<details><summary>{escape(entry.agent)}</summary>"
                yield from _sections(entry.lane, depth + 1)
                yield "</details>"
            if entry.text:
                yield _fenced(entry.text)
        elif entry.kind in ("notice", "compaction"):
            yield _fenced(entry.text)
        else:
            yield entry.text.strip("\n")


def _fenced(text: str, language: str = "") -> str:
    """``text`` in a fence that nothing in it closes."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _code(text: str) -> str:
    """``text``, which is one line, as a code span that nothing in it closes."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    edge = " " if longest else ""
    fence = "`" * (longest + 1)
    return f"{fence}{edge}{text}{edge}{fence}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", text)
