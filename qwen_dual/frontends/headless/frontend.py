"""The headless front end: has a session run prompts and tells what comes of them as messages.

An observer of the session's events. Nobody is at a screen: what would have to be asked is refused, unless
somebody may answer over a channel, and what a person should know goes to stderr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import CLI, POLICY
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.frontends.headless import messages
from qwen_dual.frontends.headless.endings import Ending, ending_of
from qwen_dual.frontends.headless.remedies import what_helps
from qwen_dual.runtime.process import begin_collection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from qwen_dual.frontends.headless.messages import Message
    from qwen_dual.frontends.headless.output import Output
    from qwen_dual.protocol.agents import AgentCalls
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle

NOBODY = (
    "Not allowed: nobody can be asked in this run, whose approval mode is {mode}. Go on without it, or "
    "say what you would have needed. Do not try to reach the same by other means."
)


STOP_SECONDS = 3.0
"""How long a turn may take to stop once the session closes; its tools end their processes within that."""


def refusal_of(event: Event, mode: str) -> str:
    """What the model is told of a request that nobody can answer."""
    warnings = (event["request"].get("preview") or {}).get("warnings") or ()
    why = [warning["message"] for warning in warnings if warning["kind"] == "auto"]
    return " ".join([NOBODY.format(mode=mode), *why])


class Headless:
    """A session told on stdout: subscribe it to the session's events.

    Args:
        session: to run.
        output: where the messages go.
        warn: takes what a person should know, for stderr.
        answerable: whether somebody may answer requests; else each is refused at once.

    Attributes:
        ended_by: what ends a run that was stopped from outside, where that is known.
        told: the first message, where it was told before there was a session.
        warns_of_retries: whether it is told that a model call is made again.
    """

    def __init__(
        self,
        session: SessionHandle,
        output: Output,
        warn: Callable[[str], object],
        *,
        answerable: bool = False,
    ) -> None:
        self.ended_by: Callable[[], Ending | None] = lambda: None
        self.told: Message | None = None
        self.warns_of_retries = False
        self._handle = session
        self._output = output
        self._warn = warn
        self._answerable = answerable
        self._context_tokens: int | None = None
        self._results: list[Event] = []
        self._came = anyio.Event()
        self._begun = False
        self._agents: AgentCalls | None = None
        if not answerable:  # who would call it has nobody to wait for
            session.drop_tools("question")

    @property
    def _session(self) -> SessionHandle:
        """The one that goes on, after ``/clear`` too."""
        return self._handle.latest

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        kind = event["type"]
        main = event.get("parent_tool_use_id") is None  # and of no sub-agent
        if kind == "result" and main:
            if self._begun:  # else it is of a prompt that came over a channel
                self._results.append(event)
                self._came.set()
            return
        if not self._begun:
            self._begun = event.get("data", event).get("origin") == str(CLI)
        if kind == "control_request" and not self._answerable:
            refusal = refusal_of(event, self._session.approval_mode)
            self._session.answer(event["request_id"], Decision(False, POLICY, message=refusal))
        elif kind == "assistant":
            self._answered(event["message"], event.get("parent_tool_use_id"))
        elif event.get("subtype") == "notice" and event["data"]["level"] == "warning":
            text = event["data"]["text"]
            self._warn(text if main else f"{self._agent(event['parent_tool_use_id'])}: {text}")
        elif event.get("subtype") == "model_retry" and self.warns_of_retries:
            self._warn_of_retry(event["data"])
        message = messages.message_of(
            event, partials=self._output.partials, hook_events=self._output.hook_events
        )
        if message is not None:
            self._output.message(message)

    def _answered(self, message: Mapping[str, Any], agent: str | None) -> None:
        if any("prompt" in block.get("input", ()) for block in message["content"]):
            from qwen_dual.protocol.agents import AgentCalls

            self._agents = self._agents or AgentCalls()
            self._agents.called(message["content"], agent)
        if agent is None:
            begin_collection()  # all that an answer needs is loaded; a run of one is over before
            self._context_tokens = message["usage"].get("total_tokens") or self._context_tokens

    def _agent(self, call_id: str) -> str:
        """The name of the sub-agent that works for a call."""
        return "sub-agent" if self._agents is None else self._agents.of(call_id).name

    def _warn_of_retry(self, data: Mapping[str, Any]) -> None:
        if data["attempts"] is not None:  # else the wait for a full service has lines of its own
            self._warn(
                f"{data['message'].rstrip('. ')}; trying again in {data['delay_ms'] / 1000:.0f} s "
                f"({data['attempt']} of {data['attempts']})"
            )

    def begin(self, mcp_servers: Iterable[Mapping[str, str]] = ()) -> None:
        """Tells what there is: the first message of a turn; ``mcp_servers`` as ``messages.init``."""
        session = self._session
        commands = {command for command, _ in session.slash.names()}
        if self.told is not None:  # those of the front end are not added where nobody can run them
            commands.update(self.told["slash_commands"])
        message = messages.init(
            session_id=session.id,
            cwd=session.cwd,
            tools=session.tools,
            slash_commands=commands,
            model=session.model.name,
            permission_mode=session.approval_mode,
            mcp_servers=mcp_servers,
            agents=session.agents,
            skills=session.skills,
        )
        told, self.told = self.told, None
        if message != told:
            self._output.message(message)

    async def ask(self, text: str, *, own: str | None = None) -> Event:
        """Has the session run ``text``; its ``result``, which is not told yet.

        Of a session that closes before the prompt began to run it is one that says so.
        """
        session = self._session
        self._results.clear()
        self._came = anyio.Event()
        self._begun = False
        if not session.closing.is_set():
            session.submit(text, CLI, own=own)
            async with anyio.create_task_group() as group:

                async def leave() -> None:
                    await session.closing.wait()
                    with anyio.move_on_after(0 if session.queued else STOP_SECONDS):
                        await self._came.wait()
                    group.cancel_scope.cancel()

                group.start_soon(leave)
                await self._came.wait()
                group.cancel_scope.cancel()
        return self._results[0] if self._results else messages.never_began(session.id)

    def ending(self, result: Event) -> Ending:
        """How the turn of ``result`` ended."""
        ending = ending_of(result, max_turns=self._session.max_turns)
        by = self.ended_by()
        return by if by is not None and ending.stop_reason == "interrupted" else ending

    def end(self, result: Event, ending: Ending, more: Mapping[str, Any] | None = None) -> None:
        """Tells the ``result`` of a turn: the last message of it, with ``more`` fields."""
        self._output.message(
            messages.result(
                result,
                ending,
                context_tokens=self._context_tokens,
                context_window=self._session.model.context_window,
                more=more or {},
            )
        )
        if ending.is_error:
            self._warn(f"{ending.message} {what_helps(result)}".rstrip())
