"""What an answer to a question must be: in words by a rule beside it, so that every front end checks the same.

A rule is the ``answer`` of a question: ``{"type": "integer", "minimum": 1}``. Whether an answer is one of the
options that were offered is decided here too, for all who hold hosts to their rights. Pure.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

MAX_TEXT = 10_000
"""Characters of one answer."""

_EMAIL = r"[^@\s]+@[^@\s]+\.[^@\s.]+"
_URI = r"[A-Za-z][A-Za-z0-9+.-]*:\S+"


class WrongAnswer(ValueError):
    """An answer that is none; the text is a sentence for a person."""


def lasts(request: Mapping[str, Any]) -> bool:
    """Whether a yes to a permission request holds for more than the one call: what a skill wants to be allowed."""
    given = request.get("input")
    return (
        request.get("tool_name") == "skill" and isinstance(given, dict) and "allowed_tools" in given
    )


def value_of(rule: Mapping[str, Any], text: str) -> str | int | float:
    """The value that ``text`` is by ``rule``.

    Raises:
        WrongAnswer: it is none.
    """
    if rule.get("type") in ("number", "integer"):
        return _number(rule, text.strip())
    return _text(rule, text)


def problem_of(rule: Mapping[str, Any], text: str) -> str | None:
    """What is wrong with ``text`` as an answer; None for nothing."""
    try:
        value_of(rule, text)
    except WrongAnswer as error:
        return str(error)
    return None


def are_offered(updated_input: Mapping[str, Any], questions: Sequence[Any]) -> bool:
    """Whether the answers in ``updated_input`` are options that were offered, and no other words.

    Args:
        updated_input: as a ``confirmation_response`` has it, not checked yet; without ``answers`` there are
            no words in it.
        questions: ``questions`` of the request's input, not checked either.
    """
    labels = {
        label
        for question in questions
        if isinstance(question, dict)
        for option in question.get("options") or ()
        if isinstance(option, dict) and isinstance(label := option.get("label"), str)
    }
    answers = updated_input.get("answers")
    if not isinstance(answers, dict):
        return not answers  # other programs may read words where this one sees none
    given = (one if isinstance(one, list) else [one] for one in answers.values())
    return all(
        part in (None, "") or (isinstance(part, str) and _is_of(part, labels))
        for parts in given
        for part in parts
    )


def _is_of(answer: str, labels: Collection[str]) -> bool:
    """Whether an answer is one of the labels, or several with commas between."""
    return answer in labels or all(part.strip() in labels for part in answer.split(","))


def _number(rule: Mapping[str, Any], text: str) -> int | float:
    whole = rule.get("type") == "integer"
    what = "a whole number" if whole else "a number"
    low, high = rule.get("minimum"), rule.get("maximum")
    if low is not None and high is not None:
        what += f" from {low} to {high}"
    elif low is not None or high is not None:
        what += f" of {low} or more" if high is None else f" of {high} or less"
    try:
        value = int(text) if re.fullmatch(r"[+-]?[0-9]{1,300}", text) else float(text)
    except ValueError:
        raise WrongAnswer(f"It is to be {what}.") from None
    if not math.isfinite(value) or (whole and value != int(value)):
        raise WrongAnswer(f"It is to be {what}.")
    if (low is not None and value < low) or (high is not None and value > high):
        raise WrongAnswer(f"It is to be {what}.")
    return int(value) if whole else value


def _text(rule: Mapping[str, Any], text: str) -> str:
    least, most = rule.get("minLength") or 0, min(rule.get("maxLength") or MAX_TEXT, MAX_TEXT)
    if not least <= len(text) <= most:
        bound = f"{least} to {most}" if least else f"at most {most}"
        raise WrongAnswer(f"It is to have {bound} characters, and has {len(text)}.")
    wanted = _WANTED.get(str(rule.get("format")))
    if wanted is not None and not _is(str(rule["format"]), text):
        raise WrongAnswer(f"It is to be {wanted}.")
    return text


_WANTED = {
    "email": "an e-mail address",
    "uri": "an address such as https://example.org",
    "date": "a date such as 2026-11-26",
    "date-time": "a time such as 2026-11-26T09:30:00Z",
}


def _is(kind: str, text: str) -> bool:
    if kind in ("email", "uri"):
        return re.fullmatch(_EMAIL if kind == "email" else _URI, text) is not None
    from datetime import date, datetime

    try:
        if kind == "date":
            return len(text) == 10 and date.fromisoformat(text) is not None
        return "T" in text.upper() and datetime.fromisoformat(text.upper()).tzinfo is not None
    except ValueError:
        return False
