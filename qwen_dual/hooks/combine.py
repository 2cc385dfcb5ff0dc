"""Several hooks that were asked the same: what they come to together. Pure.

The strictest counts: who denies before who asks, and that before who allows. Nothing depends on which
of them was quicker: they stand in the order of the settings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qwen_dual.core.actor import Actor
from qwen_dual.core.turns.hooks import NOTHING, HookSaid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.hooks.config import Hook
    from qwen_dual.hooks.output import Decision, HookOutput

STRICTEST_FIRST: Final[tuple[Decision, ...]] = ("deny", "ask", "allow")


def combined(said: Sequence[HookOutput]) -> HookSaid:
    """What ``said`` comes to, in the order of the settings."""
    if not said:
        return NOTHING
    decision: Decision = next(
        (wanted for wanted in STRICTEST_FIRST if any(one.decision == wanted for one in said)), ""
    )
    deciding = [one for one in said if decision and one.decision == decision]
    changing = [one for one in said if one.updated_input is not None]
    stopping = [one for one in said if one.stop]
    reasons = list(dict.fromkeys(one.reason for one in deciding if one.reason))
    return HookSaid(
        decision,
        actor_of(deciding[0].hook) if deciding else Actor("hook"),
        "\n".join(reasons),
        changing[-1].updated_input if changing and decision != "deny" else None,
        actor_of(changing[-1].hook) if changing else Actor("hook"),
        "\n\n".join(f"From {actor_of(one.hook)}:\n{one.context}" for one in said if one.context),
        actor_of(stopping[0].hook) if stopping else None,
        "\n".join(dict.fromkeys(one.stop_reason for one in stopping if one.stop_reason)),
    )


def actor_of(hook: Hook) -> Actor:
    """Who a hook is, as events name it."""
    return Actor("hook", hook.name)
