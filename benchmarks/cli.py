"""The command line: measures our program, and another beside it, and prints how they compare.

    python -m benchmarks --beside 'COMMAND'

Programs take turns within each round, so that whatever else the machine does meets both.
"""

from __future__ import annotations

import argparse
import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import (
    bridge,
    chats,
    headless,
    keys,
    measure,
    recordings,
    report,
    sandbox,
    server,
    sessions,
    telemetry,
    web,
    web_page,
)
from benchmarks.measure import EventsLost, Plan, Samples
from benchmarks.program import Program
from tests.web.browser import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.bridge import Rate

OUTPUT = "build/benchmark.json"
_SCRIPTED = (
    "The two do not get their answers the same way: ours reads them from a script in its own "
    "process (--offline-script, several deltas at a time), the other from a model server on "
    "127.0.0.1 over HTTP, so the long answer spares ours the work of a client. --server-for both "
    "removes the difference where ours has a model adapter."
)
_MEMORY = (
    "PSS counts a page shared by n processes as 1/n in each: other programs that run on the same "
    "interpreter make it smaller. The JSON has private and resident sizes too."
)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the benchmark; returns 1 if a program could not be measured, else 0."""
    options = _parser().parse_args(argv)
    plan = Plan(
        submits=options.submits,
        approvals=options.approvals,
        deltas=options.deltas,
        idle_seconds=options.idle,
    )
    directory = Path(tempfile.mkdtemp(prefix="dual-bench-homes-"))
    try:
        with contextlib.ExitStack() as stack:
            needs_server = options.beside or options.server_for in ("ours", "both")
            url = stack.enter_context(server.running()) if needs_server else None
            programs = _programs(options, directory, url)
            measured = {program.name: Samples() for program in programs}
            failed = _measure(programs, measured, plan, options)
        rates = bridge.measure(options.bridge_events) if options.bridge_events else []
        costs = sandbox.measure(options.commands) if options.commands else []
        crowd = sessions.measure(options.sessions) if options.sessions else None
        recording = recordings.measure(options.recording) if options.recording else None
        told = telemetry.measure(options.telemetry) if options.telemetry else None
        browser = web.measure(options.web) if options.web else None
        page = (
            web_page.measure(directory / "page", options.page)
            if options.page and not missing()
            else None
        )
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    _print(programs, measured, rates)
    if costs:
        print("\n" + report.sandbox_table(costs))
    if crowd is not None:
        print("\n" + report.crowd_table(crowd))
    if recording is not None:
        print("\n" + report.recording_table(recording))
    if told is not None:
        print("\n" + report.telemetry_table(told))
    if browser is not None:
        print("\n" + report.web_table(browser))
    if page is not None:
        print("\n" + report.page_table(page))
    path = Path(options.json)
    found = {each.name: (each.argv, measured[each.name]) for each in programs}
    report.save(path, found, rates, costs, crowd, recording, told, browser, page)
    print(f"\nEvery sample: {path}")
    return 1 if failed else 0


def _programs(options: argparse.Namespace, directory: Path, url: str | None) -> list[Program]:
    ours_from_server = options.server_for in ("ours", "both")
    ours = shlex.split(options.ours)
    found = [Program("ours", tuple(ours), url if ours_from_server else None, directory / "ours")]
    if options.beside:
        other_from_server = options.server_for in ("other", "both")
        other = tuple(shlex.split(options.beside))
        found.append(
            Program("other", other, url if other_from_server else None, directory / "other")
        )
    for program in found:
        program.prepare()
    return found


def _measure(
    programs: Sequence[Program],
    measured: dict[str, Samples],
    plan: Plan,
    options: argparse.Namespace,
) -> bool:
    """Fills ``measured``; whether anything failed."""
    failed = False

    def attempt(what: str, program: Program, step: Callable[[Samples], None]) -> None:
        nonlocal failed
        print(f"{program.name}: {what} …", file=sys.stderr, flush=True)
        samples = measured[program.name]
        try:
            step(samples)
        except (OSError, EventsLost, subprocess.TimeoutExpired) as error:
            failed = True
            samples.notes.append(f"{what} failed: {error}")

    for program in programs:  # fills caches: file system, compiled code
        with contextlib.suppress(OSError):
            measure.start(program, Samples())
    for number in range(1, options.starts + 1):
        for program in programs:
            attempt(f"start {number}", program, partial(measure.start, program))
    for number in range(1, options.prompts + 1):
        for program in programs:
            attempt(f"prompt {number}", program, partial(headless.one_line, program))
    for program in programs if options.prompts else ():
        attempt("memory of a prompt", program, partial(headless.memory, program))
        attempt("long answer to a pipe", program, partial(headless.stream, program, plan))
    for number in range(1, options.rounds + 1):
        for program in programs:
            attempt(f"session {number}", program, partial(measure.session, program, plan))
            attempt(f"long answer {number}", program, partial(measure.stream, program, plan))
            if options.chat:
                step = partial(chats.measure, program, megabytes=options.chat)
                attempt(f"chat {number}", program, step)
            if program.server is not None:  # a script of answers has no rate
                attempt(f"keys {number}", program, partial(keys.measure, program))
                attempt(f"chunk {number}", program, partial(keys.measure_chunk, program))
    return failed


def _print(
    programs: Sequence[Program], measured: dict[str, Samples], rates: Sequence[Rate]
) -> None:
    headings = ["", "ours", "other", "ours : other", "budget", ""]
    print(report.table(headings, report.rows(measured["ours"], measured.get("other"))))
    if rates:
        print("\n" + report.bridge_table(rates))
    notes = [f"{name}: {note}" for name, found in measured.items() for note in found.notes]
    if len({program.server is None for program in programs}) > 1:
        notes.append(_SCRIPTED)
    for note in [*notes, _MEMORY]:
        print(f"\n* {note}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures a dual-output program as a host meets it, in a real PTY, against "
        "the budgets of the design.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add(
        "--ours",
        metavar="COMMAND",
        default=shlex.quote(str(Path(sys.executable).with_name("qwen-dual"))),
        help="the program to measure",
    )
    add("--beside", metavar="COMMAND", help="another one, measured in the same run")
    add(
        "--server-for",
        choices=("other", "ours", "both"),
        default="other",
        help="who gets the model server; the one that does not gets --offline-script",
    )
    add("--json", metavar="PATH", default=OUTPUT, help="where every sample goes")
    add("--starts", type=int, default=5, metavar="N", help="starts that are timed")
    add("--prompts", type=int, default=5, metavar="N", help="prompts without a screen; 0: none")
    add("--rounds", type=int, default=1, metavar="N", help="sessions and long answers of each")
    add("--submits", type=int, default=40, metavar="N", help="prompts timed in a session")
    add("--approvals", type=int, default=20, metavar="N", help="approvals timed in a session")
    add("--deltas", type=int, default=20_000, metavar="N", help="length of the long answer")
    add("--idle", type=float, default=10, metavar="SECONDS", help="how long idleness is watched")
    add("--chat", type=int, default=200, metavar="MB", help="a long chat; 0 leaves it out")
    add(
        "--bridge-events",
        type=int,
        default=100_000,
        metavar="N",
        help="events for the bridge alone; 0 leaves it out",
    )
    add(
        "--commands",
        type=int,
        default=100,
        metavar="N",
        help="commands run in each sandbox; 0 leaves it out",
    )
    add(
        "--sessions",
        type=int,
        default=1000,
        metavar="N",
        help="sessions in one process; 0 leaves it out",
    )
    add(
        "--recording",
        type=float,
        default=5,
        metavar="SECONDS",
        help="how long a session is recorded; 0 leaves it out",
    )
    add(
        "--telemetry",
        type=int,
        default=500,
        metavar="N",
        help="turns told to a collector; 0 leaves it out",
    )
    add(
        "--web",
        type=int,
        default=100,
        metavar="N",
        help="sessions of qwen-dual web, with three pages each; 0 leaves it out",
    )
    add(
        "--page",
        type=int,
        default=9,
        metavar="N",
        help="times that its page is opened in Chromium, if that is there; 0 leaves it out",
    )
    return parser
