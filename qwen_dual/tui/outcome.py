"""How a finished tool call is told: which lines of its output stay, and in what words. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.tui.blocks import ToolBlock

if TYPE_CHECKING:
    from qwen_dual.tui.live_state import RunningTool

SHOWN_LINES = 8
SHOWN_DIFF_LINES = 24
SHOWN_ERROR_LINES = 6

MAX_PROMPT_LINES = 40
MAX_PROMPT_CHARS = 4_000
"""A prompt beyond either is cut in the transcript."""

PROMPT_END_LINES = 10
PROMPT_END_CHARS = 1_000
"""Of what is kept, this is its end: behind what was pasted stands what is asked."""

# What these give is for the model to read; a person wants to know that it was read.
_COUNTED = {
    "read_file": ("line", "lines"),
    "list_directory": ("entry", "entries"),
    "glob": ("line", "lines"),
    "grep_search": ("line", "lines"),
}


def finished_tool(
    call: RunningTool, text: str, *, is_error: bool, seconds: float | None
) -> ToolBlock:
    """The block of a call that came to ``text``.

    Args:
        call: what was known of it while it ran.
        text: its result, sanitised.
        is_error: whether the model was told that it failed.
        seconds: how long it ran; None when it did not.
    """
    status: Literal["ok", "error", "denied"] = "error" if is_error else "ok"
    if call.denied:
        reason = tuple(call.reason.strip().split("\n")) if call.reason.strip() else ()
        return ToolBlock(call.name, call.title, "denied", reason, note="not allowed")
    note = elapsed(seconds) if seconds is not None and seconds >= 1 else ""
    lines = text.rstrip().split("\n") if text.strip() else []
    if is_error:
        shown, hidden = lines[-SHOWN_ERROR_LINES:], max(0, len(lines) - SHOWN_ERROR_LINES)
    elif call.diff:
        lines = call.diff.rstrip("\n").split("\n")
        hidden = max(0, len(lines) - SHOWN_DIFF_LINES)
        return ToolBlock(
            call.name,
            call.title,
            status,
            tuple(lines[:SHOWN_DIFF_LINES]),
            hidden,
            diff=True,
            note=note,
        )
    elif call.name in _COUNTED:
        one, many = _COUNTED[call.name]
        count = f"{len(lines)} {one if len(lines) == 1 else many}"
        note = f"{count} · {note}" if note else count
        return ToolBlock(call.name, call.title, status, (), len(lines), note=note)
    else:
        shown, hidden = lines[-SHOWN_LINES:], max(0, len(lines) - SHOWN_LINES)
    return ToolBlock(call.name, call.title, status, tuple(shown), hidden, note=note)


def shown_prompt(text: str) -> str:
    """What of a prompt the transcript repeats."""
    if len(text) <= MAX_PROMPT_CHARS and text.count("\n") < MAX_PROMPT_LINES:
        return text
    lines = MAX_PROMPT_LINES - PROMPT_END_LINES
    begin = "\n".join(text[: MAX_PROMPT_CHARS - PROMPT_END_CHARS].split("\n", lines)[:lines])
    end = "\n".join(text[-PROMPT_END_CHARS:].rsplit("\n", PROMPT_END_LINES)[-PROMPT_END_LINES:])
    left = len(text) - len(begin) - len(end)
    return f"{begin}\n… {left} more characters (ctrl+o shows all)\n{end}"


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
