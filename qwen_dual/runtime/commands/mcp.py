"""``/mcp``: the servers of the session, what each brings and what is wrong with it, and acts on them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.text.sentences import sentence
from qwen_dual.mcp.bounds import bounded, exact_line, line
from qwen_dual.mcp.configured import where
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.servers import NoSuchServer
from qwen_dual.runtime.foreseen import may_have_servers
from qwen_dual.runtime.mcp import control_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.mcp_control import McpControl

ACTS = {
    "reconnect": "connect it anew",
    "auth": "sign in",
    "logout": "forget the sign-in",
    "disable": "not in this session any more",
    "enable": "in this session again",
    "desc": "its tools, with what they do",
    "schema": "its tools, with their parameters",
}
"""What stands before a server's name; ``desc`` and ``schema`` alone mean all."""

MARKS = {
    "connected": "✓",
    "connecting": "…",
    "failed": "✗",
    "needs_auth": "!",
    "disabled": "-",
    "disconnected": "-",
}

NONE = (
    "No MCP server is configured. `qwen-dual mcp add NAME COMMAND` adds one; mcpServers in the settings "
    "and a trusted project's .mcp.json say which there are."
)

MAX_SHOWN = 40
"""Names of one kind that are listed of a server."""


def run_mcp(launch: Launch, parts: Parts, arguments: str, actor: Actor) -> str:
    """Runs ``/mcp ARGUMENTS``; returns what to show.

    Raises:
        CommandFailed: there is no such server, or it does not do what was asked.
    """
    word, _, rest = arguments.partition(" ")
    name = rest.strip()
    if parts.mcp is None and not may_have_servers(launch):
        return NONE
    control = control_of(launch, parts)
    try:
        if not word:
            return _list(control)
        if word in ("desc", "schema"):
            names = [name] if name else [status.name for status in control.servers.status()]
            return "\n\n".join(_tools(control, each, schema=word == "schema") for each in names)
        if word in ACTS:
            return _act(control, word, name, actor)
        return _one(control, arguments.strip())
    except (NoSuchServer, ServerFailure) as error:
        raise CommandFailed(f"{sentence(str(error))}") from None


def choices(parts: Parts) -> list[Choice]:
    """What may stand behind ``/mcp``."""
    assert parts.servers is not None
    servers = [
        Choice(status.name, summary=status.state.replace("_", " "))
        for status in parts.servers.status()
    ]
    return [*(Choice(word, summary=does) for word, does in ACTS.items()), *servers]


def _act(control: McpControl, word: str, name: str, actor: Actor) -> str:
    servers, sign_ins = control.servers, control.sign_ins
    if word == "auth" and " " in name:
        return sign_ins.bring(*name.split(maxsplit=1))
    if not name and len(known := servers.status()) == 1:
        name = known[0].name
    if not name:
        raise CommandFailed(f"/mcp {word} takes the name of a server.")
    shown = line(name)
    if word == "reconnect":
        if name == "all":
            for status in servers.status():
                control.reconnect(status.name)
            return "Connecting all anew; /mcp shows what comes of it."
        control.reconnect(name)
        return f"Connecting {shown} anew; /mcp shows what comes of it."
    if word in ("enable", "disable"):
        control.switch(name, on=word == "enable")
        later = "mcp.excluded in the settings does that for good."
        return f"{shown} is used." if word == "enable" else f"{shown} is not used. {later}"
    return sign_ins.end(name) if word == "logout" else sign_ins.begin(name, actor)


# -- what is shown ---------------------------------------------------------------------------------


def _list(control: McpControl) -> str:
    statuses = control.servers.status()
    if not statuses:
        return NONE if control.configured is not None else "The MCP servers are just being read."
    rows = []
    for status in statuses:
        rows.append(f"{MARKS[status.state]} {line(status.name)}  {_state(control, status)}")
        rows += [f"    {text}" for text in status.warnings[:3]]
        if len(status.warnings) > 3:
            rows.append(f"    and {len(status.warnings) - 3} more: /mcp {line(status.name)}")
    return "\n".join(rows)


def _state(control: McpControl, status: ServerStatus) -> str:
    if status.state == "connected":
        counts = (
            (len(status.tools), "tool"),
            (len(status.prompts), "prompt"),
            (len(status.resources), "resource"),
        )
        return ", ".join(_counted(count, what) for count, what in counts if count) or "connected"
    if status.state == "needs_auth":
        return f"wants you to sign in: /mcp auth {line(status.name)}"
    if status.state == "disabled":
        off = {} if control.configured is None else control.configured.off
        return f"not used: {off.get(status.name, 'turned off in this session')}"
    if status.state == "failed":
        return f"{sentence(status.error)}{_retry(status)}"
    return status.state


def _retry(status: ServerStatus) -> str:
    if status.retry_in is None:
        return f" /mcp reconnect {line(status.name)} tries it again."
    return f" It is tried again, after {status.retry_in:.0f} s."


def _one(control: McpControl, name: str) -> str:
    config = control.servers.config(name)
    status = next(each for each in control.servers.status() if each.name == name)
    rows = [f"{MARKS[status.state]} {line(name)}  {_state(control, status)}"]
    file = "" if control.configured is None else control.configured.files.get(name, "")
    facts = [
        ("", config.description),
        (_TRANSPORTS[config.transport], where(config)),
        ("from", file if config.source in ("user", "project", "cli") else _BROUGHT[config.source]),
        ("server", f"{status.server} · MCP {status.protocol}" if status.server else ""),
        ("trusted", "its tools run unasked" if config.trust else ""),
        ("tools", _listed([tool.tool for tool in control.servers.tools(name)])),
        ("prompts", _listed([f"/{each}" for each in control.prompts.names_of(name)])),
        ("resources", _listed([f"@{name}:{each.uri}" for each in status.resources])),
    ]
    facts += [("left out", text) for text in status.warnings]
    rows += [f"{label:<9}  {text}" if label else text for label, text in facts if text]
    return "\n".join(rows)


_TRANSPORTS = {"stdio": "runs", "http": "at", "sse": "SSE at", "sdk": ""}
_BROUGHT = {"host": "a program on a channel", "sdk": "the program that started this one"}


def _tools(control: McpControl, name: str, *, schema: bool) -> str:
    control.servers.config(name)
    rows = [line(name)]
    for tool in control.servers.tools(name):
        rows.append(f"  {exact_line(tool.tool)}")
        rows += [f"    {text}" for text in bounded(tool.description, 500).splitlines()[:6]]
        if schema:
            shown = json.dumps(tool.parameters, indent=2, ensure_ascii=False)[:4000]
            rows += [f"    {text}" for text in shown.splitlines()]
    return "\n".join(rows if len(rows) > 1 else [f"{line(name)}: it has no tools now"])


def _listed(names: Sequence[str]) -> str:
    shown = [exact_line(name, 120) for name in names[:MAX_SHOWN]]
    more = f", and {len(names) - MAX_SHOWN} more" if len(names) > MAX_SHOWN else ""
    return ", ".join(shown) + more


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
