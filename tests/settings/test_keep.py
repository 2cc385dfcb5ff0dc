"""What is written to settings files, and what is left alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.settings import keys
from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.keep import NO_KEY, keep_rule, save_provider
from qwen_dual.settings.providers import resolve

if TYPE_CHECKING:
    from tests.settings.folders import Folders

RULE = "run_shell_command(git log *)"
ENTRY = {"id": "qwen", "baseUrl": "http://h/v1"}
KEY = "sk-planted-1234567890"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def keep(folders: Folders, rule: str, scope: str, project: Path | None = None) -> None:
    keep_rule(rule, scope, str(project or folders.project), str(folders.home))


def test_a_rule_is_kept_once_beside_what_was_there_and_read_back(folders: Folders) -> None:
    keep(folders, RULE, "user")
    assert mode(folders.user_file) == 0o600
    values = json.loads(folders.user_file.read_text())
    folders.user({**values, "other": {"key": "é"}})
    folders.user_file.chmod(0o644)
    keep(folders, RULE, "user")
    keep(folders, "run_shell_command(ls *)", "user")
    assert json.loads(folders.user_file.read_text()) == {
        "permissions": {"allow": [RULE, "run_shell_command(ls *)"]},
        "other": {"key": "é"},
    }
    assert mode(folders.user_file) == 0o644
    assert folders.load().get(keys.ALLOW) == [RULE, "run_shell_command(ls *)"]


def test_a_project_rule_is_kept_in_the_home_and_holds_trusted_or_not(folders: Folders) -> None:
    keep(folders, RULE, "project")
    assert not folders.project_file.exists()
    settings = folders.load()
    assert (settings.get(keys.ALLOW), settings.warnings, settings.held_back) == ([RULE], [], [])
    file = Path(settings.sources["permissions.allow"])
    assert file.is_relative_to(folders.home / "projects")
    assert mode(file) == 0o600
    folders.trust()
    assert folders.load().get(keys.ALLOW) == [RULE]


def test_it_holds_in_its_folder_alone_though_others_share_the_files_name(folders: Folders) -> None:
    other = folders.project.parent / "pro-ject"
    same = folders.project.parent / "pro_ject"
    for folder, rule in ((other, "Bash(a)"), (same, "Bash(b)")):
        folder.mkdir()
        keep(folders, rule, "project", folder)
    assert len(list((folders.home / "projects").iterdir())) == 1
    folders.project = other
    assert folders.load().get(keys.ALLOW) == ["Bash(a)"]
    folders.project = same
    assert folders.load().get(keys.ALLOW) == ["Bash(b)"]


def test_a_project_whose_settings_folder_is_a_link_into_the_home_gets_no_rule_for_all(
    folders: Folders,
) -> None:
    folders.user({"ui": {"theme": "x"}})
    (folders.project / ".qwen").rmdir()
    (folders.project / ".qwen").symlink_to(folders.home)
    keep(folders, RULE, "project")
    assert json.loads(folders.user_file.read_text()) == {"ui": {"theme": "x"}}
    assert folders.load().get(keys.ALLOW) == [RULE]
    folders.project = folders.project.parent
    assert folders.load().get(keys.ALLOW) == ()


def test_by_whatever_path_the_project_is_entered_the_rule_is_the_same(folders: Folders) -> None:
    link = folders.person / "link"
    link.symlink_to(folders.project)
    keep(folders, RULE, "project", link)
    assert folders.load().get(keys.ALLOW) == [RULE]


def test_a_path_longer_than_a_file_name_may_be_has_its_rules(folders: Folders) -> None:
    folders.project = folders.project.joinpath(*["long" * 20] * 4)
    folders.project.mkdir(parents=True)
    keep(folders, RULE, "project")
    assert (folders.load().get(keys.ALLOW), folders.load().warnings) == ([RULE], [])


@pytest.mark.parametrize(
    "text", ['{"permissions": {"allow": ["Bash"]}}', '{"PATH": 3}', "[]", "{oops"]
)
def test_a_file_of_another_shape_allows_nothing_and_is_left_alone(
    folders: Folders, text: str
) -> None:
    keep(folders, RULE, "project")
    file = Path(folders.load().sources["permissions.allow"])
    text = text.replace("PATH", str(folders.project))
    file.write_text(text)
    assert folders.load().get(keys.ALLOW) == ()
    if text[0] == "{" and "permissions" in text:
        return
    with pytest.raises(CannotKeep):
        keep(folders, RULE, "project")
    assert file.read_text() == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[1]", "expected an object, not list"),
        ('{"permissions": {"allow": "all"}}', "no list"),
        ('{"permissions": 3}', "no list"),
    ],
)
def test_a_file_that_cannot_take_a_rule_is_left_as_it_is(
    folders: Folders, text: str, says: str
) -> None:
    folders.user(text)
    with pytest.raises(CannotKeep, match=says) as caught:
        keep(folders, RULE, "user")
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
    assert folders.load().get(keys.MODEL) == "qwen"


@pytest.mark.parametrize(
    ("text", "says"),
    [
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
