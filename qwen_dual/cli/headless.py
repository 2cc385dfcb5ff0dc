"""A session without a screen: what it is asked, its signals, its channels, and its exit status."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.cli.channels import open_asked
from qwen_dual.cli.early import EarlySignals
from qwen_dual.cli.lean import import_asyncio
from qwen_dual.cli.stderr import tell
from qwen_dual.frontends.headless.opening import write_init_ahead
from qwen_dual.frontends.headless.prompt import HOW, read_prompt
from qwen_dual.frontends.headless.stdout import Stdout
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.launch import StartError
from qwen_dual.runtime.persistence import unattended

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.cli.channels import Channels
    from qwen_dual.cli.faults import Beginning
    from qwen_dual.cli.parser import Options
    from qwen_dual.frontends.headless.endings import Ending
    from qwen_dual.frontends.headless.prompt import Asked
    from qwen_dual.frontends.headless.run import Run
    from qwen_dual.frontends.headless.schema import Schema
    from qwen_dual.frontends.headless.streams import StreamRun
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.opened import OpenSession

GRACE_SECONDS = 1.0
"""How long, after a signal, a reader that takes nothing may hold up the end."""

YOLO = (
    "warning: every tool call runs without asking, and nothing confines it (--yolo without --sandbox). "
    "QWEN_CODE_SUPPRESS_YOLO_WARNING=1 silences this."
)


def run_headless(
    options: Options, inputs: Mapping[str, os.stat_result | None], beginning: Beginning
) -> int:
    """Runs a prompt and prints what comes of it; returns the exit status.

    Args:
        options: the command line.
        inputs: the input file as it was when the process started, by its name as given.
        beginning: told what was begun.

    Raises:
        StartError: there is no prompt, or something that is asked for cannot be had.
    """
    if options.resume == "":
        raise StartError("--resume needs the ID of a session here: nobody is there to pick one")
    with ImpatientSignals() as signals:
        schema = _schema(options, signals)
        asked = read_prompt(options.prompt, stopped=lambda: signals.noted is not None)
        _warn(asked.remarks)
        if not asked.text and signals.noted is None:
            raise StartError(HOW)
        if schema is not None:
            options = _asking_for_data(options)
        factory = SessionFactory()
        launch, channels = begin_unattended(factory, options, inputs, beginning)
        return _run(factory, launch, channels, options, signals, asked, schema)


def begin_unattended(
    factory: SessionFactory,
    options: Options,
    inputs: Mapping[str, os.stat_result | None],
    beginning: Beginning,
) -> tuple[Launch, Channels]:
    """Begins a session at which nobody sits: its launch, and its channels, which were told of it.

    Args:
        factory: makes it.
        options: the command line.
        inputs: the input file as it was when the process started, by its name as given.
        beginning: told what was begun.

    Raises:
        StartError: something that is asked for cannot be had.
    """
    retry = unattended(os.environ, report_waiting)
    launch = factory.prepare(replace(options, retry=retry, await_servers=True, await_agents=True))
    if options.max_budget_usd is not None:
        from qwen_dual.cli.budget import check_budget

        check_budget(launch)
    channels = open_asked(options, launch, inputs)
    told = channels.try_it() if options.channel_dir is not None else []
    for line in (*channels.warnings, *told):
        tell(line)
    channels.follow(launch.bus)
    factory.begin(launch, channels.outside())
    beginning.launch = launch
    return launch, channels


class ImpatientSignals(EarlySignals):
    """Signals that end a run; one that comes well after the first ends the process as it is."""

    def __init__(self) -> None:
        super().__init__()
        self._first = 0.0

    @property
    def seconds(self) -> float:
        """For how long a signal has been waiting to be heeded; 0 for none."""
        return time.monotonic() - self._first if self.noted is not None else 0.0

    def ending(self) -> Ending | None:
        """The ending by the signal that was noted."""
        if self.noted is None:
            return None
        from qwen_dual.frontends.headless.endings import signalled

        return signalled(self.noted, signal.Signals(self.noted).name)

    def _note(self, number: int, frame: object) -> None:
        if self.noted is None:
            self._first = time.monotonic()
        elif self.seconds > GRACE_SECONDS:
            os._exit(128 + number)
        super()._note(number, None)


def _run(
    factory: SessionFactory,
    launch: Launch,
    channels: Channels,
    options: Options,
    signals: ImpatientSignals,
    asked: Asked,
    schema: Schema | None,
) -> int:
    stdout = Stdout(give_up=lambda: signals.seconds > GRACE_SECONDS)
    answerable = channels.source is not None
    told = None
    if options.output_format == "stream-json" and schema is None and not answerable:
        told = write_init_ahead(launch, stdout)

    # Else nobody can run a slash command, nor is told which there are.
    commanded = answerable or asked.text.lstrip().startswith("/")
    commanded = commanded or (told is None and options.output_format not in (None, "text"))

    import_asyncio()
    from qwen_dual.cli.loop import run_session
    from qwen_dual.frontends.headless.bounds import Bounds
    from qwen_dual.frontends.headless.run import Run, Wanted

    calls = options.max_tool_calls
    wanted = Wanted(
        asked,
        format=options.output_format or "text",
        partials=options.include_partial_messages,
        hook_events=options.include_hook_events,
        bounds=Bounds(
            None if calls == -1 else calls, options.max_wall_time, options.max_budget_usd
        ),
        schema=schema,
        answerable=answerable,
        quiet=options.quiet,
        plain=bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM", "dumb") == "dumb",
        told=told,
    )

    async def front(handle: OpenSession) -> int:
        if commanded:
            handle.attach()
        run = Run(handle, wanted, stdout, sys.stderr)
        return await show(run, handle, options, signals)

    return run_session(factory, launch, channels, signals, front)


async def show(
    run: Run | StreamRun, handle: OpenSession, options: Options, signals: ImpatientSignals
) -> int:
    """Has ``run`` tell the session from its first event on; returns the exit status."""
    run.front.ended_by = signals.ending
    handle.subscribe(run, name="stdout", on_error="end", missed=True)
    handle.launch.bus.forget()
    if options.channel is not None:
        from logging import getLogger  # the log is open by now

        getLogger(__name__).info("started through %r", options.channel)
    for text in start_warnings(handle.launch, handle):
        run.warn(text)
    from anyio import create_task_group  # the loop is there by now

    async with create_task_group() as group:
        group.start_soon(handle.report_unusable)
        status = await run.run()
        group.cancel_scope.cancel()
    return status


def start_warnings(launch: Launch, handle: OpenSession) -> Iterator[str]:
    """What a person should know of how a session begins."""
    yield from (*launch.spec.remarks, *handle.warnings)
    if (style := launch.spec.output_style) is not None and style.casefold() != "default":
        from qwen_dual.runtime.output_styles import style_of

        if style_of(launch, style) is None:
            yield f"There is no output style {style!r}; /output-style lists them."
    if launch.approval_mode == "yolo" and launch.sandbox is None and not _warned_enough():
        yield YOLO


def _schema(options: Options, signals: ImpatientSignals) -> Schema | None:
    if options.json_schema is None:
        return None
    from qwen_dual.frontends.headless.schema import BadSchema, Schema

    try:
        return Schema(options.json_schema, stopped=lambda: signals.noted is not None)
    except BadSchema as error:
        status = 1 if signals.noted is None else 128 + signals.noted
        raise StartError(str(error), status) from None


def _asking_for_data(options: Options) -> Options:
    from qwen_dual.frontends.headless.structured import SYSTEM

    given = options.append_system_prompt
    return replace(options, append_system_prompt=f"{given}\n\n{SYSTEM}" if given else SYSTEM)


def report_waiting(attempt: int, seconds: float) -> None:
    """Says on stderr that a full service is waited for."""
    print(
        f"[qwen-dual] Waiting for API capacity... attempt {attempt}, retry in {seconds:.0f}s",
        file=sys.stderr,
        flush=True,
    )


def _warned_enough() -> bool:
    return os.environ.get("QWEN_CODE_SUPPRESS_YOLO_WARNING") in ("1", "true")


def _warn(remarks: tuple[str, ...]) -> None:
    for remark in remarks:
        tell(f"qwen-dual: {remark}")
