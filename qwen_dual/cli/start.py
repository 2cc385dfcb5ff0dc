"""Runs a session from its first event to its last: the channels and the runtime's start, then the UI.

Owns what surrounds both: the terminal before the UI is there, and what a start that fails says.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from qwen_dual.cli.channels import open_asked
from qwen_dual.cli.early import Terminated
from qwen_dual.cli.faults import Beginning
from qwen_dual.cli.lean import import_asyncio
from qwen_dual.cli.stderr import tell
from qwen_dual.protocol import events
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.launch import StartError
from qwen_dual.runtime.process import address_limit
from qwen_dual.settings import keys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.cli.channels import Channels
    from qwen_dual.cli.parser import Options
    from qwen_dual.runtime.launch import Launch


def run(options: Options, inputs: Mapping[str, os.stat_result | None]) -> int:
    """Runs a session from its first event to its last; returns the exit status.

    Args:
        options: the command line.
        inputs: the input file as it was when the process started, by its name as given.
    """
    beginning = Beginning()
    try:
        check_memory()
        if sys.stdout is None:  # what is opened next would get its number, and with it the answer
            raise StartError("stdout is closed, so there is nowhere to show or print anything")
        if options.input_format == "stream-json":
            from qwen_dual.cli.streams import run_streams

            return run_streams(options, inputs, beginning)
        if options.headless or (options.prompt is None and not os.isatty(0)):
            from qwen_dual.cli.headless import run_headless

            return run_headless(options, inputs, beginning)
        check_terminal()
        from qwen_dual.cli.early_terminal import EarlyTerminal

        with EarlyTerminal() as terminal:
            terminal.check()
            factory = SessionFactory()
            launch = factory.prepare(with_remark(options))
            channels = open_asked(options, launch, inputs)
            for warning in channels.warnings:
                tell(warning)
            channels.follow(launch.bus)
            factory.begin(launch, channels.outside())
            beginning.launch = launch
            try:
                terminal.check()
                if options.prompt is None:  # that one goes first
                    _begin_first_prompt(launch, channels)
                import_asyncio()
                from qwen_dual.cli.interactive import run_interactive

                terminal.check()
            except Terminated:
                _end_without_session(launch)
                raise
            return run_interactive(factory, launch, channels, options, terminal)
    except StartError as error:
        tell(f"qwen-dual: {error}")
        return error.status
    except Exception as error:  # noqa: BLE001 - no traceback may reach a person
        return beginning.failed(error)


def _begin_first_prompt(launch: Launch, channels: Channels) -> None:
    """Begins the prompt that waits on the channel, before what takes the longest to import."""
    if launch.chat is not None or launch.settings.get(keys.REVIEW):
        return  # it may turn out to be open elsewhere; or a person is to look at it first
    command = channels.first_prompt()
    if command is not None:
        from qwen_dual.core.actor import INPUT
        from qwen_dual.core.session.begun import Begun

        launch.bus.keep()
        launch.begun = Begun(launch.bus, command.text, INPUT, command.id)


def _end_without_session(launch: Launch) -> None:
    """Tells of the end, and saves the prompt that had begun."""
    recorder = None
    if launch.begun is not None:
        from qwen_dual.runtime.saved import record_begun

        recorder = record_begun(launch)
        launch.begun.interrupt()
    launch.bus.publish(events.system("session_end", {"session_id": launch.session_id}))
    if recorder is not None:
        recorder.close()


_LEAST_MEMORY = 128 << 20
"""Of addresses. With less Python itself ends before a turn does, and leaves neither a word nor an end."""


def check_memory() -> None:
    """Checks that a session can be held.

    Raises:
        StartError: the address space is too small.
    """
    limit = address_limit()
    if limit is not None and limit < _LEAST_MEMORY:
        raise StartError(
            f"the address space is limited to {limit >> 20} MiB, and a session needs "
            f"{_LEAST_MEMORY >> 20} at the least: `ulimit -v {_LEAST_MEMORY >> 10}`, or more, before it"
        )


_WITHOUT_TERMINAL = (
    "-p TEXT runs a prompt without it; a host gives it a PTY (tmux, node-pty, ptyprocess) and sends "
    "prompts through --input-file."
)


def check_terminal(instead: str = _WITHOUT_TERMINAL) -> None:
    """Checks that there is a terminal to show the UI on.

    Args:
        instead: what else a person can do, in a sentence.

    Raises:
        StartError: there is none.
    """
    for fd, name in ((0, "stdin"), (1, "stdout")):
        if not os.isatty(fd):
            raise StartError(
                f"{name} is not a terminal, so there is nothing to show the UI on. {instead}"
            )


def with_remark(options: Options) -> Options:
    """Options for the UI, with a word on those that mean something without a screen only."""
    from msgspec.structs import asdict, replace

    from qwen_dual.cli.headless_options import flags_in

    given = flags_in(asdict(options))
    if not given:
        return options
    verb = "has" if len(given) == 1 else "have"
    told = f"{', '.join(given)} {verb} no effect in the UI: -p TEXT runs a prompt without it."
    return replace(options, remarks=(*options.remarks, told))
