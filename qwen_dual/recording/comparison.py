"""Two runs side by side: what was asked, called, answered and spent, and where they first part."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.protocol.codec import encode
from qwen_dual.recording.audit_text import code, cost, duration, plain, subject, table
from qwen_dual.recording.audited import Tokens, add

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.recording.audited import Audit, Call, Turn

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


def parting(first: Audit, second: Audit) -> Parting | None:
    """Where the runs part; None where they do not, but for times, tokens and ids."""
    for number, (one, other) in enumerate(zip_longest(first.turns, second.turns), 1):
        if one is None or other is None:
            names = [turn.prompt if turn is not None else NOTHING for turn in (one, other)]
            return Parting(number, "turns", None, *names)
        if one.prompt != other.prompt:
            return Parting(number, "prompt", None, one.prompt, other.prompt)
        for at, (mine, theirs) in enumerate(zip_longest(one.calls, other.calls), 1):
            if mine is None or theirs is None or _call(mine) != _call(theirs):
                return Parting(number, "call", at, _shown(mine), _shown(theirs))
            if _end(mine) != _end(theirs):
                return Parting(number, "outcome", at, _end(mine), _end(theirs))
        if one.answer != other.answer:
            return Parting(number, "answer", None, one.answer, other.answer)
    return None


def comparison(first: Audit, second: Audit) -> str:
    """Both runs, in Markdown."""
    return "\n".join(_lines(first, second)) + "\n"


def as_data(first: Audit, second: Audit) -> dict[str, Any]:
    """Both runs, as JSON has them."""
    apart = parting(first, second)
    return {
        "runs": [_summary(first), _summary(second)],
        "parting": None
        if apart is None
        else {name: getattr(apart, name) for name in Parting.__struct_fields__},
    }


def _lines(first: Audit, second: Audit) -> Iterator[str]:
    yield f"# {code(first.source)} and {code(second.source)}"
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
    for number, (mine, theirs) in enumerate(zip_longest(first.turns, second.turns), 1):
        yield f"## Turn {number}"
        yield ""
        yield from table(("first", "second"), _side_by_side(mine, theirs))


def _side_by_side(one: Turn | None, other: Turn | None) -> Iterator[tuple[str, str]]:
    yield _asked(one), _asked(other)
    pairs = zip_longest(one.calls if one else (), other.calls if other else ())
    for mine, theirs in pairs:
        yield _told(mine), _told(theirs)
    yield _ended(one), _ended(other)


def _summary(audit: Audit) -> dict[str, Any]:
    total: dict[str, Tokens] = {}
    for used in audit.models.values():
        add(total, "", used)
    spent = total.get("", Tokens())
    return {
        "source": audit.source,
        "models": ", ".join(audit.models),
        "turns": len(audit.turns),
        "calls": len(audit.calls),
        "denied": sum(call.outcome == "denied" for call in audit.calls),
        "failed": sum(call.outcome == "failed" for call in audit.calls),
        "files": len(audit.files),
        "input_tokens": spent.input_tokens,
        "output_tokens": spent.output_tokens,
        "cost_usd": spent.cost_usd,
        "duration_ms": sum(turn.duration_ms or 0 for turn in audit.turns),
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


def _told(call: Call | None) -> str:
    return NOTHING if call is None else f"{code(_shown(call))}: {_end(call)}"


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
