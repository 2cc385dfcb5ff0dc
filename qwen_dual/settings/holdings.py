"""What a folder holds that takes effect once the person trusts it: the list that the question shows.

Looks at names, and into what says which keys or servers it has; runs nothing and believes nothing.
"""

from __future__ import annotations

import os
import shlex
from itertools import islice
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.git.repository import find_repository
from qwen_dual.settings.destinations import of_settings, of_variables
from qwen_dual.settings.environment import variables_in
from qwen_dual.settings.files import BadFile, read_object
from qwen_dual.settings.keys import (
    ALLOW,
    ALLOWED_TOOLS,
    APPROVAL_MODE,
    HOOKS,
    MCP_SERVERS,
)
from qwen_dual.settings.secrets import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.settings.load import Settings

WRITTEN = {
    "commands": "slash commands",
    "skills": "skills",
    "agents": "sub-agents",
    "output-styles": "output styles",
}
"""Folders within ``.qwen`` and ``.claude`` and what is in them."""

FOLDERS = {
    **{f".qwen/{name}": what for name, what in WRITTEN.items()},
    ".qwen/hooks": "hooks",
    ".qwen/extensions": "extensions",
    **{f".claude/{name}": what for name, what in WRITTEN.items()},
}
"""Folders and what is in them."""

MAX_LOOKED_AT = 1_000
"""Names of one folder that are looked at."""

SHOWN_NAMES = 6
"""Names of one file that are shown; the rest is counted."""

SHOWN_COMMANDS = 20
"""The same of commands, and of servers with what they run: trust starts them."""

DESTINATIONS = "where the conversation goes, with your key"

_SHOWN_CHARS = 160


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
    mine = os.path.realpath(os.path.join(folder, ".qwen")) == os.path.realpath(home)
    if settings.refused:
        file = os.path.join(".qwen", "settings.json")
        if names := _keys(settings):
            found.append(Holding(file, f"settings ({_names(names)})"))
        if rules := _allowed(settings):
            named = _names(rules, SHOWN_COMMANDS)
            found.append(Holding(file, f"rules for what runs without asking ({named})"))
        if places := of_settings(_project(settings)):
            found.append(Holding(file, f"{DESTINATIONS} ({_names(places, SHOWN_COMMANDS)})"))
        if commands := _hooks(settings):
            named = _names(commands, SHOWN_COMMANDS)
            found.append(Holding(file, f"commands that run by themselves ({named})"))
        if servers := _named_servers(_project(settings)):
            found.append(Holding(file, f"MCP servers ({_names(servers, SHOWN_COMMANDS)})"))
    if servers := _servers(folder):
        found.append(Holding(".mcp.json", f"MCP servers ({_names(servers, SHOWN_COMMANDS)})"))
    names = [os.path.relpath(path, folder) for path in context_files]
    found += [Holding(name, "instructions for the model") for name in names]
    for path in settings.environment.held:
        name = os.path.relpath(path, os.path.realpath(folder))
        if name[:2] == "..":
            continue  # one in a folder above is that folder's, and waits for trust in it
        variables = variables_in(path)
        told = f" ({_names(variables)})" if variables else ""
        found.append(Holding(name, f"environment variables{told}"))
        if places := of_variables(variables):
            found.append(Holding(name, f"{DESTINATIONS} ({_names(places, SHOWN_COMMANDS)})"))
    from qwen_dual.git.configured import beyond_ordinary  # its patterns are the start's largest

    if (repository := find_repository(folder)) and (names := beyond_ordinary(repository)):
        where = os.path.relpath(repository.common_dir, os.path.realpath(folder))
        found.append(Holding(where, f"a repository whose git may run more ({_names(names)})"))
    for name, what in FOLDERS.items():
        if not mine and (names := _held(os.path.join(folder, name))):
            found.append(Holding(name, f"{what} ({_names(names)})"))
    return found


def _keys(settings: Settings) -> list[str]:
    """The keys that are held back, those first that no padding may push out of what is shown.

    Of the mode, which one: the word says what it would allow. Not the servers: they are named with
    what they run.
    """
    mode: object = APPROVAL_MODE.within(_project(settings))
    modes = (APPROVAL_MODE.path, APPROVAL_MODE.legacy)
    held = [key for key in settings.refused if key != MCP_SERVERS.path]
    return [
        f"{key} {mode}" if key in modes else key
        for key in sorted(held, key=lambda key: key not in modes)
    ]


def _allowed(settings: Settings) -> list[str]:
    """The rules that would let calls run without asking."""
    project = _project(settings)
    lists: list[object] = [key.within(project) for key in (ALLOW, ALLOWED_TOOLS)]
    return [rule for rules in lists if isinstance(rules, list) for rule in map(str, rules)]


def _project(settings: Settings) -> Mapping[str, Any]:
    """What the folder's own file says."""
    return next((layer.raw for layer in settings.layers if layer.name == "project"), {})


def _hooks(settings: Settings) -> list[str]:
    """What runs by itself, with the event that it runs at."""
    events: Any = _project(settings).get(HOOKS.path)
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
    return _named_servers(values)


def _named_servers(values: Mapping[str, Any]) -> list[str]:
    """Each server with what it runs, or where it is; first what no length of that may push out."""
    servers: Any = values.get(MCP_SERVERS.path)
    if not isinstance(servers, dict):
        return []
    return [f"{_unasked(server)}{name}{_what(server)}" for name, server in servers.items()]


def _unasked(server: object) -> str:
    trusted = isinstance(server, dict) and server.get("trust") is True
    return "all tools without asking of " if trusted else ""


def _what(server: object) -> str:
    if not isinstance(server, dict):
        return ""
    if isinstance(command := server.get("command"), str):
        arguments = server.get("args")
        words = [command, *(arguments if isinstance(arguments, list) else ())]
        return f": {shlex.join(str(word) for word in words)}"
    where = server.get("httpUrl") or server.get("url")
    return f": {where}" if isinstance(where, str) else ""


def _held(path: str) -> list[str]:
    """The names in a folder, in order; none where it is none."""
    try:
        with os.scandir(path) as entries:
            return sorted(entry.name for entry in islice(entries, MAX_LOOKED_AT))
    except OSError:
        return []


def _names(names: Iterable[str], most: int = SHOWN_NAMES) -> str:
    listed = [_short(printable(name)) for name in names]
    rest = len(listed) - most
    more = f", and {rest} more" if rest > 0 else ""
    return ", ".join(listed[:most]) + more


def _short(name: str) -> str:
    return name if len(name) <= _SHOWN_CHARS else f"{name[:_SHOWN_CHARS]}…"
