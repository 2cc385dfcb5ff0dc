"""Commands in bulk, in bad shape, and where nothing can be watched; a draft that must not move."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.program import Program

if TYPE_CHECKING:
    from pathlib import Path


def line(**command: Any) -> bytes:
    return json.dumps(command).encode() + b"\n"


def receipts(program: Program) -> list[str]:
    return [event["data"]["id"] for event in program.of("system", "command_receipt")]


def test_ten_thousand_commands_in_one_append_are_answered_in_order_each_once(
    tmp_path: Path,
) -> None:
    with Program(tmp_path) as program:
        program.ready()
        with program.input_file.open("ab") as file:
            file.write(b"".join(line(type="get_state", id=f"c{n}") for n in range(10_000)))
        program.until(lambda event: event.get("subtype") == "command_receipt", 10_000, timeout=50)
        assert receipts(program) == [f"c{n}" for n in range(10_000)]
        assert program.quit() == 0


def memory_kb(pid: int) -> int:
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return next(int(row.split()[1]) for row in file if row.startswith("Pss:"))


@pytest.mark.drill
def test_a_line_of_64_megabytes_is_dropped_in_bounded_memory(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.ready().submit("say 1 words")
        program.result()
        before = memory_kb(program.terminal.pid)
        most = before
        with program.input_file.open("ab") as file:
            file.write(b'{"type":"submit","text":"')
            for _ in range(64):
                file.write(b"x" * (1 << 20))
                file.flush()
                most = max(most, memory_kb(program.terminal.pid))
            file.write(b'"}\n' + line(type="submit", text="say 2 words"))
        program.result(2, timeout=50)
        most = max(most, memory_kb(program.terminal.pid))
        assert [event["data"]["code"] for event in program.of("system", "input_error")] == [
            "too_long"
        ]
        assert (
            most - before < 32_000
        )  # a line may have 16 MiB; the rest of the program comes in too
        assert program.quit() == 0


def test_many_writers_at_once_lose_and_mix_nothing(tmp_path: Path) -> None:
    with Program(tmp_path) as program:
        program.ready()

        def write(writer: int) -> None:
            for number in range(50):
                fd = os.open(program.input_file, os.O_WRONLY | os.O_APPEND)
                os.write(fd, line(type="get_state", id=f"{writer}-{number}"))
                os.close(fd)

        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(8)]
        for thread in threads:
            thread.start()
        program.until(lambda event: event.get("subtype") == "command_receipt", 400)
        for thread in threads:
            thread.join()
        got = receipts(program)
        for writer in range(8):
            mine = [item for item in got if item.startswith(f"{writer}-")]
            assert mine == [f"{writer}-{number}" for number in range(50)]
        assert program.of("system", "input_error") == []
        assert program.quit() == 0


def without_watches() -> list[str]:
    """A wrapper that runs a command where the limit of inotify instances is none at all."""
    limit = "echo 0 > /proc/sys/user/max_inotify_instances"
    wrapper = ["unshare", "--user", "--map-root-user", "sh", "-c", f'{limit} && exec "$@"', "sh"]
    try:
        subprocess.run([*wrapper, "true"], check=True, capture_output=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("the system gives no user namespaces")
    return wrapper


def test_where_nothing_can_be_watched_polling_takes_over_and_says_so(tmp_path: Path) -> None:
    with Program(tmp_path, cols=120, wrapper=without_watches()) as program:
        program.ready().submit("say 2 words")
        program.result()
        program.submit("/channels")
        notice = program.until(lambda event: event.get("subtype") == "notice")
        assert "polling (" in notice["data"]["text"]
        assert program.quit() == 0


@pytest.mark.drill
@pytest.mark.timeout(60)
def test_a_draft_and_its_cursor_survive_a_thousand_remote_prompts_and_approvals(
    tmp_path: Path, whole: bool
) -> None:
    prompts = 1_000 if whole else 300
    with Program(tmp_path, ["--approval-mode", "default"]) as program:
        screen = program.ready().terminal
        screen.send("first line\nsecond é line\nthird")
        screen.send("\x1b[A" + "\x1b[D" * 3)  # one row up, three to the left
        screen.wait_for("second é line")
        with program.input_file.open("ab") as file:
            file.write(b"".join(line(type="submit", text="/model") for _ in range(prompts)))
        program.result(prompts, timeout=40)
        for number in range(1, 6):
            program.submit(f"run touch {number}")
            program.answer(program.request(number), number % 2 == 0)
            program.result(prompts + number)
        screen.send("|")
        screen.wait_for(lambda terminal: any("|" in row for row in terminal.screen))
        shown = next(row for row in screen.screen if "|" in row)
        screen.send("\r")
        event = program.until(lambda event: event.get("origin") == "keyboard")
        text = event["message"]["content"][0]["text"]
        assert text.replace("|", "") == "first line\nsecond é line\nthird"
        assert text.split("\n")[1] == shown.strip().removeprefix("> ")
        assert text.index("|") == len("first line\nse")
        assert program.quit() == 0


def test_hostile_bytes_of_a_tool_never_reach_the_terminal(tmp_path: Path) -> None:
    hostile = {
        "\x1b]52;c;ZXZpbA==\x07": "the clipboard",
        "\x1b]0;evil\x07": "the title",
        "\x1b[6n": "a query",
        "\x1b[0c": "another query",
        "\x1b[2J": "the screen",
        "\x1b[999;1H": "the cursor",
        "\x9b31m": "a C1 sequence",
    }
    with Program(tmp_path, ["--yolo"]) as program:
        (program.work / "evil").write_text("".join(hostile) + "harmless\n")
        program.ready().submit("run cat evil")
        program.result()
        program.terminal.wait_for("harmless")
        assert program.quit() == 0
        raw = bytes(program.terminal.raw).decode("utf-8", "replace")
        for sequence, what in hostile.items():
            assert sequence not in raw, what
