"""``/tasks``: commands in the background and agents at work, and the end of one of them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.core.errors import CommandFailed
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from qwen_dual.agents.child import Child
    from qwen_dual.runtime.assembly import Parts

AGENT = "a"
"""What stands before the number of an agent."""


def tasks(parts: Parts, arguments: str) -> str:
    """What there is; or ends one.

    Raises:
        CommandFailed: there is none of that name.
    """
    verb, _, name = arguments.strip().partition(" ")
    if verb == "stop":
        return _stop(parts, name.strip())
    if verb:
        raise CommandFailed(f"/tasks takes nothing or `stop ID`, not {arguments!r}")
    rows = []
    for task in parts.tools.tasks():
        seconds = _seconds(task.started, task.ended)
        rows.append(f"{task.id}  {task.outcome}  {seconds} s  {task.command}")
        rows += [f"    output: {task.output}"] if task.output else []
    children = () if parts.agents is None else parts.agents.crew.children
    rows += [_row(child) for child in children]
    return "\n".join(rows) or "No command runs in the background, and no agent is at work."


def _stop(parts: Parts, name: str) -> str:
    number = name.removeprefix(AGENT)
    if number.isdecimal() and name.startswith(AGENT) and parts.agents is not None:
        child = parts.agents.crew.stop(int(number))
        if child is not None:
            return f"Stopping {name}, {child.spec.name}."
    if name.isdecimal() and parts.tools.stop_task(int(name)):
        return f"Stopping {name}."
    raise CommandFailed(f"No command {name!r} runs in the background, and no agent of that name.")


def _row(child: Child) -> str:
    seconds = _seconds(child.began, child.ended)
    beside = " in the background" if child.beside else ""
    what = f"{child.spec.name}: {one_line(child.task.description)}"
    return f"{AGENT}{child.number}  {child.state}{beside}  {seconds} s  {what}"


def _seconds(began: float, ended: float | None) -> int:
    return round((time.time() if ended is None else ended) - began)
