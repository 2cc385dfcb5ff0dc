"""What a host sees: events as they came, and the few that the library adds about the channel itself.

An event is a light view on its JSON object: nothing is checked, copied or lost, so that fields and
events of later versions are just there. For type checkers the shapes of the known ones are in
``qwen_dual.protocol.shapes`` and ``system_shapes``.
"""

from __future__ import annotations

from typing import Any

from qwen_dual.host.calls import Preview, ToolResult

LOCAL = "host"
"""The ``type`` of what the library adds; no program sends it."""


class Event:
    """One event.

    Unknown types and fields are kept; reading one that is absent gives None or an empty value, and
    never raises, whatever the program sent. ``event["key"]`` raises ``KeyError`` as a dict does.

    Attributes:
        raw: the JSON object as it came.
        offset: where its line begins in the channel, in bytes.
        end: where the next line begins; ``follow(path, from_offset=event.end)`` goes on from there.
    """

    __slots__ = ("__weakref__", "end", "offset", "raw")

    def __init__(self, raw: dict[str, Any], offset: int = 0, end: int = 0) -> None:
        self.raw = raw
        self.offset = offset
        self.end = end

    @property
    def type(self) -> str:
        """``system``, ``user``, ``assistant``, ``stream_event``, ``result`` …; empty if absent."""
        return _text(self.raw.get("type"))

    @property
    def subtype(self) -> str:
        """``session_start``, ``state``, ``success`` …; of a ``stream_event`` its inner ``type``."""
        if "event" in self.raw and "subtype" not in self.raw:
            return _text(_object(self.raw["event"]).get("type"))
        return _text(self.raw.get("subtype"))

    @property
    def data(self) -> dict[str, Any]:
        """What a ``system`` event says, or the inner object of a ``stream_event``; else empty."""
        return _object(self.raw.get("data", self.raw.get("event")))

    @property
    def seq(self) -> int | None:
        """Its number in the session; None for programs that do not count."""
        return _number(self.raw.get("seq"))

    @property
    def session_id(self) -> str | None:
        """The session, where the event says it."""
        value = self.raw.get("session_id")
        return value if isinstance(value, str) else None

    @property
    def parent_tool_use_id(self) -> str | None:
        """The tool call of the sub-agent that said it; None for the main agent."""
        value = self.raw.get("parent_tool_use_id")
        return value if isinstance(value, str) else None

    @property
    def origin(self) -> str | None:
        """Who gave a prompt, or changed a mode or model: ``keyboard``, ``input``, ``sdk`` …"""
        value = self.raw.get("origin", self.data.get("origin"))
        return value if isinstance(value, str) else None

    @property
    def command_id(self) -> str | None:
        """The id of the command that an event is of: a ``user``, a ``result``, the answer to a query …"""
        value = self.raw.get("command_id", self.data.get("command_id"))
        return value if isinstance(value, str) else None

    @property
    def steered(self) -> bool:
        """Whether a prompt joined the turn that ran, in a ``user`` event that tells of it."""
        return self.raw.get("steered") is True

    @property
    def tool_result(self) -> ToolResult | None:
        """What a call came to, in a ``user`` event that tells it: exit code, output, time."""
        return ToolResult.of(self)

    @property
    def preview(self) -> Preview | None:
        """What a call will do, of a ``control_request`` or a ``tool_progress`` that tells it."""
        inner = _object(self.raw.get("request")) or self.data
        return Preview.of(inner.get("preview"))

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """The content blocks of a ``user`` or ``assistant`` message; else empty."""
        content = _object(self.raw.get("message")).get("content")
        return (
            [block for block in content if isinstance(block, dict)]
            if isinstance(content, list)
            else []
        )

    @property
    def text(self) -> str:
        """The text of a message, of a text delta, or of a ``result``; else empty."""
        if self.type == "stream_event":
            delta = _object(self.data.get("delta"))
            return _text(delta.get("text")) if delta.get("type") == "text_delta" else ""
        if self.type == "result":
            return _text(self.raw.get("result"))
        return "".join(
            _text(block.get("text")) for block in self.blocks if block.get("type") == "text"
        )

    @property
    def kind(self) -> str:
        """Type and subtype in one word, for logs: ``system/state``."""
        return f"{self.type}/{self.subtype}" if self.subtype else self.type

    def get(self, key: str, default: Any = None) -> Any:
        """A field of the object, as ``dict.get``."""
        return self.raw.get(key, default)

    def __getitem__(self, key: str) -> Any:
        return self.raw[key]

    def __contains__(self, key: object) -> bool:
        return key in self.raw

    def __repr__(self) -> str:
        number = "" if self.seq is None else f" seq={self.seq}"
        return f"<{type(self).__name__} {self.kind}{number}>"


class BadLine(Event):
    """A line that is no event: it was skipped, and the session goes on.

    Its ``data``: ``code`` (``not_json``, ``not_object``, ``too_long``, ``torn``), ``message``,
    ``bytes`` (how long it was), ``start`` (its first 200 characters).
    """

    __slots__ = ()

    def __init__(
        self, code: str, message: str, start: bytes, size: int, offset: int, end: int
    ) -> None:
        data = {
            "code": code,
            "message": message,
            "bytes": size,
            "start": start[:800].decode("utf-8", "replace")[:200],
        }
        super().__init__({"type": LOCAL, "subtype": "bad_line", "data": data}, offset, end)


class Skipped(Event):
    """Events that this reader will not get, in their place.

    Its ``data``: ``dropped`` (how many), ``from_seq`` and ``to_seq`` (None where nobody counts) and
    ``where``: ``host`` if the reader itself was too slow, ``channel`` if they never arrived and no
    ``gap`` event said so.
    """

    __slots__ = ()

    def __init__(
        self,
        dropped: int,
        from_seq: int | None,
        to_seq: int | None,
        *,
        where: str = "host",
        offset: int = 0,
    ) -> None:
        data = {"dropped": dropped, "from_seq": from_seq, "to_seq": to_seq, "where": where}
        super().__init__({"type": LOCAL, "subtype": "skipped", "data": data}, offset, offset)


class Restarted(Event):
    """A followed file begins anew, and offsets with it.

    Its ``data``: ``reason``: ``truncated`` or ``replaced``.
    """

    __slots__ = ()

    def __init__(self, reason: str) -> None:
        super().__init__({"type": LOCAL, "subtype": "restarted", "data": {"reason": reason}})


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
