"""MCP servers and trust in a folder: what it brings, and what is believed in it."""

from __future__ import annotations

import json

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from tests.runtime.mcp_kit import (
    Place,
    bad,
    run,
)
from tests.support.waiting import until


def test_what_a_folder_brings_does_not_start_before_the_folder_is_trusted(place: Place) -> None:
    started = place.work.parent / "started"
    folder = {"theirs": {"command": "touch", "args": [str(started)]}}
    place.settings(place.work, mcpServers=folder)
    (place.work / ".mcp.json").write_text(json.dumps({"mcpServers": {"more": bad()}}))
    place.settings(mcpServers={"mine": bad(trust=True)})

    async def main() -> None:
        async with place.session() as handle:
            await handle.settled()
            assert [each["name"] for each in handle.mcp_servers] == ["mine"]
            tool = handle.tools["mcp__mine__echo"]
            # Nor does trust in a server count in there.
            judged = handle.parts.session.policy.judge(tool, tool.prepare({}))
            assert judged.action == "ask"
            assert not started.exists()
            handle.submit("/trust session", KEYBOARD)
            await until(lambda: "mcp__more__echo" in handle.tools)
            await until(started.exists)
            judged = handle.parts.session.policy.judge(tool, tool.prepare({}))
            assert judged.action == "allow"
            handle.submit("/trust no", KEYBOARD)
            await until(lambda: [each["name"] for each in handle.mcp_servers] == ["mine"])
            assert "mcp__more__echo" not in handle.tools

    run(main)


def test_what_a_folder_brought_ends_with_trust_in_it_whatever_cannot_be_read(place: Place) -> None:
    (place.work / ".mcp.json").write_text(json.dumps({"mcpServers": {"theirs": bad()}}))
    place.settings(mcpServers={"mine": bad(), "believed": bad(trust=True)})
    given = place.work / "given.json"
    given.write_text(json.dumps({"mcpServers": {}}))

    async def main() -> None:
        async with place.session(mcp_config=[str(given)]) as handle:
            handle.submit("/trust session", KEYBOARD)
            await until(lambda: "mcp__theirs__echo" in handle.tools)
            given.write_text("{")
            handle.submit("/trust no", KEYBOARD)
            await until(lambda: [each["name"] for each in handle.mcp_servers] == ["mine"])
            assert "mcp__theirs__echo" not in handle.tools

    run(main)


def test_trust_in_the_server_of_a_host_ends_with_trust_in_the_folder(place: Place) -> None:
    async def main() -> None:
        async with place.session() as handle:
            policy = handle.parts.session.policy

            def runs() -> str:
                tool = handle.tools.get("mcp__new__echo")
                return "" if tool is None else policy.judge(tool, tool.prepare({})).action

            handle.submit("/trust session", KEYBOARD)
            await place.log.results()
            add = {"type": "mcp_add", "name": "new", "server": bad(trust=True)}
            handle.dispatcher(INPUT).command(parse_command(encode(add).strip()))
            await until(lambda: runs() == "allow")
            handle.submit("/trust no", KEYBOARD)
            await until(lambda: runs() == "ask")
            trusted = handle.tools["mcp__new__echo"]
            await until(lambda: handle.tools.get("mcp__new__echo") not in (None, trusted))
            servers = handle.parts.servers
            assert servers is not None and not servers.config("new").trust
            assert runs() == "ask"

    run(main)
