"""What the approval modes of a session need of the settings and the folder; the rest comes with its mode."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.core.auto_rules import AutoRules
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.settings.load import Settings
    from qwen_dual.tools.plan import Plans


def refusal_of(mode: str, settings: Settings) -> str:
    """Why an approval mode cannot be had; empty where it can.

    What judges calls in auto mode goes by what it is told of the work, and a folder that nobody trusts
    may be made to mislead it.
    """
    if mode != "auto" or settings.trusted:
        return ""
    return "There is no auto mode in a folder that you have not trusted; /trust changes that."


def set_up(launch: Launch, parts: Parts) -> None:
    """Lets the modes of the session of ``parts`` find what they need."""

    def auto_rules() -> AutoRules:
        from qwen_dual.runtime.auto_mode import auto_rules

        return auto_rules(launch.settings)

    def plans() -> Plans:
        from qwen_dual.runtime.planning import planning_of

        return planning_of(launch, parts)

    modes = parts.session.modes
    modes.refused = lambda mode: refusal_of(mode, launch.settings)
    modes.auto_rules = auto_rules
    parts.tools.plans.session = plans
