"""What is said of what has ended: which lines of a call's output stay, and in what words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.frontends.tui.state.blocks import NoticeBlock, RemoteBlock, ToolBlock, expanded
from qwen_dual.frontends.tui.state.live_state import sender_of
from qwen_dual.protocol.rewound import rewound_text
from qwen_dual.protocol.sanitise import one_line, sanitise
from qwen_dual.protocol.visible import visible, visible_prompt

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.frontends.tui.state.agents import AgentAtWork
    from qwen_dual.frontends.tui.state.blocks import ExpandedBlock
    from qwen_dual.frontends.tui.state.live_state import RunningTool
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ToolOutcome

SHOWN_LINES = 8
SHOWN_DIFF_LINES = 24
SHOWN_ERROR_LINES = 6
NO_MORE_TURNS = "No more model calls in this session (model.maxSessionTurns); /clear begins anew."
MAX_NOTE = 40
MAX_REASON = 60

ASKED_CHARS, ASKED_LINES, MIN_LEFT = 240, 3, 80
"""What of a prompt is repeated that a command has the model asked; fewer characters more are not cut."""

MAX_PROMPT_LINES = 40
MAX_PROMPT_CHARS = 4_000
"""A prompt beyond either is cut in the transcript."""

PROMPT_END_LINES = 10
PROMPT_END_CHARS = 1_000
"""Of what is kept, this is its end: behind what was pasted stands what is asked."""


def finished_tool(
    call: RunningTool,
    text: str,
    *,
    is_error: bool,
    outcome: ToolOutcome,
    seconds: float | None,
    counted: bool = True,
    lane: AgentAtWork | None = None,
) -> ToolBlock:
    """The block of a call that came to ``text``.

    Args:
        call: what was known of it while it ran.
        text: what is to be shown of its result, sanitised but for colours.
        is_error: whether the model was told that it failed.
        outcome: how it ended, as the wire tells it.
        seconds: how long it ran, where the outcome does not say; None when it did not.
        counted: whether a count may stand for the text of a tool that says so; not for images.
        lane: the sub-agent that worked for the call, if one did.
    """
    status: Literal["ok", "error", "denied"] = "error" if is_error else "ok"
    word, title = call.display.word, call.title
    if call.denied:
        reason = tuple(call.reason.split("\n")) if call.reason else ()
        return ToolBlock(word, call.title, "denied", reason, note=call.denied)
    lines = text.rstrip().split("\n") if text.strip() else []
    notes = ending(outcome)
    most, diff = SHOWN_LINES, False
    told = outcome.get("duration_ms")
    seconds = seconds if told is None else told / 1000
    if lane is not None:
        word, title, notes = lane.name, lane.title, taken(lane)
        most = SHOWN_ERROR_LINES if is_error else 0
    elif is_error:
        most = SHOWN_ERROR_LINES
    elif call.diff:
        lines, most, diff = call.diff.rstrip("\n").split("\n"), SHOWN_DIFF_LINES, True
        notes.append(_changed(lines))
    elif call.display.unit is not None and counted:
        one, many = call.display.unit
        if not notes:
            notes.append(f"{len(lines)} {one if len(lines) == 1 else many}")
        most = 0
    elif not lines and not notes:
        notes.append("no output")
    if seconds is not None and seconds >= 1:
        notes.append(elapsed(seconds))
    if outcome.get("auto_verdict") == "allow" and not is_error:
        notes.append(f"auto: {one_line(outcome.get('auto_reason') or '')}"[:MAX_REASON])
    shown = lines[:most] if diff or not most else lines[-most:]
    hidden = len(lines) - len(shown)
    note = " · ".join(filter(None, notes))
    colour = "" if lane is None else lane.colour
    if lane is not None and not shown:
        hidden = 0  # Ctrl+O has its lane, of which that is the end
    return ToolBlock(word, title, status, tuple(shown), hidden, diff, note, colour)


def ending(outcome: ToolOutcome) -> list[str]:
    """How a command ended, where that was not well."""
    note = sanitise(outcome.get("note") or "").replace("\n", " ")[:MAX_NOTE]
    code, signal = outcome.get("exit_code"), sanitise(outcome.get("signal") or "")[:MAX_NOTE]
    if note:
        return [note]
    if signal:
        return [f"ended by {signal}"]
    return [f"exit {code}"] if code else []


def taken(lane: AgentAtWork) -> list[str]:
    """What a sub-agent took so far: its calls, its tokens."""
    told = [f"{lane.calls} {'call' if lane.calls == 1 else 'calls'}"]
    if lane.tokens:
        told.append(f"{short_count(lane.tokens)} tokens")
    return told


def _changed(diff: list[str]) -> str:
    """How many lines a change adds and takes away; ``−`` is a minus, as wide as the plus."""
    body = [line for line in diff if not line.startswith(("+++ ", "--- "))]
    added = sum(line.startswith("+") for line in body)
    removed = sum(line.startswith("-") for line in body)
    return f"+{added} −{removed}"


def shown_prompt(
    text: str, title: str = "prompt", *, asked: bool = False, known: str = ""
) -> tuple[str, ExpandedBlock | None]:
    """What of a prompt, or of what else a person says, the transcript repeats; where that is not all, all.

    Only what is shown is made safe: to go through megabytes takes longer than a key may wait.

    Args:
        text: the prompt.
        title: what it is, above all of it.
        asked: whether a command has the model asked it, and the person has typed the command alone.
        known: what the person saw of it when they sent it, where that was not all.
    """
    clean = visible if text.startswith("!") else visible_prompt  # a command for the shell exactly
    shown, cut = (clean(known), True) if known else _shortened(text, clean, asked=asked)
    return shown, expanded(title, text, clean=clean) if cut else None


def _shortened(text: str, clean: Callable[[str], str], *, asked: bool) -> tuple[str, bool]:
    if asked:
        begin = "\n".join(text[:ASKED_CHARS].split("\n", ASKED_LINES)[:ASKED_LINES])
        left = len(text) - len(begin)
        if left <= MIN_LEFT:
            return clean(text), False
        return f"{clean(begin)}\n… {left} more characters (ctrl+o shows all)", True
    if len(text) <= MAX_PROMPT_CHARS and text.count("\n") < MAX_PROMPT_LINES:
        return clean(text), False
    lines = MAX_PROMPT_LINES - PROMPT_END_LINES
    begin = "\n".join(text[: MAX_PROMPT_CHARS - PROMPT_END_CHARS].split("\n", lines)[:lines])
    end = "\n".join(text[-PROMPT_END_CHARS:].rsplit("\n", PROMPT_END_LINES)[-PROMPT_END_LINES:])
    left = len(text) - len(begin) - len(end)
    return f"{clean(begin)}\n… {left} more characters (ctrl+o shows all)\n{clean(end)}", True


def short_count(count: int) -> str:
    """A number in at most four characters or so: ``840``, ``1.2k``, ``128k``, ``1.5M``."""
    for unit, size in (("M", 1_000_000), ("k", 1000)):
        if count >= size * 0.9995:
            scaled = count / size
            return (
                f"{scaled:.0f}{unit}" if scaled >= 9.95 else f"{scaled:.1f}{unit}".replace(".0", "")
            )
    return str(count)


def end_notice(stop_reason: str) -> NoticeBlock | None:
    """What is said where a turn ended before the model was done; None where nothing is."""
    if stop_reason == "interrupted":
        return NoticeBlock("quiet", "interrupted")
    return NoticeBlock("warning", NO_MORE_TURNS) if stop_reason == "max_turns" else None


def rewound_block(data: Event) -> NoticeBlock | RemoteBlock:
    """The mark where the session went back; what stands above it stays there."""
    text = sanitise(rewound_text(data))
    by = sender_of(data["origin"])
    return RemoteBlock(text, by) if by else NoticeBlock("quiet", text)


def elapsed(seconds: float) -> str:
    """A duration in as few words as do: ``3 s``, ``2 min 5 s``, ``1 h 4 min``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
