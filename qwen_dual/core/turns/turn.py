"""One prompt to its ``result``: model call, tool calls, model call, until no call is left.

``Turn`` holds what one turn accumulates, so that an interrupt can finish it from outside at any
point: ``wind_up`` closes the open message, gives open calls their results and publishes ``result``.
"""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import ModelError, ModelRequest, RetryWait, ThoughtSoFar
from qwen_dual.core.models.pieces import is_long
from qwen_dual.core.turns.refusals import INTERRUPTED
from qwen_dual.core.turns.repetition import Repetition
from qwen_dual.core.turns.results import failure, turn_result
from qwen_dual.protocol import events
from qwen_dual.protocol.api_error import api_error

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from qwen_dual.core.bus import Bus
    from qwen_dual.core.conversation.context import ContextKeeper
    from qwen_dual.core.models.answer import RequestedCall
    from qwen_dual.core.models.model import Model, ModelDelta, TokenUsage, ToolSpec
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.prompts.steering import Joined
    from qwen_dual.core.tools.tool_context import Services
    from qwen_dual.core.turns.calls import CallRunner
    from qwen_dual.core.turns.hooks import Hooks
    from qwen_dual.core.turns.outcome import Outcome
    from qwen_dual.core.turns.repetition import Finding
    from qwen_dual.core.turns.stopping import Stop
    from qwen_dual.protocol.events import Event

_STATE_OF_KIND = {"text": "responding", "thinking": "thinking", "tool_use": "responding"}


class Turn:
    """One turn of a session.

    Args:
        prompt: what was submitted.
        turn_id: for ``state`` and ``result``.
        model: answers; fixed for the turn.
        context: has what was said before, which the turn adds to, and makes room in it.
        tools: says what the model can call; asked before each of its requests.
        calls: runs them; its hooks may put off the end.
        publish: takes the event bodies.
        bus: what it publishes to.
        set_state: takes the words of the ``state`` event.
        max_turns: model calls at the most; None for no bound.
        text_calls: whether calls that the model wrote as text are run.
        services: has what is done beside the turn, whose tokens count as the turn's; None where
            that is another's to tell.
        join: takes in what was submitted to join the turn; None where nothing can.

    Attributes:
        final_text: the model's last words.
        usage: the tokens, those of summaries included.
        denials: the calls that were not allowed, as ``result`` has them.
        error: why a model call failed, as ``result`` has it; None where none did.
    """

    def __init__(
        self,
        prompt: Prompt,
        *,
        turn_id: str,
        model: Model,
        context: ContextKeeper,
        tools: Callable[[], Sequence[ToolSpec]],
        calls: CallRunner,
        publish: Callable[[Event], object],
        bus: Bus,
        set_state: Callable[[str], object],
        max_turns: int | None = None,
        text_calls: bool = False,
        services: Services | None = None,
        join: Callable[[str], Awaitable[Joined]] | None = None,
    ) -> None:
        self.prompt = prompt
        self.turn_id = turn_id
        self._model = model
        self._system = ""
        self._conversation = context.conversation
        self._context = context
        self._in_force = tools
        self._tools = tools()
        self._calls = calls
        self._publish = publish
        self._bus = bus
        self._set_state = set_state
        self._max_turns = max_turns
        self._text_calls = text_calls
        self._hooks = calls.hooks
        self._services = services
        self._join = join
        self._put_off = 0  # how often in a row hooks have put off the end
        self._written = 0  # answers in a row that ended with a call as text
        self._began = time.monotonic()
        self._api_seconds = 0.0
        self._num_turns = 0
        self.usage = {"input_tokens": 0, "output_tokens": 0, "cache_read_input_tokens": 0}
        self.denials: list[dict[str, Any]] = []
        self._answer: Answer | None = None
        self._calling = False
        self.final_text = ""
        self._open_calls: list[str] = []
        self.error: dict[str, Any] | None = None
        self._asked_at = 0
        self._repetition = Repetition()

    @property
    def model_calls(self) -> int:
        """How many there were."""
        return self._num_turns

    @property
    def retry_from(self) -> int | None:
        """How much of the conversation a retry keeps; None where no model call failed."""
        return self._asked_at if self.error is not None else None

    async def run(self, content: Sequence[Any], system: str) -> str:
        """Runs to the end; returns the stop reason without publishing ``result``.

        Args:
            content: the blocks to ask; none to ask again what the conversation ends with.
            system: the system prompt.
        """
        self._system = system
        if content:
            self._conversation.add("user", content)
        while True:
            if self._max_turns is not None and self._num_turns >= self._max_turns:
                return "max_turns"
            if not await self._is_ready():
                return "denied"
            answer = await self._ask_model()
            if self.error is not None:
                return "error"
            if not answer.calls:
                ended = await self._why_ended(answer)
                if ended == "end_turn" and await self._add_news():
                    continue
                if ended == "end_turn" and self._hooks.current is not None:
                    ended = await self._heard_at_end(self._hooks.current, answer)
                if ended is None:
                    continue
                return ended
            self._written = 0
            self._set_state("running_tool")
            self._calling = True
            self._open_calls = []
            outcome = await self._calls.run(answer.calls)
            self._calling = False
            found = self._repetition_in(answer.calls, outcome)
            self._add_results(outcome)
            if outcome.stopped:
                return "denied"
            if found == "stop":
                self._publish(events.notice(self._repetition.stopped, "warning"))
                return "loop"

    async def _is_ready(self) -> bool:
        """Takes in what joins, and makes room for the next call; False where a hook ends the turn."""
        goes_on = await self._took_in()
        if goes_on and self._context.is_full(self._model):
            await self._make_room()
            goes_on = await self._took_in()  # what came meanwhile
        return goes_on

    async def _took_in(self) -> bool:
        joined = "" if self._join is None else await self._join(self.turn_id)
        if joined == "joined":  # somebody has said something new: what was counted counts no more
            self._repetition, self._put_off, self._written = Repetition(), 0, 0
        return joined != "stop"

    def close_open(self) -> None:
        """Ends what an interrupt or a failure left open: the message, and its calls."""
        if self._answer is not None:  # interrupted in the middle of a message
            self._end_answer(self._answer)
        if self._open_calls:
            self._conversation.add("user", self._refuse_open_calls())
        if self._calling:
            self._calling = False
            self._add_results(self._calls.abandon())

    def wind_up(self, why: Stop, joined: Sequence[tuple[str, str]] = ()) -> None:
        """Publishes ``result``, after ``close_open``.

        ``joined`` are the ids of the commands that steered it, with who sent each.
        """
        if self._services is not None:
            spent, denials = self._services.take_spent()
            self._count(spent)
            self.denials += denials
        usage = self.usage
        body = turn_result(
            why.reason,
            turn_id=self.turn_id,
            command_id=self.prompt.command_id,
            host=self.prompt.host,
            text=self.final_text,
            duration_ms=round((time.monotonic() - self._began) * 1000),
            duration_api_ms=round(self._api_seconds * 1000),
            num_turns=self._num_turns,
            usage={**usage, "total_tokens": usage["input_tokens"] + usage["output_tokens"]},
            permission_denials=self.denials,
            **self._context.meter.summary(self._conversation.tokens, self._model),
        )
        if joined:
            body["steered"] = [command_id for command_id, _ in joined]
            body["steered_by"] = [host for _, host in joined]
        self._publish(body | failure(self.error, why))

    def fail(self, error: ModelError) -> None:
        """Notes an error for ``result`` and shows it after what the model said."""
        self.error = error.fields()
        answer = self._answer or Answer(self._model.name, self._publish)
        said = answer.fail(api_error(str(error)))
        self._end_answer(answer, said)

    async def _ask_model(self) -> Answer:
        self._num_turns += 1
        self._context.get_ready(self._model)
        try:
            return await self._stream_answer()
        except ModelError as error:
            answer = self._answer
            begun = answer is None or answer.started
            if begun or not await self._mended(error):
                self.fail(error)
                return answer or Answer(self._model.name, self._publish)
        try:
            return await self._stream_answer()
        except ModelError as error:
            self.fail(error)
            return Answer(self._model.name, self._publish)

    async def _mended(self, error: ModelError) -> bool:
        """Changes what a service refused to take; False where nothing can be."""
        if error.kind == "context_length":
            await self._make_room(must=True)
            return True
        about_images = error.kind == "invalid_request" and "image" in str(error).lower()
        return about_images and self._context.drop_refused_images()

    async def _stream_answer(self) -> Answer:
        self._set_state("thinking")
        self._asked_at = len(self._conversation.messages)
        self._tools = self._in_force()
        known = {tool.name: tool for tool in self._tools}
        answer = Answer(self._model.name, self._publish, self._kind_began, known)
        self._answer = answer
        long = False
        began = time.monotonic()
        request = ModelRequest(self._system, tuple(self._conversation.messages), self._tools)
        try:
            deltas = cast("AsyncGenerator[ModelDelta, None]", self._model.stream(request))
            async with aclosing(deltas):
                async for delta in deltas:
                    if isinstance(delta, RetryWait):
                        self._publish(events.system("model_retry", delta.fields()))
                    elif is_long(delta) or (long and answer.is_ended_by(delta)):
                        from qwen_dual.core.models import long_answers

                        long = True
                        await long_answers.take(answer, delta, self._bus)
                    else:
                        answer.feed(delta)
                        if isinstance(delta, ThoughtSoFar):
                            from qwen_dual.core.models.remarks import THOUGHT_ABOVE

                            self._publish(events.notice(THOUGHT_ABOVE))
            if self._text_calls and answer.may_hold_calls and not answer.calls:
                from qwen_dual.core.models.written_calls import call_what_is_written

                call_what_is_written(answer, self._tools)
        finally:
            self._api_seconds += time.monotonic() - began
        if long or answer.is_long:
            from qwen_dual.core.models import long_answers

            await long_answers.end(answer, self._bus)
        self._end_answer(answer)
        return answer

    async def _make_room(self, *, must: bool = False) -> None:
        began = time.monotonic()
        try:
            usage = await self._context.make_room(self._model, self._system, self._tools, must=must)
        finally:
            self._api_seconds += time.monotonic() - began
        self._count(usage)

    def _kind_began(self, kind: str) -> None:
        self._set_state(_STATE_OF_KIND[kind])

    def _end_answer(self, answer: Answer, said: Sequence[Any] | None = None) -> None:
        """Takes a message that is over; ``said`` is what the model said of a failed one."""
        self._answer = None
        answer.finish()
        self._count(answer.usage)
        self.final_text = answer.text
        blocks = answer.blocks if said is None else said
        self._open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if blocks:
            self._conversation.add("assistant", blocks)
            self._conversation.measured(answer.usage)
        self._context.publish_usage(self._model, answer.usage)

    def _count(self, usage: TokenUsage) -> None:
        self.usage["input_tokens"] += usage.input_tokens
        self.usage["output_tokens"] += usage.output_tokens
        self.usage["cache_read_input_tokens"] += usage.cache_read_input_tokens

    def _refuse_open_calls(self) -> list[dict[str, Any]]:
        """Results for the calls of a message that broke off: the services ask for one each."""
        blocks = []
        for call_id in self._open_calls:
            self._publish(events.tool_result(call_id, INTERRUPTED, is_error=True))
            blocks.append(events.result_block(call_id, INTERRUPTED, is_error=True))
        return blocks

    async def _why_ended(self, answer: Answer) -> str | None:
        """The stop reason after an answer without calls; None where the model is asked again."""
        if answer.cut_off:
            from qwen_dual.core.models.remarks import CUT_OFF

            self._publish(events.notice(CUT_OFF, "warning"))
            return "max_tokens"
        if not answer.may_hold_calls:
            return "end_turn"
        from qwen_dual.core.models.written_calls import look_for_calls

        found = await look_for_calls(answer.text, self._tools, self._written)
        if found is None:
            return "end_turn"
        self._written += 1
        if found.error is not None:
            self.fail(found.error)
            return "error"
        if found.warning:
            self._publish(events.notice(found.warning, "warning"))
        self._conversation.add("user", [{"type": "text", "text": found.told}])
        return None

    async def _add_news(self) -> bool:
        """Tells the model how what goes on beside the turn has ended; whether there was any."""
        beside = None if self._services is None else self._services.beside
        if beside is None or not beside.pending:
            return False
        self._set_state("running_tool")
        news = await beside.news()
        if news:
            self._conversation.add("user", news)
        return bool(news)

    async def _heard_at_end(self, hooks: Hooks, answer: Answer) -> str | None:
        """The stop reason once hooks have had their say; None where they put off the end."""
        said = await hooks.before_end(answer.text, again=self._put_off > 0)
        if said.stop is not None or not (said.decision == "deny" or said.context):
            return "end_turn"
        if self._put_off == hooks.most_blocked_ends:
            text = f"{said.by} puts off the end of this turn for ever; it ends all the same."
            self._publish(events.notice(text, "warning"))
            return "end_turn"
        self._put_off += 1
        why = f"{said.by} wants you to go on: {said.reason}" if said.decision == "deny" else ""
        told = "\n\n".join(filter(None, (why, said.context)))
        self._conversation.add("user", [{"type": "text", "text": told}])
        return None

    def _repetition_in(self, calls: Sequence[RequestedCall], outcome: Outcome) -> Finding:
        """Whether the model goes round in circles; what it is told then goes with the results."""
        found: Finding = ""
        for call, job, block in zip(calls, self._calls.jobs, outcome.results, strict=True):
            found = self._repetition.add(call, block["content"], job.word) or found
        if found == "remind":
            outcome.add_text(self._repetition.reminder)
            self._publish(events.notice(f"Told the model: {self._repetition.reminder}"))
        return found

    def _add_results(self, outcome: Outcome) -> None:
        self.denials += outcome.denials
        self._count(outcome.usage)
        self._conversation.add("user", outcome.results)
