"""What a terminal that is attached to a session knows of its tools and commands: how they are called.

Nothing of it runs here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.commands.questions import Choice, pick
from qwen_dual.core.commands.slash import SlashCommand, SlashCommands

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.tools.agent_tasks import Agents
    from qwen_dual.core.tools.tool import Tool

LEAVE = "detach"
"""The command that leaves, and changes nothing."""

_AT_HOME = frozenset(("copy", "exit", "quit", "theme", "vim"))
"""Commands about the screen that they are entered at, and those that end the session: not offered here."""


def names_of_tools(cwd: str, env: Mapping[str, str]) -> Sequence[Tool]:
    """The tools that such a program has, for how they are called before a person; none of them runs."""
    from qwen_dual.tools.agent import AgentTool
    from qwen_dual.tools.toolset import toolset

    def nobody() -> Agents:
        raise NotImplementedError

    return [*toolset(cwd, env).tools, AgentTool(nobody, lambda: None, lambda call_id: False)]


def offered_commands(known: SlashCommands) -> SlashCommands:
    """What is offered of the commands: names and what they do, and questions that need no look at the session."""

    def elsewhere(arguments: str, actor: Actor) -> None:
        raise NotImplementedError

    offered = SlashCommands()
    for name, summary in known.names():
        if name in _AT_HOME:
            continue
        command = known.named(name)
        asks = command is not None and name == "approval-mode"
        form = command.form if command is not None and asks else None
        choices = command.choices if command is not None and asks else tuple
        offered.add(SlashCommand(name, summary, elsewhere, choices, form=form))
    ways = [
        Choice(LEAVE, "leave it", "the session goes on"),
        Choice("end", "end the session", "for everybody"),
    ]
    quits = pick("Leave the session, or end it?", lambda: ways)
    offered.add(SlashCommand("quit", "leave, or end the session", elsewhere, form=quits), "exit")
    offered.add(SlashCommand(LEAVE, "leave; the session goes on", elsewhere))
    return offered
