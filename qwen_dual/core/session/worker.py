"""The one task of a session: takes what was submitted from the queue and runs it, one at a time.

A prompt becomes a turn; a slash command and a command for the shell have a ``result`` of their own.
What the session is for others, ``session`` owns.
"""

from __future__ import annotations

import logging
import time
from functools import partial
from typing import TYPE_CHECKING, Literal

import anyio
from msgspec.structs import replace

from qwen_dual.core.actor import POLICY, SHUTDOWN
from qwen_dual.core.commands.slash import RETRY, is_slash
from qwen_dual.core.failures import describe
from qwen_dual.core.models.model import ModelError
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.prompts.content import PromptContent, prompt_event
from qwen_dual.core.prompts.prompt import RAN_BY_PERSON
from qwen_dual.core.tools.tool import InvalidArguments, TakesCommands, ToolResult, partial_of
from qwen_dual.core.turns.outcome import content_of, outcome_of
from qwen_dual.core.turns.progress import Progress
from qwen_dual.core.turns.refusals import INTERRUPTED
from qwen_dual.core.turns.results import instant_result
from qwen_dual.core.turns.stopping import INTERRUPTED as STOPPED
from qwen_dual.core.turns.stopping import Stop
from qwen_dual.core.turns.turn import Turn
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_in

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.core.commands.slash_runner import SlashRunner
    from qwen_dual.core.conversation.context import ContextKeeper
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.prompts.queue import PromptQueue
    from qwen_dual.core.prompts.steering import Joined, Steering
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.session.state import StatePublisher
    from qwen_dual.core.tools.tool import Call
    from qwen_dual.core.turns.calls import CallRunner
    from qwen_dual.protocol.content_shapes import MentionedImage, SubmittedImage
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ContentBlock

log = logging.getLogger(__name__)

Needed = Literal["prompt", "command"]
"""What may have to wait for the rest of the start."""


class Worker:
    """Runs the prompts of one session.

    Attributes:
        running: the prompt that runs; None where none does.
        retry_from: how much of the conversation a retry of the last turn keeps; None where there
            is nothing to retry.
    """

    def __init__(
        self,
        session: Session,
        queue: PromptQueue,
        state: StatePublisher,
        context: ContextKeeper,
        calls: CallRunner,
        slash: SlashRunner,
        expand: Callable[[str], Awaitable[Sequence[str | MentionedImage]]] | None,
        ready: Callable[[Needed], Awaitable[object]] | None,
    ) -> None:
        self.running: Prompt | None = None
        self.retry_from: int | None = None
        self._session = session
        self._queue = queue
        self._state = state
        self._context = context
        self._calls = calls
        self._slash = slash
        self._content = PromptContent(session, calls, expand)
        self._steering: Steering | None = None  # of the turn that runs, once something joins it
        self._ready = ready
        self._publish = session.publish
        self._arrived = anyio.Event()
        self._finished = anyio.Event()
        self._model_calls = 0
        self._scope: anyio.CancelScope | None = None
        self._why = STOPPED
        self._begun: Prompt | None = None
        self._cut_short = False

    def begin(self, prompt: Prompt, turn_id: str) -> None:
        """Runs ``prompt`` first, of which everything was told up to its ``thinking``."""
        self._begun = self.running = prompt
        self._state.begin(turn_id)

    @property
    def interruptible(self) -> bool:
        """Whether something runs that ``interrupt`` would stop."""
        return self._scope is not None or self._begun is not None

    @property
    def stopping(self) -> bool:
        """Whether what runs has been interrupted and is not over yet."""
        return self._cut_short or (self._scope is not None and self._scope.cancel_called)

    def interrupt(self, why: Stop = STOPPED) -> None:
        """Stops what runs; the first reason is the one that is told."""
        if self._scope is None:
            if self._begun is not None and not self._cut_short:
                self._why, self._cut_short = why, True
        elif not self._scope.cancel_called:
            self._why = why
            self._scope.cancel()

    def wake(self) -> None:
        """Looks into the queue again."""
        self._arrived.set()

    async def run(self, closing: anyio.Event) -> None:
        """Runs what is in the queue until ``closing`` is set and ``wake`` was called."""
        while self._begun is not None or not closing.is_set():
            prompt = self._begun or self._queue.take()
            if prompt is None:
                self._arrived = anyio.Event()
                await self._arrived.wait()
                continue
            self.running = prompt
            try:
                await self._run(prompt)
            finally:
                self.running = None
                self._state.set("idle")
                self._finished.set()
                self._finished = anyio.Event()

    async def drained(self) -> None:
        """Waits until nothing runs, and nothing waits that will: none does once the session closes."""
        while self.running or (len(self._queue) > 0 and not self._session.closing.is_set()):
            await self._finished.wait()

    async def _run(self, prompt: Prompt) -> None:
        if prompt.has_images and prompt.own is not None and is_slash(prompt.own):
            prompt = replace(prompt, text=prompt.own)  # without the titles that were put behind it
        # Whether several lines are a command only the commands tell, which may not be known yet.
        known = not _may_be_lines(prompt) or await self._waited("command")
        slash = prompt.action == "prompt" and self._session.slash.invoked_by(prompt.text)
        retry_from = self.retry_from if prompt.text == RETRY else None
        if known and ((prompt.action == "prompt" and not slash) or retry_from is not None):
            await self._turn(prompt, retry_from)
        elif prompt.act is not None:
            await self._guarded(prompt, prompt.act)
        elif prompt.going_back is not None:  # no prompt, of which there is anything to tell
            waited = await self._waited("prompt")
            await self._session.rewinding.carry_out(prompt.going_back, prompt, stopped=not waited)
        elif not known or not await self._waited("command" if slash else "prompt"):
            self._publish_prompt(prompt)
            self._publish(instant_result("", prompt.command_id, "interrupted", prompt.host))
        elif prompt.action == "shell":
            await self._guarded(prompt, self._shell)
        else:
            run = partial(self._slash.run, give_back=self._session.give_back)
            if (asked := await self._guarded(prompt, run)) is not None:
                await self._turn(asked, None)

    async def _waited(self, needed: Needed) -> bool:
        """Waits for what is loaded after the start; False when it was interrupted."""
        if self._ready is None:
            return True
        with anyio.CancelScope() as self._scope:
            await self._ready(needed)
        interrupted = self._scope.cancel_called
        self._scope = None
        return not interrupted

    async def _turn(self, prompt: Prompt, retry_from: int | None) -> None:
        session = self._session
        turn = Turn(
            prompt,
            turn_id=prompt.turn_id or events.new_uuid(),
            model=session.model,
            context=self._context,
            tools=session.tools.offered,
            calls=self._calls,
            publish=session.bus.publish,  # a turn stays in its session
            bus=session.bus,
            set_state=self._state.set,
            max_turns=self._calls_left(),
            text_calls=session.text_calls,
            services=session.services,
            join=self._join,
        )
        self._state.turn_id = turn.turn_id
        self.retry_from = None
        self._content.note_words(prompt)
        if prompt.turn_id is not None:
            session.points.note(prompt.uuid, prompt.text)
        elif not prompt.has_images:
            self._publish_prompt(prompt, draft=prompt.command)
        self._state.set("thinking")
        stop: Stop | None = None
        with anyio.CancelScope() as self._scope:
            if self._cut_short:
                self._scope.cancel()
            self._begun, self._cut_short = None, False
            try:
                given = await self._attached(prompt)
                if self._ready is not None:
                    await self._ready("prompt")
                content: list[ContentBlock] = []
                if retry_from is not None:
                    session.conversation.rewind(retry_from)
                else:
                    content, stop = await self._asked(prompt, given)
                if stop is None:
                    stop = Stop(await turn.run(content, session.system))
            except Exception as error:
                log.exception("turn failed")
                session.approvals.deny_all(SHUTDOWN)
                turn.fail(ModelError(_internal(error)))
                stop = Stop("error")
        self.retry_from = turn.retry_from
        self._model_calls += turn.model_calls
        turn.close_open()
        self._scope = None
        self._state.turn_id = None
        steering, self._steering = self._steering, None
        self._queue.settle()
        self._state.set("idle")  # before the result, which is the last line of a turn
        if steering is None:
            turn.wind_up(stop or self._why)
        else:
            turn.wind_up(steering.stopped or stop or self._why, steering.joined)

    async def _asked(
        self, prompt: Prompt, given: Sequence[ContentBlock]
    ) -> tuple[list[ContentBlock], Stop | None]:
        """What the model is sent for a prompt beside what is ``given``, or why it is sent nothing."""
        context, stop, _ = await self._content.heard(prompt)
        if stop is not None:
            self._session.on_content(())
            self._content.refuse(prompt, stop.message)
            return [], stop
        content, images = await self._content.whole(prompt, given, context)
        if prompt.content or len(content) > 1:
            self._session.on_content(content)
        self._content.publish_images(images)
        return content, None

    async def _attached(self, prompt: Prompt) -> Sequence[ContentBlock]:
        """What the model is sent for a prompt; one with images is told of once they are there."""
        if not prompt.has_images:
            return self._content.said(prompt)
        try:
            attached = await self._content.attached(prompt)
        except BaseException:  # interrupted: it was submitted all the same
            self._publish_prompt(prompt)
            raise
        self._publish_prompt(attached.prompt, attached.images, prompt.command or prompt.text)
        self._content.warn_unseen([image["title"] for image in attached.images])
        return attached.content

    async def _join(self, turn_id: str) -> Joined:
        """Takes what is to join the turn into it."""
        if self._queue.steering(turn_id) is None:
            return ""
        if self._steering is None:
            from qwen_dual.core.prompts.steering import Steering

            of = (self._session, self._queue, self._content, self._state.publish)
            self._steering = Steering(turn_id, *of)
        return await self._steering.join()

    def _publish_prompt(
        self, prompt: Prompt, images: Sequence[SubmittedImage] = (), draft: str = ""
    ) -> None:
        """Tells that a prompt begins to run; one can go back to it from now on."""
        event = self._publish(_begin_event(prompt, images))
        if event["type"] == "user":
            self._session.points.note(event["uuid"], event["message"]["content"][0]["text"], draft)

    def forget(self) -> None:
        """A new conversation begins."""
        self.retry_from = None
        self._model_calls = 0

    def _calls_left(self) -> int | None:
        most = self._session.max_turns
        return None if most is None else max(0, most - self._model_calls)

    async def _guarded(
        self, prompt: Prompt, act: Callable[[Prompt], Awaitable[Prompt | None]]
    ) -> Prompt | None:
        """Runs what is no turn: an interrupt ends it, and a failure ends nothing else.

        Returns what is to be asked next, as ``act`` gave it.
        """
        asked = None
        with anyio.CancelScope() as self._scope:
            try:
                asked = await act(prompt)
            except Exception as error:
                log.exception("%s failed", prompt.action)
                text = _internal(error)
                self._session.notice(text, "error")
                self._state.set("idle")
                self._publish(instant_result(text, prompt.command_id, "error", prompt.host))
        if self._scope.cancelled_caught:
            self._state.set("idle")
            self._publish(instant_result("", prompt.command_id, "interrupted", prompt.host))
        self._scope = None
        return asked

    async def _shell(self, prompt: Prompt) -> None:
        """Runs a person's own command; the model gets to know of it with the next prompt.

        One that cannot run is no part of the conversation: it goes back to whoever typed it.
        """
        try:
            name, call = self._shell_call(prompt.text)
        except InvalidArguments as error:
            self._session.notice(f"Not run. {error}", "error")
            self._session.give_back([prompt])
            return
        self._publish_prompt(prompt)
        self._state.set("running_tool")
        call_id = f"shell_{events.new_uuid()}"
        result = None
        progress = Progress(call_id, name, self._publish)
        began = time.monotonic()
        try:
            self._publish(events.tool_progress(call_id, name, "started", call.title))
            async with anyio.create_task_group() as group:
                group.start_soon(progress.run)
                context = self._calls.context(call_id, progress.report, _unasked)
                result = await self._session.services.run("execute", call, context)
                group.cancel_scope.cancel()
        finally:
            result = result or partial_of(call) or ToolResult(INTERRUPTED, is_error=True)
            scrub = self._session.bus.secrets.scrub
            content = content_of(result, scrub)
            text = text_in(content)
            outcome = outcome_of(result, text, scrub, time.monotonic() - began)
            self._publish(
                events.tool_result(call_id, content, is_error=result.is_error, outcome=outcome)
            )
            told = f"{RAN_BY_PERSON}\n\n{prompt.text}\n\nIt came to:\n\n{text}"
            self._session.conversation.add("user", [{"type": "text", "text": told}])
        stop_reason = "error" if result.is_error else "end_turn"
        self._state.set("idle")
        self._publish(instant_result(text, prompt.command_id, stop_reason, prompt.host))

    def _shell_call(self, command: str) -> tuple[str, Call]:
        """The tool for a command line, and the call; raises InvalidArguments where there is none."""
        for name, tool in self._session.tools.items():
            if isinstance(tool, TakesCommands):
                return name, tool.prepare_entered(command)
        raise InvalidArguments("There is no tool that runs shell commands.")


async def _unasked(_: Call) -> Decision:
    """A person's own command does what they entered, and nothing besides that would be asked for."""
    return Decision(allowed=False, by=POLICY)


def _begin_event(prompt: Prompt, images: Sequence[SubmittedImage] = ()) -> Event:
    """How it is told that a prompt begins to run."""
    asked = prompt.action in ("asked", "shell")
    if not asked and is_slash(prompt.text) and not prompt.has_images:
        return events.slash_command(
            prompt.text, str(prompt.actor), prompt.command_id, prompt.proposed
        )
    return prompt_event(prompt, images)


def _may_be_lines(prompt: Prompt) -> bool:
    return prompt.action == "prompt" and prompt.text.startswith("/") and "\n" in prompt.text


def _internal(error: Exception) -> str:
    return f"internal error: {describe(error)}; the debug log has the details"
