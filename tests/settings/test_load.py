"""Settings: which layer wins, what is left out, and what a warning says."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.fs.home import qwen_home
from qwen_dual.settings import keys
from qwen_dual.settings.load import Settings, SystemFiles, load_settings, system_files
from qwen_dual.settings.trust import most_specific, rulings
from tests.support.users import NOBODY, as_root

if TYPE_CHECKING:
    from pathlib import Path

    from tests.settings.folders import Folders


def what_counts(settings: Settings) -> tuple[object, ...]:
    """What is in force, without where it was read."""
    return (
        settings.json_file,
        settings.input_file,
        settings.get(keys.APPROVAL_MODE),
        list(settings.get(keys.ALLOW)),
        list(settings.get(keys.ASK)),
        list(settings.get(keys.DENY)),
        settings.warnings,
    )


def test_without_files_nothing_is_set_and_nothing_is_said(folders: Folders) -> None:
    assert what_counts(folders.load()) == what_counts(Settings())


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
    assert settings.get(keys.APPROVAL_MODE) == "yolo"
    assert settings.values["unknown"] == {"key": 1}
    assert settings.warnings == []
    assert set(settings.sources.values()) == {str(folders.user_file)}


def test_a_path_may_begin_at_home_and_needs_its_variables(folders: Folders) -> None:
    folders.user({"dualOutput": {"jsonFile": "~/out", "inputFile": "$NONE/in"}})
    settings = folders.load()
    assert (settings.json_file, settings.input_file) == (str(folders.person / "out"), None)
    assert folders.wrong() == [
        (
            ".qwen/settings.json:1: dualOutput.inputFile = '$NONE/in' is not used: "
            "expected variables that are set, and NONE is not"
        )
    ]


def test_each_layer_wins_over_the_one_below(folders: Folders) -> None:
    folders.trust()
    sources = []
    for write, theme in (
        (folders.defaults, "a"),
        (folders.user, "b"),
        (folders.workspace, "c"),
        (folders.override, "d"),
    ):
        write({"ui": {"theme": theme}})
        settings = folders.load()
        assert settings.get(keys.THEME) == theme
        sources.append(settings.sources["ui.theme"])
    assert sources == [
        folders.system.defaults,
        str(folders.user_file),
        str(folders.project_file),
        folders.system.settings,
    ]
    settings = folders.load({"ui": {"theme": "e"}})
    assert (settings.get(keys.THEME), settings.sources["ui.theme"]) == ("e", "command line")


def test_objects_merge_and_what_the_rules_say_joins(folders: Folders) -> None:
    folders.trust()
    folders.user(
        {
            "permissions": {"allow": ["a", "b"], "deny": ["x"]},
            "tools": {"exclude": ["one"], "approvalMode": "plan"},
            "env": {"A": "1", "B": "1"},
        }
    )
    folders.workspace(
        {
            "permissions": {"allow": ["b", "c"]},
            "tools": {"exclude": ["two"]},
            "env": {"B": "2"},
        }
    )
    settings = folders.load()
    assert (settings.get(keys.ALLOW), settings.get(keys.ASK), settings.get(keys.DENY)) == (
        ["a", "b", "c"],
        (),
        ["x"],
    )
    assert settings.values["tools"] == {"exclude": ["one", "two"], "approvalMode": "plan"}
    assert settings.get(keys.ENV) == {"A": "1", "B": "2"}
    assert settings.sources["permissions.allow"] == (f"{folders.user_file}, {folders.project_file}")
    assert settings.sources["env.A"] == str(folders.user_file)


def test_null_says_nothing_except_to_the_service(folders: Folders) -> None:
    folders.defaults({"proxy": "http://p"})
    config = {"extra_body": {"stop": None}, "timeout": None}
    folders.user({"proxy": None, "model": {"generationConfig": config}})
    settings = folders.load()
    assert settings.get(keys.PROXY_URL) == "http://p"
    assert settings.get(keys.OTHER_GENERATION) == {"extra_body": {"stop": None}}
    assert folders.wrong() == []


def test_variables_come_from_the_shell_dotenv_and_env(folders: Folders) -> None:
    (folders.home / ".env").write_text("B=dotenv\n")
    folders.user({"env": {"C": "settings-$A"}, "ui": {"theme": "$A ${B} $C $D"}})
    assert folders.load(A="shell").get(keys.THEME) == "shell dotenv settings-shell $D"


def test_the_flat_names_of_old_are_read_and_the_new_place_wins(folders: Folders) -> None:
    folders.user(
        {
            "approvalMode": "plan",
            "model": "qwen",
            "theme": "old",
            "ui": {"theme": "new"},
            "fileFilteringRespectGitIgnore": False,
            "selectedAuthType": "openai",
        }
    )
    settings = folders.load()
    assert settings.get(keys.APPROVAL_MODE) == "plan"
    assert settings.get(keys.MODEL) == "qwen"
    assert settings.get(keys.THEME) == "new"
    assert settings.get(keys.RESPECT_GIT_IGNORE) is False
    assert settings.get(keys.SELECTED_TYPE) == "openai"


def test_a_wrong_value_in_one_layer_lets_the_layer_below_count(folders: Folders) -> None:
    folders.defaults({"tools": {"approvalMode": "plan"}})
    folders.user({"tools": {"approvalMode": "fast"}})
    assert folders.load().get(keys.APPROVAL_MODE) == "plan"
    assert folders.full().values == {"tools": {"approvalMode": "plan"}}


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
    settings = load_settings(str(tmp_path), str(home), {"HOME": str(tmp_path)})
    assert what_counts(settings) == what_counts(
        Settings(values={"tools": {"approvalMode": "yolo"}})
    )


def test_a_fifo_in_place_of_a_settings_file_holds_up_nothing(folders: Folders) -> None:
    os.mkfifo(folders.project_file)
    assert "is a named pipe, not a regular file" in folders.load().warnings[0]
    folders.user_file.mkdir()
    assert "is a directory, not a regular file" in folders.load().warnings[0]


def test_a_projects_file_may_be_a_link_within_the_project_and_nowhere_else(
    folders: Folders, tmp_path: Path
) -> None:
    (folders.project / "shared.json").write_text('{"tools": {"approvalMode": "plan"}}')
    folders.project_file.symlink_to("../shared.json")
    assert folders.load().get(keys.APPROVAL_MODE) == "plan"
    elsewhere = tmp_path / "elsewhere.json"
    elsewhere.write_text('{"tools": {"approvalMode": "plan"}}')
    folders.project_file.unlink()
    folders.project_file.symlink_to(elsewhere)
    settings = folders.load()
    assert settings.get(keys.APPROVAL_MODE) == "default"
    assert "is a symbolic link that leads out of" in settings.warnings[0]


def test_the_users_own_file_may_be_a_link_into_their_dotfiles(
    folders: Folders, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "dotfiles.json"
    elsewhere.write_text('{"tools": {"approvalMode": "plan"}}')
    folders.user_file.symlink_to(elsewhere)
    assert what_counts(folders.load()) == what_counts(
        Settings(values={"tools": {"approvalMode": "plan"}})
    )


def test_a_projects_file_that_is_the_homes_by_a_link_counts_once_and_as_the_users(
    folders: Folders,
) -> None:
    folders.user({"tools": {"approvalMode": "plan"}})
    folders.project_file.symlink_to(folders.user_file)
    settings = folders.load()
    assert [layer.name for layer in settings.layers] == ["user"]
    assert settings.warnings == []


@as_root
def test_another_users_settings_are_not_read(folders: Folders) -> None:
    folders.workspace({"tools": {"approvalMode": "plan"}})
    os.chown(folders.project_file, NOBODY, NOBODY)
    settings = folders.load()
    assert settings.get(keys.APPROVAL_MODE) == "default"
    assert f"belongs to another user (uid {NOBODY})" in settings.warnings[0]


def test_a_long_file_is_read_with_comments_and_without(folders: Folders) -> None:
    long = json.dumps({"tools": {"approvalMode": "plan"}, "other": "x" * 200_000})
    folders.user(long)
    assert what_counts(folders.load()) == what_counts(
        Settings(values={"tools": {"approvalMode": "plan"}})
    )
    folders.user(f"// mine\n{long}")
    assert what_counts(folders.load()) == what_counts(
        Settings(values={"tools": {"approvalMode": "plan"}})
    )
    folders.user(json.dumps({"other": "x" * (1 << 20)}))
    assert "is larger than 1,048,576 bytes" in folders.load().warnings[0]


@pytest.mark.parametrize(
    "text",
    [
        '{ // a comment\n "tools": { "approvalMode": "plan", }, /* more */ }',
        "\ufeff{tools: {'approvalMode': 'plan'}}",
    ],
)
def test_comments_trailing_commas_and_a_bom_are_read(folders: Folders, text: str) -> None:
    folders.user(text)
    assert what_counts(folders.load()) == what_counts(
        Settings(values={"tools": {"approvalMode": "plan"}})
    )


@pytest.mark.parametrize("text", ["", "  \n", "// nothing yet\n", "{}"])
def test_a_file_that_holds_nothing_is_no_error(folders: Folders, text: str) -> None:
    folders.user(text)
    assert what_counts(folders.load()) == what_counts(Settings())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{\n nope nope\n}", 'does not parse at line 2, column 7: unexpected "n"; the file is'),
        ('{"a": "b\n"}', "does not parse at line 1, column 7: what begins here has no end"),
        ('{\n "é": 1,\n  "b" 2}', 'does not parse at line 3, column 7: unexpected "2"'),
        ('{"a": 1\n "b": 2}', "line 2, column 2: unexpected '\"'; is a comma missing before it?"),
        ('{"a": 1,,}', "does not parse at line 1, column 9: unexpected comma"),
        ("[" * 10_000, "settings.json: is nested too deep"),
        (f'{{"a": {"[" * 40}{"]" * 40}}}', "settings.json: is nested too deep"),
        ("[1]", "expected an object, not list"),
    ],
)
def test_a_file_that_does_not_parse_is_named_left_alone_and_skipped(
    folders: Folders, text: str, says: str
) -> None:
    folders.user(text)
    settings = folders.load()
    assert len(settings.warnings) == 1
    assert says in settings.warnings[0]
    assert settings.values == {}
    assert folders.user_file.read_text() == text


def test_a_file_that_is_not_utf8_is_skipped(folders: Folders) -> None:
    folders.user_file.write_bytes(b'{"a": "\xff"}')
    assert "not UTF-8 at its byte 7" in folders.load().warnings[0]


def test_qwen_home_moves_the_users_folder() -> None:
    assert qwen_home({"QWEN_HOME": "/x"}) == "/x"
    assert qwen_home({"QWEN_HOME": "~/x", "HOME": "/me"}) == "/me/x"
    assert qwen_home({"HOME": "/me"}) == "/me/.qwen"
    assert qwen_home({"HOME": "/me"}, "/work") == "/me/.qwen"
    assert qwen_home({"QWEN_HOME": "../x"}, "/work/a") == "/work/x"
    assert qwen_home({}).endswith("/.qwen")


def test_the_environment_moves_the_machines_files() -> None:
    assert system_files({}).settings.endswith("/settings.json")
    moved = system_files({"QWEN_CODE_SYSTEM_SETTINGS_PATH": "/x/all.json"})
    assert moved == SystemFiles("/x/system-defaults.json", "/x/all.json")
    assert system_files({"QWEN_CODE_SYSTEM_DEFAULTS_PATH": "/y"}).defaults == "/y"


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
    found = most_specific("/a/b", rulings(rules, "/home/me"))
    assert (found is not None and found.trusted) is trusted


def test_what_only_the_person_may_set_no_project_sets_trusted_or_not(folders: Folders) -> None:
    folders.workspace(
        {
            "model": {"textToolCalls": True, "maxSessionTurns": 3},
            "tools": {"shell": {"passEnvironment": ["MY_TOKEN"]}},
        }
    )
    folders.trust()
    settings = folders.load()
    assert settings.get(keys.MAX_SESSION_TURNS) == 3
    assert settings.get(keys.TEXT_TOOL_CALLS) is False
    assert settings.get(keys.PASS_ENVIRONMENT) == ()
    told = "is not used: no project sets it, only your own settings do"
    for key in (keys.TEXT_TOOL_CALLS, keys.PASS_ENVIRONMENT):
        assert f"{folders.project_file}: {key.path} {told}" in settings.warnings
    folders.user({"model": {"textToolCalls": True}})
    folders.workspace({"model": {"textToolCalls": False}})
    assert folders.load().get(keys.TEXT_TOOL_CALLS) is True
