"""What a session is asked to be, whoever asks: a command line, a program, another session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.protocol.records import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.models.retry import RetryPolicy

PICK_SESSION = ""
"""As ``resume``: the person picks one."""


class SessionSpec(Struct, frozen=True):
    """What is asked for; None where nothing is said, and the settings decide.

    Attributes:
        cwd: the folder it works in, absolute; the process's unless given.
        env: its environment; what the process was started with unless given.
        resume: the id of the session to go on with; ``PICK_SESSION`` to have the person pick one.
        resume_last: go on with the latest session of the folder.
        resume_or_new: go on with the session of this id, or begin it.
        fork_session: go on in a new session, and leave the one that is resumed as it is.
        session_id: of the new session.
        trust: whether the folder is trusted, for this session; None where the person's list says.
        bare: without context files.
        debug: log more.
        mcp_config: MCP servers as JSON, or files of them.
        strict_mcp_config: no MCP servers but those.
        allowed_mcp_servers: the only ones of them that are used; None as the settings say.
        await_servers: whether a prompt waits for servers that are connected for the first time.
        await_agents: whether a turn ends only once the agents in the background have: nobody is there
            to prompt the model again.
        max_subagent_depth: how deep agents may be nested; None as the settings say.
        remarks: what the person is told once the session is there.
        telemetry: who is told what the session does, by the keys of ``telemetry`` in the settings, which it
            wins over.
        retry: when a failed model call is made again; None as a person who watches wants it.
    """

    approval_mode: str | None = None
    model: str | None = None
    auth_type: str | None = None
    openai_api_key: str | None = None
    openai_base_url: str | None = None
    offline: bool = False
    offline_script: str | None = None
    resume_last: bool = False
    resume: str | None = None
    session_id: str | None = None
    resume_or_new: str | None = None
    fork_session: bool = False
    trust: bool | None = None
    debug: bool = False
    system_prompt: str | None = None
    append_system_prompt: str | None = None
    bare: bool = False
    chat_recording: bool | None = None
    output_style: str | None = None
    core_tools: tuple[str, ...] = ()
    allowed_tools: tuple[str, ...] = ()
    exclude_tools: tuple[str, ...] = ()
    max_session_turns: int | None = None
    mcp_config: tuple[str, ...] = ()
    strict_mcp_config: bool = False
    allowed_mcp_servers: tuple[str, ...] | None = None
    await_servers: bool = False
    await_agents: bool = False
    max_subagent_depth: int | None = None
    proxy: str | None = None
    sandbox: str | None = None
    remarks: tuple[str, ...] = ()
    telemetry: Mapping[str, str | bool] = {}
    retry: RetryPolicy | None = None
    cwd: str | None = None
    env: Mapping[str, str] | None = None

    def __repr__(self) -> str:
        return shown(self, without={"openai_api_key", "env", "mcp_config"})

    def as_settings(self) -> dict[str, object]:
        """What a settings file could say too, as one would: the highest layer of all."""
        found: dict[str, object] = {}
        if self.proxy is not None:
            found["proxy"] = self.proxy
        if self.max_session_turns is not None:
            found["model"] = {"maxSessionTurns": self.max_session_turns}
        general = {"chatRecording": self.chat_recording, "outputStyle": self.output_style}
        if said := {key: value for key, value in general.items() if value is not None}:
            found["general"] = said
        tools = {"allowed": list(self.allowed_tools), "core": list(self.core_tools)}
        given = {key: rules for key, rules in tools.items() if rules}
        return {**found, "tools": given} if given else found
