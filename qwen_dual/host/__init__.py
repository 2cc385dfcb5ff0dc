"""The other side of the PTY: hosts a program with dual output, in asyncio or trio.

* ``open_session``: spawns qwen-dual, Qwen Code or any program with such channels, and gives a
  ``Session``: its events, prompts and results, approvals, sub-agents, and its terminal.
* ``connect``: a ``Session`` that somebody else started, over its socket, by a name and with rights.
* ``follow`` and ``send``: the events and the input of a session that somebody else started.
* ``running`` and ``attach``: the sessions that run on this machine, whoever started them.
* ``Event`` and what is like one (``BadLine``, ``Skipped``, ``Restarted``), ``Turn``, the records
  (``Result``, ``Request``, ``Allow``, ``Deny`` …) and the errors, all under ``HostError``.
"""

from qwen_dual.host.agents import Agent, AgentToolCall
from qwen_dual.host.attaching import attach
from qwen_dual.host.calls import (
    Denial,
    FileDiff,
    Hunk,
    Preview,
    PreviewWarning,
    Suggestion,
    ToolResult,
)
from qwen_dual.host.choosing import Completion, Completions, ModeChoice, ModelChoice
from qwen_dual.host.connecting import connect
from qwen_dual.host.draft import Draft
from qwen_dual.host.errors import (
    CommandRejected,
    ConnectFailed,
    HostError,
    HostTimeout,
    NoSuchSession,
    NotSupported,
    SendFailed,
    SessionExited,
    SpawnFailed,
    StartTimeout,
    TurnFailed,
    VersionConflict,
)
from qwen_dual.host.event import BadLine, Event, Restarted, Skipped
from qwen_dual.host.finding import RunningSession, running
from qwen_dual.host.following import follow, send
from qwen_dual.host.mcp import McpServer
from qwen_dual.host.opening import open_session
from qwen_dual.host.present import PresentHost
from qwen_dual.host.queue import QueuedPrompt
from qwen_dual.host.records import (
    Allow,
    Deny,
    Exit,
    Greeting,
    Receipt,
    Request,
    Resolution,
    Result,
    Sandbox,
    Verdict,
)
from qwen_dual.host.rewind import RewindPoint, RewindPoints, Rewound, RewoundFile
from qwen_dual.host.saved import SavedSession, SavedSessions
from qwen_dual.host.session import Session
from qwen_dual.host.subscription import Subscription
from qwen_dual.host.terminal import TerminalStream
from qwen_dual.host.terminal_reports import (
    MessageMarks,
    ProgramStatus,
    ScreenMark,
    TerminalReader,
    TerminalReport,
    TerminalReports,
    WindowTitle,
)
from qwen_dual.host.turn import Turn
from qwen_dual.host.usage import ModelUsage, TotalUsage

__all__ = [
    "Agent",
    "AgentToolCall",
    "Allow",
    "BadLine",
    "CommandRejected",
    "Completion",
    "Completions",
    "ConnectFailed",
    "Denial",
    "Deny",
    "Draft",
    "Event",
    "Exit",
    "FileDiff",
    "Greeting",
    "HostError",
    "HostTimeout",
    "Hunk",
    "McpServer",
    "MessageMarks",
    "ModeChoice",
    "ModelChoice",
    "ModelUsage",
    "NoSuchSession",
    "NotSupported",
    "PresentHost",
    "Preview",
    "PreviewWarning",
    "ProgramStatus",
    "QueuedPrompt",
    "Receipt",
    "Request",
    "Resolution",
    "Restarted",
    "Result",
    "RewindPoint",
    "RewindPoints",
    "Rewound",
    "RewoundFile",
    "RunningSession",
    "Sandbox",
    "SavedSession",
    "SavedSessions",
    "ScreenMark",
    "SendFailed",
    "Session",
    "SessionExited",
    "Skipped",
    "SpawnFailed",
    "StartTimeout",
    "Subscription",
    "Suggestion",
    "TerminalReader",
    "TerminalReport",
    "TerminalReports",
    "TerminalStream",
    "ToolResult",
    "TotalUsage",
    "Turn",
    "TurnFailed",
    "Verdict",
    "VersionConflict",
    "WindowTitle",
    "attach",
    "connect",
    "follow",
    "open_session",
    "running",
    "send",
]
