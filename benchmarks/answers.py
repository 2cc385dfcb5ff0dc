"""What a prompt asks of the model: one grammar for the server and for an offline script. Pure.

``N=20000`` asks for that many text deltas (``N=20000 RATE=5000`` for at most 5,000 a second, where
the model can be slow: a script cannot), ``CHUNK=20`` for one delta of that many megabytes,
``TOOL <command>`` for one shell call and, once its
result is there, one delta. Everything else gets one delta, so that requests a program makes on
its own account (a title, a suggestion) are answered too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

WORD = "word "
LINE = "a line of words that is as long as many are\n"
MAX_DELTAS = 1_000_000
_DELTAS = re.compile(r"^N=(\d{1,7})(?: RATE=(\d{1,7}))?$", re.MULTILINE)
_CHUNK = re.compile(r"^CHUNK=(\d{1,2})$", re.MULTILINE)
_TOOL = re.compile(r"^TOOL (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Answer:
    """One model message: ``deltas`` times ``text``, or a shell call if ``command`` is set.

    Attributes:
        rate: deltas a second at the most; 0 for no bound.
    """

    deltas: int = 1
    rate: int = 0
    command: str | None = None
    text: str = WORD


def answer_to(text: str) -> Answer:
    """What the prompt ``text`` asks for; a marker counts on a line of its own."""
    if found := _DELTAS.search(text):
        return Answer(min(int(found[1]), MAX_DELTAS), int(found[2] or 0))
    if found := _CHUNK.search(text):
        return Answer(text=LINE * (int(found[1]) * 1_000_000 // len(LINE)))
    if found := _TOOL.search(text):
        return Answer(command=found[1])
    return Answer()


def answer_in(request: Mapping[str, Any]) -> Answer:
    """What the last message of a chat completions request asks for."""
    messages = request.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, dict) or last.get("role") != "user":
        return Answer()
    content = last.get("content")
    if isinstance(content, str):
        return answer_to(content)
    parts = content if isinstance(content, list) else []
    return answer_to("\n".join(str(part.get("text", "")) for part in parts))


def call_arguments(command: str) -> dict[str, Any]:
    """The arguments of ``run_shell_command``, as both programs' tools take them."""
    return {"command": command, "description": "benchmark", "is_background": False}


def script(prompts: Iterable[str]) -> list[dict[str, Any]]:
    """The model messages that answer ``prompts`` in this order, as an offline script has them."""
    lines: list[dict[str, Any]] = []
    for prompt in prompts:
        answer = answer_to(prompt)
        if answer.command is not None:
            call = {
                "type": "tool_use",
                "name": "run_shell_command",
                "input": call_arguments(answer.command),
            }
            lines.append({"blocks": [call]})
            answer = Answer()
        lines.append({"blocks": [{"type": "text", "text": WORD, "repeat": answer.deltas}]})
    return lines
