"""The way in: notes the input file's size, then hands over. Nothing heavy is imported before that.

A host may write its first command as soon as it has spawned us, so the size that divides old
commands from new ones is taken before the imports that take longer than a host does.
"""

from __future__ import annotations

import os
import sys

from qwen_dual.cli.import_path import leave_folder_out

leave_folder_out()

from itertools import pairwise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

from qwen_dual.cli.finder import find_quickly
from qwen_dual.runtime.process import hold_collection, interrupt_by_default, share_arena

SUBCOMMANDS = (
    "settings",
    "mcp",
    "sessions",
    "record",
    "replay",
    "audit",
    "observe",
    "check",
    "web",
)
"""Each is the first word, and runs in a module of ``cli`` with its name."""


def main(argv: list[str] | None = None) -> int:
    """Runs the program; returns its exit status."""
    if argv is None and sys.getfilesystemencoding() != "utf-8":
        _start_again_in_utf8()
    if argv is None:
        find_quickly()
    arguments = sys.argv[1:] if argv is None else argv
    if sys.stdin is None:
        os.open(os.devnull, os.O_RDONLY)  # nothing else may get its number, and be read as a prompt
    if sys.stderr is None:
        # Closed by who started us (`2>&-`): what is opened next would get its number, and with it
        # whatever any program here says on stderr.
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115
    elif argv is None:
        from qwen_dual.cli.stderr import never_fail

        never_fail()
    interrupt_by_default()
    if argv is None:
        share_arena()
    if arguments and arguments[0] in SUBCOMMANDS:
        from importlib import import_module

        command = import_module(f"qwen_dual.cli.{arguments[0]}_command")
        return int(command.main(arguments[1:]))
    if arguments[:1] == ["attach"]:
        from qwen_dual.cli.attach_command import main as attach_main

        return attach_main(arguments[1:])
    inputs = note_inputs(arguments)
    hold_collection()

    from qwen_dual.cli.lean import import_argparse, import_msgspec

    import_msgspec()
    import_argparse()

    from qwen_dual.cli.parser import parse

    options = parse(arguments, (*SUBCOMMANDS, "attach"))

    from qwen_dual.cli.start import run

    return run(options, inputs)


def _start_again_in_utf8() -> None:
    """Becomes the same command with Python's UTF-8 mode on.

    With ``LC_ALL=POSIX`` and that mode switched off, a name beyond ASCII could neither be opened nor
    passed on, wherever it comes up. In it names are the bytes that the file system has. Arguments are
    passed on byte for byte, and the process stays the same one.
    """
    mode = ["-X", "utf8"]
    if sys.orig_argv[1:3] != mode:  # an option behind it may have switched it off once more
        os.execv(sys.executable, [sys.executable, *mode, *sys.orig_argv[1:]])


def note_inputs(arguments: list[str]) -> dict[str, os.stat_result | None]:
    """The state of each file named by ``--input-file``, by its name as given; None if missing."""
    spellings = ("--input-file", "--inputFile", "--input_file")
    names = [
        value
        for item in arguments
        for name, joined, value in [item.partition("=")]
        if joined and name in spellings
    ]
    names += [value for item, value in pairwise(arguments) if item in spellings]
    found: dict[str, os.stat_result | None] = {}
    for name in names:
        try:
            found[name] = os.stat(name)
        except OSError:  # it may be made later: all of it is new then
            found[name] = None
    return found


def program() -> NoReturn:
    """The process from its start to its end, which is that of what runs in it.

    All that has to be written or ended is by then; to take apart what is left, piece by piece, is the
    work of several milliseconds for nothing. Where a thread has something to end yet, Python waits for it.
    """
    status = main()
    threading = sys.modules.get("threading")
    if threading is not None and any(
        not thread.daemon
        for thread in threading.enumerate()
        if thread is not threading.main_thread()
    ):
        sys.exit(status)
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        sys.exit(status)  # it says what there is to say of a stream that nobody reads
    os._exit(status)


if __name__ == "__main__":
    program()
