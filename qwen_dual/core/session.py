"""The session: what front ends and channels talk to, and the one task that runs turns.

All methods are synchronous and belong to the loop's own thread; ``run`` is the task. It does no
I/O of its own: models and tools are given, events go to the bus.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.approvals import Approvals, Decision
from qwen_dual.core.calls import CallRunner
from qwen_dual.core.model import ToolSpec
from qwen_dual.core.policy import EDITS, Policy, UnknownMode
from qwen_dual.core.prompts import Prompt, PromptQueue
from qwen_dual.core.slash import SlashCommands, is_slash
from qwen_dual.core.state import StateTeller
from qwen_dual.core.turn import Turn, instant_result
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from qwen_dual.core.bus import Bus
    from qwen_dual.core.model import Model
    from qwen_dual.core.tool import Tool
    from qwen_dual.protocol.shapes import Message

log = logging.getLogger(__name__)


class UnknownModel(ValueError):
    """A model that is not configured."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(f"unknown model {name!r}; configured: {', '.join(known)}")
        self.name = name


class Session:
    """One conversation with one model over a set of tools.

    Args:
        bus: already holds the observers that must see every event.
        cwd: the workspace, for events.
        models: by name; the first is in force.
        tools: what the model can call.
        system: the system prompt.
        approval_mode: one of ``protocol.APPROVAL_MODES``.
        expand: gives the text blocks for what a prompt mentions (``@file``).
        rules: what an earlier session was told to allow for good (``policy.rule_for``).
        keep_rule: keeps a rule beyond the session, for ``project`` or ``user``; raises OSError or
            ValueError, with a text for a person, when it cannot.
        detach: lets running shell commands go on in the background; returns how many there were.
        max_turns: model calls a turn at the most; None for no bound.
    """

    def __init__(
        self,
        bus: Bus,
        *,
        cwd: str,
        models: Mapping[str, Model],
        tools: Sequence[Tool] = (),
        system: str = "",
        approval_mode: str = "default",
        expand: Callable[[str], Awaitable[Sequence[str]]] | None = None,
        rules: Iterable[str] = (),
        keep_rule: Callable[[str, str], None] | None = None,
        detach: Callable[[], int] = lambda: 0,
        max_turns: int | None = None,
    ) -> None:
        self.bus = bus
        self.cwd = cwd
        self.tools = {tool.name: tool for tool in tools}
        self.slash = SlashCommands()
        self.approvals = Approvals(bus.publish, lambda: self._state.tell())
        self.policy = Policy(approval_mode, rules)
        self.closing = anyio.Event()
        self.history: list[Message] = []
        self._models = models
        self._model = next(iter(models.values()))
        self._system = system
        self._expand = expand
        self._keep_rule = keep_rule
        self._detach = detach
        self._max_turns = max_turns
        self._queue = PromptQueue()
        self._state = StateTeller(self.approvals, self._queue, bus.publish)
        self._arrived = anyio.Event()
        self._calls = CallRunner(
            self.tools, self.policy, self.approvals, bus.publish, self._remember_rule
        )
        self._turn: Turn | None = None
        self._scope: anyio.CancelScope | None = None
        self._ended = False

    # -- what can be seen ------------------------------------------------------------------

    @property
    def session_id(self) -> str:
        """The id that events carry."""
        return self.bus.session_id

    @property
    def model_name(self) -> str:
        """The model in force."""
        return self._model.name

    @property
    def model_names(self) -> list[str]:
        """Every model that ``set_model`` takes."""
        return list(self._models)

    @property
    def approval_mode(self) -> str:
        """The approval mode in force."""
        return self.policy.mode

    @property
    def state(self) -> str:
        """The word of the latest ``state`` event."""
        return self._state.word

    @property
    def queued(self) -> int:
        """How many prompts wait."""
        return len(self._queue)

    @property
    def busy(self) -> bool:
        """Whether a prompt submitted now would wait."""
        return self._turn is not None or len(self._queue) > 0

    # -- what can be done ------------------------------------------------------------------

    def submit(self, text: str, *, origin: str = "keyboard", command_id: str | None = None) -> int:
        """Takes a prompt; returns its position in the queue, 0 when it runs at once.

        A slash command typed at the keyboard that may run in the middle of a turn does so.
        """
        if origin == "keyboard" and self.busy and is_slash(text):
            found = self.slash.find(text)
            if found is None or found[0].while_busy:
                self._run_slash(text, alone=True)
                return 0
        waits = self.busy
        position = self._queue.add(Prompt(text, origin, command_id))
        self._arrived.set()
        if waits:
            self._state.tell()
        return position if waits else 0

    def cancel(self, command_id: str) -> bool:
        """Takes a queued prompt out; False when none with this id is queued."""
        found = self._queue.cancel(command_id)
        if found:
            self._state.tell()
        return found

    def take_back(self) -> list[Prompt]:
        """Empties the queue and returns what a person typed, so that an editor can hold it."""
        prompts = self._queue.drain()
        self._state.tell()
        return prompts

    def answer(
        self,
        request_id: str,
        allowed: bool,
        *,
        by: str = "keyboard",
        message: str | None = None,
        remember: str | None = None,
        updated_input: dict[str, Any] | None = None,
    ) -> bool:
        """Answers a pending request; False, with an error event, when it is not pending."""
        decision = Decision(allowed, by, message, updated_input, remember)
        if self.approvals.resolve(request_id, decision):
            return True
        self.bus.publish(events.control_error(request_id))
        return False

    def interrupt(self, by: str = "interrupt") -> bool:
        """Stops the turn; False when none runs. What waits in the queue goes on after it."""
        if self._scope is None:
            return False
        self.approvals.deny_all("shutdown" if by == "shutdown" else "interrupt")
        self._scope.cancel()
        return True

    def detach_commands(self) -> int:
        """Lets running shell commands go on in the background; how many there were."""
        return self._detach()

    def set_approval_mode(self, mode: str, origin: str = "keyboard") -> None:
        """Changes what runs without asking; pending requests it now covers are resolved.

        Raises:
            UnknownMode: there is no such mode.
        """
        before = self.policy.mode
        self.policy.set_mode(mode)
        if mode == before:
            return
        self.bus.publish(
            events.system("mode_changed", {"from": before, "to": mode, "origin": origin})
        )
        self._recheck_pending()

    def set_model(self, name: str, origin: str = "keyboard") -> None:
        """Changes the model, from the next turn on.

        Raises:
            UnknownModel: it is not configured.
        """
        if name not in self._models:
            raise UnknownModel(name, self.model_names)
        before, self._model = self._model.name, self._models[name]
        if name != before:
            self.bus.publish(
                events.system("model_changed", {"from": before, "to": name, "origin": origin})
            )

    def clear(self, origin: str = "keyboard") -> None:
        """Begins a new, empty conversation under a new session id."""
        before = self.bus.session_id
        self.history.clear()
        self.policy.forget()
        new = events.new_uuid()
        # Told under the old id, so that an observer can follow from one to the other.
        self.bus.publish(
            events.system("session_changed", {"from": before, "to": new, "origin": origin})
        )
        self.bus.session_id = new

    def publish_state(self) -> None:
        """Publishes a ``state`` event even though nothing changed."""
        self._state.tell(again=True)

    def notice(self, text: str, level: str = "info") -> None:
        """Tells every observer something: ``level`` is ``info``, ``warning`` or ``error``."""
        self.bus.publish(events.notice(text, level))

    def request_close(self) -> None:
        """Asks the session to end: the turn stops, then ``run`` returns."""
        self.closing.set()
        self.interrupt("shutdown")
        self._arrived.set()

    def end(self) -> None:
        """Publishes ``session_end``; idempotent. Nothing may be published after it."""
        if self._ended:
            return
        self._ended = True
        self.approvals.deny_all("shutdown")
        for prompt in self._queue.drain():
            if prompt.command_id is not None:
                self.receipt(
                    prompt.command_id,
                    "rejected",
                    "session_ended",
                    "the session ended before it ran",
                )
        self.bus.publish(events.system("session_end", {"session_id": self.session_id}))

    def receipt(
        self,
        command_id: str,
        status: str,
        code: str | None = None,
        message: str | None = None,
        position: int | None = None,
    ) -> None:
        """Publishes a ``command_receipt``."""
        extra = {"code": code, "message": message, "position": position}
        told = {key: value for key, value in extra.items() if value is not None}
        data = {"id": command_id, "status": status, **told}
        self.bus.publish(events.system("command_receipt", data))

    # -- the task --------------------------------------------------------------------------

    async def run(self) -> None:
        """Runs what is submitted, one at a time, until ``request_close``."""
        while not self.closing.is_set():
            prompt = self._queue.take()
            if prompt is None:
                self._arrived = anyio.Event()
                await self._arrived.wait()
            elif is_slash(prompt.text):
                self._run_slash_turn(prompt)
                self._state.tell()
            else:
                await self._run_turn(prompt)

    async def _run_turn(self, prompt: Prompt) -> None:
        turn = self._turn = Turn(
            prompt,
            turn_id=events.new_uuid(),
            model=self._model,
            system=self._system,
            history=self.history,
            tools=[
                ToolSpec(tool.name, tool.description, tool.parameters)
                for tool in self.tools.values()
            ],
            calls=self._calls,
            publish=self.bus.publish,
            set_state=self._state.set,
            max_turns=self._max_turns,
        )
        self._state.turn_id = turn.turn_id
        self.bus.publish(events.user_text(prompt.text, prompt.origin, prompt.command_id))
        stop_reason = "interrupted"
        with anyio.CancelScope() as self._scope:
            try:
                extra = await self._expand(prompt.text) if self._expand is not None else ()
                stop_reason = await turn.run(extra)
            except Exception as error:
                log.exception("turn failed")
                self.approvals.deny_all("shutdown")
                turn.fail(f"internal error: {_describe(error)}; the debug log has the details")
                stop_reason = "error"
        self._scope = None
        turn.wind_up(stop_reason)
        self._turn = None
        self._state.turn_id = None
        self._state.set("idle")

    # -- slash commands --------------------------------------------------------------------

    def _run_slash_turn(self, prompt: Prompt) -> None:
        """A slash command as a turn of its own, so that a host gets its ``result``."""
        self.bus.publish(events.user_text(prompt.text, prompt.origin, prompt.command_id))
        output, failed = self._run_slash(prompt.text, prompt.origin)
        self.bus.publish(instant_result(output, prompt.command_id, failed=failed))

    def _run_slash(
        self, text: str, origin: str = "keyboard", *, alone: bool = False
    ) -> tuple[str, bool]:
        """Runs a command and tells its output; ``alone`` when no user event has told of it."""
        found = self.slash.find(text)
        failed = found is None
        if found is None:
            output = self.slash.unknown(text)
        else:
            command, arguments = found
            try:
                output = command.run(arguments, origin) or ""
            except (UnknownMode, UnknownModel, OSError) as error:
                output, failed = str(error), True
        if output:
            extra = {"command": text.strip()} if alone else {}
            self.bus.publish(events.notice(output, "error" if failed else "info", **extra))
        return output, failed

    # -- rules -------------------------------------------------------------------------------

    def _remember_rule(self, rule: str, scope: str) -> None:
        if rule == EDITS:  # for this session it means the mode that does so; it cannot be kept
            self.set_approval_mode("auto-edit")
            return
        self.policy.remember(rule)
        if scope != "session" and self._keep_rule is not None:
            try:
                self._keep_rule(rule, scope)
            except (OSError, ValueError) as error:
                self.notice(f"{rule} is allowed for this session only: {error}", "warning")
        self._recheck_pending()

    def _recheck_pending(self) -> None:
        """Resolves what the policy allows by now without anybody's answer."""
        for pending in tuple(self.approvals.pending.values()):
            request = pending.request
            verdict = self.policy.judge(
                self.tools[request["tool_name"]].kind,
                outside=request["blocked_path"] is not None,
                rule=request["rule"],
            )
            if verdict.action == "allow":
                self.approvals.resolve(pending.request_id, Decision(allowed=True, by="policy"))


def _describe(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
