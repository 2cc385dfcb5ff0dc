"""The regular-expression search as a program of its own, for machines without ripgrep.

A catastrophic pattern keeps Python's interpreter lock while it runs, and no thread could stop it:
as a process it can be killed, and the session does not even stutter. It runs by its path, with
nothing of ours imported, takes the pattern as its argument and file names, each ended by NUL, on
stdin, and prints ``<file>NUL<line number>:<line>`` for each match, as ``rg --null`` does.
"""

from __future__ import annotations

import os
import re
import sys

MAX_FILE_BYTES = 64 << 20
MAX_LINE_CHARS = 500


def search(pattern: re.Pattern[str], name: bytes) -> None:
    """Prints the matches in one file; one that cannot be read or is no text has none."""
    try:
        fd = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        with os.fdopen(fd, "rb") as file:
            data = file.read(MAX_FILE_BYTES) or b""
    except OSError:
        return
    if b"\0" in data[:8192]:
        return
    text = data.decode("utf-8", "surrogateescape")
    out = []
    for number, line in enumerate(text.split("\n"), 1):
        if pattern.search(line):
            shown = line[:MAX_LINE_CHARS].rstrip("\r").encode("utf-8", "surrogateescape")
            out.append(b"%s\0%d:%s\n" % (name, number, shown))
    if out:
        sys.stdout.buffer.writelines(out)
        sys.stdout.buffer.flush()


def main() -> None:
    """Searches the files named on stdin; exit status 2 for a pattern that is none."""
    try:
        pattern = re.compile(sys.argv[1], re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as error:
        print(error)
        sys.exit(2)
    for name in sys.stdin.buffer.read().split(b"\0"):
        if name:
            search(pattern, name)


if __name__ == "__main__":
    main()
