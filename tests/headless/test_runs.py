"""Whole runs of the real program: prompts, formats, approvals, bounds, exit statuses."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.headless.program import COMMAND, Runner, call, text

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_the_answer_alone_is_on_stdout(runner: Runner) -> None:
    ended = runner.run("-p", "hello", *runner.script(text("Hi there")))
    assert (ended.status, ended.out, ended.err) == (0, "Hi there\n", "")


def test_servers_and_files_that_cannot_be_read_are_told_of_on_stderr_once(runner: Runner) -> None:
    for kind in ("agents", "commands"):
        folder = runner.home / ".qwen" / kind
        folder.mkdir(parents=True)
        (folder / "broken.md").write_text("---\ndescription: [a\n---\nx")
    events = runner.folder / "events"
    flags = ("--mcp-config", "none.json", "--json-file", str(events))
    ended = runner.run("-p", "say 1 words", *flags)
    assert ended.status == 0
    assert "--mcp-config: 'none.json' is neither a file nor a JSON object" in ended.err
    for what in (
        "An agent is left out: ~/.qwen/agents/broken.md:2: ",
        "A command is left out: ~/.qwen/commands/broken.md:2: ",
    ):
        assert ended.err.count(f"qwen-dual: {what}") == 1
        assert what in events.read_text()


def test_a_file_of_claude_code_that_is_not_read_is_told_by_memory(runner: Runner) -> None:
    (runner.work / "CLAUDE.md").write_text("Use tabs.")
    (runner.work / "AGENTS.md").write_text("Use spaces.")
    ended = runner.run("-p", "/memory", "--trust")
    assert ended.out.count("AGENTS.md  11 characters") == 1
    assert "CLAUDE.md is here and is not read" in ended.out


def test_only_the_last_text_is_printed(runner: Runner) -> None:
    (runner.work / "a").write_text("x")
    looks = {"blocks": [text("I look.")["blocks"][0], call("read_file", path="a")["blocks"][0]]}
    ended = runner.run("what is in a", *runner.script(looks, text("An x.")))
    assert (ended.status, ended.out) == (0, "An x.\n")


def test_what_is_piped_goes_before_the_prompt(runner: Runner) -> None:
    events = runner.folder / "events"
    ended = runner.run(
        *("-p", "why?", "--json-file", str(events), *runner.script(text("So."))),
        stdin="a log line\n",
    )
    assert ended.status == 0
    told = [json.loads(line) for line in events.read_text().splitlines()]
    asked = next(event for event in told if event["type"] == "user")
    assert asked["message"]["content"][0]["text"] == "a log line\n\nwhy?"
    assert asked["origin"] == "cli"
    assert (told[0]["subtype"], told[-1]["subtype"]) == ("session_start", "session_end")


def test_a_prompt_may_come_from_a_pipe_alone(runner: Runner) -> None:
    assert runner.run(*runner.script(text("Yes.")), stdin="well?").out == "Yes.\n"


@pytest.mark.parametrize("arguments", [(), ("-p",), ("-p", "  "), ("-o", "json")])
def test_without_a_prompt_it_says_how_to_give_one(
    runner: Runner, arguments: tuple[str, ...]
) -> None:
    ended = runner.run(*arguments)
    assert (ended.status, ended.out) == (1, "")
    assert "-p TEXT" in ended.err and "stdin" in ended.err


def test_json_is_one_array_and_stream_json_a_line_each(runner: Runner) -> None:
    for form in ("json", "stream-json"):
        ended = runner.run("-p", "hello", "-o", form, *runner.script(text("Hi.")))
        assert [message["type"] for message in ended.messages] == ["system", "assistant", "result"]
        assert ended.result["result"] == "Hi."
        assert (form == "json") == (len(ended.out.splitlines()) == 1)


def test_a_call_that_would_have_to_be_asked_about_is_refused_and_told(runner: Runner) -> None:
    ended = runner.run(
        *("-p", "touch it", "-o", "stream-json"),
        *runner.script(call("run_shell_command", command="touch made"), text("I could not.")),
    )
    assert ended.status == 0
    assert not (runner.work / "made").exists()
    (block,) = ended.messages[2]["message"]["content"]
    assert block["is_error"] and block["content"].startswith("Not allowed: nobody can be asked")
    (denial,) = ended.result["permission_denials"]
    assert denial["tool_name"] == "run_shell_command"
    assert denial["tool_input"] == {"command": "touch made"}
    assert ended.result["result"] == "I could not."
    assert "run_shell_command (1)" in ended.err


@pytest.mark.parametrize(
    "allowing", [["-y"], ["--allowed-tools", "run_shell_command(touch *)"]], ids=["yolo", "rule"]
)
def test_what_is_allowed_runs(runner: Runner, allowing: list[str]) -> None:
    ended = runner.run(
        *("-p", "touch it", "-o", "json", *allowing),
        *runner.script(call("run_shell_command", command="touch made"), text("Done.")),
    )
    assert ended.result["permission_denials"] == []
    assert (runner.work / "made").exists()


def test_edits_run_in_their_mode(runner: Runner) -> None:
    ended = runner.run(
        *("-p", "write it", "-o", "json", "--approval-mode", "auto-edit"),
        *runner.script(call("write_file", file_path="made", content="x"), text("Done.")),
    )
    assert ended.status == 0
    assert (runner.work / "made").read_text() == "x"


def test_in_auto_mode_what_a_model_clears_runs_and_what_it_cannot_tell_is_refused_with_why(
    runner: Runner,
) -> None:
    cleared = text('{"verdict": "allow", "reason": "plain"}')
    unsure = text('{"verdict": "unsure", "reason": "odd"}')
    ended = runner.run(
        *("-p", "touch it", "-o", "json", "--approval-mode", "auto", "--trust"),
        *runner.script(
            *(call("run_shell_command", command="touch made"), cleared),
            *(call("run_shell_command", command="touch other"), unsure),
            text("Done."),
        ),
    )
    assert ended.status == 0
    assert (runner.work / "made").exists()
    assert not (runner.work / "other").exists()
    assert len(ended.result["permission_denials"]) == 1
    assert "nobody can be asked" in ended.out
    assert "Auto mode: odd" in ended.out


def test_in_plan_mode_there_is_nobody_to_propose_to(runner: Runner) -> None:
    ended = runner.run(
        *("-p", "plan it", "-o", "json", "--approval-mode", "plan"),
        *runner.script(call("exit_plan_mode", plan="x"), text("My plan.")),
    )
    assert "exit_plan_mode" not in ended.messages[0]["tools"]
    assert "There is no tool 'exit_plan_mode'" in ended.out
    assert ended.result["result"] == "My plan."


def test_a_failed_call_of_the_model_is_status_1_with_a_result(runner: Runner) -> None:
    failure = {"error": {"status": 401, "message": "mock says no"}}
    ended = runner.run("-p", "hello", "-o", "json", *runner.script(failure))
    assert ended.status == 1
    assert ended.result["subtype"] == "error_during_execution"
    assert ended.result["error"]["message"] == "[API Error: 401 mock says no]"
    assert "result" not in ended.result
    assert "401 mock says no" in ended.err


def test_the_bound_of_model_calls_is_status_53_with_a_result(runner: Runner) -> None:
    answers = [call("list_directory", path="."), text("never asked for")]
    ended = runner.run(
        "-p", "go", "--max-session-turns", "1", "-o", "json", *runner.script(*answers)
    )
    assert (ended.status, ended.result["subtype"]) == (53, "error_max_turns")
    assert ended.result["num_turns"] == 1
    assert "--max-session-turns" in ended.err


def test_the_bound_of_tool_calls_is_status_55_and_is_never_exceeded(runner: Runner) -> None:
    two = [call("write_file", file_path=name, content="x") for name in ("first", "second")]
    ended = runner.run(
        *("-p", "go", "-y", "--max-tool-calls", "1", "-o", "json", *runner.script(*two))
    )
    assert (ended.status, ended.result["stop_reason"]) == (55, "budget")
    assert "--max-tool-calls is 1" in ended.result["error"]["message"]
    assert [path.name for path in runner.work.iterdir()] == ["first"]


def test_the_bound_of_time_is_status_55(runner: Runner) -> None:
    slow = {"blocks": [{"type": "text", "deltas": ["a ", "b"]}], "delay_ms": 60_000}
    ended = runner.run("-p", "go", "--max-wall-time", "1", "-o", "json", *runner.script(slow))
    assert (ended.status, ended.result["stop_reason"]) == (55, "budget")
    assert "--max-wall-time" in ended.result["error"]["message"]


def test_an_answer_that_fits_a_schema_is_asked_for_whatever_tools_are_offered(
    runner: Runner,
) -> None:
    flags = ("--core-tools", "read_file", "--json-schema", '{"type":"object"}')
    ended = runner.run("-p", "which?", *flags, *runner.script(call("structured_output", a=1)))
    assert (ended.status, ended.out) == (0, '{"a":1}\n')


@pytest.mark.parametrize("core", [["Bash(git"], ["no_such_tool"]])
def test_a_choice_of_tools_that_cannot_be_understood_offers_none(
    runner: Runner, core: list[str]
) -> None:
    (runner.home / ".qwen").mkdir()
    settings = {"tools": {"core": core, "approvalMode": "yolo"}}
    (runner.home / ".qwen" / "settings.json").write_text(json.dumps(settings))
    script = runner.script(call("run_shell_command", command="touch made"), text("done"))
    ended = runner.run("-p", "go", "-o", "json", *script)
    assert ended.messages[0]["tools"] == []
    assert ended.status == 0
    assert not (runner.work / "made").exists()


def test_an_answer_that_fits_a_schema(runner: Runner) -> None:
    schema = '{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}'
    answers = [call("structured_output", town="Rome"), call("structured_output", city="Rome")]
    ended = runner.run(
        "-p", "which city?", "--json-schema", schema, "-o", "json", *runner.script(*answers)
    )
    assert ended.status == 0
    assert ended.result["structured_output"] == {"city": "Rome"}
    assert json.loads(ended.result["result"]) == {"city": "Rome"}
    assert ended.result["num_turns"] == 2  # and the model is not asked again after that
    assert "structured_output" in ended.messages[0]["tools"]


def test_a_model_that_answers_in_text_is_asked_again(runner: Runner) -> None:
    schema = '{"type":"object","required":["city"]}'
    answers = [text("It is Rome."), text('{"city": "Rome"}')]
    ended = runner.run("-p", "which?", "--json-schema", schema, *runner.script(*answers))
    assert (ended.status, json.loads(ended.out)) == (0, {"city": "Rome"})


def test_a_model_that_never_answers_so_is_status_1(runner: Runner) -> None:
    schema = '{"type":"object","required":["city"]}'
    ended = runner.run(
        *("-p", "which?", "--json-schema", schema, "-o", "json"),
        *runner.script(*[text("It is Rome.")] * 4),
    )
    assert (ended.status, ended.result["is_error"]) == (1, True)
    assert "--json-schema" in ended.result["error"]["message"]
    assert [message["type"] for message in ended.messages].count("result") == 1
    assert ended.result["num_turns"] == 4


def test_a_session_goes_on_and_forks(runner: Runner) -> None:
    first = runner.run("-p", "one", "-o", "json", *runner.script(text("1"))).result["session_id"]
    second = runner.run("-p", "two", "-c", "-o", "json", *runner.script(text("2"))).result
    assert second["session_id"] == first
    fork = runner.run(
        "-p", "three", "-r", first, "--fork-session", "-o", "json", *runner.script(text("3"))
    ).result["session_id"]
    assert fork != first
    chats = {path.stem: path.read_text() for path in runner.home.glob(".qwen/projects/*/chats/*l")}
    assert "three" not in chats[first]
    assert all(prompt in chats[fork] for prompt in ("one", "two", "three"))
    assert first not in chats[fork]


def test_an_id_may_be_given_and_nothing_need_be_kept(runner: Runner) -> None:
    given = "6f0c0e6e-2b0f-4f4e-9d3f-7a8a3c1d2e4f"
    ended = runner.run(
        *("-p", "one", "--session-id", given, "--no-chat-recording", "-o", "json", "--offline")
    )
    assert ended.result["session_id"] == ended.messages[0]["session_id"] == given
    assert not list(runner.home.glob(".qwen/projects/*/chats/*.jsonl"))


def test_a_session_to_pick_is_refused_where_nobody_picks(runner: Runner) -> None:
    ended = runner.run("-p", "one", "--resume")
    assert (ended.status, ended.out) == (1, "")
    assert "--resume needs the ID" in ended.err


def test_a_slash_command_runs_too(runner: Runner) -> None:
    assert "Turns" in runner.run("-p", "/stats", "--offline").out
    ended = runner.run("-p", "/nonsense", "-o", "json", "--offline")
    assert (ended.status, ended.result["is_error"]) == (1, True)
    assert ended.result["error"]["message"].startswith("Unknown command /nonsense")


def test_somebody_on_the_input_channel_may_answer(runner: Runner) -> None:
    commands, events = runner.folder / "in", runner.folder / "out"
    commands.touch()
    process = runner.start(
        *(
            "-p",
            "touch it",
            "-o",
            "json",
            "--input-file",
            str(commands),
            "--json-file",
            str(events),
        ),
        *runner.script(call("run_shell_command", command="touch made"), text("Done.")),
    )
    assert process.stdin is not None
    process.stdin.close()
    process.stdin = None
    with process:
        request = None
        while request is None and process.poll() is None:
            lines = events.read_text().splitlines() if events.exists() else []
            told = [json.loads(line) for line in lines if line.endswith("}")]
            request = next((each for each in told if each["type"] == "control_request"), None)
        assert request is not None
        answer = {"type": "confirmation_response", "request_id": request["request_id"]}
        commands.write_text(json.dumps({**answer, "allowed": True}) + "\n")
        out, _ = process.communicate(timeout=50)
    assert json.loads(out)[-1]["permission_denials"] == []
    assert (runner.work / "made").exists()


def test_a_reader_that_leaves_ends_it_quietly(runner: Runner) -> None:
    long = {"blocks": [{"type": "text", "text": "word ", "repeat": 500}], "delay_ms": 20}
    process = runner.start(
        *("-p", "go", "-o", "stream-json", "--include-partial-messages", *runner.script(long))
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    process.stdin = None
    process.stdout.readline()
    process.stdout.close()
    process.stdout = None
    with process:
        _, err = process.communicate(timeout=50)
    assert (process.returncode, err) == (0, b"")


def test_a_prompt_that_a_channel_brings_is_not_taken_for_the_one_that_was_asked(
    runner: Runner,
) -> None:
    commands = runner.folder / "in"
    commands.write_text(json.dumps({"type": "submit", "text": "another"}) + "\n")
    ended = runner.run(
        *("-p", "mine", "--input-file", str(commands), "--input-from", "start"),
        *runner.script(text("Of the other."), text("Of mine.")),
    )
    assert (ended.status, ended.out) == (0, "Of mine.\n")


def test_a_disk_that_is_full_is_a_failure_that_is_said(runner: Runner) -> None:
    with open("/dev/full", "wb") as full:
        ended = runner.run("-p", "hello", "-o", "stream-json", "--offline", stdout=full)
    assert ended.status == 1
    assert "stdout cannot be written: No space left on device" in ended.err


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- 2>&-"])
def test_standard_streams_may_be_closed(runner: Runner, closed: str) -> None:
    command = " ".join([*COMMAND, "-p", "hello", "--offline", "-o", "json", closed])
    ended = subprocess.run(
        ["bash", "-c", command], cwd=runner.work, env=runner.env, capture_output=True, check=False
    )
    assert b"Traceback" not in ended.stderr
    if closed == ">&-":
        assert ended.returncode == 1
        assert b"stdout is closed" in ended.stderr
    else:
        assert ended.returncode == 0
        assert json.loads(ended.stdout)[-1]["type"] == "result"


@pytest.mark.parametrize(
    "how",
    [("-p", "list"), ("--input-format", "stream-json", "--output-format", "stream-json")],
    ids=["prompt", "streams"],
)
def test_channels_in_a_folder_are_named(runner: Runner, how: tuple[str, ...]) -> None:
    ended = runner.run(*how, "--offline", "--channel-dir", str(runner.folder / "channels"))
    assert ended.status == 0
    assert str(runner.folder / "channels") in ended.err
