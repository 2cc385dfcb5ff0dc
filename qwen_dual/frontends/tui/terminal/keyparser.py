"""From what a terminal sends to prompt-toolkit's key presses.

Owns a parser that knows every escape sequence by its shape. So replies that nobody asked for
(focus, device attributes, colours) fire no key; prompt-toolkit's own parser takes what it does not
know apart into Escape and text. It reads nothing itself and binds no keys.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.input.vt100_parser import Vt100Parser
from prompt_toolkit.key_binding import KeyPress
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.terminal.arriving_paste import ArrivingPaste
from qwen_dual.frontends.tui.terminal.keycodes import key_of
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_PASTE = 64 * 1024 * 1024  # characters; a longer one arrives in parts
_MAX_SEQUENCE = 256  # characters
_MAX_OSC = 1 << 20  # characters; of a longer one nothing is given on
_MAX_REPORT = 64  # the same of what the terminal says of itself
# How long an unfinished sequence may pause. A slow link can cut one anywhere; a person who
# types on meanwhile is not made to wait.
_PATIENCE = 1.0  # seconds

REPLY_SECONDS = 2.0
"""How long a reply is waited for; what comes later is a key where it looks like one."""

_PASTE_START = "\x1b[200~"
_PASTE_END = "\x1b[201~"
_CSI = regex("\x1b\\[([0-?]*)([ -/]*)([@-~])")
_CSI_SO_FAR = regex("\x1b\\[[0-?]*[ -/]*")
_OPEN_CSI = regex("\x1b\\[[0-?]*[ -/]*\\Z")
_FOCUS = ("\x1b[I", "\x1b[O")
_CPR = regex("\x1b\\[[0-9]+;[0-9]+R")
# The second character of a string's introducer, and what a reply of that kind goes on with; an
# Alt key that is followed by anything else stays an Alt key.
_STRINGS = {
    "]": re.compile("[0-9lL]"),
    "P": re.compile("[0-9>!?;$+=]"),
    "_": re.compile("[A-Z]"),
    "^": re.compile("[0-9A-Z]"),
}
# What a reply goes on with whose escape character came by itself, a while before.
_CUT_REPLY = regex(
    r"\](?:[0-9]|1[0-9]|5[0-2]|104|1337|7501);|P(?:>\||[01]?[$+!])|_G"
    r"|\[(?:[?>=][0-9;:]*|[0-9][0-9;:]*)[ -/]*[A-Za-z~]|\[[IO]\Z"
)
_PLAIN = regex("[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_STRING_BODY = regex("[^\x00-\x1f\x7f]*")
_TEXT = regex("[^\x00-\x1f\x7f-\x9f]+")


class KeyParser(Vt100Parser):
    """Parses what a terminal sends; a drop-in for prompt-toolkit's parser.

    The time it takes grows with the input only, for pastes as for keys.

    Args:
        feed_key_callback: Gets each key press.
        now: A monotonic clock, in seconds.

    Attributes:
        on_report: Gets what the terminal says of itself: its answers to DA1 and DA2, that the window has
            the focus or lost it, and each short OSC without its end.
        on_osc: Gets each OSC that comes, without its marks, while something waits for one.
    """

    def __init__(
        self,
        feed_key_callback: Callable[[KeyPress], None],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_report: Callable[[str], object] = lambda report: None
        self.on_osc: Callable[[str], None] | None = None
        self._now = now
        self._last_fed = 0.0
        super().__init__(feed_key_callback)

    def reset(self, request: bool = False) -> None:
        """Forgets everything unfinished."""
        self._pending = ""  # the beginning of a sequence
        self._string_since: float | None = None  # inside an OSC, DCS, APC or PM
        self._string: list[str] | None = None  # of an OSC
        self._string_size = 0
        self._paste: ArrivingPaste | None = None
        self._lines: ArrivingPaste | None = None  # a paste that no marks surround
        self._replies = 0  # that were asked for and have not come
        self._replies_until = 0.0
        self._escaped = ""  # what was taken for the Escape key, or for Alt and a character
        self._escaped_at = 0.0

    @property
    def in_paste(self) -> bool:
        """The end mark of a paste has not come yet."""
        return self._paste is not None

    def expect_reply(self) -> None:
        """Notes that the terminal was asked something."""
        self._replies += 1
        self._replies_until = self._now() + REPLY_SECONDS

    @property
    def holds_escape(self) -> bool:
        """Whether an Escape has come that may yet become a reply which a slow link has cut."""
        awaited = self._replies > 0 and self._now() < self._replies_until
        return awaited and self._pending.startswith("\x1b") and len(self._pending) <= 2

    def end_paste(self) -> None:
        """Takes a paste for complete whose end mark does not come."""
        if self._paste is not None:
            self._end_paste(self._pending)
            self._pending = ""

    def feed(self, data: str) -> None:
        """Takes what was read; emits the keys that are complete."""
        if not data:
            return
        now = self._now()
        paused = now - self._last_fed > _PATIENCE
        self._last_fed = now
        if self._paste is not None and paused and data == "\x03":
            # The end of a paste never came: Ctrl+C is the way out of it.
            self._end_paste("")
            return
        if paused and self._paste is None and (len(self._pending) > 1 or self._string_since):
            self._pending = ""
            self._string_since = None
        if self._paste is None and self._string_since is None and not self._pending:
            if self._feed_lines(data):
                return
            if now - self._escaped_at <= _PATIENCE and _continues(self._escaped, data):
                data = self._escaped + data
        self._escaped = ""
        data = self._pending + data
        self._pending = ""
        position = 0
        while position < len(data):
            if self._paste is not None:
                position = self._feed_paste(data, position)
            elif self._string_since is not None:
                position = self._feed_string(data, position)
            else:
                position = self._feed_keys(data, position)

    def flush(self, *, sure: bool = False) -> None:
        """Says that nothing has followed for a while: a lone Escape is the Escape key.

        Args:
            sure: it is, even while a reply of the terminal is waited for (`holds_escape`).
        """
        if self._paste is not None or self._string_since is not None:
            return
        self._end_lines()
        if self.holds_escape and not sure:
            return
        # Longer beginnings are replies or keys that a slow link has cut.
        if self._pending == "\x1b":
            self._emit(Keys.Escape, "\x1b")
        elif len(self._pending) == 2:
            self._emit(Keys.Escape, "\x1b")
            self._emit(self._pending[1], self._pending[1])
        else:
            return
        self._escaped, self._pending = self._pending, ""
        self._escaped_at = self._now()

    def _emit(self, key: Keys | str | tuple[Keys | str, ...], data: str) -> None:
        for index, one in enumerate(key if isinstance(key, tuple) else (key,)):
            # What a character types is itself, whatever it was spelled with.
            typed = one if not isinstance(one, Keys) else data if index == 0 else ""
            self.feed_key_callback(KeyPress(one, typed))

    def _feed_lines(self, data: str) -> bool:
        """Collects lines that came at once, from a terminal without bracketed paste.

        Such a paste comes in pieces; it ends when nothing follows for a while.
        """
        if _PLAIN.fullmatch(data) and (self._lines is not None or _is_lines(data)):
            self._lines = self._lines or ArrivingPaste()
            self._lines.add(data)
            if self._lines.size > _MAX_PASTE:
                self._end_lines()
            return True
        self._end_lines()
        return False

    def _end_lines(self) -> None:
        if self._lines is not None:
            lines, self._lines = self._lines, None
            self.feed_key_callback(lines.end())

    def _feed_keys(self, data: str, position: int) -> int:
        """Takes one sequence, or one run of text; returns where it ends."""
        char = data[position]
        if char == "\x1b":
            return self._feed_escape(data, position)
        if text := _TEXT.match(data, position):
            for one in text.group():
                self.feed_key_callback(KeyPress(one, one))
            return text.end()
        if char < "\x80":
            key = ANSI_SEQUENCES.get(char)
            if key is not None:
                self._emit(key, char)
        return position + 1  # C1: no keyboard sends these in UTF-8

    def _feed_escape(self, data: str, position: int) -> int:
        following = data[position + 1 : position + 2]
        if following == "":
            self._pending = "\x1b"
            return len(data)
        if following == "[":
            return self._feed_csi(data, position)
        if following == "O":
            return self._feed_ss3(data, position)
        if following in _STRINGS:
            if position + 2 == len(data):
                self._pending = data[position:]
                return len(data)
            if _STRINGS[following].match(data, position + 2):
                self._replies = max(0, self._replies - 1)
                self._string_since = self._now()
                self._string, self._string_size = ([] if following == "]" else None), 0
                return position + 2
        elif (key := ANSI_SEQUENCES.get("\x1b" + following)) is not None:
            self._emit(key, "\x1b" + following)
            return position + 2
        self._emit(Keys.Escape, "\x1b")
        return position + 1

    def _feed_csi(self, data: str, position: int) -> int:
        match = _CSI.match(data, position)
        if match is None:
            if _OPEN_CSI.match(data, position) and len(data) - position < _MAX_SEQUENCE:
                self._pending = data[position:]
                return len(data)
            broken = _CSI_SO_FAR.match(data, position)
            assert broken is not None  # it begins with ESC [
            if broken.end() == position + 2:
                self._emit(Keys.Escape, "\x1b")
                return position + 1
            return broken.end()
        end = match.end()
        # Two kinds go on behind their final byte: mouse reports and the Linux console's F1-F5.
        more = {"M": 3, "[": 1}.get(match.group()[2:], 0)
        if end + more > len(data):
            self._pending = data[position:]
            return len(data)
        end += more
        sequence = data[position:end]
        if sequence == _PASTE_START:
            self._paste = ArrivingPaste()
        elif len(sequence) < _MAX_SEQUENCE and not _CPR.fullmatch(sequence):
            if sequence.endswith("c"):
                self._replies = max(0, self._replies - 1)
                self.on_report(sequence)
            elif sequence in _FOCUS:
                self.on_report(sequence)
            key = key_of(sequence)
            if key is not None:
                self._emit(key, sequence)
        return end

    def _feed_ss3(self, data: str, position: int) -> int:
        if position + 2 == len(data):
            self._pending = data[position:]
            return len(data)
        sequence = data[position : position + 3]
        key = ANSI_SEQUENCES.get(sequence)
        if key is not None:
            self._emit(key, sequence)
            return position + 3
        if " " <= sequence[2] <= "~":
            return position + 3
        self._emit(Keys.Escape, "\x1b")
        return position + 1

    def _feed_string(self, data: str, position: int) -> int:
        assert self._string_since is not None
        if self._now() - self._string_since > _PATIENCE:
            self._string_since = None
            return position
        body = _STRING_BODY.match(data, position)
        assert body is not None  # it may be empty
        end = body.end()
        limit = _MAX_REPORT if self.on_osc is None else _MAX_OSC
        if self._string is not None and self._string_size <= limit:
            self._string.append(data[position:end])
            self._string_size += end - position
        if end == len(data):
            return end
        if data[end] == "\x1b" and end + 1 == len(data):
            self._pending = "\x1b"
            return len(data)
        self._string_since = None
        if data[end] == "\x07":
            self._end_osc()
            return end + 1
        if data.startswith("\x1b\\", end):
            self._end_osc()
            return end + 2
        return end  # a key that breaks it off, Ctrl+C or Enter for instance

    def _end_osc(self) -> None:
        parts, self._string = self._string, None
        if parts is None:
            return
        if self._string_size <= _MAX_REPORT:
            self.on_report(f"\x1b]{''.join(parts)}")
        if self.on_osc is not None and self._string_size <= _MAX_OSC:
            self.on_osc("".join(parts))

    def _feed_paste(self, data: str, position: int) -> int:
        end = data.find(_PASTE_END, position)
        if end >= 0:
            self._end_paste(data[position:end])
            return end + len(_PASTE_END)
        # The end mark may be cut: keep what could be its beginning for the next read.
        keep = next(
            (n for n in range(len(_PASTE_END) - 1, 0, -1) if data.endswith(_PASTE_END[:n])), 0
        )
        stop = max(position, len(data) - keep)
        assert self._paste is not None
        self._paste.add(data[position:stop])
        self._pending = data[stop:]
        if self._paste.size > _MAX_PASTE:
            self._end_paste("")
            self._paste = ArrivingPaste()
        return len(data)

    def _end_paste(self, last: str) -> None:
        assert self._paste is not None
        paste, self._paste = self._paste, None
        paste.add(last)
        self.feed_key_callback(paste.end())


def _is_lines(data: str) -> bool:
    """Whether more than one line came; nobody types, or sends as a prompt, text behind its end.

    Only a carriage return ends one, which is what terminals paste: a line feed is Ctrl+J.
    """
    return len([line for line in data.split("\r") if line.strip()]) > 1


def _continues(escaped: str, data: str) -> bool:
    """Whether this is the rest of a sequence, and nothing that anybody types after that key.

    Args:
        escaped: what the sequence began with: Escape, or that and a character; empty for nothing.
    """
    if not escaped:
        return False
    if _CUT_REPLY.match(escaped[1:] + data):
        return True
    # Behind Alt+O a letter is text: in vi's insert mode that is Escape, a new line and the letter.
    return not escaped.endswith("O") and escaped + data in ANSI_SEQUENCES
