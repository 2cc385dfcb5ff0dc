"""Runs the hooks of one event: those that are meant, side by side, each told of and each bounded.

Whatever goes wrong with one is its own result; nothing raises but a cancellation, which ends them all.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol

import anyio

from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.hooks.combine import actor_of
from qwen_dual.hooks.command import Ran
from qwen_dual.hooks.hook_events import BY_NAME
from qwen_dual.hooks.matching import matches
from qwen_dual.hooks.output import HookOutput, understood
from qwen_dual.protocol import events
from qwen_dual.protocol.long_json import encode_all, holds_long

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qwen_dual.hooks.config import Hook
    from qwen_dual.hooks.hook_events import HookEvent
    from qwen_dual.hooks.inputs import HookInput
    from qwen_dual.protocol.events import Event

log = logging.getLogger(__name__)

MOST_IN_BACKGROUND: Final = 10
"""Hooks that nobody waits for, at a time; further ones are left out."""


class Executor(Protocol):
    """Runs the hooks of one kind."""

    async def run(self, hook: Hook, told: bytes) -> Ran:
        """Runs one; what is wrong is in what it returns."""
        ...


class Latest:
    """What became of each hook, for ``/hooks``."""

    def __init__(self) -> None:
        self.runs: Counter[tuple[object, ...]] = Counter()
        self.said: dict[tuple[object, ...], HookOutput] = {}

    def add(self, said: HookOutput) -> None:
        """Notes one run."""
        self.runs[said.hook.same] += 1
        self.said[said.hook.same] = said


class Engine:
    """The hooks of one session.

    Args:
        executors: by kind of hook.
        publish: takes the event bodies, and the agent they are about.
        spawn: begins what nobody waits for; the session ends it.
        scrub: takes secrets out of what hooks say.

    Attributes:
        hooks: those in force, in the order in which they run.
        enabled: whether any runs.
        latest: what became of them.
    """

    def __init__(
        self,
        executors: Mapping[str, Executor],
        publish: Callable[[Event, str | None], object],
        spawn: Callable[[Callable[[], Any]], object],
        scrub: Callable[[str], str],
    ) -> None:
        self.hooks: list[Hook] = []
        self.enabled = True
        self.latest = Latest()
        self._executors = executors
        self._publish = publish
        self.spawn = spawn
        self._scrub = scrub
        self._done: set[tuple[object, ...]] = set()
        self._in_background = 0
        self._told: dict[tuple[object, ...], str] = {}

    def meant(self, event: str, values: Iterable[str] = ()) -> list[Hook]:
        """The hooks that run for an event, each once.

        Args:
            event: its name.
            values: what it is about, first as its input says it; nothing where all of them run.
        """
        if not self.enabled:
            return []
        values = list(values)
        found: dict[tuple[object, ...], Hook] = {}
        for hook in self.hooks:
            if hook.event != event or (hook.once and hook.same in self._done):
                continue
            if not values or matches(hook.matcher, values):
                found.setdefault(hook.same, hook)
        return list(found.values())

    def has(self, event: str) -> bool:
        """Whether any hook is there for an event."""
        return self.enabled and any(hook.event == event for hook in self.hooks)

    async def run(
        self,
        event: str,
        hook_input: HookInput,
        values: Iterable[str] = (),
        *,
        agent: str | None = None,
        heard: bool = True,
    ) -> list[HookOutput]:
        """Runs all that are meant; what they said, in the order of the settings.

        Args:
            event: its name.
            hook_input: the input.
            values: as ``meant`` takes them.
            agent: the call that the agent works for whom it is about.
            heard: whether what they decide counts.
        """
        hook_event = BY_NAME[event]
        waited: list[Hook] = []
        for hook in self.meant(event, values):
            if hook.once:
                self._done.add(hook.same)
            if hook.background:
                self._run_in_background(hook, hook_event, hook_input, agent)
            else:
                waited.append(hook)
        if any(hook.sequential for hook in waited):
            return await self._in_order(waited, hook_event, hook_input, agent, heard=heard)
        said: list[HookOutput | None] = [None] * len(waited)

        async def run_one(at: int, hook: Hook) -> None:
            said[at] = await self._run(hook, hook_event, hook_input, agent, heard=heard)

        if len(waited) == 1:
            await run_one(0, waited[0])
        elif waited:
            async with anyio.create_task_group() as group:
                for at, hook in enumerate(waited):
                    group.start_soon(run_one, at, hook)
        return [one for one in said if one is not None]

    async def _in_order(
        self,
        hooks: Sequence[Hook],
        hook_event: HookEvent,
        hook_input: HookInput,
        agent: str | None,
        *,
        heard: bool,
    ) -> list[HookOutput]:
        """One after another: each is told what those before it made of the input; a no ends it."""
        found: list[HookOutput] = []
        for hook in hooks:
            said = await self._run(hook, hook_event, hook_input, agent, heard=heard)
            found.append(said)
            if heard and hook_event.heard and (said.decision == "deny" or said.stop):
                break
            if said.updated_input is not None and "tool_input" in hook_input:
                hook_input = {**hook_input, "tool_input": said.updated_input}
            if said.context and "prompt" in hook_input:
                hook_input = {**hook_input, "prompt": f"{hook_input['prompt']}\n\n{said.context}"}
        return found

    async def _run(
        self,
        hook: Hook,
        hook_event: HookEvent,
        hook_input: HookInput,
        agent: str | None,
        *,
        heard: bool = True,
    ) -> HookOutput:
        run_id = events.new_uuid()
        facts = {
            "hook_id": run_id,
            "hook_name": hook.name,
            "hook_event": hook_event.name,
            "tool_use_id": hook_input.get("tool_use_id"),
        }
        started = {**facts, "status_message": hook.status} if hook.status else facts
        if not hook_event.quiet:
            self._publish(events.system("hook_started", started), agent)
        began = time.monotonic()
        said = HookOutput(hook, "cancelled")
        try:
            said = await self._heard_out(hook, hook_event, hook_input)
        finally:
            self.latest.add(said)
            heard = heard and hook_event.heard
            if not hook_event.quiet:
                told = _wire(said, facts, time.monotonic() - began, heard=heard)
                self._publish(events.system("hook_response", told), agent)
        self._publish_remarks(said, agent, heard=heard)
        return said

    async def _heard_out(
        self, hook: Hook, hook_event: HookEvent, hook_input: HookInput
    ) -> HookOutput:
        executor = self._executors.get(hook.kind)
        try:
            if executor is None:
                ran = Ran(failure=f"nothing here runs hooks of the type {hook.kind}")
            else:
                with anyio.move_on_after(hook.seconds + 5) as bound:
                    data = await in_thread(
                        partial(encode_all, hook_input), only_if=holds_long(hook_input)
                    )
                    ran = await executor.run(hook, data)
                if bound.cancelled_caught:
                    ran = Ran(failure=f"took longer than {hook.seconds:g} s", timed_out=True)
            clean = Ran(
                ran.exit_code,
                self._scrub(ran.stdout),
                self._scrub(ran.stderr),
                ran.cut,
                ran.failure,
                ran.timed_out,
            )
            return understood(hook, hook_event, clean)
        except Exception as error:
            log.exception("the hook %s failed", hook.name)
            return understood(hook, hook_event, Ran(failure=f"internal error: {describe(error)}"))

    def _run_in_background(
        self, hook: Hook, hook_event: HookEvent, hook_input: HookInput, agent: str | None
    ) -> None:
        if self._in_background >= MOST_IN_BACKGROUND:
            log.warning("%s is left out: %d hooks run by now", hook.name, self._in_background)
            return
        self._in_background += 1

        async def run() -> None:
            try:
                await self._run(hook, hook_event, hook_input, agent, heard=False)
            finally:
                self._in_background -= 1

        self.spawn(run)

    def _publish_remarks(self, said: HookOutput, agent: str | None, *, heard: bool) -> None:
        """One line where a hook blocks something, says something, or fails in another way than before."""
        who = actor_of(said.hook)
        before = self._told.pop(said.hook.same, "")
        if said.failure:
            self._told[said.hook.same] = said.failure
            if said.failure != before:
                text = f"{who} ({said.hook.event}): {said.failure}"
                self._publish(events.notice(text, "warning"), agent)
        if said.hook.background:
            return
        if said.message:
            self._publish(events.notice(f"{who}: {said.message}"), agent)
        if said.stop and heard:
            why = said.stop_reason or said.reason or "no reason given"
            self._publish(events.notice(f"{who} stopped this turn: {why}", "warning"), agent)


def _wire(said: HookOutput, facts: HookInput, seconds: float, *, heard: bool) -> HookInput:
    """What is told of a run that is over."""
    told = {
        **facts,
        "source": said.hook.source,
        "outcome": said.result,
        "exit_code": said.exit_code,
        "duration_ms": round(seconds * 1000),
        "decision": said.decision if heard and said.decision else None,
        "reason": said.reason or said.stop_reason or said.failure or None,
        "changed_input": heard and said.updated_input is not None,
        "stopped": heard and said.stop,
    }
    more = {"message": said.message, "stdout": said.stdout, "stderr": said.stderr}
    return {**told, **{name: text for name, text in more.items() if text}}
