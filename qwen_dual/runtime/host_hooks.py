"""Hooks that a program brings along which embeds the session: each is a question to that program.

It is told what the hooks of the settings are told, and answers with the object that those print.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.core.errors import HostFailed
from qwen_dual.protocol.codec import decode, encode

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from qwen_dual.hooks.command import Ran
    from qwen_dual.hooks.config import Hook
    from qwen_dual.runtime.opened import OpenSession

    Ask = Callable[["Callback"], Awaitable[dict[str, Any]]]

CUT = "what it was told is cut, since a line may not be longer; what it allowed or changed does not count"


class HostHook(Struct, frozen=True):
    """One hook of the program.

    Attributes:
        event: when it runs.
        id: the program's name for it.
        matcher: which of the events it is for; empty for all.
        seconds: how long an answer may take; None for what holds without one.
        blocks_on_failure: no answer, or one that cannot be used, counts as a no.
    """

    event: str
    id: str
    matcher: str = ""
    seconds: float | None = None
    blocks_on_failure: bool = False


class Callback(Struct):
    """One question to the program.

    Attributes:
        id: of the hook.
        told: what it is told.
        seconds: how long an answer may take.
        cut: set by who asks where ``told`` had to be cut.
    """

    id: str
    told: dict[str, Any]
    seconds: float
    cut: bool = False


def bring_hooks(handle: OpenSession, hooks: Iterable[HostHook], ask: Ask) -> list[str]:
    """Puts hooks of the program in force, in place of those that it brought before.

    Args:
        handle: the session.
        hooks: each of them.
        ask: asks the program; raises ``HostFailed`` where no answer comes that can be used.

    Returns:
        What of it cannot be used.
    """
    from qwen_dual.hooks.config import SECONDS, Hook, name_of
    from qwen_dual.hooks.hook_events import BY_NAME
    from qwen_dual.runtime.hooking import hooking_of

    brought: list[Hook] = []
    wrong: list[str] = []
    for hook in hooks:
        hook_event = BY_NAME.get(hook.event)
        if hook_event is None:
            wrong.append(f"hooks of {hook.event[:100]}, which does not happen in this version")
            continue
        brought.append(
            Hook(
                hook.event,
                "callback",
                hook.id,
                name_of(hook.id),
                hook.matcher,
                "Session",
                seconds=hook.seconds or SECONDS["callback"],
                blocks_on_failure=hook.blocks_on_failure and hook.event != "Stop",
            )
        )
    hooking = handle.parts.hooking
    if brought or hooking is not None:
        hooking_of(handle.launch, handle.parts).bring(brought, _Callbacks(ask))
    return list(dict.fromkeys(wrong))


class _Callbacks:
    """Runs such hooks, as ``hooks.engine.Executor``."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    async def run(self, hook: Hook, told: bytes) -> Ran:
        from qwen_dual.hooks.command import Ran

        asked = Callback(hook.does, decode(told), hook.seconds)
        try:
            answer = await self._ask(asked)
        except HostFailed as error:
            return Ran(failure=str(error))
        if asked.cut and not _only_forbids(answer):
            return Ran(failure=CUT)
        return Ran(0, encode(answer).decode())


def _only_forbids(answer: dict[str, Any]) -> bool:
    """Whether an answer neither allows a call nor changes it."""
    own = answer.get("hookSpecificOutput")
    own = own if isinstance(own, dict) else {}
    inner = own.get("decision")
    said = [
        answer.get("decision"),
        own.get("permissionDecision"),
        inner.get("behavior") if isinstance(inner, dict) else None,
    ]
    changed = "updatedInput" in own or (isinstance(inner, dict) and "updatedInput" in inner)
    return not changed and not any(word in ("allow", "approve") for word in said)
