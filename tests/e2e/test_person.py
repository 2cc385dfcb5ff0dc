"""A person at the keyboard of the real program, and what stands on the channel meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.processes import group_is_gone
from tests.support.program import Program
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path


def test_a_command_is_typed_approved_run_and_answered(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        (program.work / "seen-by-ls").touch()
        screen = program.ready().terminal
        screen.send("run ls -la | tee seen\r")
        screen.wait_for("y  Yes")
        assert "ls -la" in screen.text
        request = program.until(lambda event: event["type"] == "control_request")
        assert request["request"]["permission_suggestions"][0]["label"] == "Allow Command"
        screen.wait_for(
            lambda _: program.of("system", "state")[-1]["data"]["state"] == "awaiting_approval"
        )
        result = answer_by_keyboard(program)
        screen.wait_for("seen-by-ls")
        assert (result["stop_reason"], result["num_turns"]) == ("end_turn", 2)
        user = program.of("user")
        assert user[0]["origin"] == "keyboard"
        assert "seen-by-ls" in user[1]["message"]["content"][0]["content"]
        response = program.of("control_response")[0]["response"]
        assert (response["response"], response["resolved_by"]) == ({"allowed": True}, "keyboard")
        screen.send("/quit\r")
        assert screen.wait_exit() == 0
        events = program.refresh()
        assert events[0]["subtype"] == "session_start"
        assert events[-1]["subtype"] == "session_end"
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def answer_by_keyboard(program: Program, key: str = "\r") -> dict[str, object]:
    """Presses ``key`` once the dialog takes keys; one that just appeared takes none."""
    program.terminal.wait_for(lambda terminal: any("› y  Yes" in row for row in terminal.screen))
    program.terminal.send(key)
    program.until(lambda event: event["type"] == "control_response")
    return program.result()


def test_escape_interrupts_and_keeps_what_was_said(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        screen = program.ready().terminal
        screen.send("say 5000 words\r")
        program.until(lambda event: "text_delta" in str(event), 20)
        screen.send("\x1b")
        result = program.result()
        assert result["stop_reason"] == "interrupted"
        assert len(str(result["result"])) > 20
        screen.wait_for(lambda _: program.of("system", "state")[-1]["data"]["state"] == "idle")
        program.quit()


def test_typing_goes_on_while_the_agent_works_and_the_next_prompt_queues(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        screen = program.ready().terminal
        screen.send("say 400 words\r")
        program.until(lambda event: "text_delta" in str(event))
        screen.send("say 2 words")
        screen.wait_for("> say 2 words")
        screen.send("\r")
        program.result(2, timeout=30)
        texts = [event["message"]["content"][0]["text"] for event in program.of("user")]
        assert texts == ["say 400 words", "say 2 words"]
        program.quit()


def test_help_keys_modes_history_and_several_lines(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        screen = program.ready().terminal
        screen.send("/help\r")
        screen.wait_for("/approval-mode")
        screen.send("\x1b[Z")
        program.until(lambda event: event.get("subtype") == "mode_changed")
        screen.wait_for("auto-edit")
        screen.send("say\nsomething\r")  # Ctrl+J is a newline, Enter sends
        program.result(2)
        assert program.of("user")[-1]["message"]["content"][0]["text"] == "say\nsomething"
        screen.send("\x1b[A")
        screen.wait_for("> say")
        screen.send("\x1b\x1b")
        screen.send("\x15")
        screen.send("?")
        screen.wait_for("search history")
        program.quit()


def test_ctrl_c_twice_on_an_empty_line_ends_and_ctrl_d_does_at_once(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        screen = program.ready().terminal
        screen.send("a draft")
        screen.wait_for("a draft")
        screen.send("\x03")
        screen.wait_for(lambda terminal: not any("a draft" in row for row in terminal.screen))
        screen.send("\x03")
        screen.wait_for("Press Ctrl+C again to exit.")
        screen.send("\x03")
        assert screen.wait_exit() == 0
        assert program.refresh()[-1]["subtype"] == "session_end"
    second = tmp_path / "second"
    second.mkdir()
    with Program(second) as program:
        program.ready().terminal.send("\x04")
        assert program.terminal.wait_exit() == 0


def test_a_narrow_window_shows_the_same_session(tmp_path: Path) -> None:
    with Program(tmp_path, cols=30, rows=12) as program:
        screen = program.ready().terminal
        screen.send("say 30 words\r")
        program.result()
        program.quit()
        assert all(len(row) <= 30 for row in screen.lines)


def test_ctrl_b_lets_a_command_go_on_in_the_background_and_the_turn_go_on(tmp_path: Path) -> None:
    with Program(tmp_path, ["--yolo"]) as program:
        program.ready().terminal.send("run sleep 1000\r")
        program.until(lambda event: event.get("subtype") == "tool_progress")
        program.terminal.send("\x02")
        result = program.result()
        assert result["stop_reason"] == "end_turn"
        content = program.of("user")[1]["message"]["content"][0]["content"]
        assert "runs in the background" in content
        program.quit()
        group = int(content.split("PGID: ")[1].split()[0])
        wait_until(lambda: group_is_gone(group), "the end of its processes")
