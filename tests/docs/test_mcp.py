"""docs/mcp.md: its blocks run one after the other, as somebody reads it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from qwen_dual.settings.keys import check
from qwen_dual.settings.layers import expand
from qwen_dual.settings.server_keys import SERVER
from tests.runtime.mcp_kit import Place

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "mcp.md").read_text()
STEPS = re.findall(r"<!-- step -->\n```sh\n(.*?)```", TEXT, re.DOTALL)


def test_the_steps_lead_to_a_working_server(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.calls(("mcp__time__get_current_time", {"timezone": "Europe/Rome"}))
    shim = tmp_path / "bin" / "qwen-dual"
    shim.parent.mkdir()
    script = f"--offline-script {place.script}"
    shim.write_text(
        f'#!/bin/sh\n[ "$1" = mcp ] && exec {sys.executable} -m qwen_dual "$@"\n'
        f'exec {sys.executable} -m qwen_dual "$@" {script}\n'
    )
    shim.chmod(0o755)
    env = {
        "PATH": f"{shim.parent}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "QWEN_HOME": str(place.home),
        "PYTHONPATH": str(ROOT),
    }
    assert len(STEPS) == 3
    said = []
    for step in STEPS:
        ran = subprocess.run(
            ["bash", "-ec", step], cwd=place.work, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=50, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, (step, ran.stdout, ran.stderr)
        said.append(ran.stdout + ran.stderr)
    assert 'MCP server "time" added to user settings. (stdio)' in said[0]
    assert "✓ time: Connected, 2 tools" in said[1]
    assert said[2].strip() == "Done."


def test_the_settings_that_it_shows_are_right() -> None:
    for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL):
        values = expand(json.loads(block), {"DOCS_TOKEN": "x"})
        assert check(values)[1] == []
        known = {key.path.partition(".")[0] for key in SERVER.keys}
        assert all(set(entry) <= known for entry in values["mcpServers"].values())


def test_every_subcommand_is_named() -> None:
    named = set(re.findall(r"qwen-dual mcp (\w+)", TEXT))
    assert named == {"add", "list", "test", "remove", "auth", "logout"}
