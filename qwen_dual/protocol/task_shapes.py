"""What is told of sub-agents that work in the background; everything else of them is in their lanes."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from qwen_dual.protocol.shapes import Envelope


class TaskStartedData(TypedDict):
    """Which agent works in the background, at what; ``tool_use_id`` is its lane."""

    task_id: str
    tool_use_id: str
    description: str
    subagent_type: str


class TaskUsage(TypedDict):
    """What an agent took."""

    total_tokens: int
    tool_uses: int
    duration_ms: int


class TaskNotificationData(TypedDict):
    """How an agent in the background ended."""

    task_id: str
    tool_use_id: str
    status: Literal["completed", "failed", "stopped"]
    usage: TaskUsage


class TaskStarted(Envelope):
    """An agent works in the background: its call has its result."""

    type: Literal["system"]
    subtype: Literal["task_started"]
    data: TaskStartedData


class TaskNotification(Envelope):
    """It has ended; the model is told with the ``user`` event whose ``origin`` is ``agent``."""

    type: Literal["system"]
    subtype: Literal["task_notification"]
    data: TaskNotificationData
