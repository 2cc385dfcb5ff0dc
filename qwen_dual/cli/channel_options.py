"""The options that open channels: files, descriptors and the socket."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse

AUTO_DIRECTORY = ""
"""``--channel-dir`` and ``--socket`` without a value: in the per-user directory."""


def add_channel_options(parser: argparse.ArgumentParser) -> None:
    """Adds them, in a group of their own."""
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
        help="open both channels as files in DIR and name them on the first "
        "screen; without DIR in a private directory of yours, where they go with the session",
    )
    channels.add_argument(
        "--socket",
        nargs="?",
        const=AUTO_DIRECTORY,
        metavar="PATH",
        help="take hosts on a Unix socket, several at a time, by name and with rights (docs/hosts.md); "
        "without PATH in a private directory of yours",
    )
