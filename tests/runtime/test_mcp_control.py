"""MCP servers from the outside: on the wire, steered by a host and by ``/mcp``, their prompts and questions."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import CLI, INPUT, KEYBOARD, POLICY
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.mcp.support import EVERYTHING, NODE, with_node
from tests.runtime.test_mcp import Place, bad, run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

REAL = {"command": str(NODE), "args": [str(EVERYTHING), "stdio"], "trust": True}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    made.calls()
    monkeypatch.chdir(made.work)
    monkeypatch.setenv("QWEN_HOME", str(made.home))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return made


@asynccontextmanager
async def begun(place: Place, **spec: Any) -> AsyncIterator[OpenSession]:
    """A session whose servers are being connected."""
    async with place.session(**spec) as handle:
        handle.parts.wanted.set()
        yield handle


def sender(handle: OpenSession) -> Callable[..., None]:
    """What sends a host's commands."""
    dispatcher = handle.dispatcher(INPUT)
    return lambda **command: dispatcher.command(parse_command(encode(command).strip()))


def told(place: Place, name: str) -> list[str]:
    """The states that the wire told of a server."""
    return [
        server["state"]
        for event in place.log.of("mcp")
        for server in event["data"]["servers"]
        if server["name"] == name
    ]


async def comes_to(place: Place, name: str, state: str) -> Event:
    """The event that tells of a server in this state."""
    wanted = [name, state]
    return await place.log.until(
        lambda event: (
            event.get("subtype") == "mcp"
            and wanted in [[each["name"], each["state"]] for each in event["data"]["servers"]]
        )
    )


def asked_last(handle: OpenSession) -> list[str]:
    """The texts of what the model was last asked."""
    return [str(block.get("text")) for block in handle.history[-2]["content"]]


def receipts(place: Place) -> dict[str, dict[str, Any]]:
    return {event["data"]["id"]: event["data"] for event in place.log.of("command_receipt")}


async def shown(place: Place, handle: OpenSession, command: str, results: int) -> str:
    """What a slash command shows."""
    handle.submit(command, KEYBOARD)
    return str((await place.log.results(results))[-1]["result"])


def test_the_wire_tells_what_becomes_of_each_server_and_what_is_wrong(place: Place) -> None:
    place.settings(mcpServers={"good": bad(), "gone": {"command": "/none/such"}})

    async def main() -> None:
        async with begun(place):
            handle_event = await comes_to(place, "good", "connected")
            await comes_to(place, "gone", "failed")
            good = next(each for each in handle_event["data"]["servers"] if each["name"] == "good")
            assert "mcp__good__echo" in good["tools"]
            assert (good["transport"], good["source"], good["error"]) == ("stdio", "user", "")

    run(main)
    assert told(place, "good")[-1] == "connected"
    (gone,) = [text for text in place.notices() if "gone" in text]
    assert gone.startswith("The MCP server gone is not connected: /none/such cannot be started")


def test_a_host_adds_asks_for_and_removes_a_server(place: Place) -> None:
    async def main() -> None:
        async with begun(place) as handle:
            send = sender(handle)
            send(type="mcp_status", id="none")
            assert place.log.of("mcp")[-1]["data"] == {"servers": [], "complete": True}
            send(type="mcp_add", name="new", server=bad(), id="add")
            await comes_to(place, "new", "connected")
            assert "mcp__new__echo" in handle.tools
            send(type="mcp_add", name="new", server=bad(), id="twice")
            send(type="mcp_add", name="x", server={"command": 5}, id="wrong")
            send(type="mcp_add", name="y", server={}, id="empty")
            send(type="mcp_status", id="all")
            (server,) = place.log.of("mcp")[-1]["data"]["servers"]
            assert (server["name"], server["source"]) == ("new", "host")
            send(type="mcp_remove", name="new", id="remove")
            send(type="mcp_remove", name="other", id="unknown")
            await comes_to(place, "new", "disconnected")
            assert "mcp__new__echo" not in handle.tools

    run(main)
    found = receipts(place)
    accepted = [name for name, data in found.items() if data["status"] == "accepted"]
    assert accepted == ["none", "add", "all", "remove"]
    assert found["twice"]["message"] == "there is an MCP server 'new' already; remove it first"
    assert found["wrong"]["message"] == (
        "mcpServers.x.command = 5 is not used, nor is its server: expected a text that is not empty"
    )
    assert found["empty"]["message"].endswith(
        "it has no command, httpUrl or url; give it one of them"
    )
    assert found["unknown"]["code"] == "invalid"
    assert [text for text in place.notices() if "was added: " in text and "hostile.py" in text]


def test_mcp_shows_the_servers_and_acts_on_them(place: Place) -> None:
    place.settings(
        mcpServers={
            "good": bad(description="Says it again"),
            "gone": {"command": "/none/such"},
            "off": {"command": "x"},
        },
        mcp={"excluded": ["off"]},
    )

    async def main() -> None:
        async with begun(place) as handle:
            await comes_to(place, "good", "connected")
            await comes_to(place, "gone", "failed")
            listed = (await shown(place, handle, "/mcp", 1)).splitlines()
            assert listed[0].startswith("✓ good  ")
            assert "tool" in listed[0]
            assert listed[1].startswith("✗ gone  /none/such cannot be started")
            assert listed[2] == "- off  not used: mcp.excluded names it"
            one = await shown(place, handle, "/mcp good", 2)
            assert "\nSays it again\nruns " in one
            assert f"\nfrom       {place.home / 'settings.json'}\n" in one
            assert "tools      echo" in one
            assert "    " in await shown(place, handle, "/mcp desc good", 3)
            assert '"type": "object"' in await shown(place, handle, "/mcp schema good", 4)
            assert await shown(place, handle, "/mcp disable good", 5) == (
                "good is not used. mcp.excluded in the settings does that for good."
            )
            await comes_to(place, "good", "disabled")
            assert "mcp__good__echo" not in handle.tools
            await shown(place, handle, "/mcp enable good", 6)
            await place.log.until(lambda _: told(place, "good")[-1] == "connected")
            assert await shown(place, handle, "/mcp none", 7) == (
                "There is no MCP server 'none'; there are: gone, off, good."
            )
            assert "takes the name of a server" in await shown(place, handle, "/mcp reconnect", 8)

    run(main)


def test_without_servers_mcp_says_how_one_is_added(place: Place) -> None:
    async def main() -> None:
        async with begun(place) as handle:
            assert "qwen-dual mcp add NAME COMMAND" in await shown(place, handle, "/mcp", 1)
            assert handle.parts.servers is None

    run(main)


@with_node
def test_prompts_are_slash_commands_and_resources_are_mentioned(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    words = {"type": "text", "text": "ok"}
    place.script.write_text("".join(json.dumps({"blocks": [words]}) + "\n" for _ in range(3)))

    async def main() -> None:
        async with begun(place, trust=True) as handle:
            await comes_to(place, "everything", "connected")
            said = "The MCP server everything says of its tools"
            assert (said in handle.system, "# Everything Server" in handle.system) == (True, True)
            names = dict(handle.slash.names())
            assert names["simple-prompt"] == "Simple Prompt (everything)"
            send = sender(handle)
            send(type="submit", text="/args-prompt Paris --state=Texas", id="p1")
            (first,) = await place.log.results(1)
            command, told = handle.slash.named("completable-prompt"), anyio.Event()
            assert command is not None and command.completions is not None
            handle.parts.completions_changed = told.set
            assert [each.value for each in command.completions("--na")] == ["--name="]
            assert command.completions("--department=E") == []
            await told.wait()
            assert [each.value for each in command.completions("--department=E")] == [
                "--department=Engineering"
            ]
            assert (first["command_id"], first["result"]) == ("p1", "ok")
            user = place.log.of("user")[-1]
            assert user["message"]["content"][0]["text"] == "What's weather in Paris, Texas?"
            assert user["command_id"] == "p1"
            assert place.log.of("slash_command")[-1]["data"]["args"] == "Paris --state=Texas"
            handle.submit("/args-prompt", CLI)
            second = (await place.log.results(2))[-1]
            assert second["result"].startswith("/args-prompt: It needs --city=…. Usage: --city=…")
            handle.answer_form("args-prompt", ["Rome", ""], KEYBOARD)
            await place.log.results(3)
            assert asked_last(handle) == ["What's weather in Rome?"]
            uri = "demo://resource/static/document/startup.md"
            handle.submit(f"Read @everything:{uri}. And @everything:none://x, @other:y", CLI)
            await place.log.results(4)
            _, resource = asked_last(handle)
            assert resource.startswith(f"Resource @everything:{uri}:\n\n[{uri}]\n")

    run(main)
    (missing,) = [text for text in place.notices() if "none://x" in text]
    assert missing.startswith("@everything:none://x is not attached: ")


def test_a_prompt_never_takes_the_name_of_a_command_of_ours(place: Place) -> None:
    from qwen_dual.mcp.records import PromptRecord, ServerStatus
    from qwen_dual.runtime.mcp import control_of

    async def main() -> None:
        async with begun(place) as handle:
            prompts = control_of(handle.launch, handle.parts).prompts
            state: Any = {"state": "connected", "transport": "stdio", "source": "user"}
            both = (PromptRecord("help"), PromptRecord("Do it/now \x1b[2J"))
            prompts.follow(ServerStatus(name="One", prompts=both, **state))
            prompts.follow(ServerStatus(name="two", prompts=both, **state))
            assert prompts.names_of("One") == ("one:help", "do-it-now")
            assert prompts.names_of("two") == ("two:help", "two:do-it-now")
            assert "/help" in await shown(place, handle, "/help", 1)
            prompts.follow(ServerStatus(name="One", **state))
            assert handle.slash.named("do-it-now") is None
            assert handle.slash.named("help") is not None

    run(main)


def is_elicitation(event: Event) -> bool:
    name = "mcp__everything__elicitation"
    return event["type"] == "control_request" and bool(event["request"]["tool_name"] == name)


@with_node
def test_what_a_server_asks_is_a_question_that_a_host_can_answer(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    place.calls(*[("mcp__everything__trigger-elicitation-request", {})] * 2)

    async def main() -> None:
        async with begun(place, trust=True) as handle:
            handle.submit("go", CLI)
            event = await place.log.until(is_elicitation)
            request = event["request"]
            assert request["preview"]["kind"] == "questions"
            assert request["input"]["server"] == "everything"
            first = request["input"]["questions"][0]
            assert (first["question"], first["header"]) == ("String", "MCP server everything")
            send = sender(handle)
            wrong = {"answers": {"String": "Ann", "Integer": "many"}}
            send(
                type="confirmation_response",
                request_id=event["request_id"],
                allowed=True,
                updated_input=wrong,
            )
            again = await place.log.until(
                lambda each: is_elicitation(each) and each["request_id"] != event["request_id"]
            )
            right = {"answers": {"String": "Ann", "Integer": "5", "Boolean": "Yes"}}
            send(
                type="confirmation_response",
                request_id=again["request_id"],
                allowed=True,
                updated_input=right,
            )
            known = {event["request_id"], again["request_id"]}
            third = await place.log.until(
                lambda each: is_elicitation(each) and each["request_id"] not in known
            )
            handle.answer(third["request_id"], False, KEYBOARD)
            await place.log.results()

    run(main)
    accepted, declined = place.results()
    for part in ('"name": "Ann"', '"check": true', '"integer": 5', '"number": 3.14'):
        assert part in accepted
    assert '"action": "decline"' in declined
    (told,) = [text for text in place.notices() if "cannot be used" in text]
    assert told.endswith("Integer: It is to be a whole number from 1 to 100.")


@with_node
def test_a_page_is_opened_and_the_model_asked_only_with_leave(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    name = "mcp__everything__trigger-sampling-request"
    page = "https://example.org/x"
    steps: list[dict[str, Any]] = [
        {"type": "tool_use", "name": name, "input": {"prompt": "Hi", "maxTokens": 2}},
        {"type": "text", "text": "a long answer"},  # to the server
        {"type": "tool_use", "name": name, "input": {"prompt": "Hi"}},
        {
            "type": "tool_use",
            "name": "mcp__everything__trigger-url-elicitation",
            "input": {"url": page},
        },
        {"type": "text", "text": "Done."},
    ]
    place.script.write_text("".join(json.dumps({"blocks": [step]}) + "\n" for step in steps))

    async def main() -> None:
        async with begun(place, trust=True, approval_mode="yolo") as handle:
            seen: set[str] = set()

            async def answer(allowed: bool, message: str | None = None) -> Event:
                event = await place.log.until(
                    lambda each: (
                        each["type"] == "control_request" and each["request_id"] not in seen
                    )
                )
                seen.add(event["request_id"])
                handle.answer(event["request_id"], allowed, KEYBOARD, message=message)
                request: Event = event["request"]
                return request

            handle.submit("go", CLI)
            sampling = await answer(True)
            preview = sampling["preview"]
            assert sampling["tool_name"] == "mcp__everything__sampling"
            assert preview["question"] == "Let everything ask the model?"
            assert preview["text"].endswith("User:\nResource trigger-sampling-request context: Hi")
            await answer(False, "say it in \x1b[1mFrench\x1b[0m instead")
            url = await answer(True)
            assert (url["preview"]["text"], url["input"]["url"]) == (page, page)
            await place.log.results()

    run(main)
    answered, refused, opened = place.results()
    assert '"text": "a long a"' in answered
    assert '"stopReason": "maxTokens"' in answered
    assert "the person does not want the model to be asked" in refused
    assert refused.endswith(
        "[The person said no to what everything asked: say it in French instead]"
    )
    assert "French" not in answered + opened
    assert '"action": "accept"' in opened
    assert f"No browser could be started here; open it yourself: {page}" in place.notices()


@with_node
def test_where_nobody_can_be_asked_the_answer_is_no(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    place.calls(
        ("mcp__everything__trigger-elicitation-request", {}),
        ("mcp__everything__trigger-sampling-request", {"prompt": "Hi"}),
    )

    async def main() -> None:
        async with begun(place, trust=True) as handle:

            def refuse(event: Event) -> None:
                if event["type"] == "control_request":
                    handle.answer(event["request_id"], False, POLICY)

            handle.subscribe(refuse)
            handle.submit("go", CLI)
            await place.log.results()

    run(main)
    assert '"action": "decline"' in place.results()[0]
    assert "the person does not want" in place.results()[1]
    assert "said no to" not in "".join(place.results())


@with_node
def test_an_interrupt_takes_a_servers_question_back(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    place.calls(("mcp__everything__trigger-elicitation-request", {}))

    async def main() -> None:
        async with begun(place, trust=True) as handle:
            handle.submit("go", CLI)
            event = await place.log.until(is_elicitation)
            handle.interrupt(KEYBOARD)
            (result,) = await place.log.results()
            assert result["stop_reason"] == "interrupted"
            (response,) = place.log.of("control_response")
            assert response["response"]["request_id"] == event["request_id"]
            assert response["response"]["resolved_by"] == "interrupt"

    run(main)
