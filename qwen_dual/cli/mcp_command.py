"""``qwen-dual mcp``: adds, lists, removes and tries out MCP servers, with the reference's arguments.

Signing in at one, and out, is ``mcp_sign_in``'s.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.mcp_sign_in import add_signing_in
from qwen_dual.cli.printing import for_terminal, run_printing
from qwen_dual.cli.stderr import tell
from qwen_dual.fs.home import qwen_home
from qwen_dual.runtime.process import environment
from qwen_dual.runtime.spec import SessionSpec
from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.files import BadFile, read_object
from qwen_dual.settings.keep_servers import forget_server, keep_server
from qwen_dual.settings.load import load_settings
from qwen_dual.settings.secrets import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.runtime.mcp_admin import Tried

_VALUED = {
    *("-s", "--scope", "-t", "--transport", "-e", "--env", "-H", "--header", "--timeout"),
    *("--description", "--include-tools", "--exclude-tools", "--oauth-client-id"),
    *("--oauth-client-secret", "--oauth-redirect-uri", "--oauth-authorization-url"),
    *("--oauth-token-url", "--oauth-scopes"),
}
_SWITCHES = {"--trust", "-h", "--help"}

_MARKS = {"connected": "✓", "needs_auth": "!", "disabled": "-"}

OAUTH = {
    "oauth_client_id": "clientId",
    "oauth_client_secret": "clientSecret",
    "oauth_redirect_uri": "redirectUri",
    "oauth_authorization_url": "authorizationUrl",
    "oauth_token_url": "tokenUrl",
}


class Refused(Exception):
    """What was asked for cannot be done; the text is for the person."""


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual mcp``; returns its exit status.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    given = list(arguments)
    if given[:1] == ["add"]:
        given = ["add", *_sorted(given[1:])]
    asked = _parser().parse_args(given)
    try:
        return run_printing(lambda cwd: int(asked.run(asked, cwd)))
    except (Refused, CannotKeep, BadFile) as error:
        tell(f"qwen-dual: {error}")
        return 1
    except OSError as error:
        tell(f"qwen-dual: {error.filename}: {error.strerror}")
        return 1


def _sorted(arguments: list[str]) -> list[str]:
    """Options of ours first, wherever they stood, then the words: a server's own options are words.

    Behind ``--`` everything is the server's.
    """
    options: list[str] = []
    words: list[str] = []
    rest = list(reversed(arguments))
    while rest:
        argument = rest.pop()
        name, joined, value = argument.partition("=")
        if argument == "--":
            words += reversed(rest)
            break
        if name == "--no-trust" or (name == "--trust" and value == "false"):
            continue
        if name in _SWITCHES:
            options.append(name)
        elif name in _VALUED and joined:
            options.append(argument)
        elif name in _VALUED and rest:
            options += [f"{name}={rest.pop()}"] if name.startswith("--") else [name, rest.pop()]
        else:
            words.append(argument)
    return [*options, "--", *words]


# -- add, remove -----------------------------------------------------------------------------------


def _add(asked: argparse.Namespace, cwd: str) -> int:
    from qwen_dual.runtime.mcp_admin import problem_of

    env = environment()
    home = qwen_home(env)
    entry, kind = _entry(asked)
    settings = load_settings(cwd, home, env)
    if problem := problem_of(asked.name, entry, settings, cwd):
        raise Refused(problem)
    path, root = _file(asked.scope, cwd, home)
    secret = bool(entry.get("headers") or entry.get("env") or entry.get("oauth"))
    private = secret and root is None
    was = keep_server(path, asked.name, entry, root, private=private)
    name = printable(asked.name)
    if was:
        print(f'MCP server "{name}" updated in {asked.scope} settings.')
    else:
        print(f'MCP server "{name}" added to {asked.scope} settings. ({kind})')
    shown = entry.get("httpUrl") or entry.get("url")
    print(f"  {printable(shown or ' '.join([entry['command'], *entry.get('args', [])]))}")
    print(f"  {path}")
    if root is not None and not settings.trusted:
        print("  It is not used before this folder is trusted: a session asks, or /trust.")
    if secret and root is not None:
        print(
            "  What it holds can be read by all who have the folder: ${NAME} keeps a key out of it."
        )
    return 0


def _entry(asked: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The entry as it is to stand in the settings, and how the server is spoken to."""
    is_url = re.match(r"(?i)https?://", asked.command_or_url) is not None
    kind = asked.transport or ("http" if is_url else "stdio")
    scopes = [part.strip() for each in asked.oauth_scopes for part in each.split(",")]
    oauth = {key: value for name, key in OAUTH.items() if (value := getattr(asked, name))}
    oauth |= {"scopes": found} if (found := [each for each in scopes if each]) else {}
    entry: dict[str, Any]
    if kind == "stdio":
        if oauth:
            raise Refused("--oauth-* is for a server at an address: --transport http or sse")
        if asked.header:
            raise Refused("--header is for a server at an address: --transport http or sse")
        entry = {"command": asked.command_or_url, "args": asked.args}
        entry["env"] = dict(_pair(each, "=", "--env") for each in asked.env)
    else:
        if asked.env or asked.args:
            what = "--env is" if asked.env else "arguments are"
            raise Refused(f"{what} for a server that is a program: --transport stdio")
        entry = {"httpUrl" if kind == "http" else "url": asked.command_or_url}
        entry["headers"] = dict(_pair(each, ":", "--header") for each in asked.header)
        entry["oauth"] = {"enabled": True, **oauth} if oauth else {}
    entry["timeout"] = asked.timeout
    entry["trust"] = asked.trust or None
    entry["description"] = asked.description
    for key, given in (
        ("includeTools", asked.include_tools),
        ("excludeTools", asked.exclude_tools),
    ):
        names = [part.strip() for each in given for part in each.split(",")]
        entry[key] = [each for each in names if each]
    return {key: value for key, value in entry.items() if value not in (None, [], {})}, kind


def _pair(text: str, mark: str, flag: str) -> tuple[str, str]:
    name, found, value = text.partition(mark)
    if not found or not name.strip():
        raise Refused(f"{flag} takes NAME{mark}VALUE, and {name!r} is none")
    return name.strip(), value.strip() if mark == ":" else value


def _remove(asked: argparse.Namespace, cwd: str) -> int:
    home = qwen_home(environment())
    path, root = _file(asked.scope, cwd, home)
    name = printable(asked.name)
    url = _url_of(path, asked.name, root)
    if not forget_server(path, asked.name, root):
        other = "project" if asked.scope == "user" else "user"
        place, top = _file(other, cwd, home) if _has_project(cwd, home) else (path, root)
        hint = (
            f"; it is in the {other} settings: -s {other}" if _has(place, asked.name, top) else ""
        )
        raise Refused(f'Server "{name}" not found in {asked.scope} settings{hint}.')
    if url:
        from qwen_dual.runtime.mcp_admin import forget_sign_in

        forget_sign_in(home, asked.name, url)
    print(f'Server "{name}" removed from {asked.scope} settings.')
    return 0


def _file(scope: str, cwd: str, home: str) -> tuple[str, str | None]:
    """The settings file of a scope, and the folder it must not lead out of."""
    if scope == "user":
        return os.path.join(home, "settings.json"), None
    if not _has_project(cwd, home):
        raise Refused("this is your home, whose settings are your own: --scope user")
    return os.path.join(cwd, ".qwen", "settings.json"), cwd


def _has_project(cwd: str, home: str) -> bool:
    return os.path.realpath(os.path.join(cwd, ".qwen")) != os.path.realpath(home)


def _servers(path: str, root: str | None) -> dict[str, Any]:
    servers = read_object(path, root)[0].get("mcpServers")
    return servers if isinstance(servers, dict) else {}


def _has(path: str, name: str, root: str | None) -> bool:
    return name in _servers(path, root)


def _url_of(path: str, name: str, root: str | None) -> str:
    entry = _servers(path, root).get(name)
    url = (entry.get("httpUrl") or entry.get("url")) if isinstance(entry, dict) else None
    return url if isinstance(url, str) else ""


# -- list, test ------------------------------------------------------------------------------------


def _list(asked: argparse.Namespace, cwd: str) -> int:
    found, notices = _tried(cwd)
    if asked.json:
        rows = [{**each.data, "where": each.where, "file": each.file} for each in found]
        print(for_terminal(json.dumps(rows, indent=2, ensure_ascii=False)))
        return 0
    if not found:
        print("No MCP servers configured.")
    for each in found:
        name = printable(each.data["name"])
        mark = _MARKS.get(each.data["state"], "✗")
        print(f"{mark} {name}: {printable(each.where)} ({each.data['transport']}) - {_state(each)}")
    _tell_what_is_left_out(cwd, notices)
    return 0


def _test(asked: argparse.Namespace, cwd: str) -> int:
    heard: list[str] = []
    found, notices = _tried(cwd, asked.name, heard)
    tried = next((each for each in found if each.data["name"] == asked.name), None)
    if tried is None:
        _tell_what_is_left_out(cwd, notices)
        names = ", ".join(printable(each.data["name"]) for each in found) or "none"
        raise Refused(f"there is no MCP server {printable(asked.name)!r}; there are: {names}")
    data = tried.data
    print(f"{_MARKS.get(data['state'], '✗')} {printable(asked.name)}: {_state(tried)}")
    print(f"  {printable(tried.where)} ({data['transport']}), from {printable(tried.file)}")
    if data["server"]:
        print(printable(f"  {data['server']}, MCP {data['protocol']}"))
    for name, does in tried.tools:
        print(printable(f"  {name}  {does}").rstrip())
    prompts = printable(", ".join(data["prompts"]))
    print(*([f"  prompts: {prompts}"] if prompts else []), sep="\n", end="\n" if prompts else "")
    for warning in [*data["warnings"], *notices]:
        print(f"  left out: {printable(warning)}")
    if data["state"] != "connected" and heard:
        print("  It said:", *(f"    {printable(text)[:500]}" for text in heard[-10:]), sep="\n")
    return 0 if data["state"] == "connected" else 1


def _tried(
    cwd: str, only: str | None = None, heard: list[str] | None = None
) -> tuple[list[Tried], list[str]]:
    import anyio

    from qwen_dual.runtime.launch import StartError
    from qwen_dual.runtime.mcp_admin import try_servers

    spec = SessionSpec(
        cwd=cwd,
        offline=True,
        chat_recording=False,
        allowed_mcp_servers=None if only is None else (only,),
    )
    take = [] if heard is None else heard
    try:
        return anyio.run(try_servers, spec, take.append)
    except StartError as error:
        raise Refused(str(error)) from None


def _state(tried: Tried) -> str:
    data = tried.data
    if data["state"] == "connected":
        return f"Connected, {len(data['tools'])} tools"
    if data["state"] == "needs_auth":
        return f"wants you to sign in: qwen-dual mcp auth {printable(data['name'])}"
    if data["state"] == "disabled":
        return f"Not used: {tried.off}"
    return printable(f"Disconnected: {data['error']}") if data["error"] else "Disconnected"


def _tell_what_is_left_out(cwd: str, notices: list[str]) -> None:
    for notice in notices:
        tell(f"qwen-dual: {notice}")
    env = environment()
    settings = load_settings(cwd, qwen_home(env), env)
    brought = [".mcp.json"] if os.path.lexists(os.path.join(cwd, ".mcp.json")) else []
    brought += [".qwen/settings.json"] if "mcpServers" in settings.refused else []
    if brought and not settings.trusted:
        files = " and ".join(brought)
        print(
            f"qwen-dual: the servers of {files} are not used: this folder is not trusted (a session "
            "asks, or /trust)",
            file=sys.stderr,
        )


def _parser() -> argparse.ArgumentParser:
    parser = SafeParser(
        prog="qwen-dual mcp", description="MCP servers: see docs/mcp.md.", allow_abbrev=False
    )
    commands = parser.add_subparsers(metavar="{add,list,remove,test,auth,logout}", required=True)
    add = commands.add_parser(
        "add",
        help="add a server",
        usage="qwen-dual mcp add [options] NAME COMMAND|URL [args …]",
        description="Adds a server to your settings. Options may stand anywhere; what is no option here, "
        "and all behind --, belongs to the server.",
        allow_abbrev=False,
    )
    add.set_defaults(run=_add)
    _add_scope(add)
    add.add_argument(
        "-t", "--transport", choices=("stdio", "http", "sse"), help="how it is spoken to"
    )
    for short, name, metavar, does in (
        ("-e", "--env", "NAME=VALUE", "a variable for a program; several times for several"),
        ("-H", "--header", "NAME: VALUE", "a header for an address; several times for several"),
    ):
        add.add_argument(short, name, action="append", default=[], metavar=metavar, help=does)
    add.add_argument("--timeout", type=int, metavar="MS", help="milliseconds that a call may take")
    add.add_argument(
        "--trust", action="store_true", help="its tools run unasked, in trusted folders"
    )
    add.add_argument("--description", metavar="TEXT", help="a line for /mcp")
    for name, does in (
        ("--include-tools", "the only tools that are used, between commas"),
        ("--exclude-tools", "tools that are not used"),
        ("--oauth-scopes", "what one signs in for"),
    ):
        add.add_argument(name, action="append", default=[], metavar="A,B", help=does)
    for option in OAUTH:
        add.add_argument(f"--{option.replace('_', '-')}", metavar="VALUE", help=argparse.SUPPRESS)
    add.add_argument("name", metavar="NAME")
    add.add_argument("command_or_url", metavar="COMMAND|URL")
    add.add_argument("args", nargs="*", default=[])
    remove = commands.add_parser("remove", help="remove a server", allow_abbrev=False)
    remove.set_defaults(run=_remove)
    _add_scope(remove)
    remove.add_argument("name", metavar="NAME")
    listed = commands.add_parser("list", help="list all, and how each is doing", allow_abbrev=False)
    listed.set_defaults(run=_list)
    listed.add_argument("--json", action="store_true", help="as JSON")
    test = commands.add_parser(
        "test", help="connect one, and say what it has or what is wrong", allow_abbrev=False
    )
    test.set_defaults(run=_test)
    test.add_argument("name", metavar="NAME")
    add_signing_in(commands)
    return parser


def _add_scope(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-s",
        "--scope",
        choices=("user", "project"),
        default="user",
        help="your own settings (the default), or those of this folder",
    )
