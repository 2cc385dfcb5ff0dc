"""How an agent ended, for whoever called it: its last words, or what kept it from them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qwen_dual.core.tools.tool import ToolResult

if TYPE_CHECKING:
    from qwen_dual.agents.spec import AgentSpec

INTERRUPTED: Final = "interrupted"
STOPPED: Final = "stopped"
TIMED_OUT: Final = "timed_out"
FAILED: Final = "error"

_WHY: Final = {
    INTERRUPTED: "was interrupted before it finished",
    STOPPED: "was stopped before it finished",
    TIMED_OUT: "was stopped after {minutes:g} minutes, the most it may take",
    FAILED: "failed: {problem}",
    "max_turns": "was stopped after {turns} model calls, the most it may make (maxTurns)",
    "loop": "was stopped, since it did the same again and again",
    "denied": "ended, since something it wanted to do was not allowed",
}
_CUT: Final = "\n\n[The answer was cut off: it reached the model's limit of output tokens.]"
_NOTHING: Final = "The agent ended without a word."


def result_of(spec: AgentSpec, why: str, text: str, problem: str = "") -> ToolResult:
    """The result of the call that an agent works for.

    Args:
        spec: the agent.
        why: the stop reason of its turn, or one of those above.
        text: its last words.
        problem: what a model call failed with.
    """
    if why not in _WHY:
        told = text.strip() or _NOTHING
        return ToolResult(told + _CUT if why == "max_tokens" else told)
    words = _WHY[why].format(
        problem=problem.rstrip(".") or "the debug log has the details",
        turns=spec.max_turns,
        minutes=spec.max_minutes or 0,
    )
    told = f"The agent {spec.name} {words}."
    # The words of a call that failed are the error itself.
    if text.strip() and why != FAILED:
        told += f" It had said:\n\n{text.strip()}"
    return ToolResult(told, is_error=True)
