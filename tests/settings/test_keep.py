"""Answers that last: what is written, and what is left alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from qwen_dual.settings.keep import CannotKeep, keep_rule, settings_path
from qwen_dual.settings.load import load_settings

if TYPE_CHECKING:
    from pathlib import Path

RULE = "run_shell_command(git log *)"


def test_a_rule_is_kept_once_beside_what_was_there_and_read_back(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    project.mkdir()
    path = settings_path("user", str(project), str(home))
    keep_rule(path, RULE)
    assert (home / "settings.json").stat().st_mode & 0o777 == 0o600
    values = json.loads((home / "settings.json").read_text())
    values["other"] = {"key": "é"}
    (home / "settings.json").write_text(json.dumps(values))
    (home / "settings.json").chmod(0o644)
    keep_rule(path, RULE)
    keep_rule(path, "run_shell_command(ls *)")
    after = json.loads((home / "settings.json").read_text())
    assert after == {"permissions": {"allow": [RULE, "run_shell_command(ls *)"]}, **values} | {
        "permissions": {"allow": [RULE, "run_shell_command(ls *)"]}
    }
    assert (home / "settings.json").stat().st_mode & 0o777 == 0o644
    settings = load_settings(str(project), str(home), {})
    assert settings.allow == [RULE, "run_shell_command(ls *)"]


def test_a_project_rule_counts_only_in_a_trusted_folder(tmp_path: Path) -> None:
    home, project = tmp_path / "home", tmp_path / "project"
    home.mkdir()
    keep_rule(settings_path("project", str(project), str(home)), RULE)
    settings = load_settings(str(project), str(home), {})
    assert settings.allow == []
    assert "not trusted" in settings.warnings[0]
    (home / "trustedFolders.json").write_text(json.dumps({str(project): "TRUST_FOLDER"}))
    assert load_settings(str(project), str(home), {}).allow == [RULE]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{} // mine", "has comments"),
        ("[1]", "holds no object"),
        ('{"permissions": {"allow": "all"}}', "no list"),
        ('{"permissions": 3}', "no list"),
    ],
)
def test_a_file_that_cannot_take_it_is_left_as_it_is(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(CannotKeep, match=says):
        keep_rule(str(path), RULE)
    assert path.read_text() == text
