"""``qwen-dual replay``: shows a recording on this terminal or as a page, or sends its events again."""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from qwen_dual.cli.argument_parser import SafeParser
from qwen_dual.cli.progress_bar import ProgressBar
from qwen_dual.cli.raw_terminal import PIECE, raw, show
from qwen_dual.cli.stderr import tell
from qwen_dual.recording.emission import emit, open_target, write_all
from qwen_dual.recording.folder import RecordingError
from qwen_dual.recording.player import LEAVE, Player
from qwen_dual.recording.recorded import Recorded

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.recording.cast_reader import CastReader

KEYS = """\
space      stop, go on
.          to the next event, and stop
] [        to the next prompt, to the one before
+ -        faster, slower
/ n        search, search on
?          these keys; any key goes back
q          quit
"""
_REPLY = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)|O.)")
"""An arrow, a click, or what a terminal says by itself: no key of ours."""


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual replay``; returns its exit status.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    asked = _parser().parse_args(arguments)
    try:
        recorded = Recorded(asked.recording)
        if asked.json_file is not None or asked.json_fd is not None:
            return anyio.run(_send, recorded, asked.json_file, asked.json_fd, asked.speed)
        if asked.socket is not None:
            return anyio.run(_serve, recorded, asked.socket, asked.speed)
        if asked.html is not None:
            return _write_page(recorded, asked.html, asked.idle_limit)
        if recorded.cast is None:
            raise RecordingError(
                f"{asked.recording}: there is no terminal in it to show; --html shows its events, "
                "--json-file sends them"
            )
        if recorded.cast.empty:
            tell(f"{asked.recording}: nothing had been shown when this recording ended")
            return 0
        if os.isatty(0) and os.isatty(1):
            _check_size(recorded.cast)
            with raw(0):
                return anyio.run(_watch, recorded, asked.speed, asked.idle_limit)
        return anyio.run(_print, recorded.cast, asked.speed, asked.idle_limit)
    except RecordingError as error:
        tell(f"qwen-dual: {error}")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 0


def _write_page(recorded: Recorded, path: str, idle_limit: float | None) -> int:
    from qwen_dual.fs.replace import replace_file
    from qwen_dual.recording.html import html_of

    page = html_of(recorded, idle_limit=idle_limit)
    try:
        replace_file(os.path.realpath(path), page, mode=0o600, durable=False)
    except OSError as error:
        raise RecordingError(f"{path}: {error.strerror}") from error
    tell(f"{path}: {len(page) / 1e6:.1f} MB; any browser shows it")
    return 0


async def _send(recorded: Recorded, path: str | None, fd: int | None, speed: float) -> int:
    if not recorded.events:
        raise RecordingError("there are no events in it to send")
    target = open_target(path, fd)
    bar, done = _bar(recorded), 0

    async def write(data: bytes) -> None:
        nonlocal done
        await write_all(target, data)
        done += len(data)
        if not os.isatty(target):
            bar(done)

    try:
        count = await emit(recorded, write, speed)
    finally:
        bar.close()
    tell(f"{count:,} events sent")
    return 0


def _bar(recorded: Recorded) -> ProgressBar:
    try:
        return ProgressBar(os.path.getsize(recorded.events))
    except OSError as error:
        raise RecordingError(f"{recorded.events}: {error.strerror}") from error


async def _serve(recorded: Recorded, path: str, speed: float) -> int:
    """On a socket, for hosts that connect as to a session."""
    from qwen_dual.cli.replayed_socket import ReplayedSocket

    if not recorded.events:
        raise RecordingError("there are no events in it to send")
    served = ReplayedSocket(path)
    tell(f"{path} waits for a host")
    await served.run(recorded, speed)
    tell(f"{served.sent:,} events sent")
    return 0


async def _print(cast: CastReader, speed: float, idle_limit: float | None) -> int:
    """To a pipe or a file: the very bytes that were recorded."""

    async def write(text: str) -> None:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()

    await Player(cast, write, speed=speed, idle_limit=idle_limit, screened=False).run()
    return 0


def _check_size(cast: CastReader) -> None:
    size = os.get_terminal_size(1)
    if (size.columns, size.lines) < (cast.header.columns, cast.header.rows):
        print(
            f"It was recorded at {cast.header.columns}×{cast.header.rows}, this window has "
            f"{size.columns}×{size.lines}: lines will be broken elsewhere.",
            file=sys.stderr,
        )


async def _watch(recorded: Recorded, speed: float, idle_limit: float | None) -> int:
    assert recorded.cast is not None

    async def out(text: str) -> None:
        await show(text.encode())

    player = Player(recorded.cast, out, speed=speed, idle_limit=idle_limit)
    async with anyio.create_task_group() as group:
        group.start_soon(_Keys(recorded, player, out).run, group.cancel_scope)
        await player.run()
        group.cancel_scope.cancel()
    await show(LEAVE.encode())
    return 0


class _Keys:
    """What a person types at a showing."""

    def __init__(
        self, recorded: Recorded, player: Player, out: Callable[[str], Awaitable[None]]
    ) -> None:
        self._recorded = recorded
        self._player = player
        self._out = out
        self._searched = ""
        self._typed: str | None = None  # a search that is being typed
        self._shown = False  # what the keys are
        self._was_paused = False

    async def run(self, showing: anyio.CancelScope) -> None:
        while True:
            await anyio.wait_readable(0)
            data = os.read(0, PIECE)
            if not data:
                showing.cancel()
                return
            for key in _REPLY.sub(b"", data).decode(errors="ignore"):
                if key == "\x03" or (key == "q" and self._typed is None):
                    showing.cancel()
                elif self._typed is not None:
                    self._edit(key)
                else:
                    self._act(key)

    def _act(self, key: str) -> None:
        player = self._player
        if self._shown:
            self._shown = False
            self._go_on()
            return
        match key:
            case " ":
                player.ask(player.pause)
            case ".":
                player.ask(player.step)
            case "]":
                player.ask(player.next_turn)
            case "[":
                player.ask(player.previous_turn)
            case "+" | "=":
                player.ask(lambda: player.faster(1))
            case "-":
                player.ask(lambda: player.faster(-1))
            case "n" if self._searched:
                player.ask(self._search)
            case "/":
                self._typed = ""
                self._stop_for("/")
            case "?":
                self._shown = True
                self._stop_for(KEYS)
            case _:
                return
        if key not in "/?":
            player.ask(self._set_title)

    def _stop_for(self, text: str) -> None:
        """Shows a text on the other screen, while the recording stands."""
        player = self._player
        self._was_paused = player.paused
        player.ask(lambda: player.pause(True))
        player.ask(lambda: self._show_page(text))

    def _go_on(self) -> None:
        player = self._player
        player.ask(player.redraw)
        player.ask(lambda: player.pause(self._was_paused))
        player.ask(self._set_title)

    def _edit(self, key: str) -> None:
        """Takes a key of a search that is being typed, on the other screen."""
        assert self._typed is not None
        typed = self._typed
        player = self._player
        if key in ("\r", "\n", "\x1b"):
            self._typed = None
            if key == "\x1b" or not typed:
                self._go_on()
                return
            self._searched = typed
            player.ask(player.redraw)
            player.ask(self._search)
            player.ask(self._set_title)
            return
        self._typed = typed[:-1] if key in ("\x7f", "\x08") else typed + key * key.isprintable()
        player.ask(lambda: self._show_page(f"/{self._typed or ''}"))

    async def _search(self) -> None:
        """Goes to where it is said next, and stops there; rings where it is nowhere."""
        player = self._player
        found = await anyio.to_thread.run_sync(
            self._recorded.find, self._searched, player.position, abandon_on_cancel=True
        )
        if found is None:
            await self._out("\a")
        else:
            await player.jump(found)
            await player.pause(True)

    async def _show_page(self, text: str) -> None:
        lines = text.replace("\n", "\r\n")
        await self._out(f"\x1b[?1049h\x1b[r\x1b[0m\x1b[2J\x1b[H{lines}")

    async def _set_title(self) -> None:
        """Where it is, in the title: the screen is the recording's."""
        player = self._player
        state = "paused" if player.paused else f"{player.speed:g}×"
        minutes, seconds = divmod(player.position, 60)
        # Where it stands the moment is told as exactly as the index has it.
        at = (
            f"{int(minutes)}:{seconds:06.3f}"
            if player.paused
            else f"{int(minutes)}:{int(seconds):02}"
        )
        seq = self._recorded.seq_at(player.position)
        number = "" if seq is None else f"seq={seq}"
        label = "".join(character for character in player.label if character.isprintable())
        label = label.removeprefix(f"{number} ") if number else label
        title = " · ".join(filter(None, ("replay", at, state, number, label[:40])))
        await self._out(f"\x1b]2;{title}\x1b\\")


def _speed(text: str) -> float:
    if text == "max":
        return math.inf
    try:
        speed = float(text.removesuffix("x"))
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed; write it as 2, 0.5 or max")
    return speed


def _parser() -> argparse.ArgumentParser:
    parser = SafeParser(
        prog="qwen-dual replay",
        description="Shows a recording on this terminal or as a page, or sends its events again.",
        epilog=f"Keys while it shows:\n{KEYS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("recording", help="a folder of qwen-dual record, a .cast, or events.jsonl")
    parser.add_argument(
        "--speed", type=_speed, default=1.0, metavar="N", help="2, 0.5 … or max for no pauses"
    )
    parser.add_argument(
        "--idle-limit", type=float, metavar="SECONDS", help="how long a pause lasts at the most"
    )
    to = parser.add_mutually_exclusive_group()
    to.add_argument(
        "--json-file", metavar="PATH", help="send the events to a file (appended to) or a FIFO"
    )
    to.add_argument(
        "--html", metavar="PATH", help="write one page: the terminal and the chat, in sync"
    )
    to.add_argument(
        "--socket", metavar="PATH", help="send them to hosts that connect, as to a session"
    )
    to.add_argument("--json-fd", type=int, metavar="N", help="send them to an inherited descriptor")
    return parser
