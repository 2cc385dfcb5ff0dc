"""Arguments: what is understood, what is refused, and what a refusal says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.__main__ import note_inputs
from qwen_dual.cli import AUTO_DIRECTORY, Options, parse

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
    assert caught.value.code == 2
    assert says in capsys.readouterr().err


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
