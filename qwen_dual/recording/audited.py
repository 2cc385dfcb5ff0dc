"""What an audit says, as data: of a session its turns, of a turn its calls, of a call all that is known.

Texts are bounded; how long they were is kept. ``None`` is what the program did not tell.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

MAX_MODELS = 100
OTHER_MODELS = "(other models)"


class Tokens(Struct):
    """What model calls took.

    Attributes:
        calls: how many there were.
        input_tokens: what came from a cache included.
        output_tokens: what was written.
        cache_read_input_tokens: what came from a cache.
        cost_usd: dollars; None where the price of one is not known.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cost_usd: float | None = None


class FileChange(Struct):
    """A file that a call was to change.

    Attributes:
        path: as the program said it.
        change: ``add``, ``modify`` or ``delete``; empty where it was not told.
        added: lines that came; None where they were not told.
        removed: lines that went.
    """

    path: str
    change: str = ""
    added: int | None = None
    removed: int | None = None


class Call(Struct):
    """A tool call.

    Attributes:
        tool: the tool's name.
        arguments: what it was called with; long texts are cut.
        agent: the call of the sub-agent that made it; empty for the main agent.
        allowed_by: who let it run or refused: ``keyboard``, ``host:zed``, ``hook:x``, ``policy`` …;
            ``not asked (MODE)`` where nobody was.
        outcome: ``done``, ``failed``, ``denied``, or ``no result`` where none came.
        exit_code: of a command.
        duration_ms: how long it ran.
        files: what it changed, where the program tells it, or was asked to change.
        command: the command line that it ran; empty for other tools.
        hosts: hosts of the addresses that are named in its arguments.
        result: the beginning of what the model was told.
        remark: why it was refused, where somebody said so.
    """

    tool: str
    arguments: dict[str, Any] = {}
    agent: str = ""
    allowed_by: str = ""
    outcome: str = "no result"
    exit_code: int | None = None
    duration_ms: int | None = None
    files: list[FileChange] = []
    command: str = ""
    hosts: list[str] = []
    result: str = ""
    remark: str = ""


class Turn(Struct):
    """What followed from a prompt.

    Attributes:
        number: from 1.
        prompt: what was asked; long ones are cut.
        origin: who asked: ``keyboard``, ``input`` …; empty where it was not told.
        outcome: ``end_turn``, ``interrupted``, ``error`` …; empty for a turn whose end was not told.
        error: what ended it, where something did.
        answer: the final text; long ones are cut.
        duration_ms: how long it took.
        models: what each model took, by its name.
        first_call: the number of its first call among all.
        call_count: how many calls it made.
    """

    number: int
    prompt: str
    origin: str = ""
    outcome: str = ""
    error: str = ""
    answer: str = ""
    duration_ms: int | None = None
    models: dict[str, Tokens] = field(default_factory=dict)
    first_call: int = 0
    call_count: int = 0


class Totals(Struct):
    """Sums over all calls of an audit.

    Attributes:
        turns: how many there were.
        calls: how many there were.
        denied: how many of them were refused.
        failed: how many of them failed.
        duration_ms: of the turns.
    """

    turns: int = 0
    calls: int = 0
    denied: int = 0
    failed: int = 0
    duration_ms: int = 0


class Audit(Struct):
    """What was done in a recording: what there is one of. Turns and calls are read from the ``Ledger``.

    Attributes:
        source: its folder or file.
        session_ids: the sessions in it, in their order; of very many the first and the last.
        agent: the program; empty where it does not say.
        version: its version.
        cwd: where it worked.
        modes: the approval modes in their order; of very many the first and the last.
        models: what each model took in all, by its name.
        events: how many lines there were.
        lost_events: what the program says it could not deliver.
        bad_lines: lines that are no events.
        torn: the last line has no end: it was being written.
        ended: the session ended in order.
    """

    source: str
    session_ids: list[str] = field(default_factory=list)
    agent: str = ""
    version: str = ""
    cwd: str = ""
    modes: list[str] = field(default_factory=list)
    models: dict[str, Tokens] = field(default_factory=dict)
    events: int = 0
    lost_events: int = 0
    bad_lines: int = 0
    torn: bool = False
    ended: bool = False


def add(total: dict[str, Tokens], model: str, used: Tokens) -> None:
    """Adds what a model took to what it took before; one cost that is not known makes the sum unknown.

    Of more models than ``MAX_MODELS`` the further ones are one.
    """
    if model not in total and len(total) >= MAX_MODELS:
        model = OTHER_MODELS
    before = total.get(model)
    if before is None:
        total[model] = Tokens(
            used.calls,
            used.input_tokens,
            used.output_tokens,
            used.cache_read_input_tokens,
            used.cost_usd,
        )
        return
    before.calls += used.calls
    before.input_tokens += used.input_tokens
    before.output_tokens += used.output_tokens
    before.cache_read_input_tokens += used.cache_read_input_tokens
    known = before.cost_usd is not None and used.cost_usd is not None
    before.cost_usd = (before.cost_usd or 0) + (used.cost_usd or 0) if known else None


def both(first: FileChange, then: FileChange) -> FileChange:
    """Two changes of one file, as one."""
    change = "add" if (first.change, then.change) == ("add", "modify") else then.change
    if (first.added, first.removed, then.added, then.removed).count(None):
        return FileChange(then.path, change)
    return FileChange(
        then.path,
        change,
        (first.added or 0) + (then.added or 0),
        (first.removed or 0) + (then.removed or 0),
    )
