"""Notices when a model makes the same calls again and again and nothing comes of it. Pure.

What counts is the call and its result: a file that is read again after it was changed, or a build
that is asked for its state while it goes on, gives another result and begins the count anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from qwen_dual.protocol.long_json import LONG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.models.answer import RequestedCall
    from qwen_dual.protocol.shapes import ResultContent

REMIND_AFTER = 3
"""Rounds after which the model is told."""

STOP_AFTER = 5
"""Rounds after which the turn stops."""

LONGEST_ROUND = 4
"""Calls that may take turns: A, B, A, B is a round of two."""

REMINDER = (
    "You have made the same {calls} {rounds} times in a row now, with the same result each time. "
    "Another try will give the same. Do something else: change the arguments, use another tool, "
    "or say what is missing."
)
STOPPED = (
    "The turn was stopped: the model made the same {calls} ({tools}) {rounds} times in a row, with the "
    "same result each time. Say how it should go on."
)

Finding = Literal["", "remind", "stop"]


class Repetition:
    """Counts the rounds of one turn.

    Attributes:
        rounds: how often the last calls have come around.
    """

    def __init__(self) -> None:
        self.rounds = 0
        self._length = 1  # calls of a round
        self._calls: list[int] = []
        self._tools: list[str] = []  # those of the last ones, in words
        self._reminded = False

    def add(self, call: RequestedCall, result: ResultContent, word: str = "") -> Finding:
        """Takes one call and what came of it.

        Args:
            word: what a person calls its tool; the name unless given.

        Returns:
            ``remind`` once when the model should be told, ``stop`` when the turn should end.
        """
        import json

        # Megabytes are not encoded once more: a key would wait for it.
        raw = call.arguments is None or len(call.raw) > LONG
        # Models write the same arguments in another order.
        made = call.raw if raw else json.dumps(call.arguments, sort_keys=True)
        self._calls.append(hash((call.name, made, str(result))))
        del self._calls[: -LONGEST_ROUND * STOP_AFTER]
        self._tools = [*self._tools, word or call.name][-LONGEST_ROUND:]
        lengths = range(1, LONGEST_ROUND + 1)
        self._length = max(lengths, key=lambda length: _rounds(self._calls, length))
        self.rounds = _rounds(self._calls, self._length)
        if self.rounds >= STOP_AFTER:
            return "stop"
        if self.rounds < REMIND_AFTER:
            self._reminded = False
            return ""
        reminded, self._reminded = self._reminded, True
        return "" if reminded else "remind"

    @property
    def reminder(self) -> str:
        """What the model is told."""
        return REMINDER.format(calls=self._round, rounds=self.rounds)

    @property
    def stopped(self) -> str:
        """What the person is told."""
        tools = ", ".join(dict.fromkeys(self._tools[-self._length :]))
        return STOPPED.format(calls=self._round, tools=tools, rounds=self.rounds)

    @property
    def _round(self) -> str:
        return "call" if self._length == 1 else f"{self._length} calls"


def _rounds(calls: Sequence[int], length: int) -> int:
    """How often the last ``length`` calls stand at the end of ``calls``, one after the other."""
    last = calls[-length:]
    if len(last) < length:
        return 0
    count = 1
    while calls[-length * (count + 1) : -length * count] == last:
        count += 1
    return count
