"""Whatever a server does, only its own tools suffer: the others work meanwhile, and it is said why."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.fs import proc
from qwen_dual.mcp import server as life
from qwen_dual.mcp.bounds import MAX_MESSAGE, MAX_TOOLS
from qwen_dual.mcp.config import ServerConfig
from tests.mcp.support import hostile, run, running
from tests.support.contexts import context
from tests.support.processes import is_gone
from tests.support.waiting import until, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mcp.support import Seen


async def works(seen: Seen, name: str = "good") -> None:
    """The good server answers, and at once."""
    with anyio.fail_after(20):
        result = await seen.call(f"mcp__{name}__echo", {"text": "hi"})
    assert (result.text, result.is_error) == ("echo: hi", False)


def good(name: str = "good"):  # type: ignore[no-untyped-def]  # a config
    return hostile("good", name=name)


def test_one_that_never_answers_is_said_not_to_and_holds_up_nobody() -> None:
    async def main() -> None:
        async with running(good(), hostile("silent", discovery_timeout=1), settle=False) as seen:
            await seen.comes_to("connected", "good")
            await works(seen)
            status = await seen.comes_to("failed")
            assert status.error == "it did not answer within 1 s"
            assert status.retry_in == life.FIRST_WAIT

    run(main)


def test_what_does_not_answer_in_time_is_a_failed_call_and_its_late_answer_is_nobodys() -> None:
    async def main() -> None:
        async with running(hostile("good", timeout=1)) as seen:
            result = await seen.call("mcp__bad__late")
            assert result.is_error
            assert result.text == "mcp__bad__late failed: it did not answer within 1 s."
            # The late answer comes first now, and is not taken for that of another call.
            while (result := await seen.call("mcp__bad__echo", {"text": "next"})).is_error:
                assert "within 1 s" in result.text  # on a machine that is busy
            assert result.text == "echo: next"
            assert seen.status().state == "connected"

    run(main)


def test_one_that_dies_in_a_call_fails_that_call_and_is_started_again() -> None:
    async def main() -> None:
        async with running(hostile("good"), good()) as seen:
            first = (await seen.call("mcp__bad__pid")).text
            result = await seen.call("mcp__bad__die")
            assert result.is_error
            assert "the connection was lost before it had answered" in result.text
            assert "Whether it was carried out is not known" in result.text
            await works(seen)
            status = await seen.comes_to("failed")
            assert status.error == "it ended with status 7"
            assert "mcp__bad__pid" in seen.tools  # it is expected back
            await seen.comes_to("connected")
            assert (await seen.call("mcp__bad__pid")).text != first

    run(main)


def test_a_call_finds_a_server_that_is_just_coming_back() -> None:
    async def main() -> None:
        async with running(hostile("good")) as seen:
            await seen.call("mcp__bad__die")
            result = await seen.call("mcp__bad__echo", {"text": "there"})
            assert result.text == "echo: there"

    run(main)


@pytest.mark.parametrize("tool", ["again", "reads"])
def test_a_lost_call_is_made_again_only_where_that_does_no_harm(tool: str, tmp_path: Path) -> None:
    async def main(trust: bool) -> str:
        marker = str(tmp_path / f"died-{trust}")
        async with running(hostile("good", marker, trust=trust)) as seen:
            return (await seen.call(f"mcp__bad__{tool}", {"text": "x"})).text

    assert run(main, True) == f"{tool}: x"
    # What a server that nobody trusts says of itself counts for nothing.
    assert "the connection was lost" in run(main, False)


def test_a_trusted_one_that_contradicts_itself_is_not_called_again(tmp_path: Path) -> None:
    async def main() -> str:
        async with running(hostile("good", str(tmp_path / "died"), trust=True)) as seen:
            assert seen.tools["mcp__bad__lies"].kind == "fetch"
            assert seen.tools["mcp__bad__reads"].kind == "read"
            return (await seen.call("mcp__bad__lies", {"text": "x"})).text

    assert "the connection was lost" in run(main)


def test_what_it_prints_besides_messages_goes_to_the_log() -> None:
    async def main() -> None:
        async with running(hostile("garbage")) as seen:
            result = await seen.call("mcp__bad__echo", {"text": "still"})
            assert result.text == "echo: still"
            await until(lambda: "bad: stdout: a line that is no message" in seen.log)
            assert "bad: stdout: Welcome to the server!" in seen.log
            assert "bad: stderr: loading …loading …loading …" in seen.log
            assert not any("\x1b" in text or "\x00" in text for text in seen.log)

    run(main)


def test_one_that_ends_at_once_is_said_to_with_what_it_said() -> None:
    async def main() -> None:
        async with running(hostile("exits"), good()) as seen:
            status = seen.status()
            assert status.state == "failed"
            assert status.error == (
                "it ended with status 3; the last it said: cannot find its settings"
            )
            await works(seen)

    run(main)


def test_a_hello_that_is_none_is_said_to_be() -> None:
    async def main() -> None:
        async with running(hostile("nonsense", discovery_timeout=3)) as seen:
            assert seen.status().state == "failed"
            told = "it cannot be said hello to: its answer is no message of JSON-RPC"
            assert seen.status().error == told
        empty = 'read line; echo \'{"jsonrpc":"2.0","id":1,"result":{}}\'; cat'
        for command, args, told in (
            ("cat", (), "it cannot be said hello to: Method not found"),
            ("sh", ("-c", empty), "its hello is not what MCP says: capabilities: Field required"),
        ):
            config = ServerConfig(name="bad", transport="stdio", command=command, args=args)
            async with running(config) as seen:
                assert seen.status().error == told

    run(main)


def test_a_program_that_is_not_there_is_named() -> None:
    async def main() -> None:
        config = hostile("good")
        missing = config.__class__(name="bad", transport="stdio", command="no-such-program")
        async with running(missing) as seen:
            assert seen.status().error == "there is no program no-such-program in PATH; install it"

    run(main)


def test_an_answer_that_is_too_long_is_not_read_and_others_are() -> None:
    async def main() -> None:
        async with running(hostile("good"), good()) as seen:
            results = []

            async def ask() -> None:
                results.append(await seen.call("mcp__bad__huge", {"text": str(50 << 20)}))

            async with anyio.create_task_group() as group:
                group.start_soon(ask)
                while not results:
                    await works(seen)
            [result] = results
            assert result.is_error
            assert f"{MAX_MESSAGE:,} are the most" in result.text
            assert "52,428," in result.text  # how many it had
            assert (await seen.call("mcp__bad__echo", {"text": "on"})).text == "echo: on"
            await works(seen)

    run(main)


def test_a_long_answer_is_shortened_in_the_middle() -> None:
    async def main() -> None:
        async with running(hostile("good")) as seen:
            result = await seen.call("mcp__bad__huge", {"text": "2000000"})
            assert not result.is_error
            assert len(result.text) < 501_000
            assert "1,500,000 characters left out" in result.text

    run(main)


def test_of_two_thousand_tools_as_many_as_a_request_bears_are_used() -> None:
    async def main() -> None:
        async with running(hostile("many"), good()) as seen:
            status = seen.status()
            assert len(status.tools) == MAX_TOOLS
            assert any("includeTools" in warning for warning in status.warnings)
            await works(seen)
        wanted = frozenset({"tool-1999", "tool-3"})
        async with running(hostile("many", include_tools=wanted)) as seen:
            assert set(seen.tools) == {"mcp__bad__tool-3", "mcp__bad__tool-1999"}

    run(main)


def test_names_become_such_as_every_service_takes_and_no_two_the_same() -> None:
    async def main() -> None:
        async with running(hostile("names")) as seen:
            tools = seen.tools
            assert all(name.isascii() and len(name) <= 63 for name in tools)
            assert all(set(name) <= LETTERS for name in tools)
            assert tools["mcp__bad__plain"].tool == "plain"
            assert tools["mcp__bad__with_space"].tool == "with_space"
            assert tools["mcp__bad__run_shell_command"].tool == "run_shell_command"
            spelled = {tool.tool for tool in tools.values()}
            assert {"with space", "with.space", "мир", "x" * 500, "x" * 501} <= spelled
            told = "\n".join(seen.status().warnings)
            assert "a tool without a name is left out" in told
            assert "several tools that are called plain" in told
            assert "\x1b" not in told

    run(main)


LETTERS = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def test_a_tool_whose_parameters_are_no_schema_is_left_out_and_told() -> None:
    async def main() -> None:
        async with running(hostile("schemas")) as seen:
            assert set(seen.tools) == {"mcp__bad__good", "mcp__bad__bare", "mcp__bad__output"}
            told = seen.status().warnings
            assert "the tool bad2 is left out: its parameters are no JSON Schema" in told
            assert len([text for text in told if "is left out" in text]) == 10
            bare = seen.tools["mcp__bad__bare"].parameters
            assert bare == {"type": "object", "properties": {}}
            # The pattern of an output's schema is never run.
            assert (await seen.call("mcp__bad__output", {"text": "a" * 40 + "!"})).text

    run(main)


def test_a_description_is_bounded_and_cannot_reach_the_terminal() -> None:
    async def main() -> None:
        async with running(hostile("described")) as seen:
            tool = seen.tools["mcp__bad__long"]
            assert len(tool.description) == 4000
            assert tool.display.about == "shown"
            [odd] = [each for name, each in seen.tools.items() if name.startswith("mcp__bad__sh_")]
            assert odd.display.word == "bad: sh⟨U+0435⟩ll⟨LF⟩"
            assert seen.status().instructions == "Use it with care."

    run(main)


def test_one_that_floods_leaves_the_loop_to_others() -> None:
    async def main() -> None:
        async with running(hostile("flood"), good()) as seen:
            for _ in range(20):
                await works(seen)
            result = await seen.call("mcp__bad__echo", {"text": "between"})
            assert result.text == "echo: between"

    run(main)


def test_a_list_that_changes_is_followed() -> None:
    async def main() -> None:
        async with running(hostile("changes")) as seen:
            before = seen.tools["mcp__bad__echo"]
            await until(lambda: "mcp__bad__later" in seen.tools)
            assert seen.tools["mcp__bad__echo"] is before  # what is the same stays

    run(main)


def test_of_ten_servers_the_nine_that_are_broken_hold_up_nothing() -> None:
    ways = (
        "silent",
        "exits",
        "nonsense",
        "stubborn",
        "flood",
        "garbage",
        "names",
        "many",
        "schemas",
    )

    async def main() -> None:
        bad = [hostile(way, name=way) for way in ways]
        async with running(*bad, good(), settle=False) as seen:
            await seen.comes_to("connected", "good")
            await works(seen)

    run(main)


def test_a_cancelled_call_is_cancelled_at_the_server(tmp_path: Path) -> None:
    async def main() -> None:
        told = tmp_path / "told"
        async with running(hostile("good", str(told))) as seen:
            call = seen.tools["mcp__bad__wait"].prepare({"text": "60"})
            reports: list[str] = []
            async with anyio.create_task_group() as group:
                group.start_soon(call.run, context(report=reports.append))
                await until(lambda: reports)
                group.cancel_scope.cancel()
            assert reports == ["1/3 step 0"]
            await until(told.exists, "the server was told")
            assert (await seen.call("mcp__bad__echo", {"text": "on"})).text == "echo: on"

    run(main)


def test_no_process_outlives_the_session_however_stubborn() -> None:
    async def main() -> int:
        async with running(hostile("stubborn")) as seen:
            return int((await seen.call("mcp__bad__pid")).text)

    number = run(main)
    wait_until(lambda: is_gone(number), "its end")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("dies", [False, True])
def test_nor_does_what_a_server_started_in_a_session_of_its_own(*, dies: bool) -> None:
    async def main() -> int:
        async with running(hostile("good")) as seen:
            number = int((await seen.call("mcp__bad__daemon")).text)
            assert proc.stat_of(number) is not None
            if dies:
                await seen.call("mcp__bad__die")
                await until(lambda: is_gone(number), "what the dead server had started has ended")
            return number

    number = run(main)
    wait_until(lambda: is_gone(number), "its end")


def test_what_children_get_of_the_environment_is_what_the_session_gives() -> None:
    async def main() -> str:
        async with running(hostile("good", env={"MY_TOKEN": "t"})) as seen:
            return (await seen.call("mcp__bad__env")).text

    told = run(main)
    assert '"MY_TOKEN": "t"' in told
    assert f'"HOME": "{os.environ["HOME"]}"' in told
