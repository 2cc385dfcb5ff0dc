"""docs/hooks.md: the blocks run as they stand there, and its lists are the code's."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from qwen_dual.hooks.hook_events import HOOK_EVENTS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "hooks.md").read_text()
BLOCKS = dict(re.findall(r'```\w+ title="([^"]+)"\n(.*?)```', TEXT, re.DOTALL))


def place(tmp_path: Path, settings: str) -> dict[str, str]:
    for name in ("bin", "home/.qwen", "work"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "home/.qwen/settings.json").write_text(settings)
    shim = tmp_path / "bin" / "qwen-dual"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@"\n')
    shim.chmod(0o755)
    return {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(ROOT),
    }


def test_the_first_hook_works_as_it_is_written(tmp_path: Path) -> None:
    env = place(tmp_path, BLOCKS["settings.json"])
    scripts = tmp_path / "home/.qwen/hooks"
    scripts.mkdir()
    (scripts / "guard.sh").write_text(BLOCKS["guard.sh"])
    (tmp_path / "work/secrets.txt").write_text("the key")
    ran = subprocess.run(
        ["bash", "-ec", BLOCKS["try it"]],
        cwd=tmp_path / "work",
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "hook:guard did not allow this call: Leave secrets.txt alone." in ran.stdout, ran.stderr
    assert "hook:guard did not allow this call: Leave secrets.txt alone." in TEXT
    assert "the key" not in ran.stdout


def test_the_hook_that_asks_asks(tmp_path: Path) -> None:
    for command, asks in (("rm -r build", True), ("ls", False)):
        told = json.dumps({"tool_input": {"command": command}})
        ran = subprocess.run(
            [sys.executable, "-c", BLOCKS["ask.py"]],
            input=told,
            capture_output=True,
            text=True,
            check=True,
        )
        assert ("ask" in ran.stdout) is asks


def test_each_event_is_in_the_table() -> None:
    table = TEXT.split("## The events", 1)[1].split("A matcher is compared", 1)[0]
    for hook_event in HOOK_EVENTS:
        assert f"`{hook_event.name}`" in table, hook_event.name
