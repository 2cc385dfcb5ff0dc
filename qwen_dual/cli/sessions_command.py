"""``qwen-dual sessions``: which sessions of this person run, those that wait for one first.

Reads their records and writes nothing; starts no session and connects to none.
"""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

from msgspec import to_builtins

from qwen_dual.cli.argument_parser import ArgumentParser, columns
from qwen_dual.cli.printing import run_printing
from qwen_dual.cli.stderr import tell
from qwen_dual.fs.home import home_of, runtime_directory, shortened
from qwen_dual.running.listing import running
from qwen_dual.runtime.process import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.running.record import Record

WAITS, WORKS, IDLE = "waits for you", "works", "idle"

ID_CHARS = 8
"""Of an id that are shown: enough to tell sessions apart, and to name one by."""

MAX_SECONDS = 999 * 86400.0
"""What is longer is no time that a session can have run for: a record says what it likes."""

WIDE = 64
"""Columns from which on a session takes one line."""

NOTHING = "No session runs."
NO_SOCKET = "None of them has a socket: `qwen-dual --socket` starts one to attach to."
ATTACH = "`qwen-dual attach ID` follows and steers one from here."


def main(arguments: Sequence[str]) -> int:
    """Runs ``qwen-dual sessions``; returns its exit status.

    Raises:
        SystemExit: for ``--help``, and for arguments that cannot be understood.
    """
    parser = ArgumentParser(
        prog="qwen-dual sessions",
        description="Lists the sessions that run now, those that wait for you first.",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="a JSON array instead of text")
    as_json = bool(parser.parse_args(arguments).json)
    return run_printing(lambda _: _list(as_json=as_json))


def _list(*, as_json: bool) -> int:
    env = environment()
    try:
        found = running(runtime_directory(env))
    except OSError as error:
        tell(f"qwen-dual: the running sessions cannot be listed: {error}")
        return 1
    if as_json:
        print(json.dumps([to_builtins(record) for record in found], indent=2))
    else:
        print("\n".join(listed(found, columns(), home_of(env), time.time())))
    return 0


def listed(records: Sequence[Record], width: int, home: str, now: float) -> list[str]:
    """The sessions as lines for a person.

    Args:
        records: in the order in which they are shown.
        width: of the window.
        home: the person's, which is shown as ``~``.
        now: seconds since the epoch.
    """
    from qwen_dual.frontends.tui.text.lines import wrap

    if not records:
        return [NOTHING]
    rows = [_Row.of(record, home, now) for record in records]
    lines = _table(rows, width) if width >= WIDE else _stacked(rows, width)
    can = any(record.socket is not None for record in records)
    return [*lines, "", *wrap(ATTACH if can else NO_SOCKET, width)]


class _Row(tuple[str, str, str, str, str]):
    """What is shown of a session: what it does, since when, its title, its folder, its id."""

    __slots__ = ()

    @classmethod
    def of(cls, record: Record, home: str, now: float) -> _Row:
        from qwen_dual.protocol.sanitise import one_line

        does = WAITS if record.waits else IDLE if record.state == "idle" else WORKS
        since = _ago(now - (record.state_at or record.started_at))
        title = one_line(record.title) or "(no prompt yet)"
        folder = one_line(shortened(record.cwd, home))
        return cls((does, since, title, folder, one_line(record.session_id)[:ID_CHARS]))


def _table(rows: Sequence[_Row], width: int) -> list[str]:
    """One line for each; the title and the folder share what is left of it."""
    from qwen_dual.frontends.tui.text.lines import clip, width_of

    does = max(width_of(row[0]) for row in rows)
    since = max(width_of(row[1]) for row in rows)
    gaps = 4 * 2
    left = width - does - since - ID_CHARS - gaps
    folder = max(width_of(_clip_left(row[3], left // 2)) for row in rows)
    title = min(max(width_of(row[2]) for row in rows), left - folder)

    def padded(text: str, columns: int, cut: Callable[[str, int], str] = clip) -> str:
        shown = cut(text, columns)
        return shown + " " * (columns - width_of(shown))

    return [
        "  ".join(
            (
                padded(row[0], does),
                row[1].rjust(since),
                padded(row[2], title),
                padded(row[3], folder, _clip_left),
                row[4],
            )
        )
        for row in rows
    ]


def _stacked(rows: Sequence[_Row], width: int) -> list[str]:
    """Four lines for each, for a window in which one would not do."""
    from qwen_dual.frontends.tui.text.lines import clip

    lines: list[str] = []
    for does, since, title, folder, name in rows:
        lines += [
            clip(f"{does} · {since}", width),
            "  " + clip(title, width - 2),
            "  " + _clip_left(folder, width - 2),
            f"  {name}",
        ]
    return lines


def _clip_left(path: str, width: int) -> str:
    """The end of a path, which says more than its beginning."""
    from qwen_dual.frontends.tui.text.lines import clip, width_of

    if width_of(path) <= width:
        return path
    end = os.path.basename(path)
    return clip(f"…/{end}", width)


def _ago(seconds: float) -> str:
    """How long something is so, in its largest unit."""
    seconds = min(seconds, MAX_SECONDS)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{max(0, int(seconds))} s"
