"""Which servers there are: what the settings, a project's ``.mcp.json`` and the command line say of them.

Starts nothing and connects to nothing. In a folder that is not trusted nothing of the folder is read. A
broken entry is told of, with its file, line, key and value, and costs nothing but itself.
"""

from __future__ import annotations

import os
import shlex
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from qwen_dual.core.text.wildcard import name_pattern
from qwen_dual.fs.home import expanded, home_of
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.protocol.visible import visible_line
from qwen_dual.settings import keys
from qwen_dual.settings import server_keys as of
from qwen_dual.settings.files import BadFile, parse_object, read_object
from qwen_dual.settings.layers import Layer, expand, without_nulls
from qwen_dual.settings.positions import line_of
from qwen_dual.settings.secrets import is_secret, printable, without_password
from qwen_dual.settings.validate import warnings_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwen_dual.mcp.config import Source, Transport
    from qwen_dual.settings.load import Settings

PROJECT_FILE = ".mcp.json"

FLAG = "--mcp-config"

MAX_NAME = 100

MAX_SERVERS = 100
"""Of one file: each is a program that is started, or a connection."""

MAX_PROBLEMS = 50
"""That are told; each of thousands of wrong entries would be a line of its own."""

_OF_THE_FOLDER = ("project servers", "project")
"""Layers that come with the session's folder."""

_HIGHER = ("project", "system", "command line")
"""Layers of the settings that count for more than the project's ``.mcp.json``."""


class BadConfig(ValueError):
    """What the command line gives as servers is none; the text says what is wrong with it."""


class Configured(Struct, frozen=True):
    """All there are.

    Attributes:
        servers: by name, in the order of the files; those that are disabled too.
        files: for each the file that says so, or the flag.
        off: of those that are disabled, why.
        problems: what of it cannot be used, and why; what is wrong with single values of the settings
            is not among it: ``validate`` names that.
    """

    servers: Mapping[str, ServerConfig]
    files: Mapping[str, str]
    off: Mapping[str, str]
    problems: Sequence[str] = ()


def read_servers(
    settings: Settings,
    cwd: str,
    *,
    given: Sequence[str] = (),
    strict: bool = False,
    allowed: Sequence[str] | None = None,
) -> Configured:
    """Puts together what is configured; reads files, so not on the loop's thread.

    Of two servers of one name the higher wins, whole: the person's settings, ``.mcp.json``, the project's
    settings, the machine's, what is ``given``.

    Args:
        settings: in force.
        cwd: the session's folder.
        given: servers as JSON, or files of them, as ``--mcp-config`` takes them.
        strict: nothing but those.
        allowed: the only names that are used, in place of ``mcp.allowed`` and ``mcp.excluded``.

    Raises:
        BadConfig: something ``given`` cannot be read.
    """
    problems: list[str] = []
    found: dict[str, ServerConfig] = {}
    files: dict[str, str] = {}
    layers = [] if strict else _layers(settings, cwd, problems)
    layers += [_given(text, cwd, settings, problems) for text in given]
    for layer in layers:
        entries = keys.MCP_SERVERS.within(layer.values)
        if len(entries) > MAX_SERVERS:
            problems.append(
                f"{layer.label}: of its {len(entries):,} MCP servers the first {MAX_SERVERS} are used"
            )
        for name, entry in islice(entries.items(), MAX_SERVERS):
            server = _server(name, entry, layer, cwd, settings, problems)
            if server is not None:
                found.pop(name, None)
                found[name] = server
                files[name] = layer.label
    rules = _rules(settings, allowed)
    off = {name: why for name in found if (why := _why_off(name, rules))}
    servers = {
        name: replace(server, disabled=True) if name in off else server
        for name, server in found.items()
    }
    if (rest := len(problems) - MAX_PROBLEMS) > 0:
        problems[MAX_PROBLEMS:] = [f"and {rest:,} more of the kind"]
    return Configured(servers, {name: files[name] for name in servers}, off, problems)


def read_entry(
    name: str, entry: Mapping[str, Any], settings: Settings, cwd: str, source: Source
) -> ServerConfig:
    """The server that one entry describes, which somebody gives while a session runs.

    Raises:
        BadConfig: it is none, or a value of it is wrong; says which, without a file.
    """
    problems: list[str] = []
    layer = _checked(source, source, "", {name: entry}, settings, problems)
    found = keys.MCP_SERVERS.within(layer.values).get(name)
    server = None if found is None else _server(name, found, layer, cwd, settings, problems)
    if problems or server is None:
        raise BadConfig("; ".join(text.removeprefix(f"{source}: ") for text in problems))
    return replace(server, source=source)


def _layers(settings: Settings, cwd: str, problems: list[str]) -> list[Layer]:
    clean = [
        Layer(layer.name, layer.path, layer.text, layer.raw, keys.clean(layer.values), layer.flat)
        for layer in settings.layers
    ]
    low = [layer for layer in clean if layer.name not in _HIGHER]
    high = [layer for layer in clean if layer.name in _HIGHER]
    command = settings.get(keys.MCP_COMMAND)
    if command is not None:
        try:
            program, *args = shlex.split(command)
        except ValueError as error:
            problems.append(
                f"{settings.source(keys.MCP_COMMAND)}: mcp.serverCommand is not used: {error}"
            )
        else:
            entry = {"mcpServers": {"mcp": {"command": program, "args": args}}}
            high.append(Layer("", settings.source(keys.MCP_COMMAND), "", entry, entry))
    return [*low, *_of_project(settings, cwd, problems), *high]


def _of_project(settings: Settings, cwd: str, problems: list[str]) -> list[Layer]:
    if not settings.trusted:
        return []
    path = os.path.join(cwd, PROJECT_FILE)
    try:
        values, text = read_object(path, cwd)
    except BadFile as error:
        problems.append(str(error))
        return []
    if not values:
        return []
    if not isinstance(values.get("mcpServers"), dict):
        problems.append(f"{path}: it has no object mcpServers, so it is not used")
        return []
    return [_checked("project servers", path, text, values["mcpServers"], settings, problems)]


def _given(text: str, cwd: str, settings: Settings, problems: list[str]) -> Layer:
    """One value of ``--mcp-config``.

    Raises:
        BadConfig: it is neither JSON nor a file of it.
    """
    path, whole = "", text
    try:
        if text.lstrip().startswith("{"):
            values = parse_object(FLAG, text)
        else:
            path = _folder(text, cwd, settings)
            if not os.path.exists(path):
                raise BadConfig(f"{FLAG}: {text!r} is neither a file nor a JSON object")
            values, whole = read_object(path)
    except BadFile as error:
        raise BadConfig(f"{path or FLAG}: {error.problem}") from None
    servers = values.get("mcpServers", values)
    if not isinstance(servers, dict):
        raise BadConfig(
            f"{path or FLAG}: mcpServers is to be an object, with a name for each server"
        )
    if servers is values:
        whole = ""  # no line could be told: the names stand outermost
    return _checked("command line", path or FLAG, whole, servers, settings, problems)


def _checked(
    name: str,
    path: str,
    text: str,
    servers: Mapping[str, Any],
    settings: Settings,
    problems: list[str],
) -> Layer:
    raw = without_nulls({"mcpServers": servers})
    layer = Layer(name, path, text, raw, expand(raw, settings.environment.values))
    values, wrong = keys.check(layer.values)
    problems += warnings_of(layer, wrong)
    return Layer(name, path, text, raw, values)


def _server(
    name: str,
    entry: Mapping[str, Any],
    layer: Layer,
    cwd: str,
    settings: Settings,
    problems: list[str],
) -> ServerConfig | None:
    """The server that an entry describes; None, and why, where it is none."""
    transport, url, why = _transport(entry)
    if transport == "sdk" and layer.name != "command line":
        why = "only the program that starts this one has servers of the type sdk"
    if not name.strip() or len(name) > MAX_NAME:
        why = f"a name has 1 to {MAX_NAME} characters"
    elif visible_line(name) != name:  # in a line it would look like the name of another
        why = "a name holds no characters that cannot be seen or look like others"
    if why:
        line = line_of(layer.text, ("mcpServers", name))
        where = layer.label if line is None else f"{layer.label}:{line}"
        problems.append(f"{where}: mcpServers.{printable(name)[:MAX_NAME]} is not used: {why}")
        return None
    include = of.INCLUDE.within(entry)
    default: Literal["legacy", "auto"] = "auto" if transport == "http" else "legacy"
    own = layer.name not in _OF_THE_FOLDER
    return ServerConfig(
        name=name,
        transport=transport,
        source=_source(transport, layer.name),
        command=of.COMMAND.within(entry),
        args=tuple(of.ARGS.within(entry)),
        env={key: _text(value) for key, value in of.ENV.within(entry).items()},
        cwd=_folder(of.CWD.within(entry), cwd, settings),
        url=url,
        headers=of.HEADERS.within(entry),
        timeout=of.TIMEOUT.within(entry) / 1000,
        discovery_timeout=None if (limit := of.DISCOVERY.within(entry)) is None else limit / 1000,
        trust=of.TRUST.within(entry) and settings.trusted,
        sandbox=of.SANDBOX.within(entry) or not own,
        include_tools=None if include is None else frozenset(map(_tool, include)),
        exclude_tools=frozenset(of.EXCLUDE.within(entry)),
        oauth=entry.get("oauth", {}),
        version_negotiation=of.NEGOTIATE.within(entry) or default,
        description=of.DESCRIPTION.within(entry),
    )


def _source(transport: Transport, layer: str) -> Source:
    if layer == "command line":
        return "sdk" if transport == "sdk" else "cli"
    return "project" if layer in _OF_THE_FOLDER else "user"


def _folder(path: str, cwd: str, settings: Settings) -> str:
    """A folder as it was meant: ``~`` is the person's, a relative one begins at the session's."""
    return os.path.join(cwd, expanded(path, home_of(settings.environment.values))) if path else ""


def _transport(entry: Mapping[str, Any]) -> tuple[Transport, str, str]:
    """How it is spoken to, where, and what is wrong with it; of several the reference's choice."""
    kind = of.KIND.within(entry).lower().replace("-", "")
    url, http_url = of.SERVER_URL.within(entry), of.HTTP_URL.within(entry)
    command = of.COMMAND.within(entry)
    if kind == "sdk":
        return "sdk", "", ""
    if kind == "stdio" and not command:
        return "stdio", "", "a server of the type stdio needs a command"
    if http_url and kind != "stdio":
        return "http", http_url, ""
    if url and kind != "stdio":
        return ("http" if kind in ("http", "streamablehttp") else "sse"), url, ""
    if kind not in ("", "stdio"):
        return "http", "", f"a server of the type {of.KIND.within(entry)} needs a url"
    if command:
        return "stdio", "", ""
    if "tcp" in entry:
        return "stdio", "", "tcp is not here; a command, an httpUrl or a url is"
    return "stdio", "", "it has no command, httpUrl or url; give it one of them"


def _tool(name: str) -> str:
    """``name`` of ``name(args)``: what is behind it never limited anything there."""
    return name.partition("(")[0]


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _rules(settings: Settings, flag: Sequence[str] | None) -> list[tuple[str, Sequence[str], bool]]:
    """What turns servers off: how it is called, its patterns, and whether one of them has to match."""
    if flag is not None:
        return [("--allowed-mcp-server-names does not name it", flag, True)]
    rules: list[tuple[str, Sequence[str], bool]] = [
        ("mcp.excluded names it", settings.get(keys.MCP_EXCLUDED), False)
    ]
    if allowed := settings.get(keys.MCP_ALLOWED):
        rules.append(("mcp.allowed does not name it", allowed, True))
    return rules


def _why_off(name: str, rules: Sequence[tuple[str, Sequence[str], bool]]) -> str:
    for why, patterns, has_to in rules:
        named = (name_pattern(each, escapes=False, sets=False) for each in patterns)
        if any(pattern.fullmatch(name) for pattern in named) is not has_to:
            return why
    return ""


def secrets_of(server: ServerConfig) -> Iterator[tuple[str, str]]:
    """Values of ``server`` that must not be shown, each with its name."""
    for name, value in server.headers.items():
        yield value, f"{server.name} {name}"
        scheme, _, credentials = value.partition(" ")
        if credentials and scheme.isalpha():  # such as ``Bearer``
            yield credentials, f"{server.name} {name}"
    for name, value in server.env.items():
        if is_secret((name,)):
            yield value, name
    for name, value in _passed(server):
        yield value, f"{server.name} {name}"
    provider = server.oauth.get("identityProvider") or {}
    for secret, what in (
        (server.oauth.get("clientSecret"), "client secret"),
        (server.oauth.get("privateKey"), "private key"),
        (provider.get("idToken"), "ID token"),
    ):
        if secret:
            yield secret, f"{server.name} {what}"


def _passed(server: ServerConfig) -> Iterator[tuple[str, str]]:
    """Secrets among the arguments and in the address, each behind its name: ``--token X``, ``?apiKey=X``."""
    given = [part.partition("=") for part in server.url.partition("?")[2].split("&")]
    flag = ""
    for arg in server.args:
        if not arg.startswith("-"):
            given.append((flag, "", arg))
        name, _, value = arg.partition("=")
        flag = arg if arg.startswith("-") and not value else ""
        if value and arg.startswith("-"):
            given.append((name, "", value))
    for name, _, value in given:
        name = name.lstrip("-")
        if value and not value.startswith("/") and is_secret((name,)):
            yield name, value


def where(server: ServerConfig) -> str:
    """The command line or the address of ``server``, for a person to read; without passwords."""
    shown = [server.command, *server.args] if server.transport == "stdio" else [server.url]
    for _, value in _passed(server):
        shown = [text.replace(value, "…") for text in shown]
    if server.transport == "stdio":
        return printable(" ".join(text if text == "…" else shlex.quote(text) for text in shown))
    return printable(without_password(shown[0]))
