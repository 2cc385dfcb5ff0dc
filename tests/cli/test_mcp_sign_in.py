"""``qwen-dual mcp auth``: a person signs in from the shell, with a browser here or elsewhere, and out."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from anyio import to_thread

from qwen_dual.cli.mcp_command import main
from tests.mcp.oauth_service import agreed, service
from tests.runtime.mcp_kit import run
from tests.support.program import COMMAND, in_terminal

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.pty import Terminal


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    monkeypatch.chdir(made)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / ".qwen"))
    return made


def add(folder: Path, **entry: object) -> None:
    file = folder / ".qwen" / "settings.json"
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"mcpServers": {"guarded": entry}}))


def address_on(terminal: Terminal) -> str:
    """The address that is shown, which is longer than a row."""
    terminal.wait_for("enter the address of that page here.")
    found = re.search(r"http://127\S+", "".join(row.strip() for row in terminal.screen))
    assert found is not None
    return found[0].partition("A browser")[0]


def test_a_person_signs_in_from_the_shell_and_out(
    tmp_path: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def test() -> None:
        async with service() as (made, _):
            add(tmp_path, httpUrl=made.address, discoveryTimeoutMs=20_000)
            line = [*COMMAND, "mcp", "auth", "guarded"]
            env = {"DISPLAY": None, "WAYLAND_DISPLAY": None}
            with in_terminal(line, work, tmp_path, env=env) as terminal:
                back = await agreed(await to_thread.run_sync(address_on, terminal))
                terminal.send("http://localhost/elsewhere?state=1\r")
                await to_thread.run_sync(terminal.wait_for, "not the address")
                terminal.send(f"{back}\r")
                await to_thread.run_sync(terminal.wait_for, "Connected, ")
                assert "You are signed in at guarded." in terminal.text

    run(test)
    tokens = tmp_path / ".qwen" / "mcp-oauth-tokens.json"
    assert "guarded" in tokens.read_text()
    assert main(["logout", "guarded"]) == 0
    assert main(["logout", "guarded"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "You are signed out at guarded.",
        "Nobody was signed in at guarded.",
    ]
    assert "guarded" not in tokens.read_text()


def test_where_nobody_can_sign_in_it_says_why(
    tmp_path: Path, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(tmp_path, command="true")
    assert main(["auth", "guarded"]) == 1
    assert main(["auth", "no\x1bne"]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    first, second = told.err.splitlines()
    assert first == "qwen-dual: only servers with an address ask for signing in"
    assert second.startswith("qwen-dual: there is no MCP server 'no") and "\x1b" not in second
