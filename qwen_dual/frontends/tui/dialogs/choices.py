"""The ways to answer a request, each with the key that it always has. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol import EDITS
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.state.live_state import Request


class Answer(Struct, frozen=True):
    """One way to answer.

    Attributes:
        key: the letter that chooses it.
        remember: how long the answer lasts; None for this once.
        asks_reason: the person may say what to do instead.
        beside: it may stand in the row of the one before it.
        short: the label where that takes more than a row.
        mode: of a plan, the approval mode to go on in.
        edits: the person may make something else of it first.
    """

    key: str
    label: str
    allowed: bool
    remember: str | None = None
    asks_reason: bool = False
    beside: bool = False
    short: str = ""
    mode: str | None = None
    edits: bool = False


YES = Answer("y", "Yes", allowed=True)
ALL_EDITS = Answer(
    "s",
    "Yes, and all edits of this session (turns on auto-edit)",
    allowed=True,
    remember="session",
    short="All edits (turns on auto-edit)",
)
FOR_USER = Answer("u", "… for this user", allowed=True, remember="user", beside=True)
NO = Answer(
    "n", "No, and say what instead", allowed=False, asks_reason=True, short="No, and what instead"
)

ONE_BY_ONE = Answer("y", "Yes, and ask before each change", allowed=True, mode="default")
ACCEPTING = Answer(
    "s",
    "Yes, with all edits of this session (turns on auto-edit)",
    allowed=True,
    short="Yes, with all edits (auto-edit)",
    mode="auto-edit",
)
NO_PLAN = Answer(
    "n",
    "No, keep planning: say what to change",
    allowed=False,
    asks_reason=True,
    short="No, go on planning",
)

TAKE = Answer("y", "Yes, send it", allowed=True)
EDIT = Answer("e", "Edit it first", allowed=False, edits=True)
REFUSE = Answer("n", "No, and say why", allowed=False, asks_reason=True)


def answers_for(request: Request) -> tuple[Answer, ...]:
    """The ways to answer ``request``, those that last only where there is a rule for them."""
    if request.kind == "plan":
        return _for_plan(request)
    if request.kind == "proposal":
        return (TAKE, EDIT, REFUSE)
    if not request.rule:
        return (YES, NO)
    if request.rule == EDITS:
        return (YES, ALL_EDITS, NO)
    if request.kind != "command":
        always = f"Yes, and always {visible_line(_place(_covered(request.rule)))} in this project"
        return (YES, Answer("p", always, allowed=True, remember="project"), NO)
    listed = " and ".join(_quoted(_covered(rule)) for rule in request.rules)
    like = f"Yes, and {listed} in this session"
    return (
        YES,
        Answer("s", like, allowed=True, remember="session"),
        Answer("p", "… always in this project", allowed=True, remember="project"),
        FOR_USER,
        NO,
    )


def _for_plan(request: Request) -> tuple[Answer, ...]:
    """The ways to go on with a plan: each mode once, the one before it by its own key if it is another."""
    ways = [ONE_BY_ONE, ACCEPTING]
    if request.before not in ("", "default", "auto-edit"):
        label = f"Yes, in the mode before ({visible_line(request.before)})"
        ways.append(Answer("b", label, allowed=True, mode="previous"))
    return (*ways, NO_PLAN)


def question_for(request: Request) -> str:
    """What is asked, in one line."""
    if request.kind == "diff":
        question = "Apply this change?"
    elif request.kind == "command":
        question = "Run this command?"
    elif request.kind == "proposal":
        question = f"{request.asker} proposes a prompt"
    else:
        question = visible_line(request.question) or request.display.question
        question = question or f"Allow {visible_line(request.tool_name)}?"
    return f"{request.asker} asks: {question}" if request.agent else question


def _quoted(pattern: str) -> str:
    """The pattern of a rule for commands; ``=`` before it means just these words."""
    just = "just " if pattern.startswith("=") else ""
    return f"{just}'{visible_line(pattern.removeprefix('='))}'"


def _covered(rule: str) -> str:
    """The pattern of a rule."""
    return rule.partition("(")[2].removesuffix(")") or rule


def _place(pattern: str) -> str:
    """A host, a file or a folder, from the pattern of a rule that was proposed."""
    if not pattern.startswith("//"):
        return pattern
    return re.sub(r"\\(.)", r"\1", pattern[1:].removesuffix("**"))
