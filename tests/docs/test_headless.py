"""docs/headless.md: every recipe runs as it stands there, and the lists are the code's.

``recipe: ci`` runs it as a step of GitHub's would run, ``recipe: cron`` as cron would.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from qwen_dual.cli.headless_options import FORMATS, NEEDS_RUN
from qwen_dual.frontends.headless import endings

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "headless.md").read_text()
RECIPES = re.findall(r"<!-- recipe(?:: (\w+))? -->\n```sh\n(.*?)```", TEXT, re.DOTALL)
ANSWER = {"blocks": [{"type": "tool_use", "name": "structured_output", "input": {"city": "Rome"}}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("bin", "home", "work"):
        (tmp_path / name).mkdir()
    (tmp_path / "work" / "build.log").write_text("error: no such file\n")
    (tmp_path / "answers").write_text(json.dumps(ANSWER) + "\n")
    return tmp_path


def recipe(name: str) -> str:
    (found,) = [body for role, body in RECIPES if role == name]
    return str(found)


def run(
    body: str, folder: Path, shell: tuple[str, ...] = ("bash", "-ec"), **env: str
) -> subprocess.CompletedProcess[str]:
    """Runs it with ``qwen-dual`` on the path and nothing of this environment."""
    more = f"--offline-script {folder / 'answers'}" if "json-schema" in body else "--offline"
    shim = folder / "bin" / "qwen-dual"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@" {more}\n')
    shim.chmod(0o755)
    for place, ours in (("/srv/project", "work"), ("/tmp/agent", "home/agent")):
        body = body.replace(place, str(folder / ours))
    given = {
        "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
        "HOME": str(folder / "home"),
        "PYTHONPATH": str(ROOT),
        **env,
    }
    return subprocess.run(
        [*shell, body],
        cwd=folder / "work",
        env=given,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_every_block_of_shell_is_a_recipe() -> None:
    assert TEXT.count("```sh") == len(RECIPES)


@pytest.mark.parametrize("number", [i for i, (role, _) in enumerate(RECIPES) if not role])
def test_a_recipe_runs(number: int, folder: Path) -> None:
    ran = run(RECIPES[number][1], folder)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.strip()


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
def test_jq_takes_what_comes_out(folder: Path) -> None:
    ran = run(recipe("jq"), folder)
    assert ran.returncode == 0, ran.stderr
    assert "build.log" in ran.stdout


def test_an_answer_as_data(folder: Path) -> None:
    ran = run(recipe("schema"), folder)
    assert (ran.returncode, json.loads(ran.stdout)) == (0, {"city": "Rome"})


def test_a_step_of_ci(folder: Path) -> None:
    step = folder / "step.sh"
    step.write_text(recipe("ci"))
    shell = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    ran = run(step.read_text(), folder, shell, CI="true", GITHUB_ACTIONS="true")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    lines = (folder / "work" / "agent.jsonl").read_text().splitlines()
    last = json.loads(lines[-1])
    assert (last["type"], last["is_error"], last["permission_denials"]) == ("result", False, [])
    assert (folder / "work" / "fixed").exists()
    assert not list((folder / "home").glob("**/chats/*.jsonl"))


def test_cron_with_a_home_that_cannot_be_written(folder: Path) -> None:
    ran = run(recipe("cron"), folder, ("/bin/sh", "-c"), HOME="/dev/null/none", LOGNAME="cron")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "build.log" in ran.stdout


def test_without_any_home_that_can_be_written_it_runs_too(folder: Path) -> None:
    ran = run('qwen-dual -p "list"', folder, ("/bin/sh", "-c"), HOME="/dev/null/none")
    assert ran.returncode == 0
    assert "build.log" in ran.stdout
    assert "Traceback" not in ran.stderr


def test_the_page_names_every_flag_format_and_status() -> None:
    for name in NEEDS_RUN:
        flag = "-q" if name == "quiet" else f"--{name.replace('_', '-')}"
        assert f"`{flag}" in TEXT or f"{flag} " in TEXT, flag
    for form in FORMATS:
        assert f"| `{form}` |" in TEXT
    for status in (endings.MAX_TURNS, endings.BUDGET):
        assert str(status) in TEXT
