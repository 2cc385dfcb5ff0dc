"""Whole sessions against the recorded ones of the reference program, field by field.

What the person, the model and the tools did is taken from the recording; what stands on the wire has
to be the recording again, once our additions are taken away. ``goal_state`` is the reference
program's own affair.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.cli.channels import Channels
from qwen_dual.cli.parser import Options
from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.bus import Bus
from qwen_dual.core.models.model import ModelError
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.git.repository import Branch
from qwen_dual.runtime import launch
from qwen_dual.runtime.model_choice import ModelChoice
from qwen_dual.runtime.workspace import open_workspace
from tests.core.models.test_answer import REFERENCE, deltas_of, recorded_messages
from tests.support.fakes import FakeCall, FakeModel, FakeTool, Host, Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.protocol.shapes import Suggestion

OURS = {"state", "tool_progress", "notice", "usage"}
ADDED = {
    "seq",
    "origin",
    "command_id",
    "resolved_by",
    "preview",
    "tool_use_result",
    "rule",
    "rules",
    "agent",
    "pid",
    "model",
    "approval_mode",
    "supported_commands",
    "input",
    "limits",
}
NAMES = ["text", "think", "tool_allowed", "write_file", "shell_fails", "http_400"]


def recording(name: str) -> list[dict[str, Any]]:
    lines = (REFERENCE / f"{name}.jsonl").read_text().splitlines()
    events = [json.loads(line) for line in lines]
    return [event for event in events if event.get("event", {}).get("type") != "goal_state"]


@dataclass
class RecordedTool(FakeTool):
    """A tool that suggests what the recording suggested."""

    recorded: Sequence[Suggestion] = ()

    def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
        """A call with the recorded suggestions."""
        return FakeCall(self, arguments, suggestions=self.recorded)


def tools_of(events: list[dict[str, Any]]) -> list[FakeTool]:
    results = [
        event["message"]["content"][0]
        for event in events
        if event["type"] == "user" and event["message"]["content"][0]["type"] == "tool_result"
    ]
    requests = [event["request"] for event in events if event["type"] == "control_request"]
    return [
        RecordedTool(
            request["tool_name"],
            "edit" if request["tool_name"] == "write_file" else "execute",
            result=result["content"],
            is_error=result["is_error"],
            recorded=request["permission_suggestions"],
        )
        for request, result in zip(requests, results, strict=True)
    ]


def model_of(name: str) -> FakeModel:
    if name == "http_400":
        return FakeModel([ModelError("mock says no", 400)], name="mock")
    answers: list[list[Step]] = [list(deltas_of(message)) for message in recorded_messages(name)]
    return FakeModel(*answers, name="mock")


def comparable(events: list[dict[str, Any]], added: set[str]) -> list[Any]:
    """Events with ids replaced by the order of their appearance, and without ``added`` keys."""
    seen: dict[str, str] = {}

    def tidy(value: Any, key: str = "") -> Any:
        if isinstance(value, dict):
            return {name: tidy(item, name) for name, item in value.items() if name not in added}
        if isinstance(value, list):
            return [tidy(item) for item in value]
        if key in ("uuid", "session_id", "id", "request_id", "tool_use_id"):
            return seen.setdefault(str(value), f"{key}{len(seen)}")
        return value

    return [tidy(event) for event in events]


@pytest.mark.parametrize("name", NAMES)
def test_a_session_is_the_recorded_one_field_by_field(name: str) -> None:
    expected = recording(name)
    prompt = next(event for event in expected if event["type"] == "user")
    host = Host(model_of(name), *tools_of(expected))

    async def script(host: Host) -> None:
        host.session.submit(prompt["message"]["content"][0]["text"], KEYBOARD)
        if any(event["type"] == "control_request" for event in expected):
            host.session.answer(await host.request(), Decision(True, INPUT))
        await host.result()

    host.play(script)
    ours = [
        event
        for event in host.events
        if event["type"] != "result" and event.get("subtype") not in OURS
    ]
    for event in ours:  # on the wire of the reference the control events have no session_id
        if event["type"].startswith("control_"):
            del event["session_id"]
    theirs = expected[1:]  # session_start has a test of its own
    assert comparable(ours, ADDED - {"input"}) == comparable(theirs, ADDED - {"input"})


def test_session_start_holds_the_recorded_fields() -> None:
    theirs = recording("text")[0]
    bus = Bus(theirs["session_id"])
    started = launch.Launch(
        Options(),
        open_workspace("/work-space", {"HOME": "/home/nobody"}, flags={}),
        ModelChoice({"mock": FakeModel(name="mock")}),
        "default",
        bus,
        Branch("/work-space"),
        Channels().outside(),
    )
    ours = bus.publish(launch.session_start(started))
    theirs["data"]["version"] = ours["data"]["version"]
    assert comparable([json.loads(json.dumps(ours))], ADDED) == comparable([theirs], ADDED)
    assert ours["data"]["limits"]["max_line_bytes"] == 16 << 20
    assert ours["data"]["input"] is None
