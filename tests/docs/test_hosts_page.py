"""What the page for hosts shows beside Python runs as it stands."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from qwen_dual import host
from tests.support.program import COMMAND
from tests.support.pty import terminal_environment

PAGE = (Path(__file__).parents[2] / "docs" / "hosts.md").read_text()


def test_the_host_in_node_does_what_the_settings_allow(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not installed")
    [code] = [
        each for each in re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL) if "node:net" in each
    ]
    (tmp_path / "host.mjs").write_text(code)
    command = tmp_path / "qwen-dual"
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@"\n')
    command.chmod(0o755)
    settings = tmp_path / ".qwen" / "settings.json"
    settings.parent.mkdir()
    rights = {"zed": ["observe", "approve", "submit"]}
    settings.write_text(json.dumps({"dualOutput": {"rights": rights}}))
    folder = tmp_path / "work"
    folder.mkdir()
    env = terminal_environment(
        {
            "HOME": str(tmp_path),
            "QWEN_HOME": str(settings.parent),
            "XDG_RUNTIME_DIR": None,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        }
    )

    async def main() -> bytes:
        async with host.open_session([*COMMAND, "--socket"], cwd=folder, env=env):
            with anyio.fail_after(20):
                while not host.running(env):
                    await anyio.lowlevel.checkpoint()
                ran = await anyio.run_process([node, str(tmp_path / "host.mjs")], env=env)
                return ran.stdout

    assert anyio.run(main).decode().splitlines()[:3] == [
        "zed may observe approve submit",
        "k7 accepted ",
        "end_turn `touch made` done.",
    ]
    assert (folder / "made").exists()
