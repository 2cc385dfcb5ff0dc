"""Arguments: what is understood, what is refused, and what a refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.__main__ import note_inputs
from qwen_dual.cli.channel_options import AUTO_DIRECTORY
from qwen_dual.cli.parser import Options, parse
from qwen_dual.runtime.spec import PICK_SESSION

if TYPE_CHECKING:
    from pathlib import Path


def test_no_arguments_open_no_channel() -> None:
    assert parse([]) == Options()


def test_the_channel_flags() -> None:
    options = parse(["--json-fd", "3", "--input-file=in", "--input-from", "start"])
    assert options == Options(json_fd=3, input_file="in", input_from="start")
    assert parse(["--channel-dir"]).channel_dir == AUTO_DIRECTORY
    assert parse(["--channel-dir", "d"]).channel_dir == "d"
    assert parse(["-y"]).approval_mode == "yolo"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["--json-fd", "3", "--json-file", "x"],
            "--json-fd and --json-file are mutually exclusive",
        ),
        (["--input-fd", "3", "--input-file", "x"], "mutually exclusive"),
        (["--json-fd", "x"], "invalid int value: 'x'"),
        (["--no-such-flag"], "unrecognized arguments: --no-such-flag"),
        (["--json-f", "3"], "unrecognized arguments"),
        (["--approval-mode", "fast"], "invalid choice: 'fast'"),
    ],
)
def test_what_is_not_understood_is_named(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(arguments)
    assert caught.value.code == 1
    assert says in capsys.readouterr().err


def test_what_is_missing_is_named_below_the_usage(capsys: pytest.CaptureFixture[str]) -> None:
    from qwen_dual.cli import audit_command, mcp_command

    for run, arguments, says in (
        (mcp_command.main, ["add"], "qwen-dual mcp add: error: NAME, COMMAND|URL are missing\n"),
        (mcp_command.main, ["add", "x"], "qwen-dual mcp add: error: COMMAND|URL is missing\n"),
        (mcp_command.main, [], "mcp: error: say which: add, list, remove, test, auth, logout\n"),
        (audit_command.main, [], "qwen-dual audit: error: DIR is missing\n"),
    ):
        with pytest.raises(SystemExit) as caught:
            run(arguments)
        said = capsys.readouterr().err
        assert caught.value.code == 2
        assert said.startswith("usage: qwen-dual ")
        assert said.endswith(says)


def test_the_input_file_is_noted_before_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_text("old\n")
    for arguments in (["--input-file", str(path), "-y"], [f"--input-file={path}"]):
        noted = note_inputs(arguments)[str(path)]
        assert noted is not None
        assert noted.st_size == 4
    missing = str(tmp_path / "none")
    assert note_inputs(["--input-file", missing]) == {missing: None}
    assert note_inputs(["--input-file"]) == {}


def test_models_and_sessions_can_be_named() -> None:
    options = parse(["-m", "qwen3", "--auth-type", "openai", "--openai-base-url", "http://h/v1"])
    assert (options.model, options.auth_type) == ("qwen3", "openai")
    assert options.openai_base_url == "http://h/v1"
    assert parse(["-c"]).resume_last
    assert parse(["--resume"]).resume == PICK_SESSION
    assert parse(["-r", "abc"]).resume == "abc"
    assert parse(["--offline"]).offline


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["-c", "-r"], "mutually exclusive"),
        (["--session-id", "12"], "'12' is no UUID"),
        (["--offline", "-m", "x"], "leave out -m"),
        (["--auth-type", "smtp"], "invalid choice: 'smtp'"),
    ],
)
def test_what_contradicts_itself_is_refused(
    arguments: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        parse(arguments)
    assert says in capsys.readouterr().err


def test_a_key_on_the_command_line_is_not_part_of_what_the_options_show() -> None:
    assert "sk-planted" not in repr(parse(["--openai-api-key", "sk-planted"]))
