"""``qwen-dual settings``: what is printed, and what never is."""

from __future__ import annotations

import io
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.cli.settings_command import run_settings
from qwen_dual.settings.secrets import display, is_secret, masked

if TYPE_CHECKING:
    from tests.settings.folders import Folders

PLANTED = "planted-secret-0123456789-abcd"


def run(folders: Folders, *, as_json: bool = False, **env: str) -> str:
    out = io.StringIO()
    status = run_settings(
        str(folders.project),
        str(folders.home),
        {"HOME": str(folders.person), **env},
        as_json=as_json,
        system=folders.system,
        out=out,
    )
    assert status == 0
    return out.getvalue()


def test_each_value_in_force_is_printed_with_the_file_it_came_from(folders: Folders) -> None:
    folders.trust()
    folders.user({"typo": {"x": 1}, "ui": {"theme": 3}})
    folders.workspace({"tools": {"approvalMode": "auto-edit"}})
    lines = run(folders).splitlines()
    rows = {line.split()[0]: line.split()[1:] for line in lines if line}
    assert rows["tools.approvalMode"] == ['"auto-edit"', str(folders.project_file)]
    assert rows["general.chatRecording"] == ["true", "built-in"]
    assert rows["typo.x"][-3:] == ["(unknown", "key,", "ignored)"]
    assert "  none: the offline model answers; /auth connects a provider" in lines
    assert "ui.theme = 3 is not used" in lines[-1]


def test_the_models_are_listed_with_the_chosen_one_marked(folders: Folders) -> None:
    folders.user({"modelProviders": {"openai": [{"id": "a"}, {"id": "b", "envKey": "B_KEY"}]}})
    text = run(folders, B_KEY=PLANTED)
    assert "\n* b  openai  https://api.openai.com/v1  key …abcd (B_KEY)" in text
    assert "\n  a  openai  https://api.openai.com/v1  key not set (OPENAI_API_KEY)" in text


@pytest.mark.parametrize("as_json", [False, True])
def test_no_secret_is_printed(folders: Folders, as_json: bool) -> None:
    (folders.home / ".env").write_text(f"OPENAI_API_KEY={PLANTED}\n")
    entry = {
        "id": "a",
        "apiKey": PLANTED,
        "baseUrl": f"http://user:{PLANTED}@host/v1",
        "generationConfig": {"customHeaders": {"X-Anything": PLANTED}},
    }
    folders.user(
        {
            "env": {"SOME_TOKEN": PLANTED, "DB_PASSWORD": PLANTED, "URL": f"x://u:{PLANTED}@h"},
            "modelProviders": {"openai": [entry]},
            "proxy": f"http://user:{PLANTED}@proxy",
            "mcpServers": {"m": {"headers": {"a": PLANTED}, "env": {"API_KEY": PLANTED}}},
        }
    )
    text = run(folders, as_json=as_json, ANTHROPIC_API_KEY=PLANTED)
    assert PLANTED not in text
    assert PLANTED[:-4] not in text


def test_as_json_it_can_be_read_by_a_program(folders: Folders) -> None:
    folders.user({"tools": {"exclude": ["x"]}, "env": {"A_KEY": PLANTED}})
    found: dict[str, Any] = json.loads(run(folders, as_json=True, OPENAI_API_KEY=PLANTED))
    values = {row["key"]: (row["value"], row["source"]) for row in found["settings"]}
    assert values["tools.exclude"] == (["x"], str(folders.user_file))
    assert values["env.A_KEY"][0] == "…abcd"
    [model] = found["models"]
    assert (model["chosen"], model["key"], model["protocol"]) == (True, "…abcd", "openai")
    assert found["warnings"] == []


def test_what_a_file_holds_cannot_steer_the_terminal(folders: Folders) -> None:
    folders.workspace({"un\x1b[2Jknown": "\x1b]0;x\x07\u202e", "ui": {"theme": "\x9b2J"}})
    assert run(folders).replace("\n", "").isprintable()


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("OPENAI_API_KEY", True),
        ("apiKey", True),
        ("GITHUB_TOKEN", True),
        ("password", True),
        ("Authorization", True),
        ("max_tokens", False),
        ("envKey", False),
        ("theme", False),
        ("keyboard", False),
    ],
)
def test_secrets_are_known_by_their_names(name: str, secret: bool) -> None:
    assert is_secret((name,)) is secret


def test_a_mask_shows_the_end_of_a_long_secret_and_nothing_of_a_short_one() -> None:
    assert masked("sk-1234567890123f2a") == "…3f2a"
    assert masked("short-secret") == "(hidden)"
    assert display({"theme": "sk-1234567890123f2a"}) == {"theme": "…3f2a"}


def test_the_command_prints_to_whoever_asks_and_stops_with_its_reader(tmp_path: Path) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "QWEN_HOME": str(tmp_path)}
    env["OPENAI_API_KEY"] = "sk-planted-0123456789"
    command = f"{shlex.quote(sys.executable)} -m qwen_dual settings"
    root = str(Path(__file__).parents[2])
    whole = subprocess.run(
        command,
        shell=True,
        env={**env, "PYTHONPATH": root},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "tools.approvalMode" in whole.stdout
    assert "unknown key" not in whole.stdout
    assert "sk-planted" not in whole.stdout + whole.stderr
    cut = subprocess.run(
        f"{command} | true",
        shell=True,
        env={**env, "PYTHONPATH": root},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert cut.stderr == ""
