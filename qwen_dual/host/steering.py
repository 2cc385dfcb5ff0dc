"""What a host can do with a session beside prompts and approvals: any command, its servers, going back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.host.commands import Commands
    from qwen_dual.host.mcp import McpServer
    from qwen_dual.host.records import Receipt
    from qwen_dual.host.rewind import RewindPoints, Rewound


class Steering:
    """The part of ``Session`` that sends commands, each for its own sake."""

    _commands: Commands

    async def command(self, kind: str, **fields: Any) -> Receipt:
        """Sends any other command: ``set_model``, ``set_approval_mode``, ``get_state`` …

        Args:
            kind: its ``type``.
            **fields: its fields.

        Raises:
            CommandRejected: it was refused.
            NotSupported: the program does not know it.
            HostTimeout: no receipt came.
            SessionExited: the program is gone.
        """
        return await self._commands.command(kind, fields)

    async def mcp_add(self, name: str, server: Mapping[str, Any]) -> Receipt:
        """Adds an MCP server for this session; ``server`` is an entry as in ``mcpServers``.

        That it is connected, or why not, ``mcp`` events tell. Raises as ``command``.
        """
        return await self.command("mcp_add", name=name, server=dict(server))

    async def mcp_remove(self, name: str) -> Receipt:
        """Ends an MCP server for this session; raises as ``command``."""
        return await self.command("mcp_remove", name=name)

    async def mcp_status(self) -> list[McpServer]:
        """What its MCP servers are now; raises as ``command``."""
        return await self._commands.mcp_status()

    async def rewind_points(self) -> RewindPoints:
        """The prompts that one can go back to; raises as ``command``."""
        return await self._commands.rewind_points()

    async def rewind(
        self,
        to: str,
        *,
        conversation: bool = True,
        files: bool = True,
        preview: bool = False,
        overwrite: bool | None = None,
    ) -> Rewound:
        """Goes back to before a prompt; what a person typed by then comes back to no draft.

        Args:
            to: the uuid of its ``user`` event, or of the latest going back, which is then undone.
            conversation: the prompt and all after it leave the conversation.
            files: the files become what they were before it.
            preview: nothing is done; returns what would be.
            overwrite: files that somebody else has changed since: True overwrites them, False leaves
                them as they are; with None the command is refused if there is one.

        Raises:
            CommandRejected: ``busy``, ``unknown_target``, ``conflict``, ``not_kept`` (nobody knows any
                more what it was), ``unavailable`` (no files are kept) or ``failed``.
            NotSupported: the program cannot.
        """
        fields: dict[str, Any] = {"to": to, "conversation": conversation, "files": files}
        fields |= {"preview": True} if preview else {}
        fields |= {} if overwrite is None else {"overwrite": overwrite}
        return await self._commands.rewind(fields)
