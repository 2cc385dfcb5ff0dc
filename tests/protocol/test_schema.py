"""The published contract is the code's, and what a session says keeps to it."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import TypeAdapter

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.commands.dispatch import Dispatcher
from qwen_dual.core.models.model import ModelError, TextDelta, ThinkingDelta, TokenUsage
from qwen_dual.mcp.records import ServerStatus
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from qwen_dual.protocol.schema import STRICT, Event, files, schemas
from qwen_dual.protocol.typescript import NotCovered, declarations
from qwen_dual.runtime.mcp_control import server_fields
from tests.support.fakes import FakeModel, FakeTool, Host, call

DOCS = Path(__file__).parents[2] / "docs" / "schema"
REFERENCE = Path(__file__).parents[1] / "reference"
ADAPTER: TypeAdapter[Any] = TypeAdapter(Event)


@pytest.mark.parametrize("name", sorted(files()))
def test_the_published_file_is_what_the_code_generates(name: str) -> None:
    assert (DOCS / name).read_text() == files()[name], "run `make schema`"


def test_the_typescript_names_every_event_and_command_and_marks_what_may_be_missing() -> None:
    text = files()["qwen-dual.d.ts"]
    for name in schemas()[STRICT]["$defs"]:
        assert f"export interface {name} {{" in text
    assert (
        '  type: "submit";\n  text?: string;\n  content?: (TextPart | ImagePart)[] | null;' in text
    )
    assert "  resumed?: boolean;" in text
    assert "\n  | SessionStart\n" in text


def test_a_schema_that_typescript_cannot_follow_is_refused() -> None:
    strange = {"$defs": {"X": {"type": "object", "properties": {"a": {"not": {}}}}}, "anyOf": []}
    with pytest.raises(NotCovered):
        declarations(strange, {"$defs": {}, "anyOf": []})


def test_an_event_and_a_command_of_one_name_are_refused() -> None:
    event, command = (
        {"$defs": {"X": {"type": "object", "properties": {key: {"type": "null"}}}}, "anyOf": []}
        for key in "ab"
    )
    with pytest.raises(ValueError, match="an event and a command are both called X"):
        declarations(event, command)


def check(event: dict[str, Any]) -> None:
    """The event fits its shape, and the shape knows all of its keys."""
    parsed = ADAPTER.validate_python(event, strict=True)
    assert parsed == event


SERVER = ServerStatus(name="s", state="failed", transport="http", source="host", retry_in=2.5)


def test_every_event_of_a_varied_session_fits_its_shape() -> None:
    gate = anyio.Event()
    model = FakeModel(
        [ThinkingDelta("hm"), TextDelta("a"), *call("run_shell_command", command="ls")],
        [TextDelta("b"), TokenUsage(3, 4, 1)],
        [ModelError("no", 500)],
        [gate, TextDelta("c")],
    )

    async def script(host: Host) -> None:
        dispatcher = Dispatcher(host.session, INPUT)

        def send(**command: Any) -> None:
            dispatcher.command(parse_command(encode(command).strip()))

        send(type="submit", text="one", id="1")
        send(type="submit", text="two", id="2")
        request = await host.request()
        send(type="confirmation_response", request_id="nope", allowed=True, id="3")
        send(type="confirmation_response", request_id=request, allowed=True)
        await host.result(2)
        send(type="submit", text="/help", id="4")
        send(type="submit", text="/nope", id="5")
        send(type="set_approval_mode", mode="yolo", id="6")
        send(type="submit", text="three", id="6")
        dispatcher.error("not_json", "not JSON", 3)
        await host.result(4)
        host.session.clear(KEYBOARD)
        send(type="submit", text="three", id="7")
        await host.until(lambda event: event["type"] == "user", 4)
        send(type="interrupt", id="8")
        await host.result(5)
        host.session.tools.add([FakeTool("late")])
        host.session.publish(events.mcp([server_fields(SERVER)], complete=True))

    host = Host(model, FakeTool())
    host.play(script)
    seen = {event.get("subtype") or event["type"] for event in host.events}
    assert seen >= {
        "user",
        "stream_event",
        "assistant",
        "control_request",
        "control_response",
        "state",
        "command_receipt",
        "input_error",
        "tool_progress",
        "notice",
        "mode_changed",
        "session_changed",
        "tools_changed",
        "mcp",
        "session_end",
        "success",
        "error_during_execution",
    }
    for event in host.events:
        check(event)


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_recorded_events_fit_but_for_what_we_added(path: Path) -> None:
    for seq, line in enumerate(path.read_text().splitlines(), 1):
        event = json.loads(line)
        if event.get("event", {}).get("type") == "goal_state":
            continue
        event["seq"] = seq
        if event["type"].startswith("control_"):
            event["session_id"] = "s"
        if event["type"] == "control_response":
            event["response"]["resolved_by"] = "input"
        check(event)


def valid(event: dict[str, Any], schema: str) -> bool:
    return bool(validator(schema).is_valid(event))


@functools.cache
def validator(schema: str) -> Any:
    jsonschema = pytest.importorskip("jsonschema", reason="needs the jsonschema package")
    return jsonschema.Draft202012Validator(schemas()[schema])


@pytest.mark.parametrize("path", sorted(REFERENCE.glob("*.jsonl")), ids=lambda path: path.stem)
def test_the_base_schema_takes_what_was_recorded_as_it_is(path: Path) -> None:
    for line in path.read_text().splitlines():
        assert valid(json.loads(line), "events.schema.json"), line


def test_what_is_not_known_passes_the_base_schema_and_not_the_strict_one() -> None:
    known = json.loads((REFERENCE / "text.jsonl").read_text().splitlines()[1])
    block = {"type": "hologram", "data": 1}
    for event in (
        {"type": "weather", "sky": "blue"},
        {"type": "system", "subtype": "goal_state", "data": {}},
        {
            "type": "stream_event",
            "uuid": "u",
            "session_id": "s",
            "parent_tool_use_id": None,
            "event": {"type": "goal_state"},
        },
        {
            **known,
            "origin": "a telepath",
            "mood": "good",
            "message": {**known["message"], "content": [block]},
        },
    ):
        assert valid(event, "events.schema.json"), event
        assert not valid({**event, "seq": 1}, STRICT)


def test_a_wrong_event_of_the_base_fails_both_schemas() -> None:
    known = json.loads((REFERENCE / "text.jsonl").read_text().splitlines()[1])
    for wrong in (
        {**known, "message": "text"},
        {key: value for key, value in known.items() if key != "uuid"},
        {"type": 1},
        {"uuid": "u"},
    ):
        assert not valid(wrong, "events.schema.json"), wrong
        assert not valid({**wrong, "seq": 1}, STRICT)
