"""What a tool does wrong, or too much of, stays its own affair."""

from __future__ import annotations

import errno
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.tools.room import MAX_RUNNING
from qwen_dual.core.tools.tool import Display, InvalidArguments
from qwen_dual.core.turns.call_input import LARGE
from tests.support.fakes import FakeCall, FakeModel, FakeTool, Host, call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.tools.tool import Subject, ToolResult
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview

FAILURES = [
    (RecursionError("maximum recursion depth exceeded"), "nested too deeply"),
    (MemoryError(), "not enough memory"),
    (PermissionError(errno.EACCES, "Permission denied", "/x"), "Permission denied: /x"),
    (OSError(errno.EMFILE, "Too many open files"), "too many files are open"),
    (RuntimeError("can't start new thread"), "no more threads"),
    (UnicodeEncodeError("utf-8", "\udcff", 0, 1, "surrogates not allowed"), "UnicodeEncodeError"),
    (ExceptionGroup("several", [ExceptionGroup("inner", [KeyError("x")])]), "KeyError: 'x'"),
    (AssertionError(), "AssertionError"),
]


@dataclass
class Broken(FakeTool):
    """Raises at one of its steps."""

    where: str = "run"
    error: Exception | None = None

    def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
        self.fail("prepare")
        return BrokenCall(self, arguments)

    def fail(self, where: str) -> None:
        if self.error is not None and where == self.where:
            raise self.error


class BrokenCall(FakeCall):
    tool: Broken

    @property
    def subject(self) -> Subject:
        self.tool.fail("subject")
        return super().subject

    async def preview(self) -> Preview | None:
        self.tool.fail("preview")
        return await super().preview()

    async def run(self, context: ToolContext) -> ToolResult:
        self.tool.fail("run")
        return await super().run(context)


@pytest.mark.parametrize(("error", "told"), FAILURES, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("where", ["prepare", "subject", "preview", "run"])
def test_whatever_a_tool_raises_is_the_result_of_its_call(
    where: str, error: Exception, told: str
) -> None:
    broken = Broken("broken", where=where, error=error)
    sound = FakeTool()
    model = FakeModel(
        [
            *call("broken", "a"),
            *call("run_shell_command", "b"),
            *call("broken", "c", big="x" * LARGE),
        ],
        [TextDelta("went on")],
    )

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        if where == "preview":  # nobody is asked about what nothing can be shown of
            host.session.answer(await host.request(), Decision(True, KEYBOARD))
        await host.result()

    mode = "default" if where == "preview" else "yolo"
    host = Host(model, broken, sound, approval_mode=mode)
    host.play(script)
    results = {block["tool_use_id"]: block for block in host.tool_results()}
    assert set(results) == {"a", "b", "c"}
    assert results["a"]["is_error"] and told in results["a"]["content"]
    assert results["c"]["is_error"] and told in results["c"]["content"]
    assert len(sound.runs) == 1
    assert host.of("result")[0]["result"] == "went on"


def test_four_hundred_calls_run_sixteen_at_a_time() -> None:
    tool = FakeTool("read_file", "read")
    many = [step for number in range(400) for step in call("read_file", f"c{number}")]
    model = FakeModel(many)

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, tool)
    host.play(script)
    assert tool.most_running == MAX_RUNNING == 16
    assert len(host.tool_results()) == 400


def test_calls_that_are_asked_about_are_all_asked_about_at_once() -> None:
    many = [step for number in range(40) for step in call("run_shell_command", f"c{number}")]

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        for number in range(1, 41):
            await host.request(number)
        host.session.interrupt(KEYBOARD)
        await host.result()

    host = Host(FakeModel(many), FakeTool())
    host.play(script)
    assert len(host.of("control_request")) == 40


def test_large_arguments_are_checked_off_the_loops_thread() -> None:
    threads: list[bool] = []

    class Watching(FakeTool):
        def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
            threads.append(threading.current_thread() is threading.main_thread())
            return super().prepare(arguments)

    model = FakeModel(
        [*call("run_shell_command", "a"), *call("run_shell_command", "b", big="x" * LARGE)]
    )

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    Host(model, Watching(), approval_mode="yolo").play(script)
    assert threads == [True, False]


def test_what_a_prompt_mentions_and_cannot_be_had_ends_no_turn() -> None:
    async def expand(_text: str) -> list[str]:
        await anyio.lowlevel.checkpoint()
        raise RuntimeError("can't start new thread")

    async def script(host: Host) -> None:
        host.session.submit("see @a.txt", KEYBOARD)
        await host.result()

    host = Host(FakeModel([TextDelta("fine")]), expand=expand)
    host.play(script)
    assert host.of("result")[0]["result"] == "fine"
    assert "no more threads" in str(host.of("system", "notice"))


def test_a_person_reads_why_a_call_is_invalid_and_what_its_tool_is_called() -> None:
    class Strict(FakeTool):
        @property
        def display(self) -> Display:
            return Display("Read")

        def prepare(self, arguments: Mapping[str, Any]) -> FakeCall:
            raise InvalidArguments(
                "read_file: file_path: this argument is required\nread_file: limit: expected 1\u202e"
            )

    model = FakeModel(*[call("read_file", f"c{number}") for number in range(5)])

    async def script(host: Host) -> None:
        host.session.submit("go", KEYBOARD)
        await host.result()

    host = Host(model, Strict("read_file"), approval_mode="yolo")
    host.play(script)
    outcome = next(e["tool_use_result"] for e in host.of("user") if "tool_use_result" in e)
    assert outcome["note"] == "invalid call"
    assert outcome["output"] == ("file_path: this argument is required\nlimit: expected 1⟨U+202E⟩")
    assert "(Read) 5 times" in host.of("system", "notice")[-1]["data"]["text"]
