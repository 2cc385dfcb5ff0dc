"""What a session will have, before it is put together: asyncio and the tools take longer to load than all else.

Only where it is certain. The names stand here a second time, and a test holds them against those of
sessions; what the settings, a saved chat or a server may change is not foreseen at all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.tools.agents import BUILT_IN
from qwen_dual.fs.home import home_of
from qwen_dual.settings import keys
from qwen_dual.tools.names import TOOLS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.runtime.launch import Launch

SLASH_COMMANDS = frozenset(
    {
        "agents",
        "approval-mode",
        "auth",
        "bug",
        "channels",
        "clear",
        "commands",
        "compress",
        "copy",
        "delete",
        "diff",
        "exit",
        "export",
        "help",
        "hooks",
        "init",
        "mcp",
        "memory",
        "model",
        "output-style",
        "plan",
        "quit",
        "resume",
        "retry",
        "rewind",
        "rollback",
        "sandbox",
        "skills",
        "stats",
        "tasks",
        "theme",
        "tools",
        "trust",
        "vim",
    }
)
"""Aliases included."""


class Foreseen(Struct, frozen=True):
    """What a session that nobody can be asked in will have.

    Attributes:
        tools: what the model will be told of.
        slash_commands: the names of those there will be.
        agents: the names of those that there are always.
    """

    tools: Sequence[str] = TOOLS
    slash_commands: frozenset[str] = SLASH_COMMANDS
    agents: Sequence[str] = tuple(BUILT_IN)


def foresee(launch: Launch) -> Foreseen | None:
    """What the session of ``launch`` will have; None where that is seen only once it is there."""
    settings, spec = launch.settings, launch.spec
    chosen = (*settings.get(keys.CORE_TOOLS), *settings.get(keys.EXCLUDED_TOOLS))
    if chosen or spec.exclude_tools or launch.chat is not None:
        return None
    if may_have_more(launch):
        return None
    return Foreseen()


def may_have_servers(launch: Launch) -> bool:
    """Whether any MCP server may be configured."""
    settings = launch.settings
    configured = len(launch.spec.mcp_config) + len(settings.get(keys.MCP_SERVERS))
    if configured or settings.get(keys.MCP_COMMAND) is not None:
        return True
    return settings.trusted and os.path.lexists(os.path.join(launch.cwd, ".mcp.json"))


def may_have_agents(launch: Launch) -> bool:
    """Whether there may be files of sub-agents."""
    return _may_have(launch, "agents")


def may_have_definitions(launch: Launch) -> bool:
    """Whether there may be skills or commands that somebody wrote."""
    return _may_have(launch, "skills", "commands")


def may_have_more(launch: Launch) -> bool:
    """Whether there may be anything that a session without any of it has not."""
    return may_have_servers(launch) or _may_have(launch, "agents", "skills", "commands")


def _may_have(launch: Launch, *kinds: str) -> bool:
    """Whether there is a folder for something that people write; a ``stat`` each."""
    if launch.spec.bare:
        return False
    roots = [launch.home, os.path.join(person(launch), ".claude")]
    if launch.settings.trusted:
        roots += [os.path.join(launch.cwd, name) for name in (".qwen", ".claude")]
    return any(os.path.isdir(os.path.join(root, kind)) for root in roots for kind in kinds)


def person(launch: Launch) -> str:
    """The person's home."""
    return home_of(launch.settings.environment.values)
