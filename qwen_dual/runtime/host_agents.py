"""Agents that a program brings along which embeds the session, in the shapes of Qwen Code's SDKs and Claude's.

They are checked like those of files; what bounds one and cannot be understood leaves it out.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_dual.agents.spec import AgentSpec
from qwen_dual.runtime.agents import agents_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.runtime.opened import OpenSession

MOST = 200
"""Agents that one program may bring."""

LONGEST_PROMPT = 200_000

_NAME = re.compile(r"[\w-]{1,64}")


class BadAgent(ValueError):
    """An agent of the program's that cannot be used; the text says which, and why."""


def bring_agents(handle: OpenSession, value: Any) -> list[str]:
    """Puts agents in force, in place of those that the program brought before.

    Args:
        handle: the session.
        value: a list of ``{name, description, systemPrompt, tools, model, runConfig, color}``, or by
            name ``{description, prompt, tools, disallowedTools, model, maxTurns}``.

    Returns:
        What of it cannot be used.
    """
    specs: list[AgentSpec] = []
    wrong: list[str] = []
    for name, entry in _entries(value):
        try:
            specs.append(_agent(name, entry))
        except BadAgent as error:
            wrong.append(f"the agent {str(name)[:100]!r} ({error})")
    agents_of(handle.launch, handle.parts).roster.bring(specs[:MOST])
    return wrong


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        for entry in value:
            yield (entry.get("name") if isinstance(entry, dict) else entry), entry
    elif value is not None:
        yield "", value


def _agent(name: Any, entry: Any) -> AgentSpec:
    if not isinstance(entry, dict):
        raise BadAgent("expected an object")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise BadAgent("its name: expected letters, digits, - and _, at most 64")
    prompt = entry.get("systemPrompt", entry.get("prompt"))
    if not isinstance(prompt, str) or not prompt.strip():
        raise BadAgent("it has no systemPrompt")
    if entry.get("executionBackend") is not None:
        raise BadAgent("no agent runs in a container here")
    run = entry.get("runConfig")
    run = run if isinstance(run, dict) else {}
    turns = _positive(entry.get("maxTurns", run.get("max_turns")))
    return AgentSpec(
        name=name,
        description=_text(entry, "description"),
        prompt=prompt[:LONGEST_PROMPT],
        tools=_rules(entry, "tools"),
        disallowed=_rules(entry, "disallowedTools") or (),
        model=_text(entry, "model"),
        approval_mode=_text(entry, "approvalMode"),
        max_turns=None if turns is None else int(turns),
        max_minutes=_positive(run.get("max_time_minutes")),
        color=_text(entry, "color"),
        background=entry.get("background") is True,
        source="session",
    )


def _rules(entry: Mapping[str, Any], key: str) -> tuple[str, ...] | None:
    value = entry.get(key)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(rule, str) for rule in value):
        raise BadAgent(f"{key}: expected a list of names")
    return tuple(value)


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value if isinstance(value, str) else ""


def _positive(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value >= 1e-3 else None  # type: ignore[arg-type, operator]
