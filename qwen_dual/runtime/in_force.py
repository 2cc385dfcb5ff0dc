"""Puts in force what the settings say of tools and rules: at the start, and when trust in the folder changes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from qwen_dual.core.permissions.rules import select_tools
from qwen_dual.runtime.launch import refusal_of
from qwen_dual.settings import auto_keys, keys
from qwen_dual.tools.filters import Filters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.models.pricing import Price
    from qwen_dual.core.permissions.auto_rules import AutoRules
    from qwen_dual.core.permissions.rules import Rule
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.settings.key import Key
    from qwen_dual.settings.load import Settings
    from qwen_dual.tools.plan import Plans
    from qwen_dual.tools.toolset import Toolset


def apply_settings(launch: Launch, session: Session, tools: Toolset) -> list[str]:
    """Puts in force what the settings say of tools and rules; returns what of it cannot be used.

    At the start, and again when the folder is trusted, or no longer.
    """
    settings = launch.settings
    warnings: list[str] = []
    exclude = [*settings.get(keys.EXCLUDED_TOOLS), *launch.spec.exclude_tools]

    def choose() -> Sequence[Tool]:
        """What is offered; the rules are read anew, since other tools have other names."""
        wrong: list[str] = []
        parse = partial(session.tools.names.parse_all, warn=wrong.append)

        def strictly(texts: Sequence[str], key: Key[Any]) -> Sequence[Rule]:
            where = f"{key.path} in {settings.source(key)}"
            return session.tools.names.parse_strictly(texts, wrong.append, where)

        core = settings.get(keys.CORE_TOOLS)
        chosen = select_tools(
            session.tools.known,
            parse(core),
            strictly(exclude, keys.EXCLUDED_TOOLS),
            limited=bool(core),
        )
        allow = [*settings.get(keys.ALLOW), *settings.get(keys.ALLOWED_TOOLS)]
        session.policy.set_rules(
            allow=parse([*allow, *(launch.server_rules if settings.trusted else ())]),
            ask=strictly(settings.get(keys.ASK), keys.ASK),
            deny=[*strictly(settings.get(keys.DENY), keys.DENY), *chosen.deny],
            only=chosen.only,
            here=parse(settings.allowed_here),
        )
        warnings.extend(text for text in wrong if text not in warnings)
        return chosen.tools

    session.tools.offer(choose)
    turns = settings.get(keys.MAX_SESSION_TURNS)
    session.max_turns = turns if turns > 0 else None
    session.services.meter.prices = prices_of(settings)
    session.policy.judges_reads = settings.get(auto_keys.AUTO_ALL_SHELL)
    tools.filter(filters_of(settings))
    tools.trust(settings.trusted)
    return warnings


def prices_of(settings: Settings) -> Mapping[str, Price]:
    """What models cost, as far as the person said."""
    given = settings.get(keys.MODEL_PRICING)
    if not given:
        return {}
    from qwen_dual.core.models.pricing import Price
    from qwen_dual.settings import pricing_keys as pricing

    return {
        name: Price(
            pricing.INPUT_PRICE.within(values),
            pricing.OUTPUT_PRICE.within(values),
            pricing.CACHED_PRICE.within(values),
        )
        for name, values in given.items()
    }


def filters_of(settings: Settings) -> Filters:
    """Which ignore files count."""
    return Filters(
        settings.get(keys.RESPECT_GIT_IGNORE),
        settings.get(keys.RESPECT_QWEN_IGNORE),
    )


def set_up_modes(launch: Launch, parts: Parts) -> None:
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
