"""The files of sub-agents: ``.qwen/agents/*.md``, ``.claude/agents/*.md``."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from msgspec import Struct

from qwen_dual.definitions.names import deceiving
from qwen_dual.definitions.places import Listing, Source, files, gather, places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.definitions.front_matter import FrontMatter

COLORS = ("red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan")

APPROVAL_MODES = ("default", "plan", "auto-edit", "auto", "yolo", "bubble")

PERMISSION_MODES: Final[Mapping[str, str]] = {
    "default": "default",
    "plan": "plan",
    "acceptEdits": "auto-edit",
    "auto": "auto-edit",
    "bypassPermissions": "yolo",
    "dontAsk": "default",
}
"""Claude Code's ``permissionMode``, as an approval mode."""

_NAME = re.compile(r"[\w-]{1,64}")


class AgentDefinition(Struct, frozen=True, kw_only=True):
    """One sub-agent, as its file describes it.

    Attributes:
        name: what it is called by; unique in a listing.
        description: when to use it, for the model.
        prompt: its system prompt.
        tools: names or rules of the tools that it may use, as they are written (``read_file``,
            ``Read``, ``mcp__server``); None for all, and ``*`` stands for all too.
        disallowed_tools: the same of those that it may not use.
        model: ``inherit``, ``fast``, or a model's name; empty as ``inherit``.
        color: one of ``COLORS``; empty where it has none.
        approval_mode: one of ``APPROVAL_MODES``; empty where the session's decides.
        max_turns: requests to the model that it may make; None for no bound of its own.
        max_minutes: time that it may take; None for no bound of its own.
        background: whether it runs in the background unless it is called otherwise; None where
            its file says nothing.
        hooks: as in the settings; empty where it has none.
        mcp_servers: as in the settings; empty where it has none.
        source: whose it is.
        path: the file; empty for one that is built in.
    """

    name: str
    description: str
    prompt: str
    tools: tuple[str, ...] | None = None
    disallowed_tools: tuple[str, ...] = ()
    model: str = ""
    color: str = ""
    approval_mode: str = ""
    max_turns: int | None = None
    max_minutes: float | None = None
    background: bool | None = None
    hooks: Mapping[str, Any] = {}
    mcp_servers: Mapping[str, Any] = {}
    source: Source = "user"
    path: str = ""


def list_agents(folder: str, home: str, person: str, *, trusted: bool) -> Listing[AgentDefinition]:
    """The sub-agents that there are files of, by name, the project's before the person's.

    Args:
        folder: the workspace.
        home: the person's settings folder (``~/.qwen``).
        person: the person's home.
        trusted: whether ``folder`` is: otherwise its own are left out.
    """
    return gather(
        places("agents", folder, home, person, trusted=trusted),
        lambda place: files(place, ".md"),
        lambda path, place: agent_of(place.read(path), place.source),
        lambda agent: agent.name,
    )


def agent_of(file: FrontMatter, source: Source) -> AgentDefinition:
    """The sub-agent that a file describes.

    What is optional and makes no sense is as if it were not there, as with Claude Code; not what
    bounds the agent (``tools``, ``approvalMode``): nobody wants one that may do more than meant.

    Raises:
        DefinitionError: what it needs is missing, or a bound cannot be read.
    """
    name = file.text("name")
    if not _NAME.fullmatch(name):
        why = "expected letters, digits, - and _, at most 64" if name else "is missing"
        raise file.error("name", why)
    if why := deceiving(name):
        raise file.error("name", why)
    if not (description := file.text("description")):
        raise file.error("description", "is missing: it says when to use the agent")
    if not (prompt := file.body.strip()):
        raise file.error("name", "the file has no text below the second “---”: its instructions")
    for key in ("executor", "executionBackend"):
        if file.values.get(key) is not None:
            raise file.error(key, "agents that are other programs are not supported")
    run = _mapping(file.values.get("runConfig"))
    turns = file.number("maxTurns") or _positive(run.get("max_turns"))
    minutes = _positive(run.get("max_time_minutes"))
    color = file.texts.get("color", "").strip().lower()
    return AgentDefinition(
        name=name,
        description=description,
        prompt=prompt,
        tools=file.words("tools"),
        disallowed_tools=file.words("disallowedTools", "disallowed-tools") or (),
        model=file.text("model") or _text(_mapping(file.values.get("modelConfig")).get("model")),
        color=color if color in COLORS else "",
        approval_mode=_approval_mode(file),
        max_turns=int(turns) if turns is not None and turns >= 1 else None,
        max_minutes=minutes,
        background=_background(file),
        hooks=_mapping(file.values.get("hooks")),
        mcp_servers=_mapping(file.values.get("mcpServers")),
        source=source,
        path=file.path,
    )


def _approval_mode(file: FrontMatter) -> str:
    if mode := file.text("approvalMode"):
        if mode not in APPROVAL_MODES:
            raise file.error("approvalMode", f"“{mode}” is none of {', '.join(APPROVAL_MODES)}")
        return mode
    return PERMISSION_MODES.get(file.texts.get("permissionMode", "").strip(), "")


def _background(file: FrontMatter) -> bool | None:
    return {"true": True, "false": False}.get(file.texts.get("background", "").strip().lower())


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _positive(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if value > 0 else None
