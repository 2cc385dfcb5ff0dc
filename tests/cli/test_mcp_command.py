"""``qwen-dual mcp``: what is written, what stays, and what is said of servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from qwen_dual.cli.mcp_command import main
from tests.mcp.support import HOSTILE

ROOT = Path(__file__).parents[2]


class Home:
    """A person's home and the project that they are in."""

    def __init__(self, folder: Path) -> None:
        self.home, self.project = folder / ".qwen", folder / "work"
        self.home.mkdir()
        self.project.mkdir()
        self.file = self.home / "settings.json"

    def servers(self, file: Path | None = None) -> dict[str, Any]:
        servers: dict[str, Any] = json.loads((file or self.file).read_text())["mcpServers"]
        return servers


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    made = Home(tmp_path)
    monkeypatch.chdir(made.project)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("QWEN_HOME", str(made.home))
    return made


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (["s", "run"], {"command": "run"}),
        (["s", "npx", "-y", "pkg", "--port", "8"], {"command": "npx", "args": ["-y", "pkg", "--port", "8"]}),
        (["-e", "A=b=c", "s", "run", "-eB=1"], {"command": "run", "args": ["-eB=1"], "env": {"A": "b=c"}}),
        (["s", "run", "--timeout", "9", "x"], {"command": "run", "args": ["x"], "timeout": 9}),
        (["s", "run", "--", "--timeout", "9"], {"command": "run", "args": ["--timeout", "9"]}),
        (["--trust", "--description=Does", "s", "run"], {"command": "run", "trust": True, "description": "Does"}),
        (["--trust=false", "s", "run"], {"command": "run"}),
        (["s", "http://h/mcp"], {"httpUrl": "http://h/mcp"}),
        (["-t", "sse", "s", "http://h/sse"], {"url": "http://h/sse"}),
        (
            ["s", "https://h/", "-H", "X: a:b", "--header=Y:c", "--exclude-tools", "a,b"],
            {"httpUrl": "https://h/", "headers": {"X": "a:b", "Y": "c"}, "excludeTools": ["a", "b"]},
        ),
        (
            ["s", "https://h/", "--oauth-client-id", "me", "--oauth-scopes", "a, b"],
            {"httpUrl": "https://h/", "oauth": {"enabled": True, "clientId": "me", "scopes": ["a", "b"]}},
        ),
    ],
)  # fmt: skip
def test_a_launch_line_of_the_reference_is_written_as_its_entry(
    at: Home, line: list[str], entry: dict[str, Any]
) -> None:
    assert main(["add", *line]) == 0
    assert at.servers() == {"s": entry}


def test_what_else_is_in_the_file_stays_as_it_was(
    at: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    text = '{\n  // mine\n  "ui": {"theme": "dark"}, // so\n  "mcpServers": {\n    "a": {"command": "a"} // first\n  }\n}\n'
    at.file.write_text(text)
    assert main(["add", "b", "run", "-e", "TOKEN=x"]) == 0
    added = at.file.read_text()
    assert '"a": {"command": "a"}, // first' in added
    assert '// mine\n  "ui": {"theme": "dark"}, // so' in added
    assert at.file.stat().st_mode & 0o077 == 0
    assert main(["add", "b", "other"]) == 0
    assert main(["remove", "b"]) == 0
    assert json.loads(
        "".join(line.partition("//")[0] for line in at.file.read_text().splitlines())
    ) == {"ui": {"theme": "dark"}, "mcpServers": {"a": {"command": "a"}}}
    said = capsys.readouterr().out
    assert 'MCP server "b" added to user settings. (stdio)' in said
    assert 'MCP server "b" updated in user settings.' in said
    assert 'Server "b" removed from user settings.' in said


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["s", "ftp://h", "-t", "http"], "expected a URL that begins with http:// or https://"),
        (["s", "http://h", "x"], "arguments are for a server that is a program"),
        (["s", "http://h", "-e", "A=b"], "--env is for a server that is a program"),
        (["s", "run", "-H", "A: b"], "--header is for a server at an address"),
        (["s", "run", "--oauth-client-id", "x"], "--oauth-* is for a server at an address"),
        (["s", "run", "-e", "A"], "--env takes NAME=VALUE, and 'A' is none"),
        (["s", "run", "--timeout", "0"], "expected milliseconds, more than 0"),
        (["  ", "run"], "a name has 1 to 100 characters"),
    ],
)
def test_what_is_wrong_is_not_written(
    at: Home, line: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", *line]) == 1
    assert told in capsys.readouterr().err
    assert not at.file.exists()


def test_a_key_may_come_from_a_variable_that_is_not_set_yet(at: Home) -> None:
    assert main(["add", "s", "https://h/", "-H", "Authorization: Bearer ${NOT_SET}"]) == 0
    assert at.servers()["s"]["headers"] == {"Authorization": "Bearer ${NOT_SET}"}


def test_a_project_has_servers_of_its_own_that_wait_for_trust(
    at: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["add", "-s", "project", "s", "run", "-e", "K=v"]) == 0
    said = capsys.readouterr().out
    assert "It is not used before this folder is trusted" in said
    assert "${NAME} keeps a key out of it" in said
    assert at.servers(at.project / ".qwen" / "settings.json") == {
        "s": {"command": "run", "env": {"K": "v"}}
    }
    assert main(["remove", "s"]) == 1
    assert "it is in the project settings: -s project" in capsys.readouterr().err
    assert main(["remove", "-s", "project", "s"]) == 0


def test_a_link_in_a_project_is_not_written_through(
    at: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    victim = tmp_path / "victim.json"
    victim.write_text("{}")
    (at.project / ".qwen").mkdir()
    (at.project / ".qwen" / "settings.json").symlink_to(victim)
    assert main(["add", "-s", "project", "s", "run"]) == 1
    assert "leads out of" in capsys.readouterr().err
    assert victim.read_text() == "{}"


def test_a_file_that_does_not_parse_is_left_as_it_is(
    at: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    at.file.write_text("{broken")
    assert main(["add", "s", "run"]) == 1
    assert "does not parse at line 1" in capsys.readouterr().err
    assert at.file.read_text() == "{broken"
    at.file.write_text('{"mcpServers": []}')
    assert main(["add", "s", "run"]) == 1
    assert "has a mcpServers that is no object" in capsys.readouterr().err


def program(at: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "qwen_dual", "mcp", *arguments],
        cwd=at.project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )


def test_servers_are_listed_with_their_state_and_tested_one_by_one(at: Home) -> None:
    assert main(["add", "good", sys.executable, "--", "-SE", str(HOSTILE), "good"]) == 0
    assert main(["add", "gone", "/none/such"]) == 0
    (at.project / ".mcp.json").write_text(
        '{"mcpServers": {"evil": {"command": "touch", "args": ["made"]}}}'
    )
    listed = program(at, "list")
    good, gone = listed.stdout.splitlines()
    assert good.startswith("✓ good: ")
    assert " (stdio) - Connected, " in good
    assert gone.startswith(
        "✗ gone: /none/such (stdio) - Disconnected: /none/such cannot be started"
    )
    assert "the servers of .mcp.json are not used: this folder is not trusted" in listed.stderr
    assert not (at.project / "made").exists()
    tested = program(at, "test", "good")
    assert tested.returncode == 0
    assert "\n  echo" in tested.stdout
    failed = program(at, "test", "gone")
    assert (failed.returncode, failed.stdout[:8]) == (1, "✗ gone: ")
    unknown = program(at, "test", "none")
    assert unknown.returncode == 1
    assert "there is no MCP server 'none'; there are: good, gone" in unknown.stderr
