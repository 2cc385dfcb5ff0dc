"""What the model is told of plan mode: that it is on, with each prompt, and that it has ended. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.tools.tool import only_mode_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.core.tools.tool import Tool

_AROUND = "<system-reminder>\n{}\n</system-reminder>"

_ON = """\
Plan mode is on: the person wants to see a plan before anything changes. Only what reads is carried \
out. Edit no file, run nothing that changes the system, and make no commit, whatever you were told \
before; a call that would is refused, and the same by other means is not wanted either.

Look around first: read the code that is concerned, find what can be used again, and follow how the \
project does such things. Ask the person only what reading cannot answer, several questions at once.

A plan is ready when nothing in it is open. It names what changes and in which files, what is used \
that is there already, and how the result is checked. Keep it short. {end}"""

_PROPOSE = (
    "Then call {tool} with it: the person is shown the plan and decides. Do not ask in words whether "
    "the plan is good. For a question that needs no change, answer it and propose nothing."
)
_SAY = "Then give it as your answer: nobody can allow it here, and nothing is carried out."

_OFF = (
    "Plan mode is off: the person changed the approval mode to {mode}. What you were told of plan mode "
    "holds no more, and no plan waits for an answer. Go on as this mode allows."
)


def plan_reminder(tools: Iterable[Tool]) -> str:
    """What a model is told that may only plan; ``tools`` are those that it is offered."""
    proposes = next((tool.name for tool in tools if only_mode_of(tool) == "plan"), "")
    return _AROUND.format(_ON.format(end=_PROPOSE.format(tool=proposes) if proposes else _SAY))


class PlanReminders:
    """Keeps what the model knows of plan mode in step with the mode in force."""

    def __init__(self) -> None:
        self._told = False
        self._turn: str | None = None

    def ended(self) -> None:
        """The model is told in another way that plan mode has ended."""
        self._told = False

    def due(self, mode: str, turn_id: str | None, tools: Iterable[Tool]) -> str:
        """What is to be told before the next request; empty for nothing.

        Once in each turn: what was told in one before may be far back, or summarised.
        """
        anew, self._turn = turn_id != self._turn, turn_id
        if mode == "plan":
            if self._told and not anew:
                return ""
            self._told = True
            return plan_reminder(tools)
        if not self._told:
            return ""
        self._told = False
        return _AROUND.format(_OFF.format(mode=mode))
