"""What a page may do, held against its rights before anything reaches the program. Pure.

Where the program has a socket, it judges once more, and knows more: whose turn runs, which words are slash
commands. What is judged here holds for every program.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.answers import are_offered, lasts
from qwen_dual.protocol.command_shapes import ON_PROMPTS, RIGHTS

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_UNSEEN = re.compile(r"^[\s\ufeff\u180e\u200b-\u200f\u2060-\u2064]+")
"""What a program may take away before it looks whether a text is a command; JavaScript's ``trim`` takes U+FEFF."""


def lacking(
    command: Mapping[str, Any],
    rights: Collection[str],
    *,
    own: bool,
    request: Mapping[str, Any] | None,
) -> tuple[str, str] | None:
    """The right that a page lacks for a command, and what takes it; None where it lacks none.

    Args:
        command: as it came.
        rights: of the page.
        own: of a command on a prompt or a turn: whether it is the page's own.
        request: of an answer: the request that it answers, as the program told it.
    """
    if "control" in rights:
        return None
    kind = str(command.get("type"))
    if kind in ON_PROMPTS or kind == "interrupt":
        lasting = kind == "interrupt" and command.get("queue", "keep") != "keep"
        if "submit" not in rights or not own or lasting:
            return "control", kind if own else f"{kind} of another's"
        return (
            ("control", "a slash command") if any(map(_may_be_command, _texts(command))) else None
        )
    right = RIGHTS.get(kind, "control")
    if right not in rights:
        return right, kind
    if kind == "list_sessions" and command.get("all_folders"):
        return "control", "list_sessions of all folders"
    if kind == "confirmation_response":
        return _lacking_to_answer(command, rights, request or {})
    if any(map(_may_be_command, _texts(command))):
        return "control", "a slash command"
    return None


def _lacking_to_answer(
    command: Mapping[str, Any], rights: Collection[str], request: Mapping[str, Any]
) -> tuple[str, str] | None:
    if command.get("remember") is not None or (command.get("allowed") and lasts(request)):
        return "control", "an answer that lasts"
    if command.get("mode") is not None:
        return "control", "the mode to go on in"
    given = command.get("updated_input")
    if given is not None:
        questions = _questions(request)
        if questions is None or not isinstance(given, dict):
            return "control", "an input of one's own"
        if "submit" not in rights and not are_offered(given, questions):
            return "submit", "an answer in one's own words"
    if command.get("message") and "submit" not in rights:
        return "submit", "a message to the model"
    return None


def _questions(request: Mapping[str, Any]) -> list[Any] | None:
    """The questions of the model's; None of any other request."""
    given = request.get("input")
    questions = given.get("questions") if isinstance(given, dict) else None
    asks = request.get("tool_name") == "ask_user_question"
    return questions if asks and isinstance(questions, list) else None


def _texts(command: Mapping[str, Any]) -> list[str]:
    content = command.get("content")
    parts = content if isinstance(content, list) else ()
    found = [command.get("text"), *(part.get("text") for part in parts if isinstance(part, dict))]
    return [text for text in found if isinstance(text, str)]


def _may_be_command(text: str) -> bool:
    """Whether a text may be taken for a slash command, or one of the shell: rather than not."""
    start = _UNSEEN.sub("", text)
    if start.startswith("/"):
        return "/" not in (start[1:].split(maxsplit=1) or [""])[0]
    return start.startswith("!")
