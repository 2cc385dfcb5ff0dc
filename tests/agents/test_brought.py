"""Agents that a program brings along, and what sessions without any pay for them: nothing."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from qwen_dual.agents.builtin import built_in
from qwen_dual.core.actor import SDK
from qwen_dual.core.tools.agents import BUILT_IN
from qwen_dual.frontends.headless.permissions import HostPermissions
from qwen_dual.runtime.host_agents import bring_agents
from qwen_dual.runtime.spec import SessionSpec
from tests.agents.kit import Playing, play, shell, task, write_agent

if TYPE_CHECKING:
    from pathlib import Path

    from tests.agents.kit import Scripts


def test_both_forms_of_the_sdks_are_taken_and_what_is_wrong_is_named(tmp_path: Path) -> None:
    listed = [
        {
            "name": "poet",
            "description": "writes",
            "systemPrompt": "You rhyme.",
            "level": "session",
            "tools": ["read_file"],
            "runConfig": {"max_turns": 3},
        },
        {"name": "no prompt", "systemPrompt": "x"},
        {"name": "empty", "systemPrompt": ""},
        {"name": "boxed", "systemPrompt": "x", "executionBackend": "container"},
        {"name": "odd", "systemPrompt": "x", "tools": "Read"},
        3,
    ]

    async def test(one: Playing) -> None:
        wrong = bring_agents(one.handle, listed)
        assert len(wrong) == 5 and "'odd' (tools: expected a list of names)" in wrong[3]
        assert list(one.handle.agents) == [*BUILT_IN, "poet"]
        await one.ask()
        [request] = one.model.of("alpha")
        assert request.system.startswith("You rhyme.")
        assert [tool.name for tool in request.tools] == ["read_file"]
        assert one.agents.roster.find("POET").max_turns == 3
        by_name = {"reviewer": {"description": "d", "prompt": "You review.", "maxTurns": 2}}
        assert bring_agents(one.handle, by_name) == []
        assert list(one.handle.agents) == [*BUILT_IN, "reviewer"]
        assert bring_agents(one.handle, "nonsense") != []

    play(tmp_path, {"main": [task("alpha", "c1", "poet")]}, test)


def test_they_go_before_those_of_files_and_may_not_loosen_either(tmp_path: Path) -> None:
    write_agent(tmp_path / "home" / "agents", "poet", "You are of a file.")

    async def test(one: Playing) -> None:
        poet = {"prompt": "You are brought.", "approvalMode": "yolo"}
        bring_agents(one.handle, {"poet": poet})
        await one.ask()
        assert one.model.of("alpha")[0].system.startswith("You are brought.")
        assert one.agents.roster.find("poet").mode_within("default") == "default"

    play(tmp_path, {"main": [task("alpha", "c1", "poet")]}, test)


def test_what_the_model_is_told_before_any_agent_is_there_is_what_there_is() -> None:
    found = built_in()
    assert {name: spec.description for name, spec in found.items()} == BUILT_IN


def test_a_session_without_agents_imports_nothing_of_them(tmp_path: Path) -> None:
    code = f"""
import sys, anyio
from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
env = {{"HOME": {str(tmp_path)!r}}}
spec = SessionSpec(offline=True, cwd={str(tmp_path)!r}, env=env)
async def main():
    over = anyio.Event()
    def see(event):
        if event["type"] == "result":
            over.set()
    handle = SessionFactory().open(spec, [see])
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(handle.run)
        handle.attach()
        handle.submit("hello", CLI)
        await over.wait()
        await handle.load()
        handle.request_close()
    await handle.aclose()
anyio.run(main)
print([name for name in sys.modules if name.startswith(("qwen_dual.agents", "qwen_dual.definitions"))])
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert ran.stdout.strip() == "[]", ran.stdout + ran.stderr


def test_the_depth_is_a_flag_and_a_setting() -> None:
    from qwen_dual.cli.parser import parse

    assert parse(["--max-subagent-depth", "2"]).max_subagent_depth == 2
    assert SessionSpec().max_subagent_depth is None


def test_a_run_tells_of_them_first_and_takes_those_of_initialize(tmp_path: Path) -> None:
    lines: list[dict[str, Any]] = [
        {
            "type": "control_request",
            "request_id": "1",
            "request": {
                "subtype": "initialize",
                "agents": [{"name": "poet", "description": "d", "systemPrompt": "You rhyme."}, 3],
            },
        },
        {"type": "user", "message": {"role": "user", "content": "hello"}, "session_id": ""},
    ]
    write_agent(tmp_path / ".qwen" / "agents", "mine")
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "qwen_dual", "--offline"),
            *("--input-format", "stream-json", "--output-format", "stream-json"),
        ],
        input="".join(json.dumps(line) + "\n" for line in lines),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    told = [json.loads(line) for line in ran.stdout.splitlines()]
    assert told[0]["response"]["subtype"] == "success"
    [init] = [message for message in told if message.get("subtype") == "init"]
    assert sorted(init["agents"]) == sorted([*BUILT_IN, "mine", "poet"])
    assert "'3' (expected an object) has no effect" in ran.stderr


def test_a_signal_in_the_middle_ends_them_and_tells_of_it(tmp_path: Path) -> None:
    script = tmp_path / "script.jsonl"
    agent = {"description": "wait", "prompt": "ALPHA"}
    waiting = {"command": "sleep 60"}
    lines = [
        {"blocks": [{"type": "tool_use", "name": "agent", "id": "c1", "input": agent}]},
        {
            "when": "ALPHA",
            "blocks": [
                {"type": "tool_use", "name": "run_shell_command", "id": "x1", "input": waiting}
            ],
        },
    ]
    script.write_text("".join(json.dumps(line) + "\n" for line in lines))
    command = [
        *(sys.executable, "-m", "qwen_dual", "-p", "main", "--offline-script", str(script)),
        *("-o", "stream-json", "--yolo", "--json-file", str(tmp_path / "events.jsonl")),
    ]
    env = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as ran:
        assert ran.stdout is not None
        told: list[dict[str, Any]] = []
        for line in ran.stdout:
            told.append(json.loads(line))
            if told[-1].get("parent_tool_use_id") == "c1" and told[-1]["type"] == "assistant":
                ran.send_signal(signal.SIGTERM)
        assert ran.wait(20) == 128 + signal.SIGTERM
    results = [
        (block["tool_use_id"], message["parent_tool_use_id"])
        for message in told
        if message["type"] == "user"
        for block in message["message"]["content"]
        if block["type"] == "tool_result"
    ]
    assert results == [("x1", "c1"), ("c1", None)]
    assert told[-1]["type"] == "result" and told[-1]["is_error"]
    events = [json.loads(line) for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert events[-1]["subtype"] == "session_end"


def test_the_program_that_decides_is_told_whose_call_it_is(tmp_path: Path) -> None:
    scripts: Scripts = {"main": [task("alpha", "c1")], "alpha": [shell("touch x", "x1")]}

    async def test(one: Playing) -> None:
        sent: list[dict[str, Any]] = []
        permissions = HostPermissions(one.handle, sent.append, SDK)
        one.handle.submit("main", SDK)
        [request] = await one.requests(1)
        permissions.ask(request)
        assert sent[0]["parent_tool_use_id"] == "c1"
        assert sent[0]["request"]["tool_use_id"] == "x1"
        one.answer(request, allowed=False)

    play(tmp_path, scripts, test)
