"""MCP servers from the outside: on the wire, steered by a host and by ``/mcp``, their prompts."""

from __future__ import annotations

import json
from typing import Any

import anyio

from qwen_dual.core.actor import CLI, KEYBOARD
from tests.mcp.support import with_node
from tests.runtime.mcp_kit import (
    REAL,
    Place,
    asked_last,
    bad,
    begun,
    comes_to,
    receipts,
    run,
    sender,
    shown,
    told,
)


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
            assert place.log.of("mcp")[-1]["data"] == {
                "servers": [],
                "complete": True,
                "command_id": "none",
            }
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
