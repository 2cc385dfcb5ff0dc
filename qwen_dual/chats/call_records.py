"""What calls of tools came to, in a chat, with the change that each has made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.chats.records import part_of, tool_call_result
from qwen_dual.chats.shellwords import SHELL_CALL
from qwen_dual.protocol.events import ENTERED_CALL

if TYPE_CHECKING:
    from qwen_dual.chats.chain import OpenChat
    from qwen_dual.chats.prompt_records import PromptRecords
    from qwen_dual.chats.sub_agents import SubAgents
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Preview


class CallRecords:
    """The calls of one session that have no result yet.

    Args:
        prompts: knows which prompt runs.
    """

    def __init__(self, prompts: PromptRecords) -> None:
        self._prompts = prompts
        self._changes: dict[str, Preview] = {}

    def previewed(self, call_id: str, preview: Preview | None) -> None:
        """What a call changes was told."""
        if preview and preview["kind"] == "diff":
            self._changes[call_id] = preview

    def progress(self, chat: OpenChat, data: Event, names: dict[str, str]) -> None:
        """A call has begun to run, or has printed something.

        Args:
            chat: whose side file has it until there is a result.
            data: of the ``tool_progress`` event.
            names: the tool of each call, by its id; that of a person's own command is put in.
        """
        call_id, name, started = data["tool_use_id"], data["tool_name"], data["status"] == "started"
        title, text = (data["text"], "") if started else ("", data["text"])
        self.previewed(call_id, data.get("preview"))
        if started and call_id.startswith(SHELL_CALL):
            names[call_id] = name
        chat.partial.output(call_id, name, title, text)

    def came_to(
        self,
        chat: OpenChat,
        block: dict[str, Any],
        outcome: dict[str, Any],
        names: dict[str, str],
        agents: SubAgents | None,
    ) -> None:
        """A call has its result.

        Args:
            chat: where it is noted.
            block: the result.
            outcome: how the call ended (``shapes.ToolOutcome``).
            names: the tool of each call, by its id; that of this one is taken out.
            agents: what is saved of sub-agents, if anything.

        Raises:
            OSError: it cannot be written.
        """
        call_id = block["tool_use_id"]
        part = part_of(block, names)
        tool = names.pop(call_id, "")
        own = call_id.startswith(SHELL_CALL) and self._prompts.ran_shell(chat, block, tool, outcome)
        # Of one that a person's command brought along the prompt which follows has it all.
        if not own and not call_id.startswith(ENTERED_CALL):
            shown = tool_call_result(block, self._changes.pop(call_id, None), outcome)
            chat.add(
                "tool_result",
                message={"role": "user", "parts": [part]},
                toolCallResult=shown if agents is None else agents.shown(shown),
            )
        chat.partial.end_output(call_id)

    def turn_ended(self) -> None:
        """None of them will have one."""
        self._changes.clear()
