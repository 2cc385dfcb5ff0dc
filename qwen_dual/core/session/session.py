"""The session: what front ends and channels talk to, and the one task that runs turns.

All methods are synchronous and belong to the loop's own thread; ``run`` is the task. It does no
I/O of its own: models and tools are given, events go to the bus.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import anyio

from qwen_dual.core.actor import INTERRUPT, SHUTDOWN
from qwen_dual.core.commands.slash import RETRY, SlashCommands, is_slash
from qwen_dual.core.commands.slash_runner import SlashRunner
from qwen_dual.core.conversation.context import ContextKeeper
from qwen_dual.core.conversation.conversation import Conversation, Points
from qwen_dual.core.errors import ModeRefused
from qwen_dual.core.models.metering import Meter
from qwen_dual.core.models.model_set import ModelSet, ModelSteering
from qwen_dual.core.permissions.approvals import Approvals
from qwen_dual.core.permissions.modes import Modes
from qwen_dual.core.permissions.policy import Policy
from qwen_dual.core.permissions.remembering import Remembering
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.prompts.queue import PromptQueue
from qwen_dual.core.prompts.queue_editing import QueueEditing
from qwen_dual.core.session.attended import AttendedSession
from qwen_dual.core.session.commanded import CommandedSession
from qwen_dual.core.session.rewindable import RewindableSession
from qwen_dual.core.session.state import StatePublisher
from qwen_dual.core.session.worker import Worker
from qwen_dual.core.tools.tool_context import Services
from qwen_dual.core.turns.calls import CallRunner
from qwen_dual.core.turns.hook_slot import HookSlot
from qwen_dual.core.turns.stopping import INTERRUPTED
from qwen_dual.core.turns.tool_registry import ToolRegistry
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.bus import Bus
    from qwen_dual.core.commands.ledger import Ledger
    from qwen_dual.core.conversation.point import Point
    from qwen_dual.core.conversation.rewinding import Rewinding
    from qwen_dual.core.models.model import Model
    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.permissions.rules import Rule
    from qwen_dual.core.session.worker import Needed
    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.core.turns.entered_calls import EnteredCalls
    from qwen_dual.core.turns.stopping import Stop
    from qwen_dual.protocol.content_shapes import MentionedImage, PromptBlock
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ContentBlock, Message


SET_ASIDE = "Without effect in auto mode, since they allow every command: {rules}."

QueueFate = Literal["keep", "clear", "return"]


class Session(RewindableSession, CommandedSession, ModelSteering, AttendedSession):
    """One conversation with one model over a set of tools.

    Args:
        bus: already holds the observers that must see every event.
        cwd: the workspace, for events.
        models: by name; the first is in force.
        tools: what the model can call.
        system: the system prompt; may be replaced later.
        approval_mode: one of ``protocol.APPROVAL_MODES``.
        expand: gives the text blocks for what a prompt mentions (``@file``).
        rules: what an earlier session was told to allow for good (``proposals.rules_for``).
        keep_rule: keeps a rule for ``project`` or ``user``; OSError or ValueError say why it cannot.
        detach: lets running shell commands go on in the background; returns how many there were.
        ready: waited for before a prompt goes to the model or a slash command is looked for.
        max_turns: model calls of one conversation at the most; None for no bound.
        text_calls: whether calls that a model wrote as text are run.

    Attributes:
        give_back: takes a person's own prompts that did not run; a front end with an editor sets it.
        on_content: told what the model is sent for a prompt where that is more than its text.
        hooks: who else has a say.
        modes: what its approval modes need.
        services: what calls and hooks have of it besides its events and questions.
        queue_editing: takes one of those that wait out of the queue, to be edited.
        points: the prompts so far, as places to go back to.
        prepare_rewinding: gives what goes back to them what it needs, once it is made.
        prepare_ledger: gives the list of commands what keeps it, once it is made.
        drained: waits until nothing runs, and nothing waits that will.
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
        expand: Callable[[str], Awaitable[Sequence[str | MentionedImage]]] | None = None,
        rules: Iterable[str | Rule] = (),
        keep_rule: Callable[[str, str], None] | None = None,
        detach: Callable[[], int] = lambda: 0,
        ready: Callable[[Needed], Awaitable[object]] | None = None,
        max_turns: int | None = None,
        text_calls: bool = False,
    ) -> None:
        self.bus = bus
        self.cwd = cwd
        self.tools = ToolRegistry(tools, approval_mode)
        self.slash = SlashCommands()
        bus.end_with(self.request_close)
        self.approvals = Approvals(self.publish, lambda: self._state.publish())
        self.policy = Policy(self.tools.names, approval_mode, rules)
        self.closing = anyio.Event()
        self.give_back: Callable[[Sequence[Prompt]], object] = lambda prompts: None
        self.on_content: Callable[[Sequence[ContentBlock]], object] = lambda blocks: None
        self.conversation = Conversation()
        self.points = Points(self.conversation)
        self.prepare_rewinding: Callable[[Rewinding], object] = lambda rewinding: None
        self.prepare_ledger: Callable[[Ledger], object] = lambda ledger: None
        self.hooks = HookSlot()
        self.modes = Modes(self)
        self.system = system
        self.max_turns = max_turns
        self.text_calls = text_calls
        self._models = ModelSet(models, self.publish)
        self._detach = detach
        meter = Meter(lambda: self._state.turn_id)
        self.services = Services(lambda: self.model, self.publish, meter)
        self.services.judge = self.modes.judge
        self.services.person_decided = self.modes.count_anew
        self._queue = PromptQueue()
        self._state = StatePublisher(self.approvals, self._queue, self.publish)
        self.services.scrub = bus.secrets.scrub
        self.services.remember = Remembering(
            self.policy,
            keep_rule,
            self.set_approval_mode,
            self.notice,
            self.recheck_pending,
            self.services.spawn,
        )

        def runner(publish: Callable[[Event], object]) -> CallRunner:
            return CallRunner(
                self.tools,
                self.policy,
                self.approvals,
                publish,
                self.services,
                hooks=self.hooks,
            )

        self._calls = runner(self.publish)
        self._runner = runner
        self._entered: EnteredCalls | None = None
        self._context = ContextKeeper(self.conversation, self.publish, self._state.set)
        self._context.remind = self.modes.remind
        self._context.meter = meter
        self._slash = SlashRunner(
            self.slash, self.publish, self.hooks, ready, self.services.spawn, self._state
        )
        self._worker = Worker(
            self, self._queue, self._state, self._context, self._calls, self._slash, expand, ready
        )
        wake, changed = self._worker.wake, self._state.publish
        self.queue_editing = QueueEditing(self._queue, wake, changed, self.receipt, self.publish)
        self.drained = self._worker.drained
        self.ended = False  # after `session_end` nothing is told
        self.tools.listen(self._tools_changed)

    @property
    def entered(self) -> EnteredCalls:
        """Runs calls that a person's command brings along; imported for the first."""
        if self._entered is None:
            from qwen_dual.core.turns.entered_calls import EnteredCalls

            self._entered = EnteredCalls(self._runner, self.publish, self._state)
        return self._entered

    # -- what can be done ------------------------------------------------------------------

    def submit(
        self,
        text: str,
        actor: Actor,
        *,
        command_id: str | None = None,
        own: str | None = None,
        content: Sequence[PromptBlock] = (),
        proposed: str | None = None,
        steers: bool = False,
    ) -> int:
        """Takes a prompt; returns its position in the queue, 0 when it runs at once.

        A slash command typed at the keyboard that may run in the middle of a turn does so. Mentions
        count in ``own`` alone, where that is given; with ``content`` the model is sent that. One that
        ``steers`` joins the turn that runs (``joined_by``).
        """
        now = actor.at_keyboard and self.busy and self.services.active and is_slash(text)
        if now and self._slash.try_now(text, actor):
            return 0
        joins = self.joined_by(text if own is None else own) if steers else None
        of = tuple(content)
        return self._enqueue(
            Prompt(text, actor, command_id, own=own, content=of, proposed=proposed, steers=joins)
        )

    def begin(self, prompt: Prompt, turn_id: str) -> None:
        """Runs first what ``begun`` told to have begun before there was a session."""
        self._worker.begin(prompt, turn_id)

    def run_shell(self, command: str, actor: Actor) -> int:
        """Runs a shell command as the person's own act; its output is told to the model."""
        return self._enqueue(Prompt(command, actor, action="shell"))

    def answer_form(self, name: str, answers: Sequence[str], actor: Actor) -> None:
        """Runs the slash command ``name`` with the answers to its form."""
        self._enqueue(Prompt(f"/{name}", actor, action="form", answers=tuple(answers)))

    def retry(self, actor: Actor) -> bool:
        """Makes the failed model call of the last turn again; False when there is none."""
        if retryable := self.retryable:
            self.submit(RETRY, actor)
        return retryable

    def _enqueue(self, prompt: Prompt) -> int:
        waits, position = self.busy, self._queue.add(prompt)
        self._worker.wake()
        if waits:
            self._state.publish()
        return position if waits else 0

    def _empty_queue(self, *, give_back: bool) -> None:
        own, told = self.queue_editing.clear(give_back=give_back)
        if give_back and own:
            self.give_back(own)
        if told:
            self.notice(told)
        self._state.publish()

    def answer(self, request_id: str, decision: Decision) -> bool:
        """Answers a pending request; False, with an error event, when it is not pending."""
        if not (was_pending := self.approvals.resolve(request_id, decision)):
            self.publish(events.control_error(request_id))
        return was_pending

    def interrupt(self, actor: Actor, queue: QueueFate = "keep", why: Stop = INTERRUPTED) -> bool:
        """Stops the turn; False when none runs.

        Args:
            actor: who stops it.
            queue: what becomes of the prompts that wait. ``keep``: they run after it; ``clear``: each
                is taken out, with a receipt; ``return``: a person's own are given back besides.
            why: what the turn's ``result`` says.
        """
        if not self._worker.interruptible:
            return False
        if queue != "keep":
            self._empty_queue(give_back=queue == "return")
        self.approvals.deny_all(SHUTDOWN if actor.kind == "shutdown" else INTERRUPT)
        self._worker.interrupt(why)
        return True

    def detach_commands(self) -> int:
        """Lets running shell commands go on in the background; how many there were."""
        return self._detach()

    def set_approval_mode(self, mode: str, actor: Actor) -> None:
        """Changes what runs without asking; pending requests it now covers are resolved.

        Raises:
            UnknownMode: there is no such mode.
        """
        before = self.policy.mode
        if mode != before and (why := self.modes.refused(mode)):
            raise ModeRefused(mode, why)
        self.policy.set_mode(mode)
        if mode != before:
            self.modes.count_anew()
            told = {"from": before, "to": mode, "origin": str(actor)}
            self.publish(events.system("mode_changed", told))
            self.tools.enter(mode)
            if mode == "auto" and (aside := self.policy.set_aside):
                self.notice(SET_ASIDE.format(rules=", ".join(aside)))
            self.recheck_pending()

    def leave_plan(self, choice: str, actor: Actor) -> None:
        """Goes on in the mode that was chosen with a plan: a mode, or ``previous``.

        Raises:
            UnknownMode: there is no such mode.
        """
        mode = self.policy.before_plan if choice == "previous" else choice
        self.modes.remind.plan_ended()
        self.set_approval_mode(mode, actor)

    async def compress(self) -> str:
        """Summarises the older part of the conversation; says what came of it.

        Raises:
            ModelError: the call failed; nothing has changed.
        """
        return await self._context.compress(self.model, self.system, self.tools.offered())

    def resume(
        self,
        session_id: str,
        history: Sequence[Message],
        actor: Actor,
        points: Iterable[Point] = (),
    ) -> None:
        """Goes on with an earlier conversation, and its prompts, under its own session id."""
        if session_id != self.bus.session_id:
            self._change_session(session_id, actor)
        self.conversation.replace(history)
        self.points.replace(points)

    def clear(self, actor: Actor) -> None:
        """Begins a new, empty conversation under a new session id."""
        self._change_session(events.new_uuid(), actor)

    def _change_session(self, new: str, actor: Actor) -> None:
        before = self.bus
        self.conversation.replace(())
        self.points.replace(())
        self.policy.forget()
        self._worker.forget()
        self.modes.forget()
        # Told under the old id, so that an observer can follow from one to the other.
        change = {"from": before.session_id, "to": new, "origin": str(actor)}
        before.publish(events.system("session_changed", change))
        self.bus = before.successor(new)

    def state_events(self, command_id: str | None) -> list[Event]:
        """What a host is told that asks for the state: the bodies of ``state`` and ``queue``."""
        return self._state.now(command_id)

    def notice(self, text: str, level: str = "info") -> None:
        """Tells every observer something: ``level`` is ``info``, ``warning`` or ``error``."""
        if not self.ended:
            self.publish(events.notice(text, level))

    def publish(self, body: Event, agent: str | None = None) -> Event:
        """Publishes under the id that the session has now: see ``Bus.publish``."""
        return self.bus.publish(body, agent)

    def request_close(self) -> None:
        """Asks the session to end: the turn stops, then ``run`` returns."""
        self.closing.set()
        self.interrupt(SHUTDOWN)
        self._worker.wake()

    def end(self) -> None:
        """Publishes ``session_end``; idempotent. Nothing may be published after it."""
        if not self.ended:
            self.ended = True
            self.approvals.deny_all(SHUTDOWN)
            self.queue_editing.end()
            self.unattended()
            self.publish(events.system("session_end", {"session_id": self.session_id}))

    async def run(self) -> None:
        """Runs what is submitted, one at a time, until ``request_close``."""
        async with self.services.running():
            await self._worker.run(self.closing)

    def _tools_changed(self, added: Sequence[str], removed: Sequence[str]) -> None:
        self.policy.read_again()
        if self.services.active and (added or removed):
            self.publish(events.tools_changed(list(self.tools), added, removed))

    def recheck_pending(self) -> None:
        """Resolves what the policy allows by now without anybody's answer."""
        self._calls.recheck()
        if self._entered is not None:
            self._entered.recheck()
