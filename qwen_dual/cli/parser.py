"""Arguments to options. Checks what can be checked without touching anything; opens nothing."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from qwen_dual import __version__
from qwen_dual.cli.argument_parser import ArgumentParser
from qwen_dual.cli.channel_options import add_channel_options
from qwen_dual.cli.elsewhere import add_flags_of_elsewhere, take_from_elsewhere
from qwen_dual.cli.flags import AUTH_TYPES_TO_COME, INSTEAD, SUBCOMMANDS, long_name, normalise
from qwen_dual.cli.headless_options import add_headless_options, problem_of
from qwen_dual.protocol import APPROVAL_MODES, MODES_ELSEWHERE
from qwen_dual.runtime.spec import PICK_SESSION, SessionSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

SANDBOXES = ("auto", "bwrap", "landlock", "none")
AUTH_TYPES = ("openai", "anthropic", "gemini")


class Options(SessionSpec, frozen=True):
    """What the command line asks for: a session, its channels and how it is shown.

    Attributes:
        channel: through what it was started, such as ``SDK``, as that says; for the log.
        headless: the prompt runs without a screen.
        max_wall_time: seconds.
    """

    json_fd: int | None = None
    json_file: str | None = None
    input_fd: int | None = None
    input_file: str | None = None
    input_from: str = "end"
    channel_dir: str | None = None
    socket: str | None = None
    prompt: str | None = None
    headless: bool = False
    input_format: str | None = None
    output_format: str | None = None
    include_partial_messages: bool = False
    include_hook_events: bool = False
    json_schema: str | None = None
    max_tool_calls: int | None = None
    max_wall_time: float | None = None
    max_budget_usd: float | None = None
    quiet: bool = False
    screen_reader: bool = False
    screen_marks: bool = False
    asks_on_stdin: bool = False
    channel: str | None = None


def parse(arguments: Sequence[str], commands: Collection[str] = ()) -> Options:
    """The options in ``arguments``.

    Args:
        arguments: the command line.
        commands: the subcommands, of which a prompt of one word may be a slip.

    Raises:
        SystemExit: for ``--help`` and ``--version`` with status 0, for what cannot be understood
            with status 1 and a message on stderr.
    """
    parser = _parser()
    given = normalise(arguments)
    values = vars(parser.parse_args(given.arguments))
    _check(parser, values)
    if given.words[:1] in (["mcp"], ["sessions"]):
        word = given.words[0]
        parser.error(f"{word} is a subcommand and goes first: qwen-dual {word} --help")
    if len(given.words) == 1 and values["one_shot"] is values["prompt"] is None:
        _check_word(parser, given.words[0], commands)
    if given.words[:1] and given.words[0] in SUBCOMMANDS:
        parser.error(
            f"{given.words[0]!r} is a subcommand of Qwen Code's that is not here yet; "
            f"as a prompt: qwen-dual -i {given.words[0]!r}"
        )
    remarks: list[str] = []
    if given.unused:
        verb = "has" if len(given.unused) == 1 else "have"
        instead = INSTEAD if "include-directories" in given.unused else ""
        flags = ", ".join(given.unused.values())
        remarks.append(f"{flags} {verb} no effect in this version.{instead}")
    remarks += [f"{flag} names no tool, and limits none." for flag in given.limitless[:1]]
    one_shot = values.pop("one_shot")
    words = " ".join(given.words) or None
    if words is not None and not one_shot:
        one_shot = None  # `-p --trust "prompt"`: a flag stands between them
    prompts = [text for text in (values["prompt"], one_shot, words) if text is not None]
    if len(prompts) > 1:
        parser.error(f"two prompts are given: {prompts[0]!r} and {prompts[1]!r}; give one")
    if values["prompt"] is None and prompts:
        values["prompt"], values["headless"] = prompts[0], True
    if values["input_format"] == "stream-json":
        values["headless"] = True
    if values.pop("yolo"):
        values["approval_mode"] = values["approval_mode"] or "yolo"
    if values["auth_type"] in AUTH_TYPES_TO_COME:
        asked = values["auth_type"]
        values["auth_type"] = AUTH_TYPES_TO_COME[asked]
        instead = (
            "chat completions are used" if values["auth_type"] else "it limits no choice of model"
        )
        remarks.append(f"--auth-type {asked} is not here yet; {instead}.")
    values["bare"] = values.pop("safe_mode") or values["bare"]
    take_from_elsewhere(parser, values, remarks)
    for name in ("core_tools", "allowed_tools", "exclude_tools", "mcp_config"):
        values[name] = tuple(values[name])
    if values["allowed_mcp_servers"] is not None:
        values["allowed_mcp_servers"] = tuple(filter(None, values["allowed_mcp_servers"]))
    return Options(**values, remarks=tuple(remarks), telemetry=given.telemetry)


def _check_word(parser: argparse.ArgumentParser, word: str, commands: Collection[str]) -> None:
    """Refuses a prompt of one word that is a slip for a subcommand: no model is asked for that."""
    if word == "help":
        parser.print_help()
        raise SystemExit(0)
    if not word.isalpha() or word in SUBCOMMANDS:
        return
    from difflib import get_close_matches

    if near := get_close_matches(word, commands, n=1, cutoff=0.8):
        parser.error(
            f"there is no subcommand {word!r}; did you mean `{parser.prog} {near[0]}`? "
            f"As a prompt: {parser.prog} -p {word!r}"
        )


def _check(parser: argparse.ArgumentParser, values: dict[str, object]) -> None:
    """Refuses what contradicts itself or cannot be done."""
    if values["json_fd"] is not None and values["json_file"] is not None:
        parser.error("--json-fd and --json-file are mutually exclusive: give one of them")
    if values["input_fd"] is not None and values["input_file"] is not None:
        parser.error("--input-fd and --input-file are mutually exclusive: give one of them")
    if values["offline"] and (values["model"] or values["auth_type"]):
        parser.error("--offline has a model of its own: leave out -m and --auth-type")
    which = ("resume_last", "resume", "session_id", "resume_or_new")
    if len([name for name in which if _given(values[name])]) > 1:
        parser.error(
            "--continue, --resume, --session-id and --resume-or-new are mutually exclusive: give one"
        )
    for name in ("session_id", "resume_or_new"):
        value = values[name]
        if value is not None and not is_uuid(str(value)):
            parser.error(f"--{name.replace('_', '-')}: {value!r} is no UUID")
    if values["prompt"] is not None and values["one_shot"] is not None:
        parser.error("--prompt and --prompt-interactive are mutually exclusive: give one of them")
    for name in ("core_tools", "exclude_tools"):
        _check_rules(parser, f"--{name.replace('_', '-')}", values[name])
    if problem := problem_of(values, interactive=values["prompt"] is not None):
        parser.error(problem)
    if values["fork_session"] and not (values["resume_last"] or values["resume"]):
        parser.error("--fork-session goes with --continue or --resume ID")
    if values.pop("acp"):
        parser.error(
            "--acp: this version does not speak the Agent Client Protocol; an editor can host it "
            "in a terminal with --json-file and --input-file (docs/embedding.md)"
        )
    if values.pop("list_extensions"):
        print("No extensions are installed.")
        raise SystemExit(0)


def _check_rules(parser: argparse.ArgumentParser, flag: str, rules: Any) -> None:
    """Refuses what would narrow nothing: a run without the limit that was asked for is no run."""
    if rules:
        from qwen_dual.core.permissions.rule_names import parts_of

        for rule in rules:
            try:
                parts_of(rule)
            except ValueError as error:
                parser.error(f"{flag}: {rule!r}: {error}")


def _approval_mode(text: str) -> str:
    mode = MODES_ELSEWHERE.get(text, long_name(text))
    if mode not in APPROVAL_MODES:
        raise argparse.ArgumentTypeError(
            f"invalid choice: {text!r}; choose from {', '.join(APPROVAL_MODES)}"
        )
    return mode


def _sandbox(text: str) -> str:
    backend = {"true": "auto", "false": "none"}.get(text, text)
    if backend not in SANDBOXES:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no sandbox here; choose from {', '.join(SANDBOXES)}. A prompt goes behind "
            "-i, or --sandbox=auto before it"
        )
    return backend


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="qwen-dual",
        description="A coding agent for the terminal, whose session a second program can follow "
        "and steer over JSON Lines. Without a channel option no channel is opened.",
        epilog="`qwen-dual settings` prints the settings in force and where each comes from, "
        "`qwen-dual sessions` the sessions that run; `qwen-dual attach` joins one of them. "
        "`qwen-dual record` keeps a session with its events, `replay` shows it again, `audit` says "
        "what was done in it, `observe` tells a collector; `check` judges a program with dual "
        "output. `qwen-dual web` shows sessions in a browser, `qwen-dual mcp` adds and lists MCP servers. Each has --help. Flags for telemetry "
        "are in docs/observe.md. "
        "Docs: docs/using.md, docs/dual-output.md, docs/settings.md",
        allow_abbrev=False,
    )
    parser.add_argument("-v", "--version", action="version", version=__version__)
    parser.add_argument(
        "-i",
        "--prompt-interactive",
        dest="prompt",
        metavar="PROMPT",
        help="submit PROMPT at the start and stay interactive",
    )
    parser.add_argument(
        "--approval-mode",
        type=_approval_mode,
        metavar="MODE",
        help=f"what runs without asking: {', '.join(APPROVAL_MODES)} (default: default)",
    )
    parser.add_argument(
        "-y", "--yolo", action="store_true", help="the same as --approval-mode yolo"
    )
    add_headless_options(parser)
    _add_tool_options(parser)
    _add_model_options(parser)
    _add_session_options(parser)
    parser.add_argument(
        "--offline-script",
        metavar="FILE",
        help="answer with the model messages in FILE (JSON Lines) instead of the offline model",
    )
    parser.add_argument(
        "--trust",
        action="store_true",
        default=None,
        help="trust this folder for this session: its settings, context files, .env and the like "
        "take effect; not remembered",
    )
    marks = "begin each block on the screen with the number of its event (OSC 7502), for hosts"
    moves = "words in place of symbols, and nothing that moves by itself"
    for flag, about in (("--screen-reader", moves), ("--screen-marks", marks)):
        parser.add_argument(flag, action="store_true", help=about)
    parser.add_argument(
        "-d",
        "--debug",
        action="store_true",
        help="log more, and name the debug log on the first screen",
    )
    parser.add_argument(
        "--bare",
        action="store_true",
        help="without context files (QWEN.md, AGENTS.md); --safe-mode is the same",
    )
    add_flags_of_elsewhere(parser)
    for hidden in ("--safe-mode", "--acp", "--list-extensions"):
        parser.add_argument(hidden, action="store_true", help=argparse.SUPPRESS)
    add_channel_options(parser)
    return parser


def _add_tool_options(parser: argparse.ArgumentParser) -> None:
    tools = parser.add_argument_group("tools (names or rules, several behind one flag)")
    for name, does in (
        ("allowed", "run these without asking: Edit, 'Bash(git log *)'"),
        ("core", "offer only these"),
        ("exclude", "leave these out"),
    ):
        tools.add_argument(
            f"--{name}-tools",
            action="append",
            default=[],
            metavar="RULE",
            help=does,
        )
    tools.add_argument(
        "-s",
        "--sandbox",
        nargs="?",
        const="auto",
        type=_sandbox,
        metavar="BACKEND",
        help="run commands in a sandbox: auto, bwrap, landlock or none (default: what the settings "
        "say; auto without a value)",
    )
    tools.add_argument(
        "--mcp-config",
        action="append",
        default=[],
        metavar="JSON|FILE",
        help="MCP servers besides those of the settings, as .mcp.json has them",
    )
    tools.add_argument(
        "--strict-mcp-config", action="store_true", help="no MCP servers but those of --mcp-config"
    )
    tools.add_argument(
        "--allowed-mcp-server-names",
        dest="allowed_mcp_servers",
        action="append",
        metavar="NAME",
        help="use these MCP servers only",
    )
    turns, depth = "end a turn after N calls of the model", "nest sub-agents N deep at the most"
    for flag, about in (("--max-session-turns", turns), ("--max-subagent-depth", depth)):
        tools.add_argument(flag, type=int, metavar="N", help=about)


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    models = parser.add_argument_group("models")
    models.add_argument("-m", "--model", metavar="ID", help="the model to begin with")
    models.add_argument(
        "--auth-type",
        choices=(*AUTH_TYPES, *AUTH_TYPES_TO_COME),
        metavar=f"{{{','.join(AUTH_TYPES)}}}",
        help="the protocol that the model's service speaks",
    )
    models.add_argument(
        "--openai-api-key",
        metavar="KEY",
        help="the key of an OpenAI-compatible service; others on this machine can see a command "
        "line: OPENAI_API_KEY is safer",
    )
    models.add_argument(
        "--openai-base-url", metavar="URL", help="where an OpenAI-compatible service is"
    )
    for flag, value, about in (
        ("--proxy", "URL", "the proxy for models and the web"),
        ("--system-prompt", "TEXT", "what the model is told in place of our own words"),
        ("--append-system-prompt", "TEXT", "what the model is told besides"),
        ("--output-style", "NAME", "how answers are written: a file in output-styles"),
    ):
        models.add_argument(flag, metavar=value, help=about)
    models.add_argument(
        "--offline", action="store_true", help="the offline model, whatever is configured"
    )


def _add_session_options(parser: argparse.ArgumentParser) -> None:
    sessions = parser.add_argument_group("sessions")
    sessions.add_argument(
        "-c",
        "--continue",
        dest="resume_last",
        action="store_true",
        help="go on with the latest session of this folder",
    )
    sessions.add_argument(
        "-r",
        "--resume",
        nargs="?",
        const=PICK_SESSION,
        metavar="ID",
        help="go on with the session ID; without it, pick one",
    )
    sessions.add_argument(
        "--fork-session",
        action="store_true",
        help="with --continue or --resume: go on in a new session, and leave the old one as it is",
    )
    sessions.add_argument("--session-id", metavar="UUID", help="the id of the new session")
    sessions.add_argument(
        "--resume-or-new",
        metavar="UUID",
        help="go on with the session of this id, or begin it where it is not saved",
    )
    sessions.add_argument(
        "--no-chat-recording",
        dest="chat_recording",
        action="store_false",
        default=None,
        help="save nothing of the session; it cannot be gone on with",
    )


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID as sessions are named by."""
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


def _given(value: object) -> bool:
    return value is not None and value is not False
