"""A chat as a document: Markdown, JSON, JSON Lines or one HTML page. Pure; writes no file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.chats.page import page
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.visible import visible, visible_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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
    """What happened, in order; a call and its result are one entry."""
    entries: list[Entry] = []
    calls: dict[str, int] = {}
    for body in replay:
        time = body.get("timestamp", "")
        if body["type"] in ("assistant", "user"):
            for block in body["message"]["content"]:
                if block["type"] == "image":  # of the prompt before it
                    entries[-1] = replace(entries[-1], images=(*entries[-1].images, block))
                    continue
                if block["type"] == "tool_use":
                    calls[block["id"]] = len(entries)
                entry = _entry(block, body["type"], time)
                at = calls.pop(entry.call_id, None) if block["type"] == "tool_result" else None
                if at is None:
                    entries.append(entry)
                else:
                    entries[at] = _answered(entries[at], entry)
        elif body["type"] == "system":
            changed = calls.get(body["data"].get("tool_use_id"))
            if changed is None:
                entries += _told(body, time, calls, len(entries))
            else:
                diff = body["data"]["preview"]["text"]
                entries[changed] = replace(entries[changed], diff=diff)
    return entries


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
    )


def _given(arguments: dict[str, Any]) -> str:
    """Arguments as JSON; what runs and where, as strictly read as in an approval."""
    pairs = (
        visible(encode({name: value}).decode().strip()[1:-1], _EXACT.get(name, "code"))
        for name, value in arguments.items()
    )
    return f"{{{','.join(pairs)}}}"


def _told(body: Event, time: str, calls: dict[str, int], at: int) -> list[Entry]:
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
        return {**plain, "result": entry.text, "isError": entry.is_error}
    return {**plain, "text": entry.text}


def _title(entries: Iterable[Entry]) -> str:
    prompt = next((entry.text for entry in entries if entry.kind == "user"), "")
    line = " ".join(prompt.split())
    return line if len(line) <= 80 else f"{line[:79]}…"


def _markdown(title: str, facts: list[tuple[str, str]], entries: Iterable[Entry]) -> str:
    parts = [f"# {_escaped(title) or 'Session'}"]
    parts.append("\n".join(f"- {name}: {_code(value)}" for name, value in facts))
    last = ""
    for entry in entries:
        if entry.kind in ("user", "assistant") and entry.kind != last:
            parts.append("## You" if entry.kind == "user" else "## Assistant")
        last = "assistant" if entry.kind in ("tool", "thinking") else entry.kind
        if entry.kind == "thinking":
            parts.append("\n".join(f"> {line}".rstrip() for line in entry.text.splitlines()))
        elif entry.kind == "tool":
            state = " (failed)" if entry.is_error else ""
            parts.append(f"### {_escaped(entry.name)}{state}")
            if entry.diff:
                parts.append(_fenced(entry.diff, "diff"))
            elif entry.given:
                parts.append(_fenced(entry.given, "json"))
            if entry.text:
                parts.append(_fenced(entry.text))
        elif entry.kind in ("notice", "compaction"):
            parts.append(_fenced(entry.text))
        else:
            parts.append(entry.text.strip("\n"))
    return "\n\n".join(parts) + "\n"


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
