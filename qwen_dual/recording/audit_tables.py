"""An audit for programs: CSV with a row for each tool call, and JSON with all there is."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import to_builtins

from qwen_dual.protocol.visible import visible
from qwen_dual.recording.audit_text import subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from qwen_dual.recording.audited import Turn
    from qwen_dual.recording.ledger import Audited, Ledger

COLUMNS = (
    "recording",
    "session",
    "turn",
    "origin",
    "agent",
    "tool",
    "what",
    "allowed_by",
    "outcome",
    "exit_code",
    "duration_ms",
    "files",
    "added",
    "removed",
    "hosts",
)
_LATE = ("events", "lost_events", "bad_lines", "torn", "ended")
# Some take wide characters for the plain ones, and look past a blank before them.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\n")


class _Line:
    """Takes the one row that was written last."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text = text


def as_csv(audits: Iterable[Audited]) -> Iterator[str]:
    """A row for each call; a cell never begins what a spreadsheet would compute."""
    line = _Line()
    rows = csv.writer(line, lineterminator="\n")
    rows.writerow(COLUMNS)
    yield line.text
    for audit, ledger in audits:
        session = audit.session_ids[-1] if audit.session_ids else ""
        for turn in ledger.turns():
            for call in ledger.calls(turn):
                row = (
                    audit.source,
                    session,
                    turn.number,
                    turn.origin,
                    call.agent,
                    call.tool,
                    subject(call),
                    call.allowed_by,
                    call.outcome,
                    call.exit_code,
                    call.duration_ms,
                    " ".join(file.path for file in call.files),
                    sum(file.added or 0 for file in call.files),
                    sum(file.removed or 0 for file in call.files),
                    " ".join(call.hosts),
                )
                rows.writerow([_cell(value) for value in row])
                yield line.text


def as_json(audits: Iterable[Audited]) -> Iterator[str]:
    """All there is, with the sums over the turns: an array with an object for each, piece by piece."""
    yield "["
    for number, (audit, ledger) in enumerate(audits):
        about = to_builtins(audit)
        models = about.pop("models")
        late = {name: about.pop(name) for name in _LATE}
        yield f'{"," if number else ""}{_open(about)},"turns":'
        yield from _array(_turn(turn, ledger) for turn in ledger.turns())
        yield f',{_open(late)[1:]},"models":{_json(models)},"files":'
        yield from _array([_json(file)] for file in ledger.files())
        yield "}"
    yield "]\n"


def _turn(turn: Turn, ledger: Ledger) -> Iterator[str]:
    about = to_builtins(turn)
    models = about.pop("models")
    for name in ("first_call", "call_count"):
        del about[name]
    yield f'{_open(about)},"calls":'
    yield from _array([call.decode()] for call in ledger.encoded_calls(turn))
    yield f',"models":{_json(models)}}}'


def _array(items: Iterable[Iterable[str]]) -> Iterator[str]:
    before = "["
    for item in items:
        yield before
        yield from item
        before = ","
    yield "[]" if before == "[" else "]"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _open(value: dict[str, Any]) -> str:
    """An object to which more is added."""
    return _json(value)[:-1]


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    shown = visible(value, "command")
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown
