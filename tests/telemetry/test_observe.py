"""``qwen-dual observe``: sessions told of from outside, of files, of what is running, of any program."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.cli import observing
from qwen_dual.cli.observe_command import main
from qwen_dual.telemetry import needed
from qwen_dual.telemetry.times import SECOND, Layout, stamped
from tests.support.program import COMMAND, Program
from tests.support.waiting import wait_until
from tests.telemetry.events import OUTLINE, REFERENCE, TURN
from tests.telemetry.receiver import Collector, outline

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = [json.dumps(event, separators=(",", ":")) for event in TURN]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person of its own, in whose folder the command runs."""
    for name in [name for name in os.environ if name.startswith(("OTEL_", "QWEN_"))]:
        monkeypatch.delenv(name)
    for name in ("HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@contextmanager
def observed(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own; ended as by Ctrl+C."""
    own = {**os.environ, "HOME": str(home)}
    own.pop("XDG_RUNTIME_DIR", None)
    command = [*COMMAND, "observe", *arguments]
    with subprocess.Popen(command, cwd=home, env=own, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(40)


def test_a_file_is_told_whole_and_what_is_wrong_in_it_is_counted(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torn = "\n".join([*LINES[:4], "no json", '["x"]', "", *LINES[4:], LINES[1][:40]])
    (home / "events.jsonl").write_text(torn)
    os.utime("events.jsonl", (1_000_000, 1_000_000))
    with Collector() as collector:
        assert main(["--endpoint", collector.url, "events.jsonl"]) == 0
        [turn] = collector.roots
        assert outline(turn) == OUTLINE
        assert abs(turn.end / SECOND - 1_000_000) < 1  # the file's own time: no other is known
        assert turn.attributes["qwen_dual.times_guessed"] is True
        assert "gen_ai.invoke_agent.duration" not in collector.metrics
        assert collector.metrics["qwen_dual.turns"][0][1] == 1
    said = capsys.readouterr().err
    assert "3 lines could not be read" in said
    assert "nobody noted when its events happened" in said
    assert "were sent to http://127.0.0.1" in said


def test_a_recording_has_the_times_that_were_noted(home: Path) -> None:
    folder = home / "run"
    folder.mkdir(mode=0o700)
    (folder / "events.jsonl").write_text("\n".join(LINES) + "\n")
    (folder / "meta.json").write_text(json.dumps({"started_at": 5000.0}))
    offset, index = 0, []
    for second, line in enumerate(LINES):
        index.append({"t": second, "offset": offset, "lines": 1})
        offset += len(line) + 1
    (folder / "index.jsonl").write_text("".join(json.dumps(each) + "\n" for each in index))
    with Collector() as collector:
        assert main(["--endpoint", collector.url, "run"]) == 0
        [turn] = collector.roots
        assert (turn.start // SECOND, turn.end // SECOND) == (5001, 5019)
        [wait] = [span for span in turn.children if span.name.startswith("wait")]
        assert (wait.start // SECOND, wait.end // SECOND) == (5009, 5010)
        assert collector.metrics["gen_ai.invoke_agent.duration"][0][1] == 1
        assert "qwen_dual.times_guessed" not in turn.attributes


def test_several_files_are_told_each_and_one_that_is_not_there_keeps_none_back(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.jsonl").write_text("\n".join(LINES))
    files = ["a.jsonl", "none.jsonl", str(REFERENCE / "tool_allowed.jsonl")]
    with Collector() as collector:
        assert main(["--endpoint", collector.url, *files]) == 1
        assert {root.name for root in collector.roots} == {"invoke_agent qwen-dual", "invoke_agent"}
    assert "none.jsonl: there is no such file" in capsys.readouterr().err


def test_a_collector_that_is_not_there_is_named_once_and_reading_goes_on(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "a.jsonl").write_text("\n".join(LINES * 100))
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "2")
    assert main(["--endpoint", "http://127.0.0.1:9", "a.jsonl"]) == 1
    said = capsys.readouterr().err
    assert said.count("Telemetry cannot be sent to http://127.0.0.1:9: ") == 1
    assert "Connection refused" in said
    assert "were not sent" in said


def test_what_answers_with_an_error_is_named_with_its_status(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "a.jsonl").write_text("\n".join(LINES))
    with Collector(status=403) as collector:
        assert main(["--endpoint", collector.url.replace("//", "//me:secret@"), "a.jsonl"]) == 1
    said = capsys.readouterr().err
    assert "it answered with the status 403" in said
    assert "secret" not in said


def test_a_followed_file_is_told_as_it_grows(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = home / "events.jsonl"
    file.write_text("\n".join(LINES[:3]) + "\n")
    with Collector() as collector:
        began = time.time_ns()
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        with observed(home, "--follow", "events.jsonl") as process:
            assert process.stderr is not None
            assert "Ctrl+C" in process.stderr.readline()
            with file.open("a") as more:
                more.write("\n".join(LINES[3:20]) + "\n")
            collector.wait_for(lambda it: len(it.roots) == 1)
        assert process.returncode == 0
        [turn] = collector.roots
        assert outline(turn) == OUTLINE
        assert turn.end > began  # what comes now, now


def test_a_running_session_is_joined_and_told_of_from_then_on(tmp_path: Path) -> None:
    with Collector() as collector, Program(tmp_path, ["--offline", "--socket"]) as program:
        program.ready()
        arguments = ["--endpoint", collector.url, "--all"]
        with observed(program.home, *arguments) as process:
            program.until(
                lambda event: (
                    event.get("subtype") == "hosts_changed"
                    and ("observe", ["observe"])
                    in [(host["name"], host["rights"]) for host in event["data"]["hosts"]]
                )
            )
            program.submit("run touch made")
            program.answer(program.request(), True)
            program.result()
            program.quit()
        assert process.returncode == 0
    [turn] = collector.roots
    assert turn.attributes["gen_ai.conversation.id"] == program.events[0]["session_id"]
    assert outline(turn)[0] == "invoke_agent qwen-dual"
    assert "wait_for_approval run_shell_command" in outline(turn)
    assert "qwen_dual.sessions" not in collector.metrics  # it began before


def test_a_program_is_run_as_it_is_and_its_status_is_this_ones(home: Path) -> None:
    code = (
        "import sys; out = open(sys.argv[-1], 'w');"
        "out.write(open('lines').read()); out.close(); print('painted'); sys.exit(7)"
    )
    (home / "lines").write_text("\n".join(LINES) + "\n")
    with Collector() as collector:
        command = [*COMMAND, "observe", "--endpoint", collector.url]
        done = subprocess.run(
            [*command, "--", sys.executable, "-c", code],
            cwd=home,
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert (done.returncode, done.stdout) == (7, "painted\n"), done.stderr
    assert outline(collector.roots[0]) == OUTLINE


def test_what_a_program_tells_after_its_launcher_has_ended_is_told(home: Path) -> None:
    (home / "lines").write_text("\n".join(LINES) + "\n")
    # What it has started holds on to the events, and ends later.
    late = "exec 4>$2; (sleep 0.3; cat lines >&4) & exit 3"
    with Collector() as collector:
        command = [*COMMAND, "observe", "--endpoint", collector.url, "--", "sh", "-c", late, "sh"]
        done = subprocess.run(command, cwd=home, capture_output=True, timeout=50, check=False)
    assert done.returncode == 3, done.stderr
    assert outline(collector.roots[0]) == OUTLINE


def test_a_fifo_is_read_to_its_end_beside_files(home: Path) -> None:
    os.mkfifo("fifo")
    (home / "a.jsonl").write_text("\n".join(LINES))
    lines = "\n".join(LINES).replace('"s"', '"t"') + "\n"
    writer = threading.Thread(target=Path("fifo").write_text, args=(lines,))
    writer.start()
    with Collector() as collector:
        assert main(["--endpoint", collector.url, "fifo", "a.jsonl"]) == 0
        assert [outline(root) for root in collector.roots] == [OUTLINE, OUTLINE]
    writer.join()


@pytest.mark.parametrize(
    "arguments", [[], ["a", "--all"], ["a", "--", "b"], ["--prometheus", "x", "a"]]
)
def test_one_thing_is_observed_at_a_time(home: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2


def test_a_missing_extra_is_named_with_the_command_that_installs_it() -> None:
    with pytest.raises(needed.Missing, match=r"pip install 'qwen-dual\[otel\]'"):
        needed.check(("json", "no_such_package.at_all"))
    needed.check()


@pytest.mark.parametrize("block", [1 << 20, 40, 33, 17])
def test_how_long_turns_took_is_found_wherever_a_block_ends(
    tmp_path: Path, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observing, "BLOCK", block)
    file = tmp_path / "events.jsonl"
    with file.open("w") as out:
        for number in range(60):
            result = {"type": "result", "duration_ms": number * 1000}
            out.write(json.dumps(result, separators=(",", ":") if number % 2 else None) + "\n")
            out.write('{"type":"user","x":"%s"}\n' % ("y" * number))
    assert list(observing.turns(str(file))) == [float(number) for number in range(60)]


def test_events_without_times_keep_their_order_and_the_lengths_that_are_told() -> None:
    layout = Layout(100 * SECOND, 8.0)
    prompt = {"type": "user", "message": {"content": [{"type": "text", "text": "go"}]}}
    done = {"type": "user", "message": {"content": []}, "tool_use_result": {"duration_ms": 3000}}
    times = [layout.at(event) / SECOND for event in (prompt, {}, done, {"type": "result"})]
    assert times == pytest.approx([92, 92, 95, 95], abs=0.001)
    assert times == sorted(set(times))
    assert layout.at({"type": "result", "duration_ms": 8000}) / SECOND == pytest.approx(100)


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("1970-01-01T00:00:05Z", 5),
        ("1970-01-01T01:00:05+01:00", 5),
        (1_700_000_000, 1_700_000_000),
        (1_700_000_000_500, 1_700_000_000.5),
        ("soon", None),
        (True, None),
        (1e300, None),
        (None, None),
    ],
)
def test_a_time_that_an_event_carries_is_its_time(told: Any, wanted: float | None) -> None:
    found = stamped({"type": "user", "timestamp": told})
    assert found == (None if wanted is None else wanted * SECOND)


def test_a_session_of_no_events_is_said(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty.jsonl").write_text("\n\n")
    assert main(["--outfile", "out.jsonl", "empty.jsonl"]) == 1
    assert "there are no events in it" in capsys.readouterr().err
    wait_until(lambda: Path("out.jsonl").exists())
