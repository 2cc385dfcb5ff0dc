"""The MCP servers of a session: from the settings to the calls that a person is asked about."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.fs import proc
from qwen_dual.sandbox import bubblewrap
from tests.mcp.support import HOSTILE
from tests.runtime.mcp_kit import (
    Place,
    asked,
    bad,
    run,
)
from tests.runtime.support import Log
from tests.support.waiting import until, wait_until

ROOT = Path(__file__).parents[2]


def test_without_a_server_nothing_of_it_is_imported(place: Place) -> None:
    code = """
import atexit, sys

@atexit.register
def tell():
    rooms = ("mcp", "mcp_types", "httpx2", "jsonschema")
    names = [name for name in sys.modules if name.partition(".")[0] in rooms]
    names += [name for name in sys.modules if name.startswith("qwen_dual.") and "mcp" in name]
    print(names, file=sys.stderr)

from qwen_dual.__main__ import main
sys.exit(main())
"""
    line = [sys.executable, "-c", code, "-p", "hello", "--offline-script", str(place.script)]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "Done.\n"
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize("trust", [False, True])
def test_a_call_asks_as_long_as_the_server_is_not_trusted(place: Place, *, trust: bool) -> None:
    place.settings(mcpServers={"bad": bad(trust=trust)})
    given = {"text": "a\x1b[2Jb\u202ec", 'say: "no"\n': 1, " \u202e": 2}
    place.calls(("mcp__bad__echo", given))

    async def main() -> None:
        async with place.session(trust=True) as handle:
            handle.submit("go", CLI)
            if not trust:
                request = (await asked(place))["request"]
                preview = request["preview"]
                assert request["tool_name"] == "mcp__bad__echo"
                assert preview["title"] == "MCP server bad · tool echo"
                # The exact text, and no name that looks like a value or a line of its own.
                told = ['text: "a\\u001b[2Jb\u202ec"', '"say: \\"no\\"\\n": 1', '" \u202e": 2']
                assert preview["text"].splitlines() == told
                assert [warning["kind"] for warning in preview["warnings"]] == ["bidi"]
                assert request["rules"] == ["mcp__bad__echo"]
                handle.answer((await asked(place))["request_id"], Decision(True, KEYBOARD))
            await place.log.results()

    run(main)
    assert place.results() == ["echo: ab\u202ec"] or "echo: ab" in place.results()[0]
    assert bool(place.log.of("control_request")) is not trust


@pytest.mark.parametrize("rule", ["mcp__bad", "mcp__bad__*", "mcp__bad__echo"])
def test_a_rule_for_a_server_or_a_tool_allows_or_denies_it(place: Place, rule: str) -> None:
    place.settings(mcpServers={"bad": bad()}, permissions={"allow": [rule]})
    place.calls(("mcp__bad__echo", {"text": "x"}))

    async def main(text: str) -> None:
        async with place.session() as handle:
            handle.submit(text, CLI)
            await place.log.results()

    run(partial(main, "allowed"))
    assert place.results() == ["echo: x"]
    assert not place.log.of("control_request")
    place.log = Log()
    place.settings(mcpServers={"bad": bad(trust=True)}, permissions={"deny": [rule]})
    run(partial(main, "denied"))
    assert "the permission rule" in place.results()[0]


def test_no_value_of_a_folders_servers_stands_in_the_place_of_a_command(place: Place) -> None:
    command = "touch made; echo one"
    address = "http://127.0.0.1:9/mcp"
    theirs = {"git": {"httpUrl": address, "headers": {"status": command}}}
    (place.work / ".mcp.json").write_text(json.dumps({"mcpServers": theirs}))
    mine = {"mine": {"httpUrl": address, "headers": {"X-Key": "key-of-the-person"}}}
    place.settings(mcpServers=mine)
    place.calls(
        ("run_shell_command", {"command": command}),
        ("run_shell_command", {"command": "touch key-of-the-person"}),
    )

    async def main() -> None:
        async with place.session(trust=True) as handle:
            handle.submit("go", CLI)
            request = await asked(place)
            assert request["request"]["preview"]["text"] == command
            assert request["request"]["preview"]["warnings"] == []
            handle.answer(request["request_id"], Decision(True, KEYBOARD))
            await place.log.until(lambda _: len(place.log.of("control_request")) == 2)
            # A secret of the person's stays unseen, and whoever is asked is told.
            hidden = place.log.of("control_request")[1]
            assert hidden["request"]["preview"]["text"] == "touch [mine X-Key]"
            (warning,) = hidden["request"]["preview"]["warnings"]
            assert "stands in its place" in warning["message"]
            handle.answer(hidden["request_id"], Decision(False, KEYBOARD))
            await place.log.results()

    run(main)


def test_always_allows_this_tool_of_this_server_and_no_other(place: Place) -> None:
    place.settings(mcpServers={"bad": bad(), "bad__echo": bad()})
    place.calls(("mcp__bad__echo", {"text": "1"}), ("mcp__bad__echo", {"text": "2"}))

    async def main() -> None:
        async with place.session() as handle:
            handle.submit("go", CLI)
            request = await asked(place)
            handle.answer(request["request_id"], Decision(True, KEYBOARD, remember="session"))
            await place.log.results()
            policy = handle.parts.session.policy
            judged = {
                name: policy.judge(tool, tool.prepare({})).action
                for name, tool in handle.tools.items()
                if name.startswith("mcp__") and name.endswith("__echo")
            }
            assert judged == {"mcp__bad__echo": "allow", "mcp__bad_echo__echo": "ask"}

    run(main)
    assert place.results() == ["echo: 1", "echo: 2"]


def test_in_plan_mode_only_what_says_it_only_reads_may_be_asked_for(place: Place) -> None:
    place.settings(mcpServers={"bad": bad(), "own": bad(trust=True)})

    async def main() -> None:
        async with place.session(approval_mode="plan", trust=True) as handle:
            await handle.settled()
            policy, tools = handle.parts.session.policy, handle.tools

            def judged(name: str) -> str:
                return policy.judge(tools[name], tools[name].prepare({})).action

            assert judged("mcp__bad__echo") == judged("mcp__own__echo") == "refuse"
            assert judged("mcp__bad__reads") == "ask"  # its word is not enough
            assert judged("mcp__own__reads") == "allow"

    run(main)


def test_the_session_begins_without_its_servers_and_is_told_when_they_are_there(
    place: Place,
) -> None:
    place.settings(
        mcpServers={"silent": bad("silent"), "slow": bad("slow", str(place.work / "go"))}
    )

    async def main() -> None:
        async with place.session(await_servers=False) as handle:
            handle.submit("go", CLI)
            await place.log.results()
            assert {each["status"] for each in handle.mcp_servers} == {"connecting"}
            (place.work / "go").touch()
            told = await place.log.until(lambda event: event.get("subtype") == "tools_changed")
            assert "mcp__slow__echo" in told["data"]["added"]

    run(main)


def test_a_server_that_does_not_come_up_is_told_of_once(place: Place) -> None:
    place.settings(mcpServers={"bad": bad("exits"), "many": bad("many")})

    async def main() -> None:
        async with place.session() as handle:
            await handle.settled()
            status = handle.parts.servers.status  # type: ignore[union-attr]
            await until(lambda: status()[0].retry_in == 2)  # it was tried again

    run(main)
    told = sorted(text for text in place.notices() if "MCP server" in text)
    assert len(told) == 2
    said = "cannot find its settings"
    why = f"it ended with status 3; the last it said: {said}"
    assert told[0].startswith(f"The MCP server bad is not connected: {why}")
    assert told[1].startswith("The MCP server many: of its 2,000 tools the first 256 are used;")


def test_servers_get_no_keys_but_those_that_they_are_given(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-" + "a" * 40)
    monkeypatch.setenv("PLAIN", "seen")
    given = {"GIVEN": "$OPENAI_API_KEY"}
    place.settings(mcpServers={"bad": bad(trust=True), "own": bad(trust=True, env=given)})
    place.calls(("mcp__bad__env", {}), ("mcp__own__env", {}))

    async def main() -> None:
        async with place.session(trust=True) as handle:
            handle.submit("go", CLI)
            await place.log.results()

    run(main)
    theirs, own = map(json.loads, place.results())
    assert "OPENAI_API_KEY" not in theirs
    assert theirs["PLAIN"] == "seen"
    assert "OPENAI_API_KEY" not in own
    assert "GIVEN" in own
    assert "sk-aaaa" not in "".join(place.results())  # nor does the model see it


@pytest.mark.skipif(bubblewrap.find("/nowhere", "") is None, reason="bubblewrap is missing")
def test_programs_run_in_the_sandbox_that_commands_run_in(place: Place) -> None:
    outside = place.home.parent
    touched = {"bad": [outside / "a", place.work / "b"], "own": [outside / "c"]}
    # Where these tests lie may be unseen in there: below /tmp.
    script = shutil.copy(HOSTILE, place.work)
    server = {
        "command": os.path.realpath(sys.executable),
        "args": ["-SE", script, "good"],
        "trust": True,
    }
    place.settings(
        mcpServers={"bad": server, "own": {**server, "sandbox": False}},
        tools={"executionSandbox": {"backend": "bwrap"}},
    )
    place.calls(
        *(
            (f"mcp__{server}__touch", {"text": str(path)})
            for server, paths in touched.items()
            for path in paths
        )
    )
    before, started = children(), set[int]()  # of other tests something may be left

    async def main() -> None:
        async with place.session(trust=True) as handle:
            handle.submit("go", CLI)
            await place.log.results()
            started.update(children() - before)

    run(main)
    assert len(place.results()) == 3
    there = [path.exists() for paths in touched.values() for path in paths]
    assert there == [False, True, True]  # /tmp is a private one in there
    assert started
    wait_until(lambda: not children() & started, "the end of the servers")


def children() -> set[int]:
    """The living processes that this one has started."""
    stats = filter(None, map(proc.stat_of, proc.pids()))
    living = [stat for stat in stats if stat.state not in proc.DEAD]
    return {stat.pid for stat in living if stat.parent == os.getpid()}
