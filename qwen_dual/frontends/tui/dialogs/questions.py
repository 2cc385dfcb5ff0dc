"""The questions of a model as a form, and its answers as the tool takes them.

Pure. What the model sent was checked by the tool; what is malformed all the same is left out.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.protocol.answers import problem_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.commands.questions import Form


NEITHER = Choice("", "Leave it open")


def form_of(arguments: Mapping[str, Any]) -> Form | None:
    """The form that asks the questions of a call; None when there is none in it."""
    listed = _asked(arguments)
    questions = [_question(asked, arguments) for asked in listed]
    if isinstance(arguments.get("message"), str) and len(listed) > 1:  # a server's, maybe long
        for number, question in enumerate(questions, 1):
            questions[number - 1] = replace(
                question, text=f"{question.text} · {number} of {len(listed)}"
            )
    if not questions:
        return None

    def form(answers: Sequence[str]) -> Question | None:
        return questions[len(answers)] if len(answers) < len(questions) else None

    return form


def asked_by(who: str, form: Form) -> Form:
    """``form`` with the sub-agent that asks before each question."""

    def named(answers: Sequence[str]) -> Question | None:
        question = form(answers)
        return question and replace(question, text=f"{who} asks: {question.text}")

    return named


def answered(arguments: Mapping[str, Any], answers: Sequence[str]) -> dict[str, Any]:
    """The call's arguments with the answer to each question."""
    texts = [asked["question"] for asked in _asked(arguments)]
    return {**arguments, "answers": dict(zip(texts, answers, strict=True))}


def _asked(arguments: Mapping[str, Any]) -> list[dict[str, Any]]:
    listed = arguments.get("questions")
    if not isinstance(listed, list):
        return []
    return [
        asked
        for asked in listed
        if isinstance(asked, dict) and isinstance(asked.get("question"), str)
    ]


def _question(asked: Mapping[str, Any], around: Mapping[str, Any]) -> Question:
    """One question; ``around`` may say what all of them are about."""
    options = asked.get("options")
    choices = [
        Choice(label, summary=str(option.get("description") or ""))
        for each in (options if isinstance(options, list) else ())
        if isinstance(option := {"label": each} if isinstance(each, str) else each, dict)
        and isinstance(label := option.get("label"), str)
        and label
    ]
    header = asked.get("header")
    text = asked["question"]
    if isinstance(header, str) and header:
        text = f"{header}: {text}"
    optional = asked.get("optional") is True
    if choices and optional:
        choices.append(NEITHER)
    elif optional:
        text += " (optional)"
    rule, default = asked.get("answer"), asked.get("default")
    details = (around.get("message"), asked.get("description"))
    return Question(
        text,
        tuple(choices),
        default=default if isinstance(default, str) else "",
        several=bool(asked.get("multiSelect")) and bool(choices),
        free=bool(choices) and asked.get("free") is not False,
        optional=optional,
        details=tuple(text for text in details if isinstance(text, str) and text),
        check=partial(problem_of, rule) if isinstance(rule, dict) else None,
    )
