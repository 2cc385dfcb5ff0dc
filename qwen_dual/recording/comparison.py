"""Two runs side by side: what was asked, called, answered and spent, and where they first part."""

from __future__ import annotations

from itertools import chain, zip_longest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.protocol.codec import encode
from qwen_dual.recording.audit_text import code, cost, duration, plain, subject, table
from qwen_dual.recording.audited import Tokens, add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.recording.audited import Call, Turn
    from qwen_dual.recording.ledger import Audited

NOTHING = "—"


class Parting(Struct, frozen=True):
    """The first place where two runs differ.

    Attributes:
        turn: its number, from 1.
        what: ``prompt``, ``call``, ``outcome``, ``answer`` or ``turns``: one run has fewer of them.
        call: the number of the call in the turn, from 1; None where it is none.
        first: what it is in the first run.
        second: what it is in the second.
    """

    turn: int
    what: str
    call: int | None
    first: str
    second: str


def parting(first: Audited, second: Audited) -> Parting | None:
    """Where the runs part; None where they do not, but for times, tokens and ids."""
    mine, theirs = first.ledger, second.ledger
    for number, (one, other) in enumerate(zip_longest(mine.turns(), theirs.turns()), 1):
        if one is None or other is None:
            names = [turn.prompt if turn is not None else NOTHING for turn in (one, other)]
            return Parting(number, "turns", None, *names)
        if one.prompt != other.prompt:
            return Parting(number, "prompt", None, one.prompt, other.prompt)
        pairs = zip_longest(mine.calls(one), theirs.calls(other))
        for at, (call, its) in enumerate(pairs, 1):
            if call is None or its is None or _call(call) != _call(its):
                return Parting(number, "call", at, _shown(call), _shown(its))
            if _end(call) != _end(its):
                return Parting(number, "outcome", at, _end(call), _end(its))
        if one.answer != other.answer:
            return Parting(number, "answer", None, one.answer, other.answer)
    return None


def comparison(first: Audited, second: Audited) -> Iterator[str]:
    """Both runs, in Markdown, piece by piece."""
    return (f"{line}\n" for line in _lines(first, second))


def as_data(first: Audited, second: Audited) -> dict[str, Any]:
    """Both runs, as JSON has them."""
    apart = parting(first, second)
    return {
        "runs": [_summary(first), _summary(second)],
        "parting": None
        if apart is None
        else {name: getattr(apart, name) for name in Parting.__struct_fields__},
    }


def _lines(first: Audited, second: Audited) -> Iterator[str]:
    yield f"# {code(first.audit.source)} and {code(second.audit.source)}"
    yield ""
    apart = parting(first, second)
    if apart is None:
        yield "They do the same: the same prompts, calls, outcomes and answers."
    else:
        place = f"turn {apart.turn}" + (f", call {apart.call}" if apart.call else "")
        yield f"They part at **{place}** ({apart.what}):"
        yield ""
        yield f"- first: {code(apart.first)}"
        yield f"- second: {code(apart.second)}"
    yield ""
    one, other = _summary(first), _summary(second)
    yield from table(
        ("", "first", "second"),
        [(name.replace("_", " "), _cell(name, one), _cell(name, other)) for name in one],
    )
    turns = zip_longest(first.ledger.turns(), second.ledger.turns())
    for number, (mine, theirs) in enumerate(turns, 1):
        yield f"## Turn {number}"
        yield ""
        yield from table(
            ("first", "second"),
            chain(
                [(_asked(mine), _asked(theirs))],
                zip_longest(
                    _call_lines(mine, first), _call_lines(theirs, second), fillvalue=NOTHING
                ),
                [(_ended(mine), _ended(theirs))],
            ),
        )


def _summary(audited: Audited) -> dict[str, Any]:
    total: dict[str, Tokens] = {}
    for used in audited.audit.models.values():
        add(total, "", used)
    spent, totals = total.get("", Tokens()), audited.ledger.totals()
    return {
        "source": audited.audit.source,
        "models": ", ".join(audited.audit.models),
        "turns": totals.turns,
        "calls": totals.calls,
        "denied": totals.denied,
        "failed": totals.failed,
        "files": sum(1 for _ in audited.ledger.files()),
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cost_usd": spent.cost_usd,
        "duration_ms": totals.duration_ms,
    }


def _cell(name: str, summary: dict[str, Any]) -> str:
    value = summary[name]
    if name == "cost_usd":
        return cost(value)
    if name == "duration_ms":
        return duration(value)
    return f"{value:,}" if isinstance(value, int) else code(value)


def _call(call: Call) -> bytes:
    return encode([call.tool, call.arguments, bool(call.agent)])


def _end(call: Call) -> str:
    return call.outcome if call.exit_code is None else f"{call.outcome}, exit {call.exit_code}"


def _shown(call: Call | None) -> str:
    return NOTHING if call is None else f"{call.tool} {subject(call)}"


def _asked(turn: Turn | None) -> str:
    return NOTHING if turn is None else f"**{code(turn.prompt)}**"


def _call_lines(turn: Turn | None, audited: Audited) -> Iterator[str]:
    for call in audited.ledger.calls(turn) if turn is not None else ():
        yield f"{code(_shown(call))}: {_end(call)}"


def _ended(turn: Turn | None) -> str:
    if turn is None:
        return NOTHING
    spent: dict[str, Tokens] = {}
    for used in turn.models.values():
        add(spent, "", used)
    tokens = spent.get("", Tokens())
    return (
        f"{plain(turn.outcome) or 'no end'}, {duration(turn.duration_ms) or '? s'}, "
        f"{tokens.input_tokens:,} → {tokens.output_tokens:,} tokens, {cost(tokens.cost_usd)}"
    )
