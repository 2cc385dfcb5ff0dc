"""The main agent's calls, from the model's asking for one until its result. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.state.blocks import expanded
from qwen_dual.frontends.tui.state.live_state import RunningTool, main_argument
from qwen_dual.frontends.tui.state.outcome import finished_tool
from qwen_dual.frontends.tui.state.todo import TodoBlock, todos_of
from qwen_dual.protocol.blocks import images_in, text_in
from qwen_dual.protocol.sanitise import coloured, sanitise
from qwen_dual.protocol.visible import visible

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.tools.tool import Display
    from qwen_dual.frontends.tui.state.agents import AgentAtWork
    from qwen_dual.frontends.tui.state.blocks import ExpandedBlock, ToolBlock
    from qwen_dual.frontends.tui.state.live_state import Work
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ToolOutcome


class RunningCalls:
    """Keeps ``Work.tools``.

    Args:
        work: what is still moving, which need not stay the same.
        display_of: how the tool with a name is called before a person.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        work: Callable[[], Work],
        display_of: Callable[[str], Display],
        now: Callable[[], float],
    ) -> None:
        self._work = work
        self._display_of = display_of
        self._now = now
        self._written: dict[int, RunningTool] = {}  # whose arguments come in, by block index

    def of(self, tool_use_id: str, name: str) -> RunningTool:
        """The call with an id, known from now on."""
        new = RunningTool(tool_use_id, name, self._display_of(sanitise(name)))
        return self._work().tools.setdefault(tool_use_id, new)

    def begin(self, index: int, block: Event) -> None:
        """The model begins to write the arguments of a call, as the block with an index."""
        self._written[index] = self.of(block["id"], block["name"])

    def write(self, index: int, delta: Event) -> int:
        """Takes more of them; how many characters, 0 where that block is no call."""
        if index not in self._written:
            return 0
        size = len(delta["partial_json"])
        self._written[index].argument_chars += size
        return size

    def end_block(self) -> None:
        """No more arguments come in."""
        self._written.clear()

    def called(self, block: Event) -> None:
        """Takes a call as its message has it, whole."""
        call = self.of(block["id"], block["name"])
        call.title = visible(main_argument(block["input"]))
        if call.display.checklist:
            call.todos = todos_of(block["input"].get(call.display.checklist))

    def progress(self, data: Event) -> None:
        """Takes a ``tool_progress`` event."""
        call = self.of(data["tool_use_id"], data["tool_name"])
        if data["status"] == "started":
            call.started = self._now()
            call.title = sanitise(data["text"]) or call.title
            preview = data.get("preview") or {}
            if preview.get("kind") == "diff":
                call.diff = preview["text"]
        else:
            call.show_output(data["text"])

    def end(
        self, block: Event, outcome: ToolOutcome, lane: AgentAtWork | None
    ) -> tuple[ToolBlock | TodoBlock, ExpandedBlock | None]:
        """Takes the result of a call: what is shown of it, and where that is not all, all.

        Args:
            block: the result.
            outcome: how it ended.
            lane: the sub-agent that worked for it, if one did: that has more than the result.
        """
        work, call_id, failed = self._work(), block["tool_use_id"], block["is_error"]
        call = work.tools.pop(call_id, None) or RunningTool(call_id, "", self._display_of(""))
        if call.todos is not None and not failed:
            work.todos = call.todos
            return TodoBlock(call.todos), None
        seconds = None if call.started is None else self._now() - call.started
        text = coloured(outcome.get("output", text_in(block["content"])))
        shown = finished_tool(
            call,
            text,
            is_error=failed,
            outcome=outcome,
            seconds=seconds,
            counted=not images_in(block["content"]),
            lane=lane,
        )
        title = f"{call.display.word}  {call.title}".rstrip()
        whole = None
        if lane is None and shown.hidden and shown.diff:
            whole = expanded(title, call.diff, diff=True)
        elif lane is None and shown.hidden and text:
            whole = expanded(title, text, clean=sanitise)
        return shown, whole
