"""``auto`` mode: has a model judge the calls that neither a rule nor a guard decides.

It only ever decides what would ask: ``Policy.judge`` comes before it, and ``Policy.may_be_judged`` says
for what its yes would be enough. It is shown the call and what the person said, as one JSON document,
never a result of a tool or a file. Whatever is not plainly a yes or a no asks the person.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio
from msgspec import Struct

from qwen_dual.core.models.model import (
    ModelError,
    ModelRequest,
    TextDelta,
    ThoughtSoFar,
    TokenUsage,
    ToolCallStart,
)
from qwen_dual.core.permissions.auto_rules import instructions

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from qwen_dual.core.models.model import Model, ModelDelta
    from qwen_dual.core.permissions.auto_rules import AutoRules
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.shapes import Message, ToolOutcome

log = logging.getLogger(__name__)

TIMEOUT = 20.0
"""Seconds that a verdict may take; then the person is asked."""

MAX_DENIED = 3
"""Denials in a row after which the next call is put to the person."""

MAX_FAILED = 2
"""Failures in a row after which calls are put to the person without trying."""

MAX_INPUT = 16_000
"""Characters of an input as JSON; a longer one is not judged: what is cut could not be allowed."""

MAX_WORDS = 2_000
"""Characters of one thing that the person said: its end."""

MAX_ANSWER = 4_000
MAX_REASON = 300

WITHHELD = {"withheld": True}

Cause = Literal[
    "judged", "cached", "unsure", "timeout", "failed", "invalid", "too_large", "denials", "failures"
]
"""Why a verdict is what it is: the model gave it, gave it before for the same call, or could not tell;
it was too slow, failed, gave no verdict; the call is too large to be shown; too many were denied, or
failed, in a row."""


class Judgement(Struct, frozen=True):
    """What came of one call.

    Attributes:
        verdict: ``ask`` for all that is no plain yes or no.
        reason: in a sentence.
        model: that was asked; empty for none.
        seconds: how long it took.
    """

    verdict: Literal["allow", "deny", "ask"]
    reason: str
    cause: Cause
    model: str = ""
    usage: TokenUsage = TokenUsage()
    seconds: float = 0.0

    def outcome(self, scrub: Callable[[str], str]) -> ToolOutcome:
        """What the result of the call says of it."""
        return {"auto_verdict": self.verdict, "auto_reason": scrub(self.reason)}

    def fields(self) -> dict[str, Any]:
        """What ``auto_verdict`` says of it."""
        usage = self.usage
        return {
            "verdict": self.verdict,
            "reason": self.reason,
            "cause": self.cause,
            "model": self.model or None,
            "duration_ms": round(self.seconds * 1000),
            "usage": {
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "cache_read_input_tokens": usage.cache_read_input_tokens,
            },
            "resolved_by": "auto",
        }


def judge_of(session: Session) -> AutoJudge:
    """What judges the calls of ``session``."""
    rules = session.modes.auto_rules

    def model() -> Model:
        return session.models.get(rules().fast_model) or session.model

    return AutoJudge(model, rules, lambda: session.modes.said, lambda: session.turn_id, session.cwd)


class NoVerdict(ValueError):
    """An answer that is none."""


class AutoJudge:
    """Judges the calls of one session, its agents' too.

    Args:
        model: gives the one that judges.
        rules: what the settings say, now.
        said: what the person said last, the latest at the end.
        turn: the turn that runs.
        folder: the workspace.
        timeout: seconds that one verdict may take.

    Attributes:
        timeout: as given.
    """

    def __init__(
        self,
        model: Callable[[], Model],
        rules: Callable[[], AutoRules],
        said: Callable[[], Sequence[str]],
        turn: Callable[[], str | None],
        folder: str,
        timeout: float = TIMEOUT,
    ) -> None:
        self._model = model
        self._rules = rules
        self._said = said
        self._turn = turn
        self._folder = folder
        self.timeout = timeout
        self._denials = 0
        self._failures = 0
        self._of_turn: str | None = None
        self._known: dict[str, Judgement] = {}
        self._locks: dict[str, anyio.Lock] = {}
        self._denied: list[dict[str, Any]] = []

    @property
    def rules(self) -> AutoRules:
        """What the settings say, now."""
        return self._rules()

    def reset(self) -> None:
        """The person has decided, or the mode has changed: counts begin anew."""
        self._denials = self._failures = 0

    async def judge(self, tool: str, arguments: Mapping[str, Any]) -> Judgement:
        """What is to become of a call that would ask; never raises but when it is cancelled.

        The same call within a turn has the verdict that it had; calls are judged side by side.
        """
        if self._turn() != self._of_turn:
            self._of_turn = self._turn()
            self._known.clear()
            self._locks.clear()
            self._denied.clear()
        key = _data([tool, arguments])
        async with self._locks.setdefault(key, anyio.Lock()):
            if self._denials >= MAX_DENIED:
                told = f"{self._denials} calls in a row were denied: this one is yours to decide."
                return Judgement("ask", told, "denials")
            if self._failures >= MAX_FAILED:
                told = "The model that judges has failed twice in a row, and is not asked now."
                return Judgement("ask", told, "failures")
            if (known := self._known.get(key)) is not None:
                self._denials += known.verdict == "deny"
                return Judgement(known.verdict, known.reason, "cached", known.model)
            if len(key) > MAX_INPUT:
                return Judgement("ask", "The call is too large to be judged.", "too_large")
            made = await self._judge(tool, arguments)
            self._record(key, tool, arguments, made)
            return made

    def _record(self, key: str, tool: str, arguments: Mapping[str, Any], made: Judgement) -> None:
        if made.cause == "judged":
            self._known[key] = made
            self._failures = 0
            self._denials = self._denials + 1 if made.verdict == "deny" else 0
            if made.verdict == "deny":
                self._denied.append({**self._call_data(tool, arguments), "reason": made.reason})
        elif made.cause == "unsure":
            self._failures = 0
        else:
            self._failures += 1

    async def _judge(self, tool: str, arguments: Mapping[str, Any]) -> Judgement:
        model = self._model()
        began = time.monotonic()
        usage = _Used()
        verdict: Literal["allow", "deny", "ask"] = "ask"
        try:
            with anyio.move_on_after(self.timeout) as scope:
                answer = await self._ask(model, self._question(tool, arguments), usage)
            if scope.cancelled_caught:
                cause: Cause = "timeout"
                reason = f"The model that judges gave no verdict within {self.timeout:g} s."
            else:
                said, reason = verdict_of(answer)
                cause = "unsure" if said == "unsure" else "judged"
                verdict = "ask" if said == "unsure" else said
        except NoVerdict as error:
            cause, reason = "invalid", f"The model that judges gave no verdict: {error}."
        except ModelError as error:
            cause, reason = "failed", f"The model that judges failed: {error.problem}"
        except Exception:
            log.exception("judging a call failed")
            cause, reason = "failed", "The model that judges failed; the debug log has the details."
        seconds = time.monotonic() - began
        return Judgement(verdict, reason, cause, model.name, usage.latest, seconds)

    def _question(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """What the model is shown: one line of JSON, in which no text can look like anything else."""
        return _data(
            {
                "folder": self._folder,
                "person": [words[-MAX_WORDS:] for words in self._said()],
                "denied": self._denied[-MAX_DENIED:],
                "call": self._call_data(tool, arguments),
            }
        )

    def _call_data(self, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        hidden = tool.startswith("mcp__") and not self.rules.mcp_arguments
        return {"tool": tool, "input": WITHHELD if hidden else arguments}

    async def _ask(self, model: Model, question: str, used: _Used) -> str:
        asked: Message = {"role": "user", "content": [{"type": "text", "text": question}]}
        request = ModelRequest(instructions(self.rules), [asked])
        pieces: list[str] = []
        size = 0
        deltas = cast("AsyncGenerator[ModelDelta, None]", model.stream(request))
        async with aclosing(deltas):
            async for delta in deltas:
                if isinstance(delta, TextDelta):
                    pieces.append(delta.text)
                    size += len(delta.text)
                    if size > MAX_ANSWER:
                        raise NoVerdict("its answer is too long")
                elif isinstance(delta, ThoughtSoFar):
                    pieces.clear()
                    size = 0
                elif isinstance(delta, TokenUsage):
                    used.latest = delta
                elif isinstance(delta, ToolCallStart):
                    raise NoVerdict("it called a tool")
        return "".join(pieces)


class _Used(Struct):
    """The tokens of one call so far, however it ends."""

    latest: TokenUsage = TokenUsage()


def verdict_of(answer: str) -> tuple[Literal["allow", "deny", "unsure"], str]:
    """The verdict and its reason, which are all of ``answer``; one code fence around them may stand.

    Raises:
        NoVerdict: it is anything else.
    """
    text = answer.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        text = text.split("\n", 1)[1][:-3].strip()
    try:
        found = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError):
        raise NoVerdict("its answer is not one JSON object") from None
    if not isinstance(found, dict) or found.keys() != {"verdict", "reason"}:
        raise NoVerdict("its answer has not just a verdict and a reason")
    verdict, reason = found["verdict"], found["reason"]
    if verdict not in ("allow", "deny", "unsure") or not isinstance(reason, str):
        raise NoVerdict("its verdict is none of allow, deny and unsure")
    words = " ".join(reason.split())[:MAX_REASON]
    return verdict, words or "no reason given"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which no key stands twice, so that nobody reads another value than we do."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _data(value: Any) -> str:
    """As JSON in one line of ASCII, without the brackets of tags."""
    text = json.dumps(value, ensure_ascii=True, separators=(", ", ": "))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("`", "\\u0060")
