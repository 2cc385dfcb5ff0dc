"""The reference's command line: every flag it has, in each spelling it takes, as ours.

yargs, which reads it there, takes camel case, ``--no-x``, ``--x false``, several values behind one flag
and short flags joined; argparse takes none of these. What ``normalise`` returns argparse understands.
Flags were read off ``--help`` of 0.24.4.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["switch", "value", "optional", "list"]

_SWITCHES = (
    "bare continue debug fork-session help include-hook-events include-partial-messages insecure list-extensions "
    "quiet offline openai-logging safe-mode screen-marks screen-reader telemetry telemetry-log-prompts version yolo "
    "acp experimental-acp checkpointing experimental-lsp restore-ask-user-question chat-recording "
    "trust"
)
_VALUES = (
    "append-system-prompt approval-mode auth-type channel input-fd input-file input-format "
    "input-from json-fd json-file json-schema max-budget-usd max-session-turns max-subagent-depth max-tool-calls "
    "max-wall-time mcp-config model offline-script openai-api-key openai-base-url "
    "openai-logging-dir output-format output-style prompt prompt-interactive proxy sandbox-image "
    "resume-or-new session-id system-prompt telemetry-otlp-endpoint telemetry-otlp-protocol telemetry-outfile "
    "telemetry-target"
)
_LISTS = (
    "allowed-mcp-server-names allowed-tools core-tools disabled-slash-commands exclude-tools "
    "extensions fallback-model include-directories"
)
_SWITCHES_ELSEWHERE = "session-mirror strict-mcp-config verbose"
_VALUES_ELSEWHERE = (
    "betas effort max-thinking-tokens permission-prompt-tool plugin-dir setting-sources settings "
    "system-prompt-file "
    "task-budget thinking thinking-display"
)
KINDS: dict[str, Kind] = {
    **dict.fromkeys((_SWITCHES + " " + _SWITCHES_ELSEWHERE).split(), "switch"),
    **dict.fromkeys((_VALUES + " " + _VALUES_ELSEWHERE).split(), "value"),
    **dict.fromkeys((*_LISTS.split(), "tools"), "list"),
    **dict.fromkeys(("resume", "channel-dir", "socket", "worktree", "sandbox"), "optional"),
}
"""Every flag by its long name: the reference's, ours, and what claude-agent-sdk starts a program with."""

SHORT = {
    "c": "continue",
    "d": "debug",
    "e": "extensions",
    "h": "help",
    "i": "prompt-interactive",
    "l": "list-extensions",
    "m": "model",
    "o": "output-format",
    "p": "prompt",
    "q": "quiet",
    "r": "resume",
    "s": "sandbox",
    "v": "version",
    "y": "yolo",
}
_ALIASES = {
    "add-dir": "include-directories",
    "disallowed-tools": "exclude-tools",
    "experimental-acp": "acp",
    "max-turns": "max-session-turns",
    "permission-mode": "approval-mode",
}
"""Other names of a flag: the reference's, and those that claude-agent-sdk has for it."""

_IDLE = (
    "checkpointing disabled-slash-commands experimental-lsp "
    "extensions fallback-model include-directories insecure openai-logging openai-logging-dir "
    "restore-ask-user-question sandbox-image worktree"
)
_IDLE_ELSEWHERE = (
    "betas effort max-thinking-tokens plugin-dir session-mirror settings "
    "task-budget thinking thinking-display"
)
WITHOUT_EFFECT = frozenset((_IDLE + " " + _IDLE_ELSEWHERE).split())
"""Taken, so that a launch line of the reference starts, and told once, since they do nothing yet."""

INSTEAD = " --allowed-tools 'Read(//the/folder/**)' has a folder elsewhere read unasked."
"""What is said besides of ``include-directories``."""

AUTH_TYPES_TO_COME = {
    "openai-responses": "openai",
    "qwen-oauth": None,
    "vertex-ai": None,
}
"""Ways of the reference to reach a model that are not here yet, and the protocol that stands in."""

TELEMETRY = {
    "telemetry": "enabled",
    "telemetry-log-prompts": "logPrompts",
    "telemetry-otlp-endpoint": "otlpEndpoint",
    "telemetry-otlp-protocol": "otlpProtocol",
    "telemetry-outfile": "outfile",
    "telemetry-target": "target",
}
"""Flags that argparse never sees, for few start with them: the key of ``telemetry`` that each sets."""

_SILENT = frozenset(["verbose"])
"""Taken and without anything to tell: whoever reads lines gets all messages."""

_NONE_IS_SAID = ("allowed-mcp-server-names", "tools")
"""Lists that leave all out where they name none."""

_SUBCOMMANDS = "auth board channel extensions hooks mcp review sandbox serve sessions update"
SUBCOMMANDS = frozenset(_SUBCOMMANDS.split())
"""What the reference runs instead of a session; never a prompt."""


class Normalised(Struct):
    """A command line that argparse understands.

    Attributes:
        arguments: flags as ``--name`` or ``--name=value``.
        words: what is no flag, in order: a prompt.
        unused: flags that have no effect: by its long name, the name by which each was given first.
        limitless: flags that limit the tools and name none.
        telemetry: what they say of it, by the keys of the settings.
    """

    arguments: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    unused: dict[str, str] = field(default_factory=dict)
    limitless: list[str] = field(default_factory=list)
    telemetry: dict[str, str | bool] = field(default_factory=dict)


def normalise(arguments: Sequence[str]) -> Normalised:
    """Brings ``arguments`` into one spelling; what is no flag of ours stays, to be refused."""
    found = Normalised()
    rest = list(reversed(arguments))
    while rest:
        argument = rest.pop()
        if argument == "--":
            found.words += reversed(rest)
            break
        if not argument.startswith("-") or argument == "-":
            found.words.append(argument)
            continue
        names, value = _names(argument)
        written = argument.partition("=")[0]
        for name in names[:-1]:
            _parse_flag(name, None, f"--{name}", found, [])
        _parse_flag(names[-1], value, written if len(names) == 1 else f"--{names[-1]}", found, rest)
    return found


def long_name(name: str) -> str:
    """``jsonFile`` and ``json_file`` as ``json-file``."""
    kebab = _kebab(name)
    return _ALIASES.get(kebab, kebab)


def _kebab(name: str) -> str:
    kebab = name.replace("_", "-")
    if not kebab.islower():
        kebab = re.sub(r"(?<=[a-z0-9])([A-Z])", r"-\1", kebab).lower()
    return kebab


def _names(argument: str) -> tuple[list[str], str | None]:
    """The long names that an argument gives, and the value that is joined to the last of them."""
    text, joined, value = argument.partition("=")
    given = value if joined else None
    if text.startswith("--"):
        return [long_name(text[2:])], given
    if all(letter in SHORT for letter in text[1:]):
        return [SHORT[letter] for letter in text[1:]], given
    first = SHORT.get(text[1])
    if first is not None and KINDS[first] != "switch":  # -mNAME
        return [first], argument[2:]
    return [text[1:]], given


def _parse_flag(
    name: str, value: str | None, written: str, found: Normalised, rest: list[str]
) -> None:
    """Takes one flag, ``written`` so, and its values out of ``rest`` (last first)."""
    kind = KINDS.get(name)
    if name == "no-sandbox" and value is None:
        name, kind, value = "sandbox", "optional", "false"
    if kind is None and name.startswith("no-") and KINDS.get(name[3:]) == "switch":
        name, kind, value = name[3:], "switch", "false" if value in (None, "true") else "true"
    if kind is None:
        found.arguments.append(written + ("" if value is None else f"={value}"))
    elif kind == "switch":
        if value is None and rest and rest[-1] in ("true", "false"):
            value = rest.pop()
        _emit(found, name, [] if value in (None, "true") else [value or ""], kind, written)
    elif kind == "list":
        values = [] if value is None else [value]
        while value is None and rest and not rest[-1].startswith("-"):
            values.append(rest.pop())
        _emit(found, name, [part for item in values for part in _split(item)], kind, written)
    else:
        if value is None and rest and _is_value(rest[-1], name):
            value = rest.pop()
        _emit(found, name, [] if value is None else [value], kind, written)


def _is_flag(word: str) -> bool:
    """Whether it is one rather than the value of the flag before: a number below 0 or a text may begin so."""
    return word[:1] == "-" and re.match(r"-[^\s\d]\S*$|--$", word) is not None


def _is_value(word: str, name: str) -> bool:
    """Whether it belongs to the flag before: what has blanks is a prompt, and no sandbox."""
    return not _is_flag(word) and (name != "sandbox" or not re.search(r"\s", word))


def _emit(found: Normalised, name: str, values: list[str], kind: Kind, written: str) -> None:
    if name in TELEMETRY:
        found.telemetry[TELEMETRY[name]] = (
            values != ["false"] if kind == "switch" else "".join(values)
        )
        return
    if name in _SILENT or (kind == "switch" and values == ["false"] and name != "chat-recording"):
        return
    if name in WITHOUT_EFFECT:
        alias = _kebab(written.removeprefix("--"))
        found.unused.setdefault(name, f"--{alias if alias in _ALIASES else name}")
    elif name == "chat-recording":
        found.arguments += ["--no-chat-recording"] if values == ["false"] else []
    elif values or name in _NONE_IS_SAID:
        found.arguments += [f"--{name}={value}" for value in values or [""]]
    elif kind == "list":
        found.limitless += [written] if name == "core-tools" else []
    else:
        found.arguments.append(f"--{name}")


def _split(item: str) -> list[str]:
    """The parts between commas, those in parentheses apart: ``Edit,Bash(git log a,b)``."""
    parts, depth, start = [], 0, 0
    for at, char in enumerate(item):
        if char in "()":
            depth += 1 if char == "(" else -1
        elif char == "," and depth <= 0:
            parts.append(item[start:at])
            start = at + 1
    parts.append(item[start:])
    return [part.strip() for part in parts if part.strip()]
