"""Reads a recording's events and says what was done in it: one pass, in the memory of what it says.

Works with any program with dual output. Pieces of answers, most of a stream, are not looked at: the
whole messages that follow them say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qwen_dual.host.event import Event
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.recording.audited import Audit, Call, FileChange, Tokens, Turn, add
from qwen_dual.recording.event_log import PIECE
from qwen_dual.recording.folder import RecordingError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.recording.recorded import Recorded

MAX_TEXT = 2000
"""Characters that are kept of a text."""
MAX_NESTING = 40
"""How deep arguments are looked into."""
SHELLS = frozenset({"run_shell_command", "shell", "Bash", "bash"})
_HOST = re.compile(r"\b(?:https?|wss?|ftp|ssh|git)://(?:[^\s/@'\"]*@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)")
_PATHS = ("file_path", "path", "notebook_path", "absolute_path")
_EDITS = frozenset({"edit", "write_file", "replace", "notebook_edit", "Edit", "Write"})
_PROGRESS = 1 << 24


class Auditor:
    """Makes an audit of events, in their order.

    Args:
        source: where they are from.
    """

    def __init__(self, source: str) -> None:
        self.audit = Audit(source)
        self._calls: dict[str, Call] = {}
        self._requests: dict[str, str] = {}
        self._turn: Turn | None = None
        self._made: dict[str, Call] = {}  # in this turn
        self._entered = False  # the turn began as a slash command, which may become a prompt
        self._told_usage = False
        self._mode = ""

    def take(self, event: Event) -> None:
        """Takes the next event."""
        match event.type:
            case "system":
                self._system(event)
            case "user":
                self._user(event)
            case "assistant":
                self._assistant(event)
            case "control_request":
                self._request(event)
            case "control_response":
                self._response(event)
            case "result":
                self._result(event)

    def _system(self, event: Event) -> None:
        audit, data = self.audit, event.data
        match event.subtype:
            case "session_start":
                self._session(text(data.get("session_id")))
                audit.agent, audit.version = text(data.get("agent")), text(data.get("version"))
                audit.cwd = text(data.get("cwd"))
                self._mode_is(text(data.get("approval_mode")))
            case "session_changed":
                self._session(text(data.get("to")))
            case "session_end":
                audit.ended = True
            case "mode_changed":
                self._mode_is(text(data.get("to")))
            case "gap":
                audit.lost_events += number(data.get("dropped")) or 0
            case "slash_command":
                line = f"/{text(data.get('command'))} {text(data.get('args'))}".strip()
                self._begin(line, text(data.get("origin")))
                self._entered = True
            case "usage":
                self._told_usage = True
                if self._turn is not None:
                    add(self._turn.models, text(data.get("model")), _tokens(data))
            case "tool_progress":
                call = self._calls.get(text(data.get("tool_use_id")))
                if call is not None and "preview" in data:
                    call.files = _files(data["preview"]) or call.files

    def _user(self, event: Event) -> None:
        said = False
        for block in event.blocks:
            if block.get("type") == "tool_result":
                self._finish(event, block)
            elif block.get("type") in ("text", "image"):
                said = True
        if not said or event.parent_tool_use_id is not None:
            return
        if self._turn is not None and event.raw.get("steered"):
            self._turn.prompt = cut(f"{self._turn.prompt}\n{event.text}")
        elif self._turn is not None and self._entered:
            self._entered = False
        else:
            self._begin(event.text, event.origin or "")

    def _assistant(self, event: Event) -> None:
        message = object_of(event.raw.get("message"))
        turn = self._turn or self._begin("", "")
        for block in event.blocks:
            if block.get("type") == "tool_use":
                call = self._called(block, event.parent_tool_use_id or "")
                turn.calls.append(call)
            elif block.get("type") == "text" and event.parent_tool_use_id is None:
                turn.answer = cut(text(block.get("text")))
        usage = object_of(message.get("usage"))
        if not self._told_usage and (number(usage.get("input_tokens")) or 0):
            add(turn.models, text(message.get("model")), _tokens(usage))

    def _called(self, block: Mapping[str, Any], agent: str) -> Call:
        tool, given = text(block.get("name")), object_of(block.get("input"))
        command = text(given.get("command")) if tool in SHELLS else ""
        path = next((text(given[name]) for name in _PATHS if name in given), "")
        call = Call(
            tool,
            {key: _bounded(value) for key, value in given.items()},
            agent,
            allowed_by=f"not asked ({self._mode})" if self._mode else "not asked",
            files=[FileChange(path)] if path and tool in _EDITS else [],
            command=cut(command),
            hosts=sorted(set(_HOST.findall(_texts(given)))),
        )
        call_id = text(block.get("id"))
        self._calls[call_id] = self._made[call_id] = call
        return call

    def _request(self, event: Event) -> None:
        request = object_of(event.raw.get("request"))
        call_id = text(request.get("tool_use_id"))
        self._requests[text(event.raw.get("request_id"))] = call_id
        call = self._calls.get(call_id)
        if call is not None:
            call.allowed_by = ""
            call.files = _files(request.get("preview")) or call.files

    def _response(self, event: Event) -> None:
        response = object_of(event.raw.get("response"))
        answer = object_of(response.get("response"))
        call_id = self._requests.pop(text(response.get("request_id")), "")
        call = self._calls.get(call_id)
        if call is None or "allowed" not in answer:
            return
        call.allowed_by = text(response.get("resolved_by")) or "somebody"
        if not answer["allowed"]:
            call.outcome, call.remark = "denied", cut(text(answer.get("message")))

    def _finish(self, event: Event, block: Mapping[str, Any]) -> None:
        call = self._calls.pop(text(block.get("tool_use_id")), None)
        if call is None:
            return
        told = object_of(event.raw.get("tool_use_result"))
        call.exit_code, call.duration_ms = (
            number(told.get("exit_code")),
            number(told.get("duration_ms")),
        )
        if told.get("auto_verdict"):
            call.allowed_by = "auto" if told["auto_verdict"] == "allow" else call.allowed_by
            call.remark = cut(text(told.get("auto_reason")))
        content = block.get("content")
        call.result = cut(content if isinstance(content, str) else _texts(content))
        if call.outcome != "denied":
            call.outcome = "failed" if block.get("is_error") else "done"

    def _result(self, event: Event) -> None:
        turn = self._turn
        if turn is None:
            return
        raw = event.raw
        turn.outcome = text(raw.get("stop_reason")) or event.subtype
        turn.duration_ms = number(raw.get("duration_ms"))
        turn.answer = cut(event.text) or turn.answer
        turn.error = cut(text(object_of(raw.get("error")).get("message")))
        denials = raw.get("permission_denials")
        for denial in denials if isinstance(denials, list) else ():
            call_id = text(object_of(denial).get("tool_use_id"))
            call = self._made.get(call_id)
            if call is not None and call.outcome != "denied":
                call.outcome, call.remark = "denied", call.result
        self._turn = None

    def _begin(self, prompt: str, origin: str) -> Turn:
        self._turn = Turn(len(self.audit.turns) + 1, cut(prompt), origin)
        self.audit.turns.append(self._turn)
        self._made.clear()
        self._entered = False
        return self._turn

    def _session(self, session_id: str) -> None:
        if session_id and session_id not in self.audit.session_ids[-1:]:
            self.audit.session_ids.append(session_id)

    def _mode_is(self, mode: str) -> None:
        self._mode = mode
        if mode and mode not in self.audit.modes[-1:]:
            self.audit.modes.append(mode)


def audit(
    recorded: Recorded, source: str, progress: Callable[[int], object] = lambda done: None
) -> Audit:
    """What was done in a recording.

    Args:
        recorded: the recording.
        source: what it is called.
        progress: told from time to time how many bytes were read.

    Raises:
        RecordingError: there are no events, or they cannot be read.
    """
    if not recorded.events:
        raise RecordingError(
            f"{source}: there are no events in it, so nothing to say what was done"
        )
    auditor, found = Auditor(source), 0
    result = auditor.audit
    done, next_word = 0, _PROGRESS
    try:
        with open(recorded.events, "rb", buffering=1 << 20) as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                done += len(line)
                if done >= next_word:
                    progress(done)
                    next_word = done + _PROGRESS
                found += 1
                if line.startswith(PIECE):
                    continue
                event = _event(line)
                if event is not None:
                    auditor.take(event)
                elif not line.isspace():
                    result.bad_lines += 1
    except OSError as error:
        raise RecordingError(f"{recorded.events}: {error.strerror}") from error
    result.events = found
    return result


def _event(line: bytes) -> Event | None:
    try:
        value = decode(line)
    except NotJson:
        return None
    return Event(value) if isinstance(value, dict) else None


def _tokens(usage: Mapping[str, Any]) -> Tokens:
    cost = usage.get("cost_usd")
    return Tokens(
        1,
        number(usage.get("input_tokens")) or 0,
        number(usage.get("output_tokens")) or 0,
        number(usage.get("cache_read_input_tokens")) or 0,
        float(cost) if isinstance(cost, (int, float)) and not isinstance(cost, bool) else None,
    )


def _files(preview: Any) -> list[FileChange]:
    told = object_of(preview).get("files")
    return [
        FileChange(
            text(file.get("path")),
            text(file.get("change")),
            number(file.get("added")),
            number(file.get("removed")),
        )
        for file in (told if isinstance(told, list) else ())
        if isinstance(file, dict)
    ]


def _texts(value: Any, depth: int = MAX_NESTING) -> str:
    """All texts in a value, as one."""
    if isinstance(value, str):
        return value
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(inner, Iterable) or depth == 0:
        return ""
    return "\n".join(_texts(item, depth - 1) for item in inner)


def _bounded(value: Any, depth: int = MAX_NESTING) -> Any:
    """A value with its long texts cut."""
    if isinstance(value, str):
        return cut(value)
    if isinstance(value, (dict, list)) and depth == 0:
        return "…"
    if isinstance(value, dict):
        return {key: _bounded(item, depth - 1) for key, item in value.items()}
    return [_bounded(item, depth - 1) for item in value] if isinstance(value, list) else value


def cut(value: str) -> str:
    """As much of a text as is kept."""
    if len(value) <= MAX_TEXT:
        return value
    return f"{value[:MAX_TEXT]}… ({len(value):,} characters)"


def text(value: Any) -> str:
    """A text; empty where it is none."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int | None:
    """A whole number; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def object_of(value: Any) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}
