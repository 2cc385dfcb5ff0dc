"""``qwen-dual check``: judges any dual-output program by what the contract promises."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from typing import TYPE_CHECKING

import anyio

from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.printing import for_terminal
from qwen_dual.cli.stderr import tell
from qwen_dual.conformance.judge import judge, promises_of
from qwen_dual.conformance.promise import LEVELS, Promise
from qwen_dual.conformance.report import as_json, as_junit, line, summary
from qwen_dual.conformance.script import Script, read_script
from qwen_dual.host.errors import HostError
from qwen_dual.protocol.sanitise import one_line
from qwen_dual.runtime.process import environment, own_command

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.conformance.judge import Verdict


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual check``; returns its exit status: 1 where a promise does not hold.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    parser = _parser()
    asked = parser.parse_args(arguments)
    given = asked.command[1:] if asked.command[:1] == ["--"] else asked.command
    # It runs in a folder of its own: what names a file here has to name it there too.
    command = [os.path.abspath(word) if os.path.exists(word) else word for word in given]
    try:
        promises = promises_of(asked.level, asked.only)
        script = read_script(asked.script) if asked.script else Script()
    except ValueError as error:
        parser.error(str(error))
    if asked.list:
        for each in promises:
            print(f"{each.level} §{each.section} {each.name}: {each.says}")
        return 0
    try:
        # asyncio logs a client that leaves just while its own server ends; the report is for people.
        logging.lastResort = logging.NullHandler()
        verdicts = anyio.run(_judge, command or own_command(), promises, script, asked.format)
    except (HostError, Silent) as error:
        tell(f"qwen-dual: {error}")
        return 2
    if asked.format == "json":
        print(for_terminal(as_json(command or own_command(), verdicts)), end="")
    elif asked.format == "junit":
        print(as_junit(verdicts), end="")
    else:
        print(summary(verdicts))
    return int(any(verdict.outcome == "broken" for verdict in verdicts))


class Silent(Exception):
    """The program never says that a session has begun: there is nothing to judge."""


async def _judge(
    command: list[str], promises: list[Promise], script: Script, format_: str
) -> list[Verdict]:
    verdicts = []
    async for first in judge(
        command, promises_of("base", ["session_start"]), script, environment()
    ):
        if "did not come" in first.why:
            shown = "".join(f"\n    {one_line(told)}" for told in first.lines)
            raise Silent(
                f"{command[0]}: says no session_start on its channel, so nothing can be judged{shown}"
            )
    async for verdict in judge(command, promises, script, environment()):
        verdicts.append(verdict)
        if format_ == "text":
            print(line(verdict), flush=True)
        elif os.isatty(2):
            print(
                f"\r\x1b[K{len(verdicts)} of {len(promises)}", end="", file=sys.stderr, flush=True
            )
    return verdicts


def _parser() -> argparse.ArgumentParser:
    parser = SafeParser(
        prog="qwen-dual check",
        usage="qwen-dual check [--level base|plus|full] [options] [-- COMMAND …]",
        description="Judges a program with dual output by what docs/dual-output.md promises.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--level", choices=LEVELS, default="base", help="the highest that is judged (default: base)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this promise; may be repeated"
    )
    parser.add_argument(
        "--list", action="store_true", help="names the promises of the level, and runs nothing"
    )
    parser.add_argument(
        "--script", metavar="FILE", help="the prompts of a program that brings its own model"
    )
    parser.add_argument(
        "--format",
        choices=("text", "json", "junit"),
        default="text",
        help="junit and json are for CI (default: text)",
    )
    parser.add_argument(
        "command", nargs=argparse.REMAINDER, metavar="-- COMMAND", help="qwen-dual unless given"
    )
    return parser
