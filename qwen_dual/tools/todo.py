"""``todo_write``: the agent's own list of what is to be done.

The list on screen is drawn from the call's input; what is kept here is for who asks later.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.tool import Display, InvalidArguments, NotAllowed, Subject, ToolResult
from qwen_dual.tools.calls import SchemaTool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.core.turns.hooks import Hooks, Listed, TodoChange
    from qwen_dual.protocol.shapes import Message, Preview, Suggestion
    from qwen_dual.tools.parameters import Todo

_MARKS = {"pending": "[ ]", "in_progress": "[>]", "completed": "[x]"}


class TodoWriteTool(SchemaTool):
    """Keeps one list.

    Attributes:
        todos: the list as it was last written.
    """

    name = "todo_write"
    kind: Kind = "plan"
    aliases = ("TodoWrite", "TodoWriteTool")
    rule_kind: RuleKind = "plain"
    display = Display(
        "To-dos", "Noting", about="keeps a list of what is to be done", checklist="todos"
    )
    description = (
        "Writes the list of what is to be done, whole, and shows it to the person. Use it for work "
        "of three steps and more: one item in_progress at a time, each marked completed as soon as "
        "it is done. An empty list clears it."
    )

    def __init__(self) -> None:
        self.todos: tuple[Todo, ...] = ()

    def go_back(self, messages: Sequence[Message]) -> None:
        """The conversation is ``messages`` again: so is the list as it was last written in them."""
        written: dict[str, Any] = {}
        latest: Any = None
        for message in messages:
            for block in message["content"]:
                if block["type"] == "tool_use" and block["name"] in (self.name, *self.aliases):
                    written[block["id"]] = block["input"]
                elif block["type"] == "tool_result" and not block["is_error"]:
                    latest = written.pop(block["tool_use_id"], latest)
        self.todos = ()
        if latest is not None:
            from qwen_dual.tools import parameters

            with suppress(InvalidArguments):  # of another version of the program
                self.todos = tuple(parameters.check(parameters.TodoWrite, latest).todos)

    def prepare(self, arguments: Mapping[str, Any]) -> TodoCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        return TodoCall(self, tuple(parameters.check(parameters.TodoWrite, arguments).todos))


class TodoCall:
    """One new list."""

    outside: str | None = None
    subject = Subject()
    suggestions: Sequence[Suggestion] = ()

    def __init__(self, tool: TodoWriteTool, todos: tuple[Todo, ...]) -> None:
        done = sum(todo.status == "completed" for todo in todos)
        self.title = f"{done} of {len(todos)} done" if todos else "nothing to do"
        self._tool = tool
        self._todos = todos

    async def preview(self) -> Preview | None:
        """Nothing: it never asks."""
        return None

    async def run(self, context: ToolContext) -> ToolResult:
        """Keeps the list, where no hook says no to what of it is new or done."""
        if context.hooks is None:
            self._tool.todos = self._todos
            return ToolResult(list_text(self._todos))
        return await self._run_heard(context.hooks, context.agent)

    async def _run_heard(self, hooks: Hooks, agent: str | None) -> ToolResult:
        from qwen_dual.core.permissions.approvals import Decision

        changes, listed = changes_to(self._tool.todos, self._todos)
        said = await hooks.before_todos(changes, listed, agent)
        if said.stop is not None:
            raise NotAllowed(
                Decision(False, said.stop, said.stop_reason or said.reason or None, stop=True)
            )
        if said.decision == "deny":
            why = said.reason or "no reason given"
            return ToolResult(
                f"The list was not changed: {said.by} did not allow it: {why}", is_error=True
            )
        self._tool.todos = self._todos
        await hooks.after_todos(changes, listed, agent)
        return ToolResult("\n\n".join(filter(None, (list_text(self._todos), said.context))))


def changes_to(
    before: Sequence[Todo], after: Sequence[Todo]
) -> tuple[list[TodoChange], list[Listed]]:
    """What of a list is new or done, new ones first, and the list as it is to be."""
    from qwen_dual.core.turns.hooks import Listed, TodoChange

    was = {todo.id: todo.status for todo in before}
    listed = [Listed(todo.id, todo.content, todo.status) for todo in after]
    new = [TodoChange(item, None) for item in listed if item.id not in was]
    done = [
        TodoChange(item, was[item.id])
        for item in listed
        if item.status == "completed" != was.get(item.id, "completed")
    ]
    return [*new, *done], listed


def list_text(todos: Sequence[Todo]) -> str:
    """What the model gets: the list as it now is."""
    if not todos:
        return "The todo list is empty now."
    lines = "\n".join(f"{_MARKS[todo.status]} {todo.content} (id {todo.id})" for todo in todos)
    left = sum(todo.status != "completed" for todo in todos)
    after = "Keep it up to date as you go on." if left else "All of it is done."
    return f"The todo list is saved, {left} of {len(todos)} left. {after}\n\n{lines}"
