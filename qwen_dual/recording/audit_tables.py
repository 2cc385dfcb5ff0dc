"""An audit for programs: CSV with a row for each tool call, and JSON with all there is."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from msgspec import to_builtins

from qwen_dual.protocol.visible import visible
from qwen_dual.recording.audit_text import subject

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.recording.audited import Audit

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
# Some take wide characters for the plain ones, and look past a blank before them.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "\t", "\n")


def as_csv(audits: Iterable[Audit]) -> str:
    """A row for each call; a cell never begins what a spreadsheet would compute."""
    made = io.StringIO()
    rows = csv.writer(made, lineterminator="\n")
    rows.writerow(COLUMNS)
    for audit in audits:
        for turn in audit.turns:
            for call in turn.calls:
                row = (
                    audit.source,
                    audit.session_ids[-1] if audit.session_ids else "",
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
    return made.getvalue()


def as_data(audit: Audit) -> dict[str, Any]:
    """All of it, with the sums over the turns."""
    made: dict[str, Any] = to_builtins(audit)
    made["models"] = to_builtins(audit.models)
    made["files"] = to_builtins(list(audit.files.values()))
    return made


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    shown = visible(value, "command")
    return f"'{shown}" if shown.lstrip(" ").startswith(_FORMULA) else shown
