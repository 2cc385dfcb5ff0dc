"""Prompts that steered a turn, over the runtime: in the saved chat, resumed, exported, gone back from."""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.chats.export import export
from qwen_dual.chats.load import load
from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.images import png

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder, with a command's worth of waiting in it: the end of a FIFO."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return work


def played(work: Path, *, command: str = "true") -> str:
    """A script: a call, then words for all that follows."""
    call = {"type": "tool_use", "name": "run_shell_command", "input": {"command": command}}
    said = {"blocks": [{"type": "text", "text": "fine"}]}
    path = work.parent / "script.jsonl"
    path.write_text("\n".join(json.dumps(one) for one in ({"blocks": [call]}, *[said] * 9)))
    return str(path)


@asynccontextmanager
async def driven(script: str, **spec: Any) -> AsyncIterator[tuple[OpenSession, Log]]:
    log = Log()
    spec.setdefault("approval_mode", "yolo")
    handle = SessionFactory().open(SessionSpec(offline_script=script, **spec), [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        yield handle, log
        handle.request_close()
    await handle.aclose()


def send(handle: OpenSession, **command: Any) -> None:
    handle.dispatcher(INPUT).command(parse_command(json.dumps(command).encode()))


def chat_of(handle: OpenSession) -> Path:
    recorder = handle.parts.recorder
    assert recorder is not None and recorder.path is not None
    return recorder.path


def texts(handle: OpenSession) -> list[list[str]]:
    """What the messages are made of: texts, and the kinds of other blocks."""
    return [
        [block["text"] if block["type"] == "text" else block["type"] for block in one["content"]]
        for one in handle.history
    ]


async def steered(handle: OpenSession, log: Log, work: Path) -> None:
    """A turn that is steered twice while its command runs: once with a file, once by a host."""
    (work / "note.txt").write_text("what the note says")
    handle.submit("go on", KEYBOARD)
    await log.until(lambda event: event.get("subtype") == "tool_progress")
    handle.submit("look at @note.txt", KEYBOARD, steers=True)
    send(handle, type="submit", text="and be brief", id="k", when_busy="steer")
    async with await anyio.open_file(work / "gate", "w") as gate:
        await gate.write("open")
    await log.results(1)


@pytest.fixture
def gate(work: Path) -> str:
    os.mkfifo(work / "gate")
    return played(work, command="cat gate")


async def test_it_stands_in_the_chat_as_the_reference_writes_it_and_is_resumed_as_it_was(
    work: Path, gate: str
) -> None:
    async with driven(gate) as (handle, log):
        await steered(handle, log, work)
        sent, chat = texts(handle), chat_of(handle)
    assert sent[2][0] == "tool_result"
    assert sent[2][1] == "look at @note.txt"
    assert "what the note says" in sent[2][2]
    assert sent[2][-1] == "and be brief"
    records = [json.loads(line) for line in chat.read_text().splitlines()]
    kinds = [record.get("subtype") for record in records if record["type"] == "user"]
    assert kinds == [None, *["mid_turn_user_message"] * 3]  # one has its file's text in a second
    assert records[-1]["subtype"] == "turn_result"
    loaded = load(chat)
    assert not loaded.interrupted
    assert [prompt.text for prompt in loaded.prompts] == ["go on"]
    resumed = [
        [block["text"] if block["type"] == "text" else block["type"] for block in one["content"]]
        for one in loaded.history
    ]
    assert resumed == sent
    shown = [body for body in loaded.replay if body["type"] == "user" and "origin" in body]
    assert [body["message"]["content"][0]["text"] for body in shown] == [
        "go on",
        "look at @note.txt",
        "and be brief",
    ]
    document = export(loaded, "md")
    assert document.index("cat gate") < document.index("look at @note.txt")
    assert document.index("look at @note.txt") < document.index("and be brief")


async def test_one_goes_back_to_the_prompt_that_began_the_turn_and_to_no_other(
    work: Path, gate: str
) -> None:
    async with driven(gate) as (handle, log):
        await steered(handle, log, work)
        first, *others = [event for event in log.of("user") if "origin" in event]
        for number, event in enumerate(others):
            target = {"to": event["uuid"], "conversation": True, "files": False}
            send(handle, type="rewind", id=f"r{number}", **target)
            receipt = await _receipt(log, f"r{number}")
            assert receipt["code"] == "unknown_target"
        send(handle, type="rewind", id="back", to=first["uuid"], conversation=True, files=False)
        assert (await _receipt(log, "back"))["status"] == "accepted"
        assert handle.history == []
        chat = chat_of(handle)
    assert load(chat).history == []


async def _receipt(log: Log, command_id: str) -> Event:
    event = await log.until(
        lambda event: (
            event.get("subtype") == "command_receipt" and event["data"]["id"] == command_id
        )
    )
    return dict(event["data"])


async def test_an_image_from_outside_takes_leave_before_it_joins(work: Path, gate: str) -> None:
    outside = work.parent / "shot.png"
    outside.write_bytes(png(4, 2))
    block = {"type": "image", "source": {"type": "path", "path": str(outside)}}
    async with driven(gate, approval_mode="default") as (handle, log):
        handle.submit("go on", KEYBOARD)
        asked = await log.until(lambda event: event["type"] == "control_request")
        handle.answer(asked["request_id"], Decision(True, KEYBOARD))
        await log.until(lambda event: event.get("subtype") == "tool_progress")
        send(handle, type="submit", text="see", content=[block], id="k", when_busy="steer")
        async with await anyio.open_file(work / "gate", "w") as file:
            await file.write("open")
        leave = await log.until(lambda event: event["type"] == "control_request" and event != asked)
        assert leave["request"]["blocked_path"] == str(outside)
        listed = [event["data"]["prompts"] for event in log.of("queue")][-1]
        assert [one["content"][0]["name"] for one in listed] == ["shot.png"]
        handle.answer(leave["request_id"], Decision(True, KEYBOARD))
        await log.results(1)
        assert texts(handle)[2] == ["tool_result", "see", "image"]
        (event,) = [event for event in log.of("user") if event.get("steered")]
        said, image = event["message"]["content"]
        assert said["text"] == "see\n[image 1: shot.png, 4×2]"
        assert image["source"]["type"] == "reference"


async def test_it_waits_for_a_sub_agent_and_is_the_main_agents(work: Path) -> None:
    agent = {
        "type": "tool_use",
        "name": "agent",
        "input": {
            "description": "d",
            "prompt": "the agent's task",
            "subagent_type": "general-purpose",
        },
    }
    command = {"type": "tool_use", "name": "run_shell_command", "input": {"command": "true"}}
    lines = [
        {"when": "the agent's task", "blocks": [command]},
        {"when": "the agent's task", "blocks": [{"type": "text", "text": "agent done"}]},
        {"blocks": [agent]},
        {"blocks": [{"type": "text", "text": "all done"}]},
    ]
    script = work.parent / "script.jsonl"
    script.write_text("\n".join(map(json.dumps, lines)))
    async with driven(str(script)) as (handle, log):
        handle.submit("go on", KEYBOARD)
        await log.until(
            lambda event: bool(event.get("parent_tool_use_id")) and event["type"] == "assistant"
        )
        handle.submit("steer", KEYBOARD, steers=True)
        await log.results(1)
        assert texts(handle)[2] == ["tool_result", "steer"]
        (event,) = [event for event in log.of("user") if event.get("steered")]
        assert event["parent_tool_use_id"] is None
