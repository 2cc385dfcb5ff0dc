"""Hooks that misbehave: each is bounded, hurts nobody else, and its turn goes on."""

from __future__ import annotations

import json
import shlex
import time
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.hooks.command import MAX_STDERR, MAX_STDOUT, Commands
from qwen_dual.hooks.config import Hook
from qwen_dual.hooks.engine import Engine
from qwen_dual.tools.local_processes import LocalProcesses
from tests.hooks.kit import decides, group, play, says, session
from tests.support.fakes import call
from tests.support.processes import is_gone
from tests.support.waiting import until, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.hooks.output import HookOutput


def command(does: str, **fields: Any) -> Hook:
    return Hook("PreToolUse", "command", does, fields.pop("name", does[:20]), **fields)


class Bench:
    """An engine without a session."""

    def __init__(self, folder: Path, *hooks: Hook) -> None:
        self.events: list[dict[str, Any]] = []
        commands = Commands(
            LocalProcesses(),
            str(folder),
            lambda: {"PATH": "/usr/bin:/bin"},
            lambda env: ["/bin/bash", "--norc", "-c"],
        )
        self.engine = Engine(
            {"command": commands},
            lambda event, agent: self.events.append(event),
            lambda work: None,
            lambda text: text.replace("hunter2", "[password]"),
        )
        self.engine.hooks = list(hooks)

    def run(self, told: dict[str, Any] | None = None) -> list[HookOutput]:
        """Runs them for one call."""

        async def main() -> list[HookOutput]:
            with anyio.fail_after(30):
                return await self.engine.run("PreToolUse", told or {"tool_input": {}}, ("edit",))

        return anyio.run(main)


@pytest.mark.parametrize(
    ("does", "failure"),
    [
        ("exit 1", "exit status 1"),
        ("echo broken >&2; exit 3", "exit status 3: broken"),
        ("kill -9 $$", "was ended by signal 9"),
        ("no-such-program", "exit status 127: "),
        ('printf "{\\"decision\\": "', "begins like JSON and is none"),
        ("printf '{\"a\":1}]'", "begins like JSON and is none"),
        ("head -c 300 /dev/zero | tr '\\0' '{'", "begins like JSON and is none"),
    ],
)
def test_one_that_fails_decides_nothing_and_says_why(
    tmp_path: Path, does: str, failure: str
) -> None:
    (said,) = Bench(tmp_path, command(does)).run()
    assert failure in said.failure
    assert (said.decision, said.result) == ("", "error")


@pytest.mark.parametrize("answer", ["42", "[1]", "null", "true", '"just words"', "words"])
def test_what_is_no_object_is_text_and_decides_nothing(tmp_path: Path, answer: str) -> None:
    (said,) = Bench(tmp_path, command(f"printf %s '{answer}'")).run()
    assert (said.decision, said.failure, said.stdout) == ("", "", answer)


@pytest.mark.parametrize("changed", ["rm x", ["rm x"], 5, False])
def test_an_input_that_is_no_object_allows_nothing_least_of_all_what_it_replaces(
    tmp_path: Path, changed: object
) -> None:
    def saying(decision: str) -> Hook:
        printed = json.dumps(decides(decision, updatedInput=changed))
        return command(f"printf %s {shlex.quote(printed)}")

    (said,) = Bench(tmp_path, saying("allow")).run()
    assert (said.decision, said.updated_input) == ("", None)
    assert said.failure.startswith("updatedInput is no object: ")
    (said,) = Bench(tmp_path, saying("deny")).run()
    assert (said.decision, said.failure) == ("deny", "")


def test_one_that_prints_without_end_is_read_to_a_bound_and_ended(tmp_path: Path) -> None:
    flood = command("yes | head -c 100000000", seconds=20)
    (said,) = Bench(tmp_path, flood).run()
    assert said.result == "success" and len(said.stdout) < 3_000
    both = command("yes >&2 & yes; wait", seconds=1)
    (said,) = Bench(tmp_path, both).run()
    assert said.result == "timeout" and len(said.stderr) < 3_000
    assert (MAX_STDOUT, MAX_STDERR) == (1 << 20, 1 << 16)


def test_a_json_that_is_longer_than_is_read_decides_nothing(tmp_path: Path) -> None:
    does = """printf '{"decision":"allow","reason":"'; head -c 2000000 /dev/zero | tr '\\0' a; printf '"}'"""
    (said,) = Bench(tmp_path, command(does)).run()
    assert said.decision == "" and "longer than is read" in said.failure


@pytest.mark.parametrize("does", ["exec 0<&-; exit 0", "true", "head -c 1 > /dev/null"])
def test_one_that_does_not_read_what_it_is_told_is_none_the_worse(
    tmp_path: Path, does: str
) -> None:
    told = {"tool_input": {"content": "x" * 3_000_000}}
    (said,) = Bench(tmp_path, command(does)).run(told)
    assert (said.result, said.failure) == ("success", "")


def test_one_that_hangs_is_ended_at_its_timeout_with_all_it_started(tmp_path: Path) -> None:
    does = "trap '' TERM; setsid sleep 600 & echo $! > pid; sleep 600"
    began = time.monotonic()
    (said,) = Bench(tmp_path, command(does, seconds=2)).run()
    assert said.result == "timeout" and "took longer than 2 s" in said.failure
    assert time.monotonic() - began < 15
    pid = int((tmp_path / "pid").read_text())
    wait_until(lambda: is_gone(pid), "the end of what it started")


def test_ten_at_once_run_side_by_side_and_the_strictest_counts(tmp_path: Path) -> None:
    async def main() -> None:
        meet = (
            "touch here.$QWEN_N; until [ $(ls here.* | wc -l) = 10 ]; do sleep 0.01; done; "
            'printf %s "$SAYS"'
        )
        answers = ["allow"] * 4 + ["deny"] + ["ask"] * 3 + [""] * 2
        hooks = [
            {
                "command": meet,
                "name": f"h{n}",
                "env": {"QWEN_N": str(n), "SAYS": json.dumps(decides(answer, f"r{n}"))},
            }
            for n, answer in enumerate(answers)
        ]
        steps = call("run_shell_command", command="touch made", description="x")
        async with session(tmp_path, {"PreToolUse": [group(*hooks)]}, steps) as one:
            await one.ask("make it")
            assert not (one.work / "made").exists()
            assert one.results()[0]["content"] == "hook:h4 did not allow this call: r4"
            assert len(one.responses()) == 10

    play(main)


def test_those_that_are_the_same_run_once(tmp_path: Path) -> None:
    async def main() -> None:
        same = says(seen="count")
        hooks = {"UserPromptSubmit": [group(same, same), group(same)]}
        async with session(tmp_path, hooks) as one:
            await one.ask("hello")
            assert len(one.told(file="count")) == 1

    play(main)


def test_in_sequence_each_is_told_what_the_one_before_made_of_it(tmp_path: Path) -> None:
    async def main() -> None:
        first = says(decides("", updatedInput={"command": "echo two", "description": "x"}))
        hooks = {"PreToolUse": [group(first, says(seen="second.jsonl"), sequential=True)]}
        steps = call("run_shell_command", command="echo one", description="x")
        async with session(tmp_path, hooks, steps) as one:
            await one.ask("say it")
            assert one.told()[0]["tool_input"]["command"] == "echo one"
            assert one.told(file="second.jsonl")[0]["tool_input"]["command"] == "echo two"
            assert "two" in one.results()[0]["content"]

    play(main)


def test_one_in_the_background_holds_up_nothing_and_decides_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        slow = {"command": "until [ -e made ]; do sleep 0.01; done; exit 2", "async": True}
        steps = call("run_shell_command", command="touch made", description="x")
        async with session(
            tmp_path, {"PreToolUse": [group(slow)]}, steps, approval_mode="yolo"
        ) as one:
            await one.ask("make it")
            assert (one.work / "made").exists()
            await until(one.responses, "the end of the hook")
            assert one.responses()[0]["decision"] is None

    play(main)


def test_the_end_of_a_session_ends_what_still_runs(tmp_path: Path) -> None:
    async def main() -> None:
        stuck = {"command": "echo $$ > pid; exec sleep 600", "async": True}
        async with session(tmp_path, {"UserPromptSubmit": [group(stuck)]}) as one:
            await one.ask("hello")
            await until(lambda: (one.work / "pid").exists() and (one.work / "pid").read_text())
            pid = int((one.work / "pid").read_text())
        await until(lambda: is_gone(pid), "the end of the hook")

    play(main)


def test_a_hook_gets_the_folder_and_no_key_and_what_it_says_is_without_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-secret-0123456789abcdef")
        does = "env > env; pwd > pwd; echo the key is sk-secret-0123456789abcdef"
        async with session(tmp_path, {"UserPromptSubmit": [group({"command": does})]}) as one:
            await one.ask("hello")
            found = (one.work / "env").read_text()
            assert "sk-secret" not in found
            for name in ("QWEN_PROJECT_DIR", "CLAUDE_PROJECT_DIR", "GEMINI_PROJECT_DIR"):
                assert f"{name}={one.work}\n" in found
            assert (one.work / "pwd").read_text() == f"{one.work}\n"
            assert "sk-secret" not in one.sent() and "sk-secret" not in str(one.events.events)

    play(main)
