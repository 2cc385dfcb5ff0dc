"""An audit for people, in Markdown; foreign text in it is code, with what is invisible made visible."""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING

from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.visible import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from qwen_dual.recording.audited import Audit, Call, FileChange, Tokens, Turn
    from qwen_dual.recording.ledger import Audited, Ledger

_SHOWN = 120
_WORD = re.compile(r"[\w.:+@/-][\w.:+@/() -]{0,79}", re.ASCII)


def markdown(audited: Audited) -> Iterator[str]:
    """The whole audit, piece by piece."""
    return (f"{line}\n" for line in _lines(*audited))


def _lines(audit: Audit, ledger: Ledger) -> Iterator[str]:
    yield f"# {code(audit.source)}"
    yield ""
    name = plain(f"{audit.agent} {audit.version}".strip())
    program = name or "a program that does not say its name"
    yield f"- program: {program}, in {code(audit.cwd)}" if audit.cwd else f"- program: {program}"
    yield f"- session: {', '.join(map(code, audit.session_ids)) or 'not told'}"
    yield f"- approval mode: {', then '.join(map(plain, audit.modes)) or 'not told'}"
    totals = ledger.totals()
    yield (
        f"- {_count(totals.turns, 'turn')}, {_count(totals.calls, 'tool call')}"
        f" ({totals.denied} denied, {totals.failed} failed), {_count(audit.events, 'event')}"
    )
    if audit.lost_events:
        yield f"- **{_count(audit.lost_events, 'event')} lost**: what they said is missing here"
    if audit.bad_lines:
        yield f"- **{_count(audit.bad_lines, 'line')}** could not be read"
    if audit.torn:
        yield "- **the last line is cut off**: the program, or its disk, stopped while it was written"
    if not audit.ended:
        yield "- **the session did not end in order**, or its end was not recorded"
    yield ""
    yield from _spent(audit.models)
    yield from _changed(ledger.files())
    commands = (code(call.command) for call in ledger.calls() if call.command)
    yield from _list("Commands", commands)
    yield from _list("Hosts that calls named", map(code, ledger.hosts()))
    for turn in ledger.turns():
        yield from _turn(turn, ledger)


def _spent(models: dict[str, Tokens]) -> Iterator[str]:
    if not models:
        return
    rows = [
        (
            code(model) if model else "not told",
            f"{used.calls:,}",
            f"{used.input_tokens:,}",
            f"{used.cache_read_input_tokens:,}",
            f"{used.output_tokens:,}",
            cost(used.cost_usd),
        )
        for model, used in models.items()
    ]
    yield "## Models"
    yield ""
    yield from table(
        ("model", "calls", "input tokens", "of them cached", "output tokens", "cost"), rows
    )


def _changed(files: Iterator[FileChange]) -> Iterator[str]:
    first = next(files, None)
    if first is None:
        return
    yield "## Files"
    yield ""
    yield from table(
        ("file", "change", "lines"),
        ((code(f.path), plain(f.change) or "?", lines_of(f)) for f in chain((first,), files)),
    )


def _list(title: str, items: Iterator[str]) -> Iterator[str]:
    first = next(items, None)
    if first is None:
        return
    yield f"## {title}"
    yield ""
    yield from (f"- {item}" for item in chain((first,), items))
    yield ""


def _turn(turn: Turn, ledger: Ledger) -> Iterator[str]:
    yield f"## Turn {turn.number}"
    yield ""
    by = f" ({plain(turn.origin)})" if turn.origin else ""
    yield f"{code(turn.prompt) if turn.prompt else 'No prompt'}{by}"
    yield ""
    if turn.call_count:
        yield from table(
            ("tool", "what", "allowed by", "outcome", "time"), map(_row, ledger.calls(turn))
        )
    ended = plain(turn.outcome) or "its end was not told"
    yield f"Ended: {ended}{', ' + duration(turn.duration_ms) if turn.duration_ms is not None else ''}"
    if turn.error:
        yield ""
        yield f"Error: {code(turn.error)}"
    if turn.answer:
        yield ""
        yield f"Answer: {code(turn.answer)}"
    yield ""


def _row(call: Call) -> tuple[str, ...]:
    outcome = call.outcome if not call.exit_code else f"{call.outcome}, exit {call.exit_code}"
    if call.remark:
        outcome += f": {code(call.remark)}"
    tool = code(call.tool) + (f" of {code(call.agent)}" if call.agent else "")
    by = plain(call.allowed_by) or "?"
    return tool, code(subject(call)), by, outcome, duration(call.duration_ms)


def subject(call: Call) -> str:
    """What a call is about, in one line: its command, its file, or its arguments."""
    if call.command:
        return call.command
    if call.files:
        return ", ".join(f"{file.path} {lines_of(file)}".strip() for file in call.files)
    return encode(call.arguments).decode().rstrip("\n")


def lines_of(file: FileChange) -> str:
    """``+4 -2``; empty where it was not told."""
    if file.added is None or file.removed is None:
        return ""
    return f"+{file.added} -{file.removed}"


def plain(text: str) -> str:
    """A word that a recording says, where it is one as ours are; any other text as code."""
    return text if _WORD.fullmatch(text) else code(text) if text else ""


def code(text: str) -> str:
    """Foreign text on one line of Markdown, as code: bounded, and as it is."""
    shown = visible(text, "command").replace("\n", " ⏎ ").replace("\t", " ")
    if len(shown) > _SHOWN:
        shown = f"{shown[:_SHOWN]}…"
    fence = "`"
    while fence in shown:
        fence += "`"
    pad = " " if shown.startswith("`") or shown.endswith("`") or not shown else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def duration(milliseconds: int | None) -> str:
    """``40 ms``, ``3.2 s``; empty where it was not told."""
    if milliseconds is None:
        return ""
    return f"{milliseconds} ms" if milliseconds < 1000 else f"{milliseconds / 1000:,.1f} s"


def cost(dollars: float | None) -> str:
    """``$0.0123``; ``not known`` where it is not."""
    return "not known" if dollars is None else f"${dollars:,.4f}"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A Markdown table and the blank line behind it."""
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
