"""``/hooks``: which hooks there are, whose, and what became of each; off, on and read again by the person."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.threads import in_thread
from qwen_dual.runtime.hooking import OFF, apply_hooks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.core.actor import Actor
    from qwen_dual.hooks.config import Hook
    from qwen_dual.hooks.engine import Engine
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

NONE = (
    "No hook is configured. `hooks` in the settings has commands that are told of what happens and may "
    "have a say in it: see docs/hooks.md."
)

PERSON_ONLY = "Only the person at the keyboard switches hooks; /hooks lists them."

_VERBS = ("reload", "off", "on")


class HooksCommand:
    """The command of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and its tools.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        self._launch = launch
        self._parts = parts

    async def run(self, argument: str, actor: Actor) -> str:
        """Lists them, or does what ``argument`` says; only the person switches them."""
        if not argument or argument == "list":
            return self._list()
        if argument not in _VERBS:
            raise CommandFailed(f"/hooks takes reload, off or on, not {argument!r}")
        if not actor.is_person:  # what checks on others is not theirs to switch off
            raise CommandFailed(PERSON_ONLY)
        if argument == "reload":
            return await self._reload()
        hooking = self._parts.hooking
        if hooking is None:
            return NONE
        hooking.switch(on=argument == "on")
        return "Hooks run." if argument == "on" else "No hook runs for the rest of this session."

    async def _reload(self) -> str:
        launch = self._launch
        read = partial(launch.workspace.read_again, launch.spec.as_settings())
        now = await in_thread(read)
        apply_hooks(launch, self._parts, now.settings)
        return self._list()

    def _list(self) -> str:
        hooking = self._parts.hooking
        if self._launch.spec.bare:
            return OFF
        if hooking is None or not (
            hooking.hooks.engine.hooks or hooking.wrong or hooking.folder_off
        ):
            return NONE
        lines = list(hooking.wrong)
        if not hooking.hooks.engine.enabled:
            off = hooking.off_by_settings
            lines.append("No hook runs: " + ("disableAllHooks is true." if off else "/hooks on."))
        if hooking.folder_off:
            lines.append("None of this folder's hooks runs: its disableAllHooks is true.")
        return "\n".join([*lines, *self._rows(hooking.hooks.engine)])

    def _rows(self, engine: Engine) -> Iterator[str]:
        from qwen_dual.hooks.hook_events import HOOK_EVENTS

        for hook_event in HOOK_EVENTS:
            hooks = [hook for hook in engine.hooks if hook.event == hook_event.name]
            if hooks:
                yield f"{hook_event.name}: {hook_event.when}"
            for hook in hooks:
                yield f"  {hook.name}  {self._about(hook)}"
                yield f"      {_become(engine, hook)}"

    def _about(self, hook: Hook) -> str:
        what = [f"for {hook.matcher}"] if hook.matcher else []
        if hook.name != hook.does:
            does = " ".join(hook.does.split())
            what.append(does if len(does) <= 200 else f"{does[:199]}…")
        where = f" ({self._launch.workspace.short(hook.path)})" if hook.path else ""
        return "  ".join([*what, f"{hook.source}{where}"])


def _become(engine: Engine, hook: Hook) -> str:
    """What became of it so far."""
    said = engine.latest.said.get(hook.same)
    if said is None:
        return "has not run"
    times = engine.latest.runs[hook.same]
    last = said.failure or " ".join(filter(None, (said.result, said.decision, said.reason)))
    return f"ran {times} time{'s' if times > 1 else ''}; last: {' '.join(last.split())[:200]}"
