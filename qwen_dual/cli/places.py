"""Where the channels that options and settings ask for are, and the private folder for them."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.cli.channel_options import AUTO_DIRECTORY
from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.home import runtime_directory
from qwen_dual.fs.private import private_folder
from qwen_dual.runtime.process import environment

if TYPE_CHECKING:
    from qwen_dual.cli.parser import Options

DISABLED = "Warning: dual output disabled — "


class Wanted(Struct):
    """Which channels to open, and where."""

    json_fd: int | None = None
    json_file: str | None = None
    input_fd: int | None = None
    input_file: str | None = None
    passing: tuple[str, ...] = ()


def wanted(options: Options, json_file: str | None, input_file: str | None) -> Wanted:
    """What to open: a flag wins over ``--channel-dir``, which wins over the settings.

    Args:
        options: the command line.
        json_file: ``dualOutput.jsonFile`` of the settings.
        input_file: ``dualOutput.inputFile`` of the settings.

    Raises:
        OSError: the directory of ``--channel-dir`` cannot be used.
    """
    if options.channel_dir is not None:
        directory = private_directory(options.channel_dir)
        if options.channel_dir == AUTO_DIRECTORY:
            _remove_left_behind(directory)
        name = os.path.join(directory, str(os.getpid()))
        json_file, input_file = f"{name}.events", f"{name}.input"
    found = Wanted(options.json_fd, options.json_file, options.input_fd, options.input_file)
    if found.json_fd is None and found.json_file is None:
        found.json_file = json_file
    if found.input_fd is None and found.input_file is None:
        found.input_file = input_file
    if options.channel_dir == AUTO_DIRECTORY:
        made = {json_file, input_file} & {found.json_file, found.input_file}
        found.passing = tuple(path for path in made if path is not None)
    if options.channel_dir is not None and found.input_file == input_file:
        # Made here, so that a command sent at once lands in a file that only its owner can write.
        flags = os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        os.close(os.open(str(input_file), flags, 0o600))
    return found


def _remove_left_behind(directory: str) -> None:
    """Takes away the files of sessions that were killed."""
    with os.scandir(directory) as entries:
        for entry in entries:
            pid, _, kind = entry.name.partition(".")
            if kind in ("events", "input") and pid.isdecimal() and not _runs(int(pid)):
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return pid != os.getpid()


def private_directory(path: str) -> str:
    """Makes (or checks) a directory that only its owner can enter; returns its path.

    Raises:
        OSError: it cannot be made, or is not this user's alone.
    """
    if path == AUTO_DIRECTORY:
        path = runtime_directory(environment())
    try:
        private_folder(path)
    except ForeignFileError as error:
        raise PermissionError(f"{error}; give another with --channel-dir DIR") from None
    return path
