"""The session runs while the UI is still being imported: what hosts can do, and what the screen shows then."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.support.program import ROOT, Program

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

HELD_UP = """
import os, sys
from importlib.machinery import PathFinder

class Late:
    def find_spec(self, name, path=None, target=None):
        if name != "qwen_dual.frontends.tui.frontend":
            return None
        spec = PathFinder.find_spec(name, path, target)
        run = spec.loader.exec_module

        def held(module):
            open(os.environ["REACHED"], "w").close()
            open(os.environ["GO_ON"]).close()  # a FIFO: until somebody opens the other end
            run(module)

        spec.loader.exec_module = held
        return spec

if "qwen_dual" in sys.orig_argv:
    sys.meta_path.insert(0, Late())
"""


class Slow:
    """A UI whose import waits until it is let go on."""

    def __init__(self, folder: Path) -> None:
        self.reached, self._go_on = folder / "reached", folder / "go_on"
        os.mkfifo(self._go_on)
        (folder / "path").mkdir()
        (folder / "path" / "sitecustomize.py").write_text(HELD_UP)
        path = os.pathsep.join([str(folder / "path"), ROOT])
        self.env = {"PYTHONPATH": path, "REACHED": str(self.reached), "GO_ON": str(self._go_on)}

    def go_on(self) -> None:
        self._go_on.open("w").close()


@pytest.fixture
def slow(tmp_path: Path) -> Slow:
    return Slow(tmp_path)


def start(folder: Path, slow: Slow, env: Mapping[str, str] | None = None) -> Program:
    return Program(folder, env={**slow.env, **(env or {})})


def test_turns_and_approvals_before_the_ui_is_there_and_then_on_it(
    tmp_path: Path, slow: Slow
) -> None:
    with start(tmp_path, slow) as program:
        program.submit("run touch one", id="a")
        program.answer(program.request(), True)
        assert program.result()["command_id"] == "a"
        assert (program.work / "one").exists()
        program.submit("markdown", id="b")
        program.result(2)
        states = [event["data"]["state"] for event in program.of("system", "state")]
        assert states[:2] == ["thinking", "responding"]
        assert "awaiting_approval" in states
        assert states[-1] == "idle"
        program.submit("run touch two", id="c")
        second = program.request(2)
        program.terminal.wait_for(lambda _: slow.reached.exists())
        assert "qwen-dual" not in program.terminal.text

        slow.go_on()
        program.terminal.wait_for("Run this command?")
        once = ["Type a prompt", "> run touch one", "> markdown", "> run touch two"]
        program.terminal.wait_for(once[-1])
        text = program.terminal.text
        assert [text.count(line) for line in once] == [1, 1, 1, 1]
        places = [text.index(line) for line in once]
        assert places == sorted(places)
        assert "**" not in text  # what renders it came later than the answer
        program.terminal.send("y")
        response = program.until(
            lambda event: (
                event["type"] == "control_response" and event["response"]["request_id"] == second
            )
        )
        assert response["response"]["resolved_by"] == "keyboard"
        program.result(3)
        assert (program.work / "two").exists()
        assert program.quit() == 0


def test_slash_commands_that_came_early_run_once_all_of_them_are_known(
    tmp_path: Path, slow: Slow
) -> None:
    with start(tmp_path, slow) as program:
        program.submit("/theme", id="a")
        program.until(lambda event: event.get("subtype") == "command_receipt")
        program.terminal.wait_for(lambda _: slow.reached.exists())
        assert program.of("result") == []
        slow.go_on()
        assert "●" in program.result()["result"]
        assert program.quit() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_before_the_ui_is_there_ends_in_order_at_once(
    tmp_path: Path, slow: Slow, number: int
) -> None:
    with start(tmp_path, slow) as program:
        program.submit("run touch never", id="a")
        program.request()
        program.terminal.wait_for(lambda _: slow.reached.exists())
        program.terminal.signal(number)
        end = program.until(lambda event: event.get("subtype") == "session_end")
        slow.go_on()
        assert program.terminal.wait_exit() == 0
        assert program.refresh()[-1] == end
        assert [result["stop_reason"] for result in program.of("result")] == ["interrupted"]
        responses = [event["response"] for event in program.of("control_response")]
        assert [response["resolved_by"] for response in responses] == ["shutdown"]
        assert not (program.work / "never").exists()
        assert "Traceback" not in program.terminal.text
