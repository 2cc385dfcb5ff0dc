"""Arguments to options. Checks what can be checked without touching anything; opens nothing."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING

from qwen_dual import __version__
from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Sequence

AUTO_DIRECTORY = ""
"""``--channel-dir`` without a value: the per-user directory."""


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
    offline_script: str | None = None
    prompt: str | None = None
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
    if values.pop("yolo"):
        values["approval_mode"] = values["approval_mode"] or "yolo"
    return Options(**values)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="qwen-dual",
        description="A coding agent for the terminal, whose session a second program can follow "
        "and steer over JSON Lines. Without a channel option no channel is opened.",
        epilog="Docs: docs/dual-output.md",
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
    parser.add_argument(
        "--offline-script",
        metavar="FILE",
        help="answer with the model messages in FILE (JSON Lines) instead of the offline model",
    )
    parser.add_argument(
        "--debug", action="store_true", help="log more, and name the debug log on the first screen"
    )
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
    return parser
