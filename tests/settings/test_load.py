"""Settings: which file wins, what is left out, and what a warning says."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings.load import Settings, load_settings, qwen_home
from qwen_dual.settings.trust import is_trusted

if TYPE_CHECKING:
    from pathlib import Path


class Folders:
    """A home and a project in a test's own folder."""

    def __init__(self, tmp_path: Path) -> None:
        self.home = tmp_path / "home"
        self.project = tmp_path / "project"
        self.home.mkdir()
        (self.project / ".qwen").mkdir(parents=True)

    def user(self, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        (self.home / "settings.json").write_text(text)

    def workspace(self, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        (self.project / ".qwen" / "settings.json").write_text(text)

    def trust(self, **rules: str) -> None:
        (self.home / "trustedFolders.json").write_text(
            json.dumps({str(self.project): level for level in rules.values()})
        )

    def load(self, **env: str) -> Settings:
        return load_settings(str(self.project), str(self.home), env)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_without_files_nothing_is_set_and_nothing_is_said(folders: Folders) -> None:
    assert folders.load() == Settings()


def test_the_users_values_are_taken_and_paths_are_made_absolute(folders: Folders) -> None:
    folders.user(
        {
            "dualOutput": {"jsonFile": "out.jsonl", "inputFile": "${DIR}/in.jsonl"},
            "tools": {"approvalMode": "yolo"},
            "unknown": {"key": 1},
        }
    )
    settings = folders.load(DIR="/run/x")
    assert settings.json_file == str(folders.project / "out.jsonl")
    assert settings.input_file == "/run/x/in.jsonl"
    assert settings.approval_mode == "yolo"
    assert settings.warnings == []
    assert set(settings.sources.values()) == {str(folders.home / "settings.json")}


def test_a_path_may_begin_at_home_and_needs_its_variables(folders: Folders) -> None:
    folders.user({"dualOutput": {"jsonFile": "~/out", "inputFile": "$NONE/in"}})
    settings = folders.load(HOME="/home/me")
    assert (settings.json_file, settings.input_file) == ("/home/me/out", None)
    assert settings.warnings[0].endswith(
        "settings.json:1: dualOutput.inputFile = '$NONE/in' is not used: "
        "expected variables that are set, and NONE is not"
    )


def test_the_project_wins_in_a_trusted_folder(folders: Folders) -> None:
    folders.user({"dualOutput": {"jsonFile": "/user"}, "tools": {"approvalMode": "plan"}})
    folders.workspace({"dualOutput": {"jsonFile": "/project"}, "tools": {"approvalMode": "yolo"}})
    folders.trust(level="TRUST_FOLDER")
    settings = folders.load()
    assert (settings.json_file, settings.approval_mode) == ("/project", "yolo")
    workspace = str(folders.project / ".qwen" / "settings.json")
    assert settings.sources == dict.fromkeys(
        ("dualOutput.jsonFile", "tools.approvalMode"), workspace
    )


def test_an_untrusted_project_opens_no_channel_and_loosens_no_mode(folders: Folders) -> None:
    folders.workspace({"dualOutput": {"inputFile": "in"}, "tools": {"approvalMode": "yolo"}})
    settings = folders.load()
    assert (settings.input_file, settings.approval_mode) == (None, None)
    assert len(settings.warnings) == 2
    assert "not trusted" in settings.warnings[0]
    assert "TRUST_FOLDER" in settings.warnings[0]


def test_an_untrusted_project_may_be_stricter(folders: Folders) -> None:
    folders.workspace({"tools": {"approvalMode": "plan"}})
    assert folders.load() == Settings(approval_mode="plan")


def test_a_broken_list_of_trusted_folders_trusts_none_and_is_named_once(folders: Folders) -> None:
    folders.workspace({"dualOutput": {"inputFile": "in", "jsonFile": "out"}})
    (folders.home / "trustedFolders.json").write_text("{oops")
    settings = folders.load()
    assert (settings.json_file, settings.input_file) == (None, None)
    assert len([text for text in settings.warnings if "does not parse" in text]) == 1


def test_a_settings_file_that_is_also_the_users_own_is_read_once_and_trusted(
    tmp_path: Path,
) -> None:
    home = tmp_path / ".qwen"
    home.mkdir()
    (home / "settings.json").write_text('{"tools": {"approvalMode": "yolo"}}')
    assert load_settings(str(tmp_path), str(home), {}) == Settings(approval_mode="yolo")


def test_a_fifo_in_place_of_a_settings_file_holds_up_nothing(folders: Folders) -> None:
    os.mkfifo(folders.project / ".qwen" / "settings.json")
    assert "is not a regular file" in folders.load().warnings[0]
    (folders.home / "settings.json").mkdir()
    assert "cannot be read (Is a directory)" in folders.load().warnings[0]


def test_a_long_file_with_comments_is_refused_and_a_plain_one_is_read(folders: Folders) -> None:
    long = json.dumps({"tools": {"approvalMode": "plan"}, "other": "x" * 100_000})
    folders.user(long)
    assert folders.load() == Settings(approval_mode="plan")
    folders.user(f"// mine\n{long}")
    assert "no plain JSON" in folders.load().warnings[0]


def test_comments_and_trailing_commas_are_read(folders: Folders) -> None:
    folders.user('{ // a comment\n "tools": { "approvalMode": "plan", }, /* more */ }')
    assert folders.load() == Settings(approval_mode="plan")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{\n  "tools": {\n    "approvalMode": "fast"\n  }\n}',
            "settings.json:3: tools.approvalMode = 'fast'",
        ),
        ('{"tools": {"approvalMode": 3}}', "expected one of plan, default"),
        ('{"dualOutput": {"jsonFile": 3}}', "dualOutput.jsonFile = 3 is not used: expected a path"),
        ('{"dualOutput": []}', "dualOutput = [] is not used: expected an object"),
        (
            "{\n nope nope\n}",
            'does not parse at line 2, column 7: unexpected "n"; the file is left',
        ),
        ('{"a": "b\n"}', 'does not parse at line 1, column 9: unexpected "\\n"'),
        ("[" * 10_000, "settings.json: is nested too deep"),
        ("[1]", "expected an object, not list"),
    ],
)
def test_a_wrong_value_is_named_and_left_out(folders: Folders, text: str, says: str) -> None:
    folders.user(text)
    settings = folders.load()
    assert len(settings.warnings) == 1
    assert says in settings.warnings[0]
    assert (settings.json_file, settings.approval_mode) == (None, None)
    assert (folders.home / "settings.json").read_text() == text


def test_a_file_that_is_not_utf8_is_skipped(folders: Folders) -> None:
    (folders.home / "settings.json").write_bytes(b'{"a": "\xff"}')
    assert "not UTF-8 at its byte 7" in folders.load().warnings[0]


def test_qwen_home_moves_the_users_folder() -> None:
    assert qwen_home({"QWEN_HOME": "/x"}) == "/x"
    assert qwen_home({"QWEN_HOME": "~/x", "HOME": "/me"}) == "/me/x"
    assert qwen_home({"HOME": "/me"}) == "/me/.qwen"
    assert qwen_home({}).endswith("/.qwen")


@pytest.mark.parametrize(
    ("rules", "trusted"),
    [
        ({}, False),
        ({"/a": "TRUST_FOLDER"}, True),
        ({"/a/b": "TRUST_FOLDER"}, True),
        ({"/a/bb": "TRUST_FOLDER"}, False),
        ({"/a/x": "TRUST_PARENT"}, True),
        ({"/a": "TRUST_FOLDER", "/a/b": "DO_NOT_TRUST"}, False),
        ({"/a": "DO_NOT_TRUST", "/a/b": "TRUST_FOLDER"}, True),
        ({"/a/x": "TRUST_PARENT", "/a": "DO_NOT_TRUST"}, False),
        ({"/a": "SURE"}, False),
        ({"/": "TRUST_FOLDER"}, True),
    ],
)
def test_the_most_specific_rule_decides(rules: dict[str, str], trusted: bool) -> None:
    assert is_trusted("/a/b", rules) is trusted
