"""One prompt to its ``result``: model call, tool calls, model call, until no call is left.

``Turn`` holds what one turn accumulates, so that an interrupt can finish it from outside at any
point: ``wind_up`` closes the open message, gives open calls their results and publishes ``result``.
"""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.core.answer import Answer
from qwen_dual.core.calls import INTERRUPTED
from qwen_dual.core.model import ModelError, ModelRequest, TextDelta
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from qwen_dual.core.calls import CallRunner, Outcome
    from qwen_dual.core.model import Model, ModelDelta, ToolSpec
    from qwen_dual.core.prompts import Prompt
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Message

_STATE_OF_KIND = {"text": "responding", "thinking": "thinking", "tool_use": "responding"}


class Turn:
    """One turn of a session.

    Args:
        prompt: what was submitted.
        turn_id: for ``state`` and ``result``.
        model: answers; fixed for the turn.
        system: the system prompt.
        history: the conversation, which the turn appends to.
        tools: what the model is told it can call.
        calls: runs them.
        publish: takes the event bodies.
        set_state: takes the words of the ``state`` event.
        max_turns: model calls at the most; None for no bound.
    """

    def __init__(
        self,
        prompt: Prompt,
        *,
        turn_id: str,
        model: Model,
        system: str,
        history: list[Message],
        tools: Sequence[ToolSpec],
        calls: CallRunner,
        publish: Callable[[Event], object],
        set_state: Callable[[str], object],
        max_turns: int | None = None,
    ) -> None:
        self.prompt = prompt
        self.turn_id = turn_id
        self._model = model
        self._system = system
        self._history = history
        self._tools = tools
        self._calls = calls
        self._publish = publish
        self._set_state = set_state
        self._max_turns = max_turns
        self._began = time.monotonic()
        self._api_seconds = 0.0
        self._num_turns = 0
        self._usage = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
        self._denials: list[dict[str, Any]] = []
        self._answer: Answer | None = None
        self._calling = False
        self._final_text = ""
        self._open_calls: list[str] = []
        self._error: dict[str, Any] | None = None

    async def run(self, extra: Sequence[str] = ()) -> str:
        """Runs to the end; returns the stop reason without publishing ``result``.

        Args:
            extra: further text blocks for the model, such as the contents of mentioned files.
        """
        content = [{"type": "text", "text": text} for text in (self.prompt.text, *extra)]
        self._remember("user", content)
        while True:
            if self._max_turns is not None and self._num_turns >= self._max_turns:
                return "max_turns"
            answer = await self._ask_model()
            if self._error is not None:
                return "error"
            if not answer.calls:
                return "end_turn"
            self._set_state("running_tool")
            self._calling = True
            self._open_calls = []
            outcome = await self._calls.run(answer.calls)
            self._calling = False
            self._take(outcome)
            if outcome.stopped:
                return "denied"

    def wind_up(self, stop_reason: str) -> None:
        """Ends the turn: closes what is open and publishes ``result``."""
        if self._answer is not None:  # interrupted in the middle of a message
            self._end_answer(self._answer)
        if self._open_calls:
            self._remember("user", self._refuse_open_calls())
        if self._calling:
            self._calling = False
            self._take(self._calls.abandon())
        usage = self._usage
        body = _result(
            stop_reason,
            turn_id=self.turn_id,
            command_id=self.prompt.command_id,
            text=self._final_text,
            duration_ms=round((time.monotonic() - self._began) * 1000),
            duration_api_ms=round(self._api_seconds * 1000),
            num_turns=self._num_turns,
            usage={**usage, "total_tokens": usage["input_tokens"] + usage["output_tokens"]},
            permission_denials=self._denials,
        )
        if self._error is not None:
            body["error"] = self._error
        self._publish(body)

    def fail(self, message: str, status: int | None = None) -> None:
        """Notes an error for ``result`` and shows it as the model's answer."""
        self._error = {"message": message, "status": status}
        answer = self._answer or Answer(self._model.name, self._publish)
        told = message if status is None else f"{status} {message}"
        answer.feed(TextDelta(f"[API Error: {told}]"))
        self._end_answer(answer)

    async def _ask_model(self) -> Answer:
        self._set_state("thinking")
        self._num_turns += 1
        answer = self._answer = Answer(self._model.name, self._publish, self._kind_began)
        began = time.monotonic()
        request = ModelRequest(self._system, tuple(self._history), self._tools)
        try:
            deltas = cast("AsyncGenerator[ModelDelta, None]", self._model.stream(request))
            async with aclosing(deltas):
                async for delta in deltas:
                    answer.feed(delta)
        except ModelError as error:
            self.fail(error.message, error.status)
            return answer
        finally:
            self._api_seconds += time.monotonic() - began
        self._end_answer(answer)
        return answer

    def _kind_began(self, kind: str) -> None:
        self._set_state(_STATE_OF_KIND[kind])

    def _end_answer(self, answer: Answer) -> None:
        self._answer = None
        answer.finish()
        usage = answer.usage
        self._usage["input_tokens"] += usage.input_tokens
        self._usage["output_tokens"] += usage.output_tokens
        self._usage["cache_read_input_tokens"] += usage.cache_read_input_tokens
        self._final_text = answer.text
        self._open_calls = [call.id for call in answer.calls]
        # An empty message would break the alternation that the services ask for.
        self._remember("assistant", answer.blocks or [{"type": "text", "text": ""}])

    def _refuse_open_calls(self) -> list[dict[str, Any]]:
        """Results for the calls of a message that broke off: the services ask for one each."""
        blocks = []
        for call_id in self._open_calls:
            self._publish(events.tool_result(call_id, INTERRUPTED, is_error=True))
            blocks.append(events.result_block(call_id, INTERRUPTED, is_error=True))
        return blocks

    def _take(self, outcome: Outcome) -> None:
        self._denials += outcome.denials
        self._remember("user", outcome.results)

    def _remember(self, role: str, content: Sequence[Any]) -> None:
        self._history.append(cast("Message", {"role": role, "content": list(content)}))


def instant_result(text: str, command_id: str | None, *, failed: bool) -> Event:
    """The ``result`` of a prompt that needed no model, such as a slash command."""
    body = _result(
        "error" if failed else "end_turn",
        turn_id=events.new_uuid(),
        command_id=command_id,
        text=text,
        duration_ms=0,
        duration_api_ms=0,
        num_turns=0,
        usage={"input_tokens": 0, "output_tokens": 0},
        permission_denials=[],
    )
    if failed:
        body["error"] = {"message": text, "status": None}
    return body


def _result(stop_reason: str, *, text: str, **fields: Any) -> Event:
    failed = stop_reason in ("interrupted", "error")
    return {
        "type": "result",
        "subtype": "error_during_execution" if failed else "success",
        "is_error": failed,
        "result": text,
        "stop_reason": stop_reason,
        **fields,
    }
