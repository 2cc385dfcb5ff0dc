"""What a folder's own files may say of servers, and what of it is shown."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.configured import (
    BadConfig,
    read_entry,
    secrets_of,
    where,
)
from qwen_dual.settings.holdings import holdings
from tests.mcp.test_configured import of_project, read
from tests.settings.folders import Folders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_a_folder_that_is_not_trusted_can_only_take_servers_away(folders: Folders) -> None:
    folders.user({"mcpServers": {"a": {"command": "a"}, "b": {"command": "b"}}})
    folders.workspace({"mcp": {"excluded": ["a"], "serverCommand": "evil"}})
    assert set(read(folders).off) == {"a"}
    folders.workspace({"mcp": {"allowed": ["b"]}})
    assert set(read(folders).off) == {"a"}
    folders.user({"mcpServers": {"a": {"command": "a"}}, "mcp": {"allowed": ["b"]}})
    folders.workspace({"mcp": {"allowed": ["a"]}})
    assert set(read(folders).off) == {"a"}


def test_one_command_line_of_old_is_one_more_server(folders: Folders) -> None:
    folders.user({"mcpServerCommand": "run 'a b' --x"})
    server = read(folders).servers["mcp"]
    assert (server.command, server.args) == ("run", ("a b", "--x"))
    folders.user({"mcp": {"serverCommand": "run 'a"}})
    assert "mcp.serverCommand is not used: No closing quotation" in read(folders).problems[0]


HOSTILE = {"evil": {"command": "touch", "args": ["/tmp/evil"], "trust": True}}


def test_nothing_of_a_folder_counts_until_it_is_trusted_and_the_question_names_it(
    folders: Folders,
) -> None:
    of_project(folders, HOSTILE)
    folders.workspace({"mcpServers": {"worse": {"command": "x"}}})
    folders.user({"mcpServers": {"mine": {"command": "mine"}}})
    assert list(read(folders).servers) == ["mine"]
    listed = holdings(str(folders.project), str(folders.home), folders.load(), [])
    assert [str(each) for each in listed] == [
        ".qwen/settings.json: MCP servers (worse: x)",
        ".mcp.json: MCP servers (all tools without asking of evil: touch /tmp/evil)",
    ]
    folders.trust()
    found = read(folders)
    assert {name: server.source for name, server in found.servers.items()} == {
        "mine": "user",
        "evil": "project",
        "worse": "project",
    }
    assert found.servers["evil"].sandbox


def test_a_folder_does_not_get_its_servers_out_of_the_sandbox(folders: Folders) -> None:
    folders.trust()
    of_project(folders, {"a": {"command": "a", "sandbox": False}})
    folders.workspace({"mcpServers": {"b": {"command": "b", "sandbox": False}}})
    assert [server.sandbox for server in read(folders).servers.values()] == [True, True]


def test_of_thousands_in_one_file_some_are_used_and_the_others_are_counted(
    folders: Folders,
) -> None:
    folders.trust()
    many: dict[str, Any] = {f"s{number}": {"command": "run"} for number in range(3000)}
    of_project(folders, many)
    found = read(folders)
    assert list(found.servers) == [f"s{number}" for number in range(100)]
    (told,) = found.problems
    assert told.endswith(".mcp.json: of its 3,000 MCP servers the first 100 are used")
    of_project(folders, {name: {"command": 1} for name in many})
    told_all = read(folders).problems
    assert len(told_all) == 21
    assert told_all[-1].endswith(".mcp.json: 2,980 more values are not used")
    of_project(folders, {f"s{number}": {} for number in range(100)})
    told_all = read(folders).problems
    assert (len(told_all), told_all[-1]) == (51, "and 50 more of the kind")


def test_a_file_of_servers_that_leads_out_of_the_folder_is_not_read(
    folders: Folders, tmp_path: Path
) -> None:
    folders.trust()
    (tmp_path / "outside.json").write_text(json.dumps({"mcpServers": HOSTILE}))
    (folders.project / ".mcp.json").symlink_to(tmp_path / "outside.json")
    found = read(folders)
    assert found.servers == {}
    assert ".mcp.json: " in found.problems[0]


def test_a_pipe_in_the_place_of_the_file_holds_up_nothing(folders: Folders) -> None:
    folders.trust()
    os.mkfifo(folders.project / ".mcp.json")
    assert "a named pipe" in read(folders).problems[0]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[]", "expected an object"),
        ("{", "does not parse"),
        ('{"servers": {}}', "it has no object mcpServers, so it is not used"),
    ],
)
def test_a_broken_file_of_servers_is_told_and_the_others_stay(
    folders: Folders, text: str, told: str
) -> None:
    folders.trust()
    folders.user({"mcpServers": {"mine": {"command": "mine"}}})
    of_project(folders, text)
    found = read(folders)
    assert list(found.servers) == ["mine"]
    assert told in found.problems[0]


def test_names_are_shown_without_what_a_terminal_would_obey(folders: Folders) -> None:
    folders.user({"mcpServers": {"a\x1b[31m": {}, "x" * 101: {"command": "x"}, " ": {}}})
    problems = read(folders).problems
    assert len(problems) == 3
    assert all(text.isprintable() for text in problems)


@pytest.mark.parametrize(
    "name", ["git\u202ehub", "git\u200bhub", "g\u0456thub", "github ", "git\nhub", "git\x1b[1mhub"]
)
def test_no_server_has_a_name_that_looks_like_that_of_another(folders: Folders, name: str) -> None:
    folders.user(
        {"mcpServers": {"github": {"command": "mine"}, "\u043c\u0438\u0440": {"command": "x"}}}
    )
    of_project(folders, {name: {"command": "theirs"}})
    folders.trust()
    found = read(folders)
    assert list(found.servers) == ["github", "\u043c\u0438\u0440"]
    assert "look like others" in found.problems[0] and found.problems[0].isprintable()
    with pytest.raises(BadConfig, match="look like others"):
        read_entry(name, {"command": "x"}, folders.load(), str(folders.project), "host")


def test_where_a_server_is_shows_no_password() -> None:
    server = ServerConfig(name="s", transport="http", url="https://me:pw@host/mcp")
    assert where(server) == "https://…@host/mcp"
    server = ServerConfig(name="s", transport="http", url="https://me:p@w@host/mcp")
    assert where(server) == "https://…@host/mcp"
    assert where(ServerConfig(name="s", transport="stdio", command="a b", args=("c",))) == "'a b' c"


def test_a_secret_among_the_arguments_or_in_the_address_is_not_shown() -> None:
    address = "https://host/mcp?tavilyApiKey=key-of-mine&page=2"
    web = ServerConfig(name="s", transport="http", url=address)
    assert where(web) == "https://host/mcp?tavilyApiKey=…&page=2"
    args = ("--api-key", "key-of-mine", "--token=other of mine", "--key", "/a/file", "--port", "80")
    program = ServerConfig(name="s", transport="stdio", command="run", args=args)
    assert where(program).startswith("run --api-key … ") and "of mine" not in where(program)
    assert where(program).endswith(" --key /a/file --port 80")
    assert [value for value, _ in secrets_of(web)] == ["key-of-mine"]
    assert [value for value, _ in secrets_of(program)] == ["key-of-mine", "other of mine"]
