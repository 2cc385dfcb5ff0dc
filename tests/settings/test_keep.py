"""What is written to settings files, and what is left alone."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings.keep import NO_KEY, CannotKeep, keep_rule, save_provider, settings_path
from qwen_dual.settings.providers import resolve

if TYPE_CHECKING:
    from pathlib import Path

    from tests.settings.folders import Folders

RULE = "run_shell_command(git log *)"
ENTRY = {"id": "qwen", "baseUrl": "http://h/v1"}
KEY = "sk-planted-1234567890"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_rule_is_kept_once_beside_what_was_there_and_read_back(folders: Folders) -> None:
    path = settings_path("user", str(folders.project), str(folders.home))
    keep_rule(path, RULE)
    assert mode(folders.user_file) == 0o600
    values = json.loads(folders.user_file.read_text())
    folders.user({**values, "other": {"key": "é"}})
    folders.user_file.chmod(0o644)
    keep_rule(path, RULE)
    keep_rule(path, "run_shell_command(ls *)")
    assert json.loads(folders.user_file.read_text()) == {
        "permissions": {"allow": [RULE, "run_shell_command(ls *)"]},
        "other": {"key": "é"},
    }
    assert mode(folders.user_file) == 0o644
    assert folders.load().allow == [RULE, "run_shell_command(ls *)"]


def test_a_project_rule_counts_only_in_a_trusted_folder(folders: Folders) -> None:
    keep_rule(settings_path("project", str(folders.project), str(folders.home)), RULE)
    settings = folders.load()
    assert settings.allow == []
    assert "not trusted" in settings.held_back[0]
    folders.trust()
    assert folders.load().allow == [RULE]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{} // mine", "has comments"),
        ("[1]", "holds no object"),
        ('{"permissions": {"allow": "all"}}', "no list"),
        ('{"permissions": 3}', "no list"),
    ],
)
def test_a_file_that_cannot_take_a_rule_is_left_as_it_is(
    folders: Folders, text: str, says: str
) -> None:
    folders.user(text)
    with pytest.raises(CannotKeep, match=says) as caught:
        keep_rule(str(folders.user_file), RULE)
    assert f'add "{RULE}" to its permissions.allow' in str(caught.value)
    assert folders.user_file.read_text() == text


def test_a_provider_is_kept_privately_and_chosen_from_then_on(folders: Folders) -> None:
    folders.user({"theme": "mine", "env": {"A": "1"}})
    folders.user_file.chmod(0o644)
    save_provider(str(folders.user_file), "openai", ENTRY, "MY_KEY", KEY)
    assert mode(folders.user_file) == 0o600
    assert json.loads(folders.user_file.read_text()) == {
        "theme": "mine",
        "env": {"A": "1", "MY_KEY": KEY},
        "modelProviders": {"openai": [{**ENTRY, "envKey": "MY_KEY"}]},
        "security": {"auth": {"selectedType": "openai"}},
        "model": {"name": "qwen"},
    }
    providers = resolve(folders.load())
    assert providers.chosen == 0
    assert (providers.models[0].id, providers.models[0].api_key) == ("qwen", KEY)
    assert sorted(os.listdir(folders.home)) == ["settings.json"]


def test_the_same_model_at_the_same_place_is_replaced_and_others_stay(folders: Folders) -> None:
    path = str(folders.user_file)
    save_provider(path, "openai", {**ENTRY, "name": "old"}, "MY_KEY", "one")
    save_provider(path, "openai", {"id": "qwen"}, "OTHER_KEY", "two", select=False)
    save_provider(path, "openai", {**ENTRY, "name": "new"}, "MY_KEY")
    save_provider(path, "anthropic", {"id": "claude"}, select=False)
    values = json.loads(folders.user_file.read_text())
    assert values["modelProviders"] == {
        "openai": [
            {**ENTRY, "name": "new", "envKey": "MY_KEY"},
            {"id": "qwen", "envKey": "OTHER_KEY"},
        ],
        "anthropic": [{"id": "claude"}],
    }
    assert values["env"] == {"MY_KEY": "one", "OTHER_KEY": "two"}
    assert values["security"] == {"auth": {"selectedType": "openai"}}


def test_a_service_that_needs_no_key_is_not_sent_another_ones(folders: Folders) -> None:
    save_provider(str(folders.user_file), "openai", ENTRY, "")
    config = resolve(folders.load(OPENAI_API_KEY="k")).models[0]
    assert (config.api_key, config.key_source) == (None, NO_KEY)


def test_a_symbolic_link_stays_one(folders: Folders, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.json"
    target.write_text("{}")
    folders.user_file.symlink_to(target)
    save_provider(str(folders.user_file), "openai", ENTRY, "MY_KEY", KEY)
    assert folders.user_file.is_symlink()
    assert (KEY in target.read_text(), mode(target)) == (True, 0o600)


def test_the_name_of_old_gives_way_to_the_model_section(folders: Folders) -> None:
    folders.user({"model": "old"})
    save_provider(str(folders.user_file), "openai", ENTRY)
    assert folders.load().get("model.name") == "qwen"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{} // mine", "has comments"),
        ('{"modelProviders": []}', "modelProviders that is no object"),
        ('{"modelProviders": {"openai": {}}}', "openai that is no list"),
        ('{"env": 3}', "env that is no object"),
        ('{"security": {"auth": 3}}', "auth that is no object"),
    ],
)
def test_a_file_that_cannot_take_a_provider_is_left_alone_and_the_key_is_not_told(
    folders: Folders, text: str, says: str
) -> None:
    folders.user(text)
    entry: dict[str, Any] = {**ENTRY, "generationConfig": {"customHeaders": {"X": KEY}}}
    with pytest.raises(CannotKeep, match=says) as caught:
        save_provider(str(folders.user_file), "openai", entry, "MY_KEY", KEY)
    assert folders.user_file.read_text() == text
    message = str(caught.value)
    assert KEY not in message
    for part in ('modelProviders.openai: {"id": "qwen"', '"MY_KEY" and your key', "model.name"):
        assert part in message


def test_a_key_in_place_of_its_name_is_refused_without_being_told(folders: Folders) -> None:
    with pytest.raises(ValueError, match="the name of an environment variable") as caught:
        save_provider(str(folders.user_file), "openai", ENTRY, KEY, KEY)
    assert KEY not in str(caught.value)
    assert not folders.user_file.exists()
