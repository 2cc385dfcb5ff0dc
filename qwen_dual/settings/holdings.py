"""What a folder holds that takes effect once the person trusts it: the list that the question shows.

Looks at names, and into what says which keys or servers it has; runs nothing and believes nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.git.repository import find_repository
from qwen_dual.settings.files import BadFile, read_object
from qwen_dual.settings.keys import MCP_SERVERS
from qwen_dual.settings.secrets import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qwen_dual.settings.load import Settings

FOLDERS = {
    "commands": "slash commands",
    "skills": "skills",
    "agents": "sub-agents",
    "hooks": "hooks",
    "extensions": "extensions",
}
"""Folders within ``.qwen`` and what is in them."""

SHOWN_NAMES = 6
"""Keys or servers of one file that are named; the rest is counted."""

_SHOWN_CHARS = 60


class Holding(Struct, frozen=True):
    """One thing.

    Attributes:
        path: relative to the folder.
        what: what it is, and what of it matters.
    """

    path: str
    what: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}"


def holdings(
    folder: str, home: str, settings: Settings, context_files: Sequence[str]
) -> list[Holding]:
    """What of ``folder`` has no effect as long as it is not trusted; empty where there is nothing.

    Args:
        folder: the session's.
        home: the user's settings folder; what is the user's own is none of the folder's.
        settings: as they were read without trust.
        context_files: paths of the context files that would be read to the model.
    """
    found: list[Holding] = []
    own = os.path.join(folder, ".qwen")
    mine = os.path.realpath(own) == os.path.realpath(home)
    if settings.refused:
        file = os.path.join(".qwen", "settings.json")
        found.append(Holding(file, f"settings ({_names(_keys(settings))})"))
        if commands := _hooks(settings):
            found.append(Holding(file, f"commands that run by themselves ({_names(commands)})"))
    if servers := _servers(folder):
        found.append(Holding(".mcp.json", f"MCP servers ({_names(servers)})"))
    names = [os.path.relpath(path, folder) for path in context_files]
    found += [Holding(name, "instructions for the model") for name in names]
    names = [os.path.relpath(path, os.path.realpath(folder)) for path in settings.environment.held]
    # One in a folder above is that folder's, and waits for trust in it.
    found += [Holding(name, "environment variables") for name in names if name[:2] != ".."]
    from qwen_dual.git.configured import beyond_ordinary  # its patterns are the start's largest

    if (repository := find_repository(folder)) and (names := beyond_ordinary(repository)):
        where = os.path.relpath(repository.common_dir, os.path.realpath(folder))
        found.append(Holding(where, f"a repository whose git may run more ({_names(names)})"))
    for name, what in FOLDERS.items():
        if not mine and _is_filled(os.path.join(own, name)):
            found.append(Holding(os.path.join(".qwen", name), what))
    return found


def _keys(settings: Settings) -> list[str]:
    """The keys that are held back; of the mode, which one: the word says what it would allow.

    Of servers, their names: each would be a program that runs.
    """
    project = next((layer.raw for layer in settings.layers if layer.name == "project"), {})
    tools, servers = project.get("tools"), project.get(MCP_SERVERS.path)
    mode = tools.get("approvalMode") if isinstance(tools, dict) else None
    found = []
    for key in settings.refused:
        if key == MCP_SERVERS.path and isinstance(servers, dict):
            found += [f"MCP server {name}" for name in servers]
        else:
            found.append(f"{key} {mode}" if key.endswith("approvalMode") else key)
    return found


def _hooks(settings: Settings) -> list[str]:
    """What runs by itself, with the event that it runs at."""
    project = next((layer.raw for layer in settings.layers if layer.name == "project"), {})
    events: Any = project.get("hooks")
    found: list[str] = []
    for event, groups in events.items() if isinstance(events, dict) else ():
        for group in groups if isinstance(groups, list) else ():
            hooks = group.get("hooks") if isinstance(group, dict) else None
            for hook in hooks if isinstance(hooks, list) else ():
                does = (
                    [hook.get(name) for name in ("command", "url", "prompt")]
                    if isinstance(hook, dict)
                    else []
                )
                found += [f"{event}: {what}" for what in does if isinstance(what, str)]
    return found


def _servers(folder: str) -> list[str]:
    path = os.path.join(folder, ".mcp.json")
    if not os.path.lexists(path):
        return []
    try:
        values, _ = read_object(path, folder)
    except BadFile:
        return ["the file cannot be read"]
    servers: Any = values.get("mcpServers")
    return list(servers) if isinstance(servers, dict) else []


def _is_filled(path: str) -> bool:
    try:
        with os.scandir(path) as entries:
            return next(entries, None) is not None
    except OSError:
        return False


def _names(names: Iterable[str]) -> str:
    listed = [printable(name)[:_SHOWN_CHARS] for name in names]
    rest = len(listed) - SHOWN_NAMES
    more = f", and {rest} more" if rest > 0 else ""
    return ", ".join(listed[:SHOWN_NAMES]) + more
