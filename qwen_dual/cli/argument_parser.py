"""argparse with errors of one line that name the nearest flag, and quick to fill."""

from __future__ import annotations

import argparse
import os
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from qwen_dual.cli.flags import KINDS, long_name

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_COLUMNS = 80
"""Of the window where nothing tells."""


class SafeParser(argparse.ArgumentParser):
    """argparse as it is, but that an argument which is wrong steers no terminal when it is named.

    What is missing is told in words, below the line of usage.
    """

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, and ends the program."""
        absent = message.partition("arguments are required: ")[2]
        if absent.startswith("{"):
            message = f"say which: {absent.strip('{}').replace(',', ', ')}"
        elif absent:
            message = f"{absent} {'are' if ', ' in absent else 'is'} missing"
        super().error(message)

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        """Ends the program; ``message`` goes to stderr."""
        from qwen_dual.protocol.visible import visible

        super().exit(status, message and visible(message, "prose"))


class ArgumentParser(SafeParser):
    """Takes what ``argparse``'s does."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_formatter, **options)

    def error(self, message: str) -> NoReturn:
        """Says what is wrong, in one line, and the nearest flag to one that is unknown."""
        unknown = message.partition("unrecognized arguments: ")[2].split()
        if unknown:
            from difflib import get_close_matches

            flags: Iterable[str] = KINDS
            if self.prog != "qwen-dual":  # a command of its own, whose few flags these are
                flags = [flag.lstrip("-") for flag in self._option_string_actions]
                unknown = [item for item in unknown if item.startswith("-")]
            names = [item.partition("=")[0].lstrip("-") for item in unknown]
            near = [get_close_matches(long_name(name), flags, n=1) for name in names]
            known = [f"--{found[0]}" for found in near if found]
            if known:
                message += f"; did you mean {', '.join(known)}?"
        help_ = f"`{self.prog} --help` lists what there is."
        # The program itself ends with what Qwen Code does; its commands as others do.
        status = 1 if self.prog == "qwen-dual" else 2
        self.exit(status, f"{self.prog}: {message}\n{help_}\n")


def _formatter(prog: str) -> argparse.HelpFormatter:
    # Without a width it imports shutil, and argparse makes one for each flag.
    return argparse.HelpFormatter(prog, width=columns() - 2)


@cache
def columns() -> int:
    """The width of the window, or what ``COLUMNS`` says it is."""
    try:
        return int(os.environ.get("COLUMNS", "")) or DEFAULT_COLUMNS
    except ValueError:
        pass
    try:
        return os.get_terminal_size(1).columns or DEFAULT_COLUMNS
    except OSError:
        return DEFAULT_COLUMNS
