"""Reads a recording's events and says what was done in it: one pass, in bounded memory whatever it holds.

Works with any program with dual output. Pieces of answers, most of a stream, are not looked at: the
whole messages that follow them say the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from qwen_dual.host.event import Event
from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.recording.audited import Audit, Call, FileChange, Tokens, Turn, add
from qwen_dual.recording.event_log import PIECE
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.ledger import Audited, Ledger
from qwen_dual.recording.lines import too_long, whole_lines

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from qwen_dual.recording.recorded import Recorded

MAX_TEXT = 2000
"""Characters that are kept of a text."""
MAX_WORDS = 1000
"""Sessions and modes that are kept."""
MAX_NESTING = 40
"""How deep arguments are looked into."""
SHELLS = frozenset({"run_shell_command", "shell", "Bash", "bash"})
_HOST = re.compile(r"\b(?:https?|wss?|ftp|ssh|git)://(?:[^\s/@'\"]*@)?(\[[0-9a-fA-F:]+\]|[\w.-]+)")
_PATHS = ("file_path", "path", "notebook_path", "absolute_path")
_EDITS = frozenset({"edit", "write_file", "replace", "notebook_edit", "Edit", "Write"})
_FOREIGN = 1 << 28
"""Bytes without an event after which a file is none of events."""


class Auditor:
    """Makes an audit of events, in their order.

    Args:
        source: where they are from.
        ledger: where turns and calls are kept; an empty one.

    Attributes:
        audit: what is known so far.
        ledger: the turns and calls, whole after ``finish``.
    """

    def __init__(self, source: str, ledger: Ledger | None = None) -> None:
        self.audit = Audit(source)
        self.ledger = ledger or Ledger()
        self._turns = 0
        self._turn: Turn | None = None
        self._entered = False  # the turn began as a slash command, which may become a prompt
        self._told_usage = False
        self._mode = ""
        self._size = 0

    def finish(self) -> Audited:
        """What was done; no event may follow."""
        self._end_turn()
        self.ledger.finish()
        return Audited(self.audit, self.ledger)

    def take(self, event: Event, size: int = 0) -> None:
        """Takes the next event, of a line of so many bytes."""
        self._size = size
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
                self._session(word(data.get("session_id")))
                audit.agent, audit.version = word(data.get("agent")), word(data.get("version"))
                audit.cwd = word(data.get("cwd"))
                self._mode_is(word(data.get("approval_mode")))
            case "session_changed":
                self._session(word(data.get("to")))
            case "session_end":
                audit.ended = True
            case "mode_changed":
                self._mode_is(word(data.get("to")))
            case "gap":
                audit.lost_events += number(data.get("dropped")) or 0
            case "slash_command":
                line = f"/{text(data.get('command'))} {text(data.get('args'))}".strip()
                self._begin(line, word(data.get("origin")))
                self._entered = True
            case "usage":
                self._told_usage = True
                if self._turn is not None:
                    add(self._turn.models, word(data.get("model")), _tokens(data))
            case "tool_progress" if "preview" in data:
                call = self.ledger.waiting(_key(data.get("tool_use_id"), event.raw), self._size)
                if call is not None:
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
            self._begin(event.text, word(event.origin))

    def _assistant(self, event: Event) -> None:
        message = object_of(event.raw.get("message"))
        turn = self._turn or self._begin("", "")
        for block in event.blocks:
            if block.get("type") == "tool_use":
                call = self._called(block, word(event.parent_tool_use_id))
                self.ledger.begin_call(_key(block.get("id"), event.raw), call, turn, self._size)
            elif block.get("type") == "text" and event.parent_tool_use_id is None:
                turn.answer = cut(text(block.get("text")))
        usage = object_of(message.get("usage"))
        if not self._told_usage and (number(usage.get("input_tokens")) or 0):
            add(turn.models, word(message.get("model")), _tokens(usage))

    def _called(self, block: Mapping[str, Any], agent: str) -> Call:
        tool, given = word(block.get("name")), object_of(block.get("input"))
        command = text(given.get("command")) if tool in SHELLS else ""
        path = next((word(given[name]) for name in _PATHS if name in given), "")
        return Call(
            tool,
            {cut(key): _bounded(value) for key, value in given.items()},
            agent,
            allowed_by=f"not asked ({self._mode})" if self._mode else "not asked",
            files=[FileChange(path)] if path and tool in _EDITS else [],
            command=cut(command),
            hosts=_hosts(given),
        )

    def _request(self, event: Event) -> None:
        request = object_of(event.raw.get("request"))
        call_id = _key(request.get("tool_use_id"), event.raw)
        self.ledger.requests.set(text(event.raw.get("request_id")), call_id, len(call_id))
        call = self.ledger.waiting(call_id, self._size)
        if call is not None:
            call.allowed_by = ""
            call.files = _files(request.get("preview")) or call.files

    def _response(self, event: Event) -> None:
        response = object_of(event.raw.get("response"))
        answer = object_of(response.get("response"))
        call_id = self.ledger.requests.pop(text(response.get("request_id"))) or ""
        call = self.ledger.waiting(call_id)
        if call is None or "allowed" not in answer:
            return
        call.allowed_by = word(response.get("resolved_by")) or "somebody"
        if not answer["allowed"]:
            call.outcome, call.remark = "denied", cut(text(answer.get("message")))

    def _finish(self, event: Event, block: Mapping[str, Any]) -> None:
        call_id = _key(block.get("tool_use_id"), event.raw)
        call = self.ledger.waiting(call_id)
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
        self.ledger.end_call(call_id)

    def _result(self, event: Event) -> None:
        turn = self._turn
        if turn is None:
            return
        raw = event.raw
        turn.outcome = word(raw.get("stop_reason")) or cut(event.subtype)
        turn.duration_ms = number(raw.get("duration_ms"))
        turn.answer = cut(event.text) or turn.answer
        turn.error = cut(text(object_of(raw.get("error")).get("message")))
        denials = raw.get("permission_denials")
        if isinstance(denials, list) and denials:
            refused = map(object_of, denials)
            ids = {_key(denial.get("tool_use_id"), denial) for denial in refused}
            self.ledger.deny(turn, ids)
        self._end_turn()

    def _begin(self, prompt: str, origin: str) -> Turn:
        self._end_turn()
        self._turns += 1
        self._turn = Turn(self._turns, cut(prompt), origin)
        return self._turn

    def _end_turn(self) -> None:
        """The turn that runs, if one does, has nothing to add."""
        turn, self._turn, self._entered = self._turn, None, False
        if turn is not None:
            for model, used in turn.models.items():
                add(self.audit.models, model, used)
            self.ledger.end_turn(turn)

    def _session(self, session_id: str) -> None:
        if session_id and session_id not in self.audit.session_ids[-1:]:
            _append(self.audit.session_ids, session_id)

    def _mode_is(self, mode: str) -> None:
        self._mode = mode
        if mode and mode not in self.audit.modes[-1:]:
            _append(self.audit.modes, mode)


def audit(
    recorded: Recorded, source: str, progress: Callable[[int], object] = lambda done: None
) -> Audited:
    """What was done in a recording.

    Args:
        recorded: the recording.
        source: what it is called.
        progress: told from time to time how many bytes were read.

    Raises:
        RecordingError: there are no events, they cannot be read, or it is a file of another kind.
    """
    if not recorded.events:
        raise RecordingError(
            f"{source}: there are no events in it, so nothing to say what was done"
        )
    auditor = Auditor(source)
    try:
        with open(recorded.events, "rb", buffering=1 << 20) as file:
            _read(file, auditor, progress)
    except OSError as error:
        raise RecordingError(f"{recorded.events}: {error.strerror}") from error
    return auditor.finish()


def _read(file: BinaryIO, auditor: Auditor, progress: Callable[[int], object]) -> None:
    result = auditor.audit
    events = cut_off = 0

    def told(done: int) -> None:
        progress(done)
        if not events and done >= _FOREIGN:
            raise _no_events(result.source)

    for line in whole_lines(file, told):
        result.events += 1
        if line.startswith(PIECE):
            events += 1
            continue
        long = too_long(line)
        event = None if long else _event(line)
        if event is not None:
            events += bool(event.type)
            auditor.take(event, len(line))
        elif long or not line.isspace():
            result.bad_lines += 1
            cut_off = 0 if line.endswith(b"\n") else result.events
    result.torn = bool(cut_off) and cut_off == result.events
    if result.events and not events:
        raise _no_events(result.source)


def _no_events(source: str) -> RecordingError:
    return RecordingError(
        f"{source}: no line of it is an event; name a folder of `qwen-dual record`, or what a program "
        "wrote to its --json-file"
    )


def _event(line: bytes) -> Event | None:
    try:
        value = decode(line)
    except NotJson:
        return None
    return Event(value) if isinstance(value, dict) else None


def _key(call_id: object, told: Mapping[str, Any]) -> str:
    """What a call is known by, of which ``told`` says whose it is: each agent may count from the same id."""
    return f"{word(told.get('parent_tool_use_id'))}\n{text(call_id)}"


def _append(words: list[str], word: str) -> None:
    """Keeps of very many the first ones and the last one."""
    if len(words) > MAX_WORDS:
        words[-2:] = ["…"]
    words.append(word)


def _hosts(given: Mapping[str, Any]) -> list[str]:
    told = _texts(given)
    return sorted(set(_HOST.findall(told))) if "://" in told else []


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
            word(file.get("path")),
            word(file.get("change")),
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
        return {cut(key): _bounded(item, depth - 1) for key, item in value.items()}
    return [_bounded(item, depth - 1) for item in value] if isinstance(value, list) else value


def cut(value: str) -> str:
    """As much of a text as is kept."""
    if len(value) <= MAX_TEXT:
        return value
    return f"{value[:MAX_TEXT]}… ({len(value):,} characters)"


def text(value: Any) -> str:
    """A text; empty where it is none."""
    return value if isinstance(value, str) else ""


def word(value: Any) -> str:
    """As much of a text as is kept; empty where it is none."""
    return cut(text(value))


def number(value: Any) -> int | None:
    """A whole number; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def object_of(value: Any) -> dict[str, Any]:
    """An object; empty where it is none."""
    return value if isinstance(value, dict) else {}
