"""Every demo runs as it is, and shows what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdks.test_typescript import MODULES
from tests.support.program import in_terminal

ROOT = Path(__file__).parents[2]
DEMOS = ROOT / "demos"


def run(name: str, home: Path, *arguments: str, status: int = 0) -> str:
    env = {**os.environ, "HOME": str(home), "PYTHONPATH": str(ROOT)}
    result = subprocess.run(
        [sys.executable, str(DEMOS / name), *arguments],
        env=env,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout


def test_every_demo_is_listed_short_and_tested_here() -> None:
    listed = {
        line.split("`")[1]
        for line in (DEMOS / "README.md").read_text().splitlines()
        if line.startswith("| `")
    }
    there = {path.name for path in DEMOS.glob("*.py")} - {"hosting.py"}
    there |= {"node/embed.mjs", "node/descriptor.mjs"}
    assert listed == there
    tested = Path(__file__).read_text()
    for path in (*DEMOS.glob("*.py"), *(DEMOS / "node").glob("*.mjs")):
        assert len(path.read_text().splitlines()) < 60, path
    assert all(f'"{name}"' in tested for name in there)


def test_observe_shows_the_session_from_start_to_end(tmp_path: Path) -> None:
    lines = run("observe.py", tmp_path).splitlines()
    assert lines[0] == "1 system session_start"
    assert lines[-1].endswith("system session_end")
    assert any("content_block_delta" in line for line in lines)
    assert [int(line.split()[0]) for line in lines] == list(range(1, len(lines) + 1))


def test_inject_gets_a_receipt_and_a_result_for_each_prompt(tmp_path: Path) -> None:
    out = run("inject.py", tmp_path)
    for number in range(3):
        assert f"prompt-{number} success" in out
    assert "made by a script" in out
    assert "prompt-0 accepted" in out


def test_remote_approval_allows_the_one_and_denies_the_other(tmp_path: Path) -> None:
    lines = run("remote_approval.py", tmp_path).splitlines()
    assert lines == [
        "allowed by input",
        "turn ended: end_turn",
        "denied by input",
        "turn ended: end_turn",
    ]


def test_compare_runs_says_where_they_part(tmp_path: Path) -> None:
    plan = ["--offline", "--approval-mode", "plan"]
    out = run("compare_runs.py", tmp_path, "run touch made", "--", "--offline", "--", *plan)
    assert "They part at **turn 1, call 1** (outcome):" in out
    assert "- first: `done, exit 0`" in out


def test_failure_drills_say_what_is_wrong(tmp_path: Path) -> None:
    out = run("failure_drills.py", tmp_path)
    assert out.count("Warning: dual output disabled — ") == 3
    assert "fd 1" in out
    assert "9999" in out
    assert "/no/such/folder/events.jsonl" in out
    assert "mutually exclusive" in out
    assert [line.strip() for line in out.splitlines() if "exit status" in line] == [
        "exit status 0",
        "exit status 0",
        "exit status 0",
        "exit status 1",
    ]


def test_the_handshake_says_what_can_be_done(tmp_path: Path) -> None:
    out = run("handshake.py", tmp_path)
    assert out.startswith("qwen-dual ")
    assert "set_approval_mode" in out
    assert "plan mode: accepted" in out


def test_a_session_that_was_closed_is_told_from_one_that_died(tmp_path: Path) -> None:
    closed, killed = run("session_end.py", tmp_path).splitlines()
    assert closed.startswith("closed: ended in order, last event system/session_end")
    assert killed.startswith("killed: died (error.signal=9)")


def test_the_ci_observer_fails_with_a_bad_turn_and_writes_why(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    run("ci_observer.py", tmp_path, str(summary), "run echo fine")
    assert "| run echo fine | ✓ end_turn |" in summary.read_text()
    run("ci_observer.py", tmp_path, str(summary), "run echo fine", "run rm x", status=1)
    assert "| run rm x | ✗ end_turn |" in summary.read_text()


def test_the_supervisor_runs_three_workers_and_stops_at_its_budget(tmp_path: Path) -> None:
    out = run("supervisor.py", tmp_path, "100000")
    for done in ("writer: 'read note.txt' end_turn", "cleaner: 'say 5 words' end_turn"):
        assert done in out
    assert "stopped" not in out
    assert "stopped" in run("supervisor.py", tmp_path, "100")


def test_the_mirror_shows_the_screen_and_logs_the_events(tmp_path: Path) -> None:
    argv = [sys.executable, str(DEMOS / "mirror.py"), "events.log"]
    with in_terminal(argv, tmp_path) as terminal:
        terminal.wait_for("qwen-dual")
        terminal.send("say 3 words\r")
        terminal.wait_for("say 3 words")
        log = tmp_path / "events.log"
        terminal.wait_for(lambda _: "result" in log.read_text())
        terminal.send("/quit\r")
        assert terminal.wait_exit() == 0
    assert log.read_text().splitlines()[-1].split()[1] == "system/session_end"


def test_the_node_embedder_runs_and_fits_the_types(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None or not (MODULES / "node-pty").is_dir():
        pytest.skip("needs Node, and npm install --prefix tests/sdks/node")
    shutil.copytree(DEMOS / "node", tmp_path / "demos" / "node", dirs_exist_ok=True)
    shutil.copytree(ROOT / "docs" / "schema", tmp_path / "docs" / "schema")
    folder = tmp_path / "demos" / "node"
    (folder / "node_modules").symlink_to(MODULES.resolve())
    wanted = json.loads((folder / "package.json").read_text())["dependencies"]
    installed = json.loads((MODULES / "node-pty" / "package.json").read_text())["version"]
    assert wanted == {"node-pty": f"^{installed.split('.')[0]}.0.0"}
    hosts = (ROOT / "docs" / "hosts.md").read_text()
    [of_socket] = [b for b in re.findall(r"```js\n(.*?)```", hosts, re.DOTALL) if "node:net" in b]
    (folder / "socket.mjs").write_text(of_socket)
    shutil.copy(ROOT / "docs" / "schema" / "qwen-dual.d.ts", folder)
    check = ["node_modules/.bin/tsc", "--noEmit", "--checkJs", "--strict", "--skipLibCheck"]
    check += ["--target", "es2022", "--module", "nodenext", "--types", "node"]
    typed = subprocess.run(
        [*check, "embed.mjs", "socket.mjs"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert typed.returncode == 0, typed.stdout
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [node, "embed.mjs"],
        env={**env, "QWEN_DUAL": f"{sys.executable} -m qwen_dual"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert lines[0].startswith("session: qwen-dual ")
    assert any(line.startswith("asks: run_shell_command") for line in lines)
    assert lines[-2:] == ["ended in order", "exit 0, painted"]
    [page] = re.findall(
        r"```js\n(.*?)```", (ROOT / "docs" / "dual-output.md").read_text(), re.DOTALL
    )
    (folder / "page.mjs").write_text(page)
    (folder / "qwen-dual").write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@"\n')
    (folder / "qwen-dual").chmod(0o755)
    ran = subprocess.run(
        [node, "page.mjs"],
        env={**env, "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.stdout.splitlines()[:2] == ["asks: touch made", "end_turn `touch made` done."]
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "exit 0"), ran.stderr


@pytest.mark.parametrize("program", ["own_bridge.py"])
def test_another_program_gets_the_same_two_channels(tmp_path: Path, program: str) -> None:
    source = (DEMOS / program).read_text().splitlines()
    code = [line for line in source if line.strip() and not line.startswith(("import", "from"))]
    assert len(code) < 40
    out, commands = tmp_path / "events.jsonl", tmp_path / "commands.jsonl"
    commands.write_text('{"type":"submit","text":"old"}\n')
    os.utime(commands, (0, 0))
    channels = ["--json-file", str(out), "--input-file", str(commands)]
    argv = [sys.executable, str(DEMOS / program), *channels]
    with in_terminal(argv, tmp_path) as terminal:
        terminal.wait_for("loud>")
        terminal.send("typed\r")
        terminal.wait_for("TYPED")
        with commands.open("a") as file:
            file.write('{"type":"submit","text":"sent"}\nnonsense\n')
        terminal.wait_for("SENT")
        with commands.open("a") as file:
            file.write('{"type":"submit","text":"/quit"}\n')
        assert terminal.wait_exit() == 0
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert events[0]["subtype"] == "session_start"
    assert events[-1]["subtype"] == "session_end"
    origins = [event["origin"] for event in events if event["type"] == "user"]
    assert origins == ["keyboard", "input"]
    assert any(event.get("subtype") == "input_error" for event in events)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_a_node_embedder_in_a_terminal_has_one_socket_for_both_directions(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    argv = [node, str(DEMOS / "node/descriptor.mjs"), "say 2 words"]
    env = {"QWEN_DUAL": f"{sys.executable} -m qwen_dual --offline"}
    with in_terminal(argv, tmp_path, env=env) as terminal:
        assert terminal.wait_exit() == 0
        for said in ("result: end_turn", "ended in order", "exit 0"):
            assert said.encode() in terminal.raw


def test_take_back_takes_a_turn_back_after_a_look_and_puts_it_back(tmp_path: Path) -> None:
    said = run("take_back.py", tmp_path).splitlines()
    assert said[0].endswith("[('write note.txt: first', 1), ('edit note.txt: first -> second', 1)]")
    assert said[1:] == [
        "would change [('modify', 1, 1)]",
        "went back 1 'first'",
        "and again 'second'",
        "refused conflict",
    ]


def test_a_session_is_recorded_and_sent_again(tmp_path: Path) -> None:
    assert run("recorded.py", tmp_path).splitlines() == [
        "events.jsonl index.jsonl meta.json terminal.cast",
        "some words of True",
        "the same bytes: True",
    ]


def test_a_second_terminal_answers_what_waits_and_leaves(tmp_path: Path) -> None:
    assert run("second_terminal.py", tmp_path).splitlines() == [
        "awaiting_approval 'run touch made'",
        "Detached",
        "end_turn True idle",
    ]


def test_the_shared_draft_keeps_every_key_and_refuses_what_is_stale(tmp_path: Path) -> None:
    said = run("shared_draft.py", tmp_path).splitlines()
    assert "draft   'explain @src/main.py to me' cursor 26" in said
    assert said[-1] == "refused version_conflict"


def test_review_runs_what_was_taken_and_what_was_edited_and_nothing_else(tmp_path: Path) -> None:
    said = [line.strip() for line in run("review.py", tmp_path).splitlines()]
    assert said == [
        "held 'say 3 words'",
        "accepted",
        "answered: some words of",
        "held 'say 900 words'",
        "edited",
        "made 'say 2 words' of 'say 900 words'",
        "answered: some words",
        "held 'run rm -rf /'",
        "refused not here",
    ]


def test_each_message_leads_to_its_line(tmp_path: Path) -> None:
    said = [line.split(maxsplit=2) for line in run("jump_to_line.py", tmp_path).splitlines()]
    assert [int(line) for line, *_ in said] == sorted(int(line) for line, *_ in said)
    found = {text for _, _, text in said}
    assert {"> list  ⇄ remote", "> say 300 words  ⇄ remote", "✓ Shell  echo found"} < found
    assert any(text.startswith("✦ some words of an answer") for text in found)
    assert len(said) == 10


def test_two_hosts_do_what_each_may(tmp_path: Path) -> None:
    gives = "dualOutput.rights in the person's settings gives it"
    assert run("two_hosts.py", tmp_path).splitlines() == [
        "made: True",
        "there are fd editor phone",
        f"a slash command takes the right to control, which editor has not: {gives}",
        f"submit takes the right to submit, which phone has not: {gives}",
    ]


def test_a_status_bar_shows_what_each_terminal_is_told(tmp_path: Path) -> None:
    rows = run("status_bar.py", tmp_path).splitlines()
    build = [row.split("] ")[0].removeprefix("[build ") for row in rows]
    changes = [sign for index, sign in enumerate(build) if index == 0 or sign != build[index - 1]]
    assert [sign for sign in changes if sign != "-"] == [
        "",
        *("…", "? permission", "…", "✓"),
        "…",
        "✓",
    ]
    assert rows[-1] == "[build ✓] [docs ✓]"


def test_steering_joins_the_turn_that_runs_and_changes_what_waits(tmp_path: Path) -> None:
    assert run("steering.py", tmp_path).splitlines() == [
        "waits for [('run echo steered', 'this turn'), ('run echo edited', 'its own')]",
        "joined True",
        "the turn came to True",
        "and then True",
    ]


def test_a_turn_is_printed_as_the_tree_of_its_trace(tmp_path: Path) -> None:
    lines = run("trace_tree.py", tmp_path).splitlines()
    assert [line[:40].rstrip() for line in lines] == [
        "invoke_agent qwen-dual",
        "  chat offline",
        "  execute_tool agent",
        "    invoke_agent explore",
        "      chat offline",
        "      execute_tool run_shell_command",
        "      chat offline",
        "  chat offline",
    ]
    assert all(line.endswith(" ms") for line in lines)
