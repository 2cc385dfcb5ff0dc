"""Questions to the person, as data: a front end shows them, whoever asks gets the answers.

A form is a function from the answers so far to the next question, so that a later question may
depend on an earlier answer.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import Struct


class Choice(Struct, frozen=True):
    """One of the answers to pick from.

    Attributes:
        value: what the asker gets.
        label: what is shown; ``value`` where empty.
        summary: shown beside it, dim.
        kind: ``resource`` for one of an MCP server, where files are named as well.
    """

    value: str
    label: str = ""
    summary: str = ""
    kind: Literal["", "resource"] = ""


class Question(Struct, frozen=True):
    """One question.

    Attributes:
        text: what is asked, in one line.
        choices: what there is to pick from; empty asks for a text.
        default: the text that stands in the field, or the choice that is selected at first.
        secret: the text is a secret: shown as dots, kept in no history.
        several: any number of choices may be picked; the answer joins them with ``, ``.
        free: with choices: whether a text of one's own will do as well.
        optional: with a text: whether it may be empty.
        details: lines below the question: what it is about.
        preview: called with the value that the mark stands on, and with ``default`` when nothing was
            picked in the end.
        check: says what is wrong with a typed answer, which is then asked for again; None for
            nothing.
    """

    text: str
    choices: tuple[Choice, ...] = ()
    default: str = ""
    secret: bool = False
    several: bool = False
    free: bool = False
    optional: bool = False
    details: tuple[str, ...] = ()
    preview: Callable[[str], object] | None = None
    check: Callable[[str], str | None] | None = None


Form = Callable[[Sequence[str]], Question | None]
"""The next question after these answers; None when nothing is left to ask."""


def pick(
    text: str, choices: Callable[[], Sequence[Choice]], current: Callable[[], str] = str
) -> Form:
    """A form of one question: which of ``choices``, with ``current`` selected at first.

    Where there is nothing to choose it asks nothing.
    """

    def form(answers: Sequence[str]) -> Question | None:
        offered = () if answers else tuple(choices())
        return Question(text, offered, current()) if offered else None

    return form
