"""Arguments to options. Checks what can be checked without touching anything; opens nothing."""

from __future__ import annotations

import argparse
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwen_dual import __version__
from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Sequence

AUTO_DIRECTORY = ""
"""``--channel-dir`` without a value: the per-user directory."""

PICK_SESSION = ""
"""``--resume`` without a value: the person picks one."""

AUTH_TYPES = ("openai", "anthropic", "gemini")


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for; None where it says nothing."""

    json_fd: int | None = None
    json_file: str | None = None
    input_fd: int | None = None
    input_file: str | None = None
    input_from: str = "end"
    channel_dir: str | None = None
    approval_mode: str | None = None
    model: str | None = None
    auth_type: str | None = None
    openai_api_key: str | None = field(default=None, repr=False)
    openai_base_url: str | None = None
    offline: bool = False
    offline_script: str | None = None
    prompt: str | None = None
    resume_last: bool = False
    resume: str | None = None
    session_id: str | None = None
    screen_reader: bool = False
    debug: bool = False


def parse(arguments: Sequence[str]) -> Options:
    """The options in ``arguments``.

    Raises:
        SystemExit: for ``--help`` and ``--version`` with status 0, for what cannot be understood
            with status 2 and a message on stderr.
    """
    parser = _parser()
    values = vars(parser.parse_args(arguments))
    if values["json_fd"] is not None and values["json_file"] is not None:
        parser.error("--json-fd and --json-file are mutually exclusive: give one of them")
    if values["input_fd"] is not None and values["input_file"] is not None:
        parser.error("--input-fd and --input-file are mutually exclusive: give one of them")
    if values["offline"] and (values["model"] or values["auth_type"]):
        parser.error("--offline has a model of its own: leave out -m and --auth-type")
    named = [name for name in ("resume_last", "resume", "session_id") if _given(values[name])]
    if len(named) > 1:
        parser.error("--continue, --resume and --session-id are mutually exclusive: give one")
    if values["session_id"] is not None and not is_uuid(values["session_id"]):
        parser.error(f"--session-id: {values['session_id']!r} is no UUID")
    if values.pop("yolo"):
        values["approval_mode"] = values["approval_mode"] or "yolo"
    return Options(**values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qwen-dual",
        description="A coding agent for the terminal, whose session a second program can follow "
        "and steer over JSON Lines. Without a channel option no channel is opened.",
        epilog="`qwen-dual settings` prints the settings in force and where each comes from. "
        "Docs: docs/dual-output.md, docs/settings.md",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"qwen-dual {__version__}")
    parser.add_argument(
        "-i",
        "--prompt-interactive",
        dest="prompt",
        metavar="PROMPT",
        help="submit PROMPT at the start and stay interactive",
    )
    parser.add_argument(
        "--approval-mode",
        choices=APPROVAL_MODES,
        help="what runs without asking (default: default)",
    )
    parser.add_argument(
        "-y", "--yolo", action="store_true", help="the same as --approval-mode yolo"
    )
    _add_model_options(parser)
    _add_session_options(parser)
    parser.add_argument(
        "--offline-script",
        metavar="FILE",
        help="answer with the model messages in FILE (JSON Lines) instead of the offline model",
    )
    parser.add_argument(
        "--screen-reader",
        action="store_true",
        help="words in place of symbols, and nothing that moves by itself",
    )
    parser.add_argument(
        "--debug", action="store_true", help="log more, and name the debug log on the first screen"
    )
    _add_channel_options(parser)
    return parser


def _add_model_options(parser: argparse.ArgumentParser) -> None:
    models = parser.add_argument_group("models")
    models.add_argument("-m", "--model", metavar="ID", help="the model to begin with")
    models.add_argument(
        "--auth-type", choices=AUTH_TYPES, help="the protocol that the model's service speaks"
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
    sessions.add_argument("--session-id", metavar="UUID", help="the id of the new session")


def _add_channel_options(parser: argparse.ArgumentParser) -> None:
    channels = parser.add_argument_group("channels")
    channels.add_argument(
        "--json-fd",
        type=int,
        metavar="N",
        help="write every event to the inherited file descriptor N (3 or more)",
    )
    channels.add_argument(
        "--json-file",
        metavar="PATH",
        help="write every event to PATH: a regular file, a FIFO or /dev/fd/N",
    )
    channels.add_argument(
        "--input-file", metavar="PATH", help="take commands from PATH: a regular file or a FIFO"
    )
    channels.add_argument(
        "--input-fd",
        type=int,
        metavar="N",
        help="take commands from the inherited pipe or socket N; a socket may be --json-fd too",
    )
    channels.add_argument(
        "--input-from",
        choices=("end", "start"),
        default="end",
        help="where reading of --input-file begins: what comes from now on, or all there is "
        "(default: end)",
    )
    channels.add_argument(
        "--channel-dir",
        nargs="?",
        const=AUTO_DIRECTORY,
        metavar="DIR",
        help="open both channels as files in DIR (default: a private directory of yours) "
        "and name them on the first screen",
    )


def is_uuid(text: str) -> bool:
    """Whether ``text`` is a UUID as sessions are named by."""
    return re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None


def _given(value: object) -> bool:
    return value is not None and value is not False
