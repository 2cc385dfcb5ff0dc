"""What is told of a session that is no operation: log records, and counters of their own. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry import fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.telemetry.open_operations import OpenOperations


class SessionFacts:
    """Tells of them.

    Args:
        operations: those that have not ended.
    """

    def __init__(self, operations: OpenOperations) -> None:
        self._operations = operations
        self._seen = ""

    def take(self, subtype: str, data: Mapping[str, Any], at: int) -> None:
        """Takes a ``system`` event."""
        operations = self._operations
        match subtype:
            case "session_start" | "init":
                self._session(data, at)
            case "session_changed":
                operations.builder.session_id = fields.name(data.get("to"))
            case "gap":
                lost = fields.count(data.get("dropped"))
                operations.count(names.LOST, lost)
                operations.log(names.EVENTS_LOST, at, f"{lost:,} events lost", failed=True)
            case "mode_changed":
                mode = fields.name(data.get("to"))
                operations.log(names.MODE_CHANGED, at, f"mode: {mode}", {names.MODE: mode})
            case "slash_command":
                command = fields.name(data.get("command"))
                told = {names.COMMAND: command, names.ORIGIN: fields.name(data.get("origin"))}
                said = {names.ARGUMENTS: fields.text(data.get("args"))}
                operations.log(names.SLASH_COMMAND, at, f"/{command}", told, content=said)
            case "compact_boundary":
                tokens = {
                    names.TOKENS_BEFORE: fields.count(data.get("tokens_before")),
                    names.TOKENS_AFTER: fields.count(data.get("tokens_after")),
                }
                operations.log(names.COMPACTED, at, "the conversation was compacted", tokens)
            case "mcp":
                self._servers(data.get("servers"), at)

    def _session(self, data: Mapping[str, Any], at: int) -> None:
        operations, session_id = self._operations, fields.name(data.get("session_id"))
        operations.builder.session_id = session_id or operations.builder.session_id
        agent = operations.lanes.main_name = (
            fields.name(data.get("agent")) or operations.lanes.main_name
        )
        if data.get("resumed") or (session_id and session_id == self._seen):
            return
        self._seen = session_id
        mode = data.get("approval_mode", data.get("permission_mode"))
        told = {
            names.AGENT_NAME: agent,
            names.AGENT_VERSION: fields.name(data.get("version")),
            names.REQUEST_MODEL: fields.name(data.get("model")),
            names.MODE: fields.name(mode),
        }
        operations.count(names.SESSIONS, 1, {names.AGENT_NAME: agent})
        operations.log(names.SESSION_START, at, "a session began", told)

    def _servers(self, servers: Any, at: int) -> None:
        for server in servers if isinstance(servers, list) else ():
            told = fields.mapping(server)
            state, name = fields.name(told.get("state")), fields.name(told.get("name"))
            if state in ("connected", "failed", "needs_auth"):
                self._operations.log(
                    names.MCP_STATE,
                    at,
                    f"MCP server {name}: {state}",
                    {names.MCP_SERVER: name, names.MCP_SERVER_STATE: state},
                    failed=state == "failed",
                    content={names.ERROR: fields.text(told.get("error"))},
                )
