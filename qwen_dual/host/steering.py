"""What a host can do with a session beside prompts and approvals: any command, its servers, going back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.host.calls import number_in, text_in
from qwen_dual.host.errors import CommandRejected, HostTimeout
from qwen_dual.host.present import PresentHost
from qwen_dual.host.queue import Queueing
from qwen_dual.host.saved import SavedSessions
from qwen_dual.protocol import HOST_RIGHTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.host.agents import Agent
    from qwen_dual.host.mcp import McpServer
    from qwen_dual.host.records import Receipt, Request
    from qwen_dual.host.rewind import RewindPoints, Rewound


class Steering(Queueing):
    """The part of ``Session`` that sends commands, each for its own sake."""

    @property
    def rights(self) -> frozenset[str]:
        """What this host may do: ``observe``, ``approve``, ``submit``, ``control``.

        One that started the program, or writes to its files, may do everything.
        """
        granted = self._tracker.greeting.data.get("host")
        return (
            PresentHost.of(granted).rights if isinstance(granted, dict) else frozenset(HOST_RIGHTS)
        )

    @property
    def hosts(self) -> tuple[PresentHost, ...]:
        """The hosts that share the session, this one too; none for a program without a socket."""
        return self._tracker.hosts

    async def next_request(self, timeout: float | None = None) -> Request:
        """The oldest request that waits for an answer; the next that comes where none does.

        Args:
            timeout: seconds to wait for one.

        Raises:
            HostTimeout: none came.
            SessionExited: the program is gone.
        """
        for request in self._tracker.pending.values():
            return request
        if timeout is None:
            return await self._tracker.requested.wait()
        with anyio.move_on_after(timeout):
            return await self._tracker.requested.wait()
        raise HostTimeout("request", timeout, self._tracker.state)

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

    async def stop_agent(self, agent: Agent) -> bool:
        """Stops one sub-agent, and those that it set to work; the turn goes on.

        Returns:
            False if it had ended.

        Raises:
            NotSupported: the program stops no more than the whole turn.
            CommandRejected: this host may not stop it (``no_right``).
        """
        if agent.done:
            return False
        try:
            await self.command("interrupt", tool_use_id=agent.id)
        except CommandRejected as error:
            if error.code == "no_right" and not agent.done:
                raise
            return False
        return True

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

    async def list_sessions(
        self, *, limit: int = 50, before: float | None = None, all_folders: bool = False
    ) -> SavedSessions:
        """The saved sessions of the folder, the newest first; raises as ``command``.

        Args:
            limit: how many at the most, up to 100.
            before: only those that were written to last before then, in seconds since the epoch.
            all_folders: those of all folders.
        """
        fields: dict[str, Any] = {"limit": limit}
        fields |= {} if before is None else {"before": before}
        fields |= {"all_folders": True} if all_folders else {}
        return SavedSessions.of(await self._commands.ask("list_sessions", fields))

    async def export(self, form: str = "md") -> str:
        """The session as a document, as ``/export`` writes it.

        Args:
            form: ``md``, ``json``, ``jsonl`` or ``html``.

        Raises:
            CommandRejected: ``unavailable`` (nothing is saved), ``too_long`` (of more than 16 million
                characters; ``/export`` writes it to a file), ``no_right``.
            NotSupported: the program cannot.
        """
        parts: list[str] = []
        count = 1
        while len(parts) < count:
            told = await self._commands.ask("export", {"format": form, "part": len(parts)})
            parts.append(text_in(told.data, "text"))
            count = number_in(told.data, "parts") or 0
        return "".join(parts)

    async def resume(self, session_id: str) -> Receipt:
        """Goes on with a saved session in place of this conversation, as ``/resume`` does.

        Args:
            session_id: the whole id; ``session_id`` of the session is this one when it returns.

        Raises:
            CommandRejected: ``busy``, ``unknown_session``, ``open_elsewhere`` (a process has it open),
                ``unreadable`` or ``failed``; nothing has changed.
            NotSupported: the program cannot.
        """
        return await self.command("resume", session_id=session_id)

    async def clear(self) -> Receipt:
        """Begins a new conversation, as ``/clear`` does.

        Raises:
            CommandRejected: ``busy``: something runs.
            NotSupported: the program cannot.
        """
        return await self.command("clear")

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
