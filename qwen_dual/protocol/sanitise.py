"""Makes foreign text safe to show: what a model, a tool, a file or a channel says.

Owns which characters may reach the terminal, and the removal of whole escape sequences, for a
text as a whole and for one that comes in pieces. It does not wrap, colour or expand tabs.
"""

from __future__ import annotations

import re
from collections import deque
from typing import TYPE_CHECKING

from qwen_dual.protocol import ansi
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

# C0 but tab and newline, DEL, C1, bidi marks and overrides, lone surrogates.
_FORBIDDEN = regex(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FORBIDDEN_IN_A_ROW = regex(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FORBIDDEN_BUT_RETURN = regex(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SEQUENCE = regex(ansi.SEQUENCE)
# What may still follow once a chunk ended inside a sequence.
_REST_OF_CSI = regex("[0-?]*(?P<between>[ -/]*)(?P<end>[@-~])?")
_REST_OF_CSI_END = regex("(?P<between>[ -/]*)(?P<end>[@-~])?")
_REST_OF_STRING = regex("[^\x00-\x1f\x7f-\x9f]*(?P<end>\x07|\x1b(?:\\\\|\\Z))?")
_REST_OF_ESCAPE = regex("[ -/]*(?P<end>[0-~])?")

_PIECE = 1 << 18
"""Characters gone through at a time, in a millisecond: a search lets no other thread run until it is over."""

_RETURNS = regex("\r+\n?")
_RETURNS_BEFORE_NEWLINE = regex("\r+\n")


def sanitise(text: str) -> str:
    r"""Removes everything from a text that could do more than be shown.

    What stays is text, newlines and tabs. `\r\n` becomes `\n`; of a line with lone carriage
    returns, as progress bars draw them, the last segment that is not empty stays.

    Args:
        text: Anything.
    """
    return _sanitise(text) if len(text) <= _PIECE else "".join(map(_sanitise, _pieces(text)))


def _sanitise(text: str) -> str:
    if _FORBIDDEN.search(text) is None:
        return text
    text = _FORBIDDEN_BUT_RETURN.sub("", _SEQUENCE.sub("", text))
    if "\r" not in text:
        return text
    text = _RETURNS_BEFORE_NEWLINE.sub("\n", text)
    if "\r" not in text:
        return text
    return "\n".join(map(_last_segment, text.split("\n")))


def coloured(text: str) -> str:
    """``text`` sanitised, but for the sequences that set colours (SGR)."""
    if "\x1b" not in text:
        return sanitise(text)
    # What stands between them is sanitised by itself: nothing can reach across.
    parts = ansi.COLOUR.split(text)
    kept = [f"\x1b[{part}m" if index % 2 else sanitise(part) for index, part in enumerate(parts)]
    return "".join(kept)


def one_line(text: str) -> str:
    """What may stand in one row of the screen: ``text`` without any control character.

    A last check on the way out, for text that was sanitised and laid out: a sequence loses its
    introducer and no more.
    """
    if _FORBIDDEN_IN_A_ROW.search(text) is None:
        return text
    return _FORBIDDEN_IN_A_ROW.sub("", text)


class StreamSanitiser:
    r"""Sanitises a text that comes in pieces, cut anywhere.

    What was returned cannot be taken back, so a lone carriage return becomes a line break here;
    apart from that the pieces add up to what `sanitise` makes of the whole. Memory is bounded
    however long a sequence is.
    """

    def __init__(self) -> None:
        self._stripper = _Stripper()
        self._return_held = False
        self._at_line_start = True

    def feed(self, chunk: str) -> str:
        """Takes the next piece and returns what of it may be shown by now."""
        text = self._stripper.feed(chunk)
        if not text:
            return ""
        if self._return_held:
            text = "\r" + text
            self._return_held = False
        if "\r" in text:
            # A newline may follow in the next piece, and both are one line break.
            shown = text.rstrip("\r")
            self._return_held = len(shown) < len(text)
            text = self._break_lines(shown)
        if text:
            self._at_line_start = text[-1] == "\n"
        return text

    def _break_lines(self, text: str) -> str:
        if self._at_line_start and text.startswith("\r"):
            rest = text.lstrip("\r")
            text = rest if not rest.startswith("\n") else text
        text = re.sub("\n\r+(?![\r\n])", "\n", text)
        return _RETURNS.sub("\n", text)


class OutputTail:
    """The last lines of a stream of output, as a terminal would show them.

    Carriage returns start a line over, so a progress bar stays one line. Memory is bounded by
    the number of lines and their width.

    Args:
        max_lines: How many lines are kept.
        max_width: Characters kept of each; the rest of a line is cut off.
    """

    def __init__(self, max_lines: int, max_width: int = 1000) -> None:
        self._stripper = _Stripper()
        self._done: deque[str] = deque(maxlen=max_lines)
        self._max_width = max_width
        self._current = ""
        self._start_over = False

    @property
    def lines(self) -> list[str]:
        """The last lines, the unfinished one included when it holds something."""
        lines = [*self._done, self._current] if self._current else [*self._done]
        return lines[-(self._done.maxlen or 0) :]

    def feed(self, chunk: str) -> None:
        """Takes the next piece of output."""
        text = self._stripper.feed(chunk)
        if not text:
            return
        first, *more = text.split("\n")
        self._write(first)
        for line in more[-(self._done.maxlen or 0) - 1 :]:
            self._done.append(self._current)
            self._current, self._start_over = "", False
            self._write(line)

    def _write(self, text: str) -> None:
        for index, segment in enumerate(text.split("\r")):
            self._start_over = self._start_over or index > 0
            if segment:
                kept = "" if self._start_over else self._current
                self._current = (kept + segment)[: self._max_width]
                self._start_over = False


class _Stripper:
    """Removes sequences and forbidden characters from pieces; carriage returns stay."""

    def __init__(self) -> None:
        self._inside: re.Pattern[str] | None = None  # what may follow of an open sequence
        self._escape_held = False

    def feed(self, chunk: str) -> str:
        if not chunk:
            return ""
        if self._escape_held:
            chunk = "\x1b" + chunk
            self._escape_held = False
        if self._inside is not None:
            chunk = self._skip(self._inside, chunk)
        if _FORBIDDEN_BUT_RETURN.search(chunk) is None:
            return chunk
        return _FORBIDDEN_BUT_RETURN.sub("", _SEQUENCE.sub(self._take_out, chunk))

    def _skip(self, rest: re.Pattern[str], chunk: str) -> str:
        """Skips the rest of an open sequence; returns what comes after it."""
        match = rest.match(chunk)
        assert match is not None  # every part of these patterns is optional
        end = match["end"]
        if end == "\x1b":
            self._escape_held = True
        elif end is None and match.end() == len(chunk):
            if rest is _REST_OF_CSI and match["between"]:
                self._inside = _REST_OF_CSI_END
        else:
            self._inside = None
        return chunk[match.end() :]

    def _take_out(self, match: re.Match[str]) -> str:
        if match.end() < len(match.string):
            return ""
        if match["string"]:
            if match["terminator"] in (None, "\x1b"):
                self._inside = _REST_OF_STRING
                self._escape_held = match["terminator"] is not None
        elif match["parameters"] is not None:
            if match["final"] is None:
                self._inside = _REST_OF_CSI_END if match["between"] else _REST_OF_CSI
        elif match["last"] is None:
            if match["intermediate"]:
                self._inside = _REST_OF_ESCAPE
            else:
                self._escape_held = True
        return ""


def _pieces(text: str) -> Iterator[str]:
    """``text`` cut at ends of lines, across which no sequence reaches: after ``_PIECE``, where there are any."""
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin + _PIECE) + 1 or len(text)
        yield text[begin:end]
        begin = end


def _last_segment(line: str) -> str:
    if "\r" not in line:
        return line
    return next((segment for segment in reversed(line.split("\r")) if segment), "")
