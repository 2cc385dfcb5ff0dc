"""Qwen Code's Python SDK, unchanged, over this program."""

from __future__ import annotations

import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import anyio
import pytest
from qwen_code_sdk import ProcessExitError, Query, ValidationError, query_sync

from tests.sdks.kit import PROGRAM, Kit, run
from tests.support.mock import text_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from qwen_code_sdk import SDKMessage


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


SEES = "qwen3-vl"
"""A model that is known to take images."""


def kinds(messages: Sequence[Mapping[str, Any]]) -> list[str]:
    return [message.get("subtype") or message["type"] for message in messages]


def result(messages: Sequence[Any], number: int = -1) -> dict[str, Any]:
    return [message for message in messages if message["type"] == "result"][number]  # type: ignore[no-any-return]


def tool_result(messages: Sequence[Any]) -> dict[str, Any]:
    [found] = [message for message in messages if message["type"] == "user"]
    return found["message"]["content"][0]  # type: ignore[no-any-return]


async def prompts(*texts: str | list[dict[str, Any]]) -> AsyncIterator[Any]:
    for text in texts:
        message = {"role": "user", "content": text}
        yield {"type": "user", "session_id": "", "message": message, "parent_tool_use_id": None}


def test_a_session_of_one_prompt_and_those_that_go_on_with_it(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        name = str(uuid4())
        messages = await kit.ask(
            "hello N=2",
            session_id=name,
            model="other",
            system_prompt="You are short.",
            append_system_prompt="And kind.",
            core_tools=["read_file", "grep_search"],
            exclude_tools=["grep_search"],
        )
        assert kinds(messages) == ["init", "assistant", "success"]
        assert {message["session_id"] for message in messages} == {name}
        assert messages[0]["tools"] == ["read_file"]
        assert messages[0]["model"] == "other"
        assert result(messages)["result"] == "word0 word1 "
        sent = kit.last_request()
        assert sent["model"] == "other"
        assert [tool["function"]["name"] for tool in sent["tools"]] == ["read_file"]
        assert sent["messages"][0]["content"] == "You are short.\n\nAnd kind."
        for again in ({"resume": name}, {"continue_session": True}):
            messages = await kit.ask("and N=1", include_partial_messages=True, **again)
            assert result(messages)["session_id"] == name
            assert text_of(kit.last_request()["messages"][1]["content"]) == "hello N=2"
            events = [m["event"]["type"] for m in messages if m["type"] == "stream_event"]
            assert events == [
                "message_start",
                "content_block_start",
                "content_block_delta",
                "content_block_stop",
                "message_stop",
            ]
        with pytest.raises(ProcessExitError, match="code 1"):
            await kit.ask("never", resume=str(uuid4()))
        assert any("no session" in line.lower() for line in kit.stderr)

    run(tmp_path, test)


def test_several_messages_run_in_their_order_in_one_session(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        image = {"type": "base64", "media_type": "image/png", "data": PNG}
        blocks: list[Any] = [
            {"type": "text", "text": "see N=2"},
            {"type": "image", "source": image},
        ]
        more = prompts("one N=1", blocks, "three N=3", [{"type": "document"}])
        messages: list[Any] = [message async for message in kit.query(more, model=SEES)]
        expected = ["init", "assistant", "success"]
        assert [kind for kind in kinds(messages) if kind != "input_error"] == expected * 4
        assert [m["result"] for m in messages if m["type"] == "result"] == [
            "word0 ",
            "word0 word1 ",
            "word0 word1 word2 ",
            "word0 ",
        ]
        seen = kit.server.requests[1].json["messages"][-1]["content"]
        assert seen[0] == {"type": "text", "text": "see N=2"}
        assert seen[1]["image_url"]["url"] == f"data:image/png;base64,{PNG}"
        assert "document" in text_of(kit.last_request()["messages"][-1]["content"])

    run(tmp_path, test)


@asynccontextmanager
async def talking(kit: Kit, **options: Any) -> AsyncIterator[tuple[Query, Callable[[Any], Any]]]:
    """A session that stays open, and what sends a prompt into it."""
    send, receive = anyio.create_memory_object_stream[Any](10)

    async def more() -> AsyncIterator[Any]:
        async for text in receive:
            async for message in prompts(text):
                yield message

    async with kit.query(more(), **options) as session:
        yield session, send.send
        send.close()
        receive.close()


async def until(session: Query, kind: str) -> list[Any]:
    """The messages up to one of this kind."""
    found: list[SDKMessage] = []
    while not found or kind not in kinds(found[-1:]):
        found.append(await anext(session))
    return found


def test_the_callback_decides_what_runs_and_with_which_input(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        asked: list[tuple[str, dict[str, Any], Any]] = []
        answer: dict[str, Any] = {}
        change: dict[str, Any] = {}

        async def can_use_tool(name: str, given: dict[str, Any], context: Any) -> Any:
            asked.append((name, given, context))
            return {"behavior": "allow", "updatedInput": {**given, **change}} if change else answer

        kit.settings(permissions={"deny": ["Bash(ln *)"]})
        options = {"permission_mode": "default", "can_use_tool": can_use_tool}
        async with talking(kit, **options) as (session, say):

            async def ask(prompt: str) -> list[Any]:
                await say(prompt)
                return await until(session, "success")

            answer = {"behavior": "allow"}
            messages = await ask("TOOL touch allowed")
            assert (kit.work / "allowed").exists()
            expected = ["init", "assistant", "assistant", "user", "assistant", "success"]
            assert kinds(messages) == expected
            name, given, context = asked[-1]
            assert (name, given["command"]) == ("run_shell_command", "touch allowed")
            assert [each["type"] for each in context["suggestions"]] == ["allow", "deny"]
            answer = {"behavior": "deny", "message": "not today"}
            messages = await ask("TOOL touch denied")
            assert not (kit.work / "denied").exists()
            assert "not today" in tool_result(messages)["content"]
            assert "not today" in kit.last_request()["messages"][-1]["content"]
            [denial] = result(messages)["permission_denials"]
            assert denial["tool_input"]["command"] == "touch denied"
            answer = {"behavior": "deny", "message": "stop", "interrupt": True}
            before = len(kit.server.requests)
            messages = await ask("TOOL touch denied")
            assert len(kit.server.requests) == before + 1
            assert kinds(messages)[-2:] == ["user", "success"]
            outside = kit.work.parent / "outside.txt"
            answer = {"behavior": "deny"}
            await ask(f'CALL write_file {{"file_path": "{outside}", "content": "x"}}')
            assert asked[-1][2]["blocked_path"] == str(outside)
            assert not outside.exists()

            change = {"command": "echo changed > seen"}
            told = tool_result(await ask("TOOL echo asked > seen"))
            assert (kit.work / "seen").read_text() == "changed\n"
            assert '"command":"echo changed > seen"' in told["content"]
            path = kit.work / "note.txt"
            change = {"content": "changed"}
            call = f'CALL write_file {{"file_path": "{path}", "content": "asked"}}'
            told = tool_result(await ask(call))
            assert path.read_text() == "changed"
            assert '"content":"changed"' in told["content"]
            # What a rule denies stays denied, whoever puts it there.
            change = {"command": "ln note.txt never"}
            told = tool_result(await ask("TOOL mkdir there"))
            assert told["is_error"]
            assert {"never", "there"}.isdisjoint(path.name for path in kit.work.iterdir())

    run(tmp_path, test)


def test_a_callback_that_fails_or_takes_too_long_allows_nothing(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        fails = True

        async def can_use_tool(name: str, given: dict[str, Any], context: Any) -> Any:
            if fails:
                raise RuntimeError("it broke")
            await anyio.sleep_forever()

        options = {"can_use_tool": can_use_tool, "timeout": {"can_use_tool": 0.1}}
        async with talking(kit, **options) as (session, say):
            await say("TOOL touch never")
            assert "it broke" in tool_result(await until(session, "success"))["content"]
            fails = False
            await say("TOOL touch never")
            assert "timed out" in tool_result(await until(session, "success"))["content"]
        messages = await kit.ask("TOOL touch never")  # without a callback
        assert tool_result(messages)["is_error"]
        assert kinds(messages)[-1] == "success"
        assert not (kit.work / "never").exists()

    run(tmp_path, test)


def test_an_interrupt_ends_the_turn_and_not_the_session(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        async with talking(kit, include_partial_messages=True) as (session, say):
            await say("SLOW")
            await until(session, "stream_event")
            await session.interrupt()
            messages = await until(session, "error_during_execution")
            assert result(messages)["stop_reason"] == "interrupted"
            assert kinds(messages)[-3:] == ["assistant", "stream_event", "error_during_execution"]
            await session.interrupt()  # nothing runs
            # The SDK closes stdin after the first result, so a second session goes on.
        messages = await kit.ask("N=1", continue_session=True)
        assert result(messages)["result"] == "word0 "

    run(tmp_path, test)


def test_a_callback_is_cancelled_when_the_turn_is_interrupted(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        asked = anyio.Event()
        contexts: list[Any] = []

        async def waits(name: str, given: dict[str, Any], context: Any) -> Any:
            contexts.append(context)
            asked.set()
            await anyio.sleep_forever()

        async with talking(kit, can_use_tool=waits) as (session, say):
            await say("TOOL touch never")
            await until(session, "init")
            await asked.wait()
            await session.interrupt()
            messages = await until(session, "error_during_execution")
            assert tool_result(messages)["is_error"]
            assert contexts[0]["cancel_event"].is_set()
            await say("N=1")
            assert result(await until(session, "success"))["result"] == "word0 "
        assert not (kit.work / "never").exists()

    run(tmp_path, test)


def test_the_sdk_has_no_servers_of_its_own_and_is_told_of_the_others(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        with pytest.raises(ValidationError, match="mcp_servers is not supported in Python SDK v1"):
            kit.query("hello", mcp_servers={"calc": {"type": "sdk", "name": "calc"}})
        kit.settings(mcpServers={"gone": {"command": "/none/such"}})
        async with talking(kit) as (session, say):
            await say("N=1")
            init = (await until(session, "success"))[0]
            assert init["mcp_servers"] == [{"name": "gone", "status": "disconnected"}]
            status = await session.mcp_server_status()
            assert status == {"subtype": "mcp_server_status", "status": {"gone": "disconnected"}}

    run(tmp_path, test)


def test_modes_models_and_lists_are_changed_and_told_while_it_runs(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        async with talking(kit) as (session, say):
            commands = (await session.supported_commands())["commands"]  # type: ignore[index]
            assert {"compress", "model", "stats"} <= set(commands)
            status = await session.mcp_server_status()
            assert status == {"subtype": "mcp_server_status", "status": {}}
            with pytest.raises(RuntimeError, match=r"Invalid permission mode: fast\. .*yolo"):
                await session.set_permission_mode("fast")
            await session.set_permission_mode("yolo")
            await session.set_model("second")
            transport = session._transport
            transport.write('{"type":"control_request","request_id":\nnonsense\n\n[]\n')
            await say("TOOL touch unasked")
            messages = await until(session, "success")
            assert (kit.work / "unasked").exists()
            assert kit.last_request()["model"] == "second"
            assert kinds(messages).count("input_error") == 3
            init = next(message for message in messages if message.get("subtype") == "init")
            assert (init["permission_mode"], init["model"]) == ("yolo", "second")

    run(tmp_path, test)


def test_turns_are_bounded_and_the_result_says_so(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        messages: list[Any] = []
        session = kit.query("TOOL true", max_session_turns=1, permission_mode="yolo")
        with pytest.raises(ProcessExitError) as raised:
            async for message in session:
                messages.append(message)  # noqa: PERF401
        assert raised.value.exit_code == 53
        assert kinds(messages)[-1] == "error_max_turns"
        assert "--max-session-turns" in result(messages)["error"]["message"]

    run(tmp_path, test)


def test_long_texts_arrive_whole_though_a_line_has_64_kib(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        messages = await kit.ask("BIG=200000", include_partial_messages=True)
        texts = [m["message"]["content"][0]["text"] for m in messages if m["type"] == "assistant"]
        assert "".join(texts) == "x" * 200_000
        deltas = [
            m["event"]["delta"]["text"]
            for m in messages
            if m["type"] == "stream_event" and m["event"]["type"] == "content_block_delta"
        ]
        assert "".join(deltas) == "x" * 200_000
        assert "characters left out" in result(messages)["result"]

        async def reads(name: str, given: dict[str, Any], context: Any) -> Any:
            if not whole:
                return {"behavior": "allow"}
            said = context["suggestions"][-1]["description"]
            path = Path(said.partition(" is JSON in ")[2].partition(",")[0].partition(" ")[0])
            return {"behavior": "allow", "updatedInput": json.loads(path.read_text())}

        path = kit.work / "big.txt"
        call = f'CALL write_file {{"file_path": "{path}", "content": "{"y" * 100_000}"}}'
        async with talking(kit, can_use_tool=reads) as (session, say):
            whole = False
            await say(call)
            messages = await until(session, "success")
            assert "too large" in tool_result(messages)["content"]
            assert not path.exists()
            whole = True
            await say(call)
            await until(session, "success")
            assert path.read_text() == "y" * 100_000

    run(tmp_path, test)


def test_a_session_that_is_closed_in_the_middle_leaves_no_process(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        async with kit.query("SLOW", include_partial_messages=True) as session:
            await until(session, "stream_event")
            process = session._transport._process
            assert process is not None
        assert process.returncode == 143
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)

    run(tmp_path, test)


def test_the_example_of_the_docs_runs(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "sdks.md").read_text()
    example = text.partition("```python\n")[2].partition("```")[0]
    script = tmp_path / "example.py"
    script.write_text(example.replace("/usr/local/bin/qwen-dual", PROGRAM))

    async def test(kit: Kit) -> None:
        env = {**os.environ, **kit.options()["env"]}
        ran = await anyio.run_process([sys.executable, str(script)], env=env, cwd=kit.work)
        assert ran.stdout == b"word0 \n"

    run(tmp_path, test)


def test_the_synchronous_sdk_works_too(tmp_path: Path) -> None:
    async def test(kit: Kit) -> None:
        def ask() -> list[Any]:
            with query_sync("hello N=1", kit.options()) as session:
                return list(session)

        messages = await anyio.to_thread.run_sync(ask)
        assert result(messages)["result"] == "word0 "

    run(tmp_path, test)
