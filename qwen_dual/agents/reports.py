"""How the model and everybody else gets to know of agents in the background: as they begin, as they end.

The model is told before its turn ends where one ended meanwhile, else by a prompt of the agent's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import anyio

from qwen_dual.core.actor import Actor
from qwen_dual.core.tools.tool import Shown, ToolResult
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block
from qwen_dual.protocol.sanitise import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.agents.child import Child
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import TextBlock

BEGUN: Final = """\
The agent works in the background.
task_id: {task}
How it ends is told to you by itself, as a <task-notification> with this task_id. Until then you know \
nothing of what it finds: do not guess at it, do not do its work yourself, and do not start it again. \
Go on with what does not depend on it, or end your answer. /tasks shows it to the person, who can stop \
it there."""

NOTIFICATION: Final = """\
<task-notification>
<task-id>{task}</task-id>
<tool-use-id>{call}</tool-use-id>
<status>{status}</status>
<summary>Agent "{description}" {ended}.</summary>
<remaining>{remaining}</remaining>
<result>{result}</result>
<usage>
<total_tokens>{tokens}</total_tokens>
<tool_uses>{calls}</tool_uses>
<duration_ms>{duration}</duration_ms>
</usage>
</task-notification>"""

_TAGS: Final = re.compile(r"<(?=/?(task-notification|result|usage)\b)")


class Reports:
    """What agents in the background have come to, until the model knows of it.

    Args:
        session: whose model that is.
        at_work: those that still work.
        waits: whether the end of a turn waits for them.
    """

    def __init__(
        self, session: Session, at_work: Callable[[], Sequence[Child]], *, waits: bool
    ) -> None:
        self._session = session
        self._at_work = at_work
        self._waits = waits
        self._unreported: list[Child] = []
        self._came = anyio.Event()
        self._follows = False

    # -- core.tools.agent_tasks.Beside -------------------------------------------------------------

    @property
    def pending(self) -> bool:
        """Whether there is anything to tell, or to wait for."""
        return self._owes or (self._waits and bool(self._at_work()))

    @property
    def _owes(self) -> bool:
        return any(not child.forgotten for child in self._unreported)

    async def news(self) -> Sequence[TextBlock]:
        """What the model is told before its turn ends."""
        while self._waits and not self._owes and self._at_work():
            self._came = anyio.Event()
            await self._came.wait()
        blocks = []
        for child in self._take_unreported():
            blocks.append(text_block(notification(child, len(self._at_work()))))
            self._session.publish(events.user_text(report_of(child), "agent"))
            self._session.on_content(blocks[-1:])
        return blocks

    # -- what happens ------------------------------------------------------------------------

    def begin(self) -> None:
        """One begins, so that there will be something to tell."""
        self._session.services.beside = self
        if not self._follows:
            self._follows = True
            self._session.bus.subscribe(
                self._follow, name="What tells of agents", on_error="keep", streamed=False
            )

    def ended(self, child: Child) -> None:
        """One has ended by itself, or was stopped."""
        self._session.publish(_ended(child))
        self._unreported.append(child)
        self._came.set()
        if not self._session.busy and not child.forgotten:
            self._prompt()

    def forget(self) -> None:
        """Another conversation begins, which is told nothing of this one."""
        self._unreported.clear()

    def _follow(self, event: Event) -> None:
        # What ended too late to be told in the turn becomes a prompt after it.
        if event["type"] == "result" and event["parent_tool_use_id"] is None:
            self._prompt()

    def _prompt(self) -> None:
        if self._waits or self._session.closing.is_set():
            return
        for child in self._take_unreported():
            content = text_block(notification(child, len(self._at_work())))
            actor = Actor("agent")
            self._session.submit(report_of(child), actor, own="", content=(content,))

    def _take_unreported(self) -> Sequence[Child]:
        # Whoever is forgotten by now stays so: what was taken back comes back before a prompt, or never.
        taken, self._unreported = self._unreported, []
        return [child for child in taken if not child.forgotten]


def begun(child: Child) -> ToolResult:
    """The result of a call whose agent works in the background."""
    shown = Shown("", note="in the background")
    return ToolResult(BEGUN.format(task=child.task_id), shown=shown)


def started(child: Child) -> Event:
    """The event that an agent works in the background."""
    return events.system(
        "task_started",
        {
            "task_id": child.task_id,
            "tool_use_id": child.lane,
            "description": one_line(child.task.description),
            "subagent_type": child.spec.name,
        },
    )


def _ended(child: Child) -> Event:
    return events.system(
        "task_notification",
        {
            "task_id": child.task_id,
            "tool_use_id": child.lane,
            "status": child.state,
            "usage": _usage(child),
        },
    )


def _usage(child: Child) -> dict[str, Any]:
    end = child.began if child.ended is None else child.ended
    return {
        "total_tokens": child.usage.input_tokens + child.usage.output_tokens,
        "tool_uses": child.calls,
        "duration_ms": round((end - child.began) * 1000),
    }


def report_of(child: Child) -> str:
    """In one line, for people."""
    return f"{title_of(child)} {_how(child)}."


def title_of(child: Child) -> str:
    """Who it is and what it does, for people."""
    return f'Background agent "{child.spec.name}: {one_line(child.task.description)}"'


def notification(child: Child, remaining: int) -> str:
    """What the model is told of an agent that has ended; it cannot end the notification itself."""
    usage = _usage(child)
    return NOTIFICATION.format(
        task=child.task_id,
        call=child.lane,
        status=child.state,
        description=_inert(child.task.description),
        ended=_how(child),
        remaining=remaining,
        result=_inert("" if child.result is None else child.result.text),
        tokens=usage["total_tokens"],
        calls=usage["tool_uses"],
        duration=usage["duration_ms"],
    )


def _how(child: Child) -> str:
    return {"failed": "failed", "stopped": "was stopped"}.get(child.state, "completed")


def _inert(text: str) -> str:
    return _TAGS.sub("&lt;", text)
