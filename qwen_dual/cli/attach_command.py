"""``qwen-dual attach``: follows and steers a running session from another terminal, in the same view.

A host like any other, over the session's socket. Leaving it changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.cli.argument_parser import ArgumentParser
from qwen_dual.cli.early_terminal import EarlyTerminal
from qwen_dual.cli.lean import import_asyncio
from qwen_dual.cli.start import check_terminal
from qwen_dual.cli.stderr import tell
from qwen_dual.host.errors import HostError, NoSuchSession
from qwen_dual.host.finding import find, running
from qwen_dual.runtime.launch import StartError
from qwen_dual.runtime.process import environment, folder

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from qwen_dual.host.finding import RunningSession
    from qwen_dual.protocol.command_shapes import Right

NAME = "attach"
"""What a terminal is called as a host, unless it is told otherwise."""

START_ONE = "`qwen-dual --socket` starts one to attach to"

NO_SOCKET = (
    "the session {id} has no socket to attach to: start it with --socket, or set dualOutput.socket in "
    "your settings"
)


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual attach``; returns its exit status.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    asked = _parser().parse_args(list(arguments))
    try:
        check_terminal(
            "A program joins over the session's socket: `qwen-dual sessions --json` names it, "
            "docs/hosts.md says how."
        )
        session = _chosen(asked)
        with EarlyTerminal() as terminal:
            terminal.check()
            import_asyncio()
            from qwen_dual.cli.attaching import Screen, run_attached

            rights: tuple[Right, ...] | None = ("observe",) if asked.observe else None
            screen = Screen(terminal, asked.screen_reader)
            return run_attached(session, asked.name, rights, screen)
    except (StartError, HostError, OSError) as error:
        # A socket and a record say what they like: nothing of it may steer this terminal.
        tell(f"qwen-dual: {error!s}")
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="qwen-dual attach",
        description="Follows and steers a running session from this terminal. Leaving it (/detach, or "
        "closing the window) changes nothing: it goes on.",
        epilog="`qwen-dual sessions` lists what runs. A session has a socket to attach to with --socket "
        "or dualOutput.socket. Docs: docs/using.md",
        allow_abbrev=False,
    )
    parser.add_argument(
        "session",
        nargs="?",
        metavar="ID",
        help="the session's id, how it begins, or its process; without it the only one that runs, or the "
        "only one of this folder",
    )
    parser.add_argument(
        "--name", default=NAME, help=f"what this terminal is called there (default: {NAME})"
    )
    parser.add_argument(
        "--observe", action="store_true", help="only watch: nothing typed here reaches the session"
    )
    parser.add_argument(
        "--screen-reader",
        action="store_true",
        help="words in place of symbols, and nothing that moves by itself",
    )
    return parser


def _chosen(asked: argparse.Namespace) -> RunningSession:
    """The session that is meant, which has a socket.

    Raises:
        NoSuchSession: it is not to be found.
        StartError: it has none.
    """
    try:
        cwd = folder()
    except OSError:  # gone; then no session is of it
        cwd = ""
    sessions = running(environment())
    reachable = [one for one in sessions if one.socket is not None]
    if asked.session is None and reachable:
        sessions = reachable
    try:
        session = find(asked.session, sessions, cwd)
    except NoSuchSession as error:
        hint = "`qwen-dual sessions` lists what runs" if sessions else START_ONE
        raise StartError(f"{error}; {hint}") from None
    if session.socket is None:
        raise StartError(NO_SOCKET.format(id=session.session_id[:8]))
    return session
