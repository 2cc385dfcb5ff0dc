"""Which channels are asked for, and the private directory."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from qwen_dual.cli.channel_options import AUTO_DIRECTORY
from qwen_dual.cli.channels import open_channels
from qwen_dual.cli.parser import Options
from qwen_dual.cli.places import Wanted, private_directory, wanted

if TYPE_CHECKING:
    from pathlib import Path


def test_a_flag_wins_over_the_settings() -> None:
    assert wanted(Options(json_file="flag"), "setting", "in") == Wanted(
        json_file="flag", input_file="in"
    )
    assert wanted(Options(json_fd=3, input_fd=4), "setting", "in") == Wanted(json_fd=3, input_fd=4)
    assert wanted(Options(), None, None) == Wanted()


def test_a_channel_directory_gives_both_as_private_files(tmp_path: Path) -> None:
    directory = str(tmp_path / "a" / "b")
    asked = wanted(Options(channel_dir=directory), "setting", None)
    assert asked.json_file == f"{directory}/{os.getpid()}.events"
    assert asked.input_file is not None
    assert os.stat(asked.input_file).st_mode & 0o777 == 0o600
    assert os.stat(directory).st_mode & 0o777 == 0o700
    flagged = wanted(Options(channel_dir=directory, json_file="x", input_file="y"), None, None)
    assert flagged == Wanted(json_file="x", input_file="y")


def test_a_directory_that_is_open_to_others_is_closed_to_them(tmp_path: Path) -> None:
    path = tmp_path / "open"
    path.mkdir(mode=0o755)
    private_directory(str(path))
    assert path.stat().st_mode & 0o777 == 0o700


def test_a_link_or_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "file").touch()
    for name in ("link", "file"):
        with pytest.raises(OSError, match="is no directory; give another with --channel-dir DIR"):
            private_directory(str(tmp_path / name))


def test_a_descriptor_for_both_directions_that_is_not_open_is_called_that() -> None:
    asked = Wanted(json_fd=987, input_fd=987)
    channels = open_channels(asked, {}, from_start=False, named_by={})
    assert (channels.tee, channels.source) == (None, None)
    assert all("fd 987: is not open in this process" in told for told in channels.warnings)


def test_a_pipe_cannot_carry_both_directions() -> None:
    reader, writer = os.pipe()
    asked = Wanted(json_fd=writer, input_fd=writer)
    channels = open_channels(asked, {}, from_start=False, named_by={})
    assert channels.source is None
    assert f"fd {writer}: only a socket can carry both directions" in channels.warnings[0]
    assert channels.tee is not None
    channels.tee.close()
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("name", ["both", "link"])
def test_one_file_cannot_be_both_channels(tmp_path: Path, name: str) -> None:
    both = tmp_path / "both"
    (tmp_path / "link").symlink_to(both)
    asked = Wanted(json_file=str(both), input_file=str(tmp_path / name))
    channels = open_channels(asked, {}, from_start=False, named_by={})
    assert channels.source is None
    assert "is where the events go" in channels.warnings[0]
    assert channels.tee is not None
    channels.tee.close()


def test_an_empty_path_is_called_that() -> None:
    channels = open_channels(Wanted(json_file="", input_file=""), {}, from_start=False, named_by={})
    assert (channels.tee, channels.source) == (None, None)
    assert [told.partition(" — ")[2] for told in channels.warnings] == [
        "the path of the events file is empty",
        "the path of the input file is empty",
    ]


def test_without_channels_it_says_how_to_open_them() -> None:
    channels = open_channels(Wanted(), {}, from_start=False, named_by={})
    assert (channels.count, channels.try_it()) == (0, [])
    assert "--json-file" in channels.describe()


@pytest.mark.parametrize("runtime", [True, False])
def test_the_directory_of_ones_own_is_where_running_sessions_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runtime: bool
) -> None:
    home, run = tmp_path / "home", tmp_path / "run"
    home.mkdir()
    run.mkdir()
    monkeypatch.setenv("QWEN_HOME", str(home / ".qwen"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(run) if runtime else str(tmp_path / "missing"))
    asked = wanted(Options(channel_dir=AUTO_DIRECTORY), None, None)
    folder = run / "qwen-dual" if runtime else home / ".qwen" / "run"
    assert asked.json_file == str(folder / f"{os.getpid()}.events")
    assert folder.stat().st_mode & 0o777 == 0o700
    channels = open_channels(asked, {}, from_start=False, named_by={})
    assert channels.tee is not None and channels.source is not None
    assert len(list(folder.iterdir())) == 2
    channels.tee.close()
    channels.source.close()
    channels.remove_passing()
    assert list(folder.iterdir()) == []


def test_what_a_killed_session_left_is_taken_away_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    folder = tmp_path / "qwen-dual"
    folder.mkdir(mode=0o700)
    with subprocess.Popen(["true"]) as dead:
        dead.wait()
    kept = [f"{os.getppid()}.events", "notes.events", "1.txt"]
    for name in (f"{dead.pid}.events", f"{dead.pid}.input", *kept):
        (folder / name).touch()
    wanted(Options(channel_dir=AUTO_DIRECTORY), None, None)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*kept, f"{os.getpid()}.input"])


def test_a_directory_that_was_named_keeps_its_files(tmp_path: Path) -> None:
    asked = wanted(Options(channel_dir=str(tmp_path / "d")), None, None)
    assert asked.passing == ()


@pytest.mark.parametrize(
    "name", ["short", "so long a name that it does not fit into a line of 80 columns"]
)
def test_the_commands_to_try_can_be_copied_from_a_window_of_80_columns(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = Wanted(json_file=f"{name}.events", input_file=f"{name}.input")
    (tmp_path / f"{name}.input").touch()
    channels = open_channels(asked, {}, from_start=False, named_by={})
    _, follow, *submit = channels.try_it()
    assert all(len(line) < 78 for line in submit)
    assert follow.strip().startswith("tail -n +1 -f ")
    subprocess.run(["sh", "-c", "\n".join(submit)], check=True)
    assert (tmp_path / f"{name}.input").read_text() == '{"type":"submit","text":"list"}\n'
    assert channels.tee is not None
    channels.tee.close()


@pytest.mark.parametrize(
    ("more", "begins"), [("", True), (',"review":false', True), (',"review":true', False)]
)
def test_a_prompt_that_a_person_is_to_look_at_first_is_not_begun_before_they_can(
    tmp_path: Path, more: str, begins: bool
) -> None:
    commands = tmp_path / "in"
    commands.write_text(f'{{"type":"submit","text":"one"{more}}}\n')
    commands.chmod(0o600)
    asked = Wanted(input_file=str(commands))
    channels = open_channels(asked, {}, from_start=True, named_by={})
    assert (channels.first_prompt() is not None) is begins
    assert channels.first is not None  # it is read once, whoever carries it out
    assert channels.source is not None
    channels.source.close()
