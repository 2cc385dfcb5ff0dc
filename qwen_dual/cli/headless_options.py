"""The options of a run without a screen: what it puts out, and what it may take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMATS = ("text", "json", "stream-json")

MOST_CALLS = 1_000_000
"""A larger bound of tool calls is a slip, as it is in the reference."""

NEEDS_RUN = (
    "output_format",
    "include_partial_messages",
    "include_hook_events",
    "json_schema",
    "max_budget_usd",
    "max_tool_calls",
    "max_wall_time",
    "quiet",
)
"""What means something without a screen only."""


def add_headless_options(parser: argparse.ArgumentParser) -> None:
    """Adds their group."""
    run = parser.add_argument_group("without a screen (-p, a prompt without a flag, or a pipe)")
    run.add_argument(
        "-p",
        "--prompt",
        dest="one_shot",
        nargs="?",
        const="",
        metavar="PROMPT",
        help="run PROMPT, print the answer and exit; what is on stdin goes before it",
    )
    run.add_argument(
        "--input-format",
        choices=("text", "stream-json"),
        metavar="FORMAT",
        help="what stdin holds: text, or stream-json: prompts and requests, a line each (default: text)",
    )
    run.add_argument(
        "-o",
        "--output-format",
        choices=FORMATS,
        metavar="FORMAT",
        help="text, json (all messages in one array) or stream-json (a line each) (default: text)",
    )
    run.add_argument(
        "--include-partial-messages",
        action="store_true",
        help="with stream-json: tell of what streams in, too",
    )
    run.add_argument(
        "--include-hook-events",
        action="store_true",
        help="with stream-json: tell of each hook that runs, and what became of it",
    )
    run.add_argument(
        "--json-schema",
        metavar="SCHEMA|@FILE",
        help="have the answer fit a JSON Schema; `structured_output` in the result has it",
    )
    run.add_argument(
        "--max-tool-calls",
        type=_calls,
        metavar="N",
        help="end the run, with status 55, before it calls more tools",
    )
    run.add_argument(
        "--max-wall-time",
        type=_seconds,
        metavar="TIME",
        help="end the run, with status 55, after 90, 30s, 5m or 1.5h",
    )
    run.add_argument(
        "--max-budget-usd",
        type=_dollars,
        metavar="USD",
        help="end the run, with status 55, before it costs more; the model's price must be known",
    )
    run.add_argument("-q", "--quiet", action="store_true", help="no line of progress on stderr")


def problem_of(values: Mapping[str, object], *, interactive: bool) -> str | None:
    """What of these options contradicts itself; None for nothing."""
    if values["include_partial_messages"] and values["output_format"] != "stream-json":
        return "--include-partial-messages needs --output-format stream-json"
    if values["include_hook_events"] and values["output_format"] != "stream-json":
        return "--include-hook-events needs --output-format stream-json"
    if values["input_format"] == "stream-json":
        if values["output_format"] != "stream-json":
            return "--input-format stream-json needs --output-format stream-json"
        if values["json_schema"] is not None or interactive:
            given = "-i" if interactive else "--json-schema"
            return f"{given} does not go with --input-format stream-json"
    if values["json_schema"] is not None and interactive:
        return "--json-schema goes with -p, a prompt without a flag, or a pipe; not with -i"
    return None


def flags_in(values: Mapping[str, object]) -> list[str]:
    """Those of these options that were given, as they are written."""
    given = [name for name in NEEDS_RUN if values[name] not in (None, False)]
    return [f"--{name.replace('_', '-')}" for name in given]


def _calls(text: str) -> int:
    try:
        calls = int(text)
    except ValueError:
        calls = -2
    if not -1 <= calls <= MOST_CALLS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no number from 0 to {MOST_CALLS:,} (-1: any)"
        )
    return calls


def _seconds(text: str) -> float:
    from qwen_dual.cli.durations import seconds_in

    try:
        return seconds_in(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _dollars(text: str) -> float:
    try:
        dollars = float(text)
    except ValueError:
        dollars = 0.0
    if not 0 < dollars < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no sum of dollars above 0")
    return dollars
