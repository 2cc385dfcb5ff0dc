"""Which servers there are: spellings, layers, variables, and what becomes of broken entries."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.mcp.config import ServerConfig
from qwen_dual.mcp.configured import (
    BadConfig,
    Configured,
    read_entry,
    read_servers,
    secrets_of,
    where,
)
from qwen_dual.settings.holdings import holdings
from tests.settings.folders import Folders

if TYPE_CHECKING:
    from pathlib import Path


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
        ".mcp.json: MCP servers (evil: touch /tmp/evil)",
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
