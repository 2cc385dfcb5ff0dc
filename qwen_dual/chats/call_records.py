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
