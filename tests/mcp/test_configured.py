"""Which servers there are: spellings, layers, variables, and what becomes of broken entries."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.mcp.configured import (
    BadConfig,
    Configured,
    read_servers,
    secrets_of,
)
from tests.settings.folders import Folders

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.mcp.config import ServerConfig


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def read(folders: Folders, *given: str, **options: Any) -> Configured:
    env = options.pop("env", {})
    return read_servers(folders.load(**env), str(folders.project), given=given, **options)


def one(folders: Folders, entry: dict[str, Any], **env: str) -> ServerConfig:
    folders.user({"mcpServers": {"s": entry}})
    found = read(folders, env=env)
    assert found.problems == []
    return found.servers["s"]


def of_project(folders: Folders, servers: Any) -> None:
    text = servers if isinstance(servers, str) else json.dumps({"mcpServers": servers})
    (folders.project / ".mcp.json").write_text(text)


@pytest.mark.parametrize(
    ("entry", "transport", "url"),
    [
        ({"command": "run"}, "stdio", ""),
        ({"type": "stdio", "command": "run"}, "stdio", ""),
        ({"httpUrl": "https://a/mcp"}, "http", "https://a/mcp"),
        ({"url": "https://a/sse"}, "sse", "https://a/sse"),
        ({"type": "sse", "url": "https://a/sse"}, "sse", "https://a/sse"),
        ({"type": "http", "url": "https://a/mcp"}, "http", "https://a/mcp"),
        ({"type": "streamable-http", "url": "https://a/mcp"}, "http", "https://a/mcp"),
        ({"httpUrl": "https://a/mcp", "url": "https://a/sse"}, "http", "https://a/mcp"),
        ({"url": "https://a/sse", "command": "run"}, "sse", "https://a/sse"),
    ],
)
def test_each_spelling_is_one_of_three_transports(
    folders: Folders, entry: dict[str, Any], transport: str, url: str
) -> None:
    server = one(folders, entry)
    assert (server.transport, server.url) == (transport, url)


def test_every_value_of_an_entry_is_taken(folders: Folders) -> None:
    server = one(
        folders,
        {
            "command": "run",
            "args": ["-v", ""],
            "env": {"A": "x", "B": 1, "C": True},
            "cwd": "sub",
            "timeout": 1500,
            "discoveryTimeoutMs": 2500,
            "trust": True,
            "sandbox": False,
            "description": "Runs",
            "includeTools": ["a", "b(x, y)"],
            "excludeTools": ["b"],
            "versionNegotiation": "auto",
        },
    )
    assert server.args == ("-v", "")
    assert server.env == {"A": "x", "B": "1", "C": "true"}
    assert server.cwd == str(folders.project / "sub")
    assert (server.timeout, server.discovery_timeout) == (1.5, 2.5)
    assert (server.description, server.version_negotiation) == ("Runs", "auto")
    assert [server.takes(tool) for tool in ("a", "b", "c")] == [True, False, False]
    assert (server.sandbox, server.source) == (False, "user")


def test_what_says_nothing_has_the_defaults_of_the_reference(folders: Folders) -> None:
    server = one(folders, {"command": "run", "env": None})
    assert (server.timeout, server.trust, server.takes("any")) == (600.0, False, True)
    assert server.version_negotiation == "legacy"
    assert one(folders, {"httpUrl": "http://a"}).version_negotiation == "auto"


def test_trust_counts_in_a_trusted_folder_only(folders: Folders) -> None:
    entry = {"command": "run", "trust": True}
    assert not one(folders, entry).trust
    folders.trust()
    assert one(folders, entry).trust


def test_variables_are_put_in_everywhere_with_their_defaults(folders: Folders) -> None:
    server = one(
        folders,
        {
            "command": "${BIN}/run",
            "args": ["$NAME", "${NONE}", "${NONE:-else}", "${EMPTY:-filled}", "${NAME:-else}"],
            "env": {"TOKEN": "${TOKEN:-}"},
        },
        BIN="/opt",
        NAME="n",
        EMPTY="",
    )
    assert server.command == "/opt/run"
    assert server.args == ("n", "${NONE}", "else", "filled", "n")
    assert server.env == {"TOKEN": ""}
    folders.user({"mcpServers": {"s": {"url": "http://$HOST/", "headers": {"A": "Bearer ${T}"}}}})
    found = read(folders, env={"HOST": "h", "T": "secret-of-twelve"}).servers["s"]
    assert (found.url, found.headers) == ("http://h/", {"A": "Bearer secret-of-twelve"})
    assert "secret-of-twelve" in dict(secrets_of(found))
    assert "secret" not in repr(found)


def test_a_header_whose_variable_is_not_set_is_left_out_and_told(folders: Folders) -> None:
    server = one(folders, {"url": "http://h/", "headers": {"A": "Bearer ${NONE}", "B": "b"}})
    assert server.headers == {"B": "b"}
    (told,) = folders.wrong()
    assert "mcpServers.s.headers.A = (hidden) is not used" in told
    assert told.endswith("expected variables that are set, and NONE is not")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"command": 1}, "mcpServers.bad.command = 1 is not used, nor is its server"),
        ({"command": "x", "args": ["a", 1]}, "mcpServers.bad.args = […] is not used, nor is its"),
        ({"url": "ftp://x"}, "expected a URL that begins with http:// or https://"),
        ({"url": "http://$NONE"}, "expected variables that are set, and NONE is not"),
        ({"command": "x", "includeTools": "a"}, "expected a list of names"),
        ({"type": "pipe", "command": "x"}, "expected one of stdio, http, sse"),
        ({"url": "http://x", "authProviderType": "google_credentials"}, "Google account"),
        ("run", "mcpServers.bad = 'run' is not used"),
    ],
)
def test_a_broken_entry_is_told_with_its_line_and_costs_itself_alone(
    folders: Folders, entry: Any, told: str
) -> None:
    text = json.dumps({"mcpServers": {"good": {"command": "run"}, "bad": entry}}, indent=1)
    folders.user(text)
    assert list(read(folders).servers) == ["good"]
    (wrong,) = folders.wrong()
    assert told in wrong
    assert wrong.startswith(".qwen/settings.json:")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({}, "it has no command, httpUrl or url; give it one of them"),
        ({"tcp": "a:1"}, "tcp is not here; a command, an httpUrl or a url is"),
        ({"type": "http", "command": "x"}, "a server of the type http needs a url"),
        ({"type": "stdio", "url": "http://x"}, "a server of the type stdio needs a command"),
        ({"type": "sdk"}, "only the program that starts this one has servers of the type sdk"),
    ],
)
def test_an_entry_that_cannot_be_reached_is_told_where_it_stands(
    folders: Folders, entry: Any, told: str
) -> None:
    folders.user(json.dumps({"mcpServers": {"good": {"command": "run"}, "bad": entry}}, indent=1))
    found = read(folders)
    assert list(found.servers) == ["good"]
    line = 6  # of its key
    assert found.problems == [f"{folders.user_file}:{line}: mcpServers.bad is not used: {told}"]


def test_a_value_that_decides_nothing_is_left_out_alone(folders: Folders) -> None:
    server = one(folders, {"command": "x", "timeout": "soon", "trust": "yes", "other": 1})
    assert (server.command, server.timeout, server.trust) == ("x", 600.0, False)
    assert [text.partition(" = ")[0] for text in folders.wrong()] == [
        ".qwen/settings.json:1: mcpServers.s.timeout",
        ".qwen/settings.json:1: mcpServers.s.trust",
    ]


def test_of_two_of_one_name_the_higher_file_has_it_whole(folders: Folders) -> None:
    folders.trust()
    folders.user({"mcpServers": {"s": {"command": "mine", "env": {"KEY": "x"}, "trust": True}}})
    steps: list[tuple[str, Any]] = [("mine", lambda: None)]
    steps.append(("shared", lambda: of_project(folders, {"s": {"command": "shared"}})))
    steps.append(
        ("theirs", lambda: folders.workspace({"mcpServers": {"s": {"command": "theirs"}}}))
    )
    steps.append(("ours", lambda: folders.override({"mcpServers": {"s": {"command": "ours"}}})))
    for command, write in steps:
        write()
        server = read(folders).servers["s"]
        assert server.command == command
        assert (dict(server.env), server.trust) == (
            ({"KEY": "x"}, True) if command == "mine" else ({}, False)
        )
    given = read(folders, '{"mcpServers": {"s": {"command": "given"}}}')
    assert given.servers["s"].command == "given"
    assert (given.servers["s"].source, given.files["s"]) == ("cli", "--mcp-config")
    settings = folders.load()
    assert settings.values["mcpServers"]["s"] == {"command": "ours"}
    assert [at for at in settings.sources if at.startswith("mcpServers")] == [
        "mcpServers.s.command"
    ]


def test_servers_are_given_as_text_and_as_files_with_and_without_the_outer_name(
    folders: Folders,
) -> None:
    (folders.project / "more.json").write_text('{"mcpServers": {"b": {"command": "b"}}, // x\n}')
    folders.user({"mcpServers": {"mine": {"command": "mine"}}})
    given = ('{"a": {"command": "$A"}}', "more.json")
    found = read(folders, *given, env={"A": "aa"})
    assert {name: server.command for name, server in found.servers.items()} == {
        "mine": "mine",
        "a": "aa",
        "b": "b",
    }
    assert list(read(folders, *given, strict=True).servers) == ["a", "b"]
    assert read(folders, strict=True).servers == {}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("none.json", "'none.json' is neither a file nor a JSON object"),
        ("{broken", "--mcp-config: does not parse at line 1"),
        ('{"mcpServers": []}', "mcpServers is to be an object, with a name for each server"),
    ],
)
def test_what_is_given_and_cannot_be_read_is_an_error(
    folders: Folders, given: str, told: str
) -> None:
    with pytest.raises(BadConfig, match=told):
        read(folders, given)


def test_a_broken_entry_that_is_given_is_told_like_any_other(folders: Folders) -> None:
    found = read(folders, '{"a": {"command": 5}, "b": {"command": "b", "timeout": -1}, "c": {}}')
    assert list(found.servers) == ["b"]
    assert [text.partition(":")[0] for text in found.problems] == ["--mcp-config"] * 3


def test_servers_of_the_program_that_starts_this_one_come_by_the_flag_alone(
    folders: Folders,
) -> None:
    server = read(folders, '{"mcpServers": {"s": {"type": "sdk", "name": "s"}}}').servers["s"]
    assert (server.transport, server.source) == ("sdk", "sdk")


def test_what_is_not_allowed_is_listed_with_the_reason_and_off(folders: Folders) -> None:
    servers = {name: {"command": name} for name in ("web-a", "web-b", "files")}
    folders.user({"mcpServers": servers, "mcp": {"allowed": ["web-?", "x"], "excluded": ["*-b"]}})
    found = read(folders)
    assert {name: server.disabled for name, server in found.servers.items()} == {
        "web-a": False,
        "web-b": True,
        "files": True,
    }
    assert found.off == {
        "web-b": "mcp.excluded names it",
        "files": "mcp.allowed does not name it",
    }
    flag = read(folders, allowed=["files"])
    assert set(flag.off) == {"web-a", "web-b"}
    assert set(read(folders, allowed=[]).off) == set(servers)
