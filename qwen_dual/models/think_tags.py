"""Reasoning that comes within the text, between tags such as ``<think>``, as reasoning. Pure.

Counts at the beginning of an answer only; what is in a code block or in a sentence stays text.
Some chat templates put the opening tag into the prompt, so that only the closing one comes: then
what was passed on as text before it was reasoning, which is said by ``ThoughtSoFar``. A model that
is known to do so (``begins_inside``) has its beginning taken for reasoning, and said again as text
if no closing tag follows.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from qwen_dual.core.models.model import TextDelta, ThinkingDelta, ThoughtSoFar
from qwen_dual.protocol.long_json import REST
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator

    Said = TextDelta | ThinkingDelta | ThoughtSoFar

PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<seed:think>": "</seed:think>",
    "[THINK]": "[/THINK]",
    "◁think▷": "◁/think▷",
    "<|begin_of_thought|>": "<|end_of_thought|>",
}

_WINDOW = 1 << 18  # characters that are searched in one go
_LONGEST = max(len(tag) for tag in (*PAIRS, *PAIRS.values()))
_FIRST = ("<", "[", "◁")
_CLOSING = regex("|".join(re.escape(tag) for tag in PAIRS.values()))
_FENCE = regex(r"^[ \t]*(?:```|~~~)", re.MULTILINE)
_QUOTES = "`'\"“‘«„([{*"

MOST_TAGS = 16
"""Closing tags that are looked at in one answer; one that writes about them has more."""


class ThinkTags:
    """The text of one answer.

    Args:
        begins_inside: whether it is known to begin with reasoning, without a tag.

    Attributes:
        began_inside: whether it turned out so; None where that cannot be told.
    """

    def __init__(self, *, begins_inside: bool = False) -> None:
        self.began_inside: bool | None = None
        self._begins_inside = begins_inside
        self._state = "start"  # start, inside, watch, done
        self._close = _CLOSING
        self._buffer = ""  # what is held back
        self._kept: list[str] = []  # the reasoning of ``inside``, or the text of ``watch``
        self._has_thought = False
        self._has_text = False
        self._after_tag = False  # what white space follows belongs to the tag
        self._seen = 0

    def thought(self) -> None:
        """The service sends reasoning as such, so the text needs no watch."""
        self._has_thought = True
        if self._state == "watch" and not self._buffer:
            self._state = "done"

    def is_plain(self, piece: str) -> bool:
        """Whether ``piece`` is text like that before it, without anything like a tag."""
        if self._buffer or self._state not in ("watch", "done"):
            return False
        return self._state == "done" or not ("<" in piece or "[" in piece or "◁" in piece)

    def is_plain_thought(self, piece: str) -> bool:
        """Whether ``piece`` goes on with reasoning, without anything like a tag."""
        if self._state != "inside" or not self._kept or piece.isspace():
            return False
        if self._buffer and not self._buffer.isspace():
            return False
        return not ("<" in piece or "[" in piece or "◁" in piece)

    def think(self, piece: str) -> str:
        """Takes a piece that is a plain thought; white space at its end waits."""
        text = self._buffer + piece
        thought = text.rstrip()
        self._buffer = text[len(thought) :]
        self._kept.append(thought)
        return thought

    def take(self, piece: str) -> None:
        """Takes a piece that is plain."""
        if self._state == "watch":
            self._kept.append(piece)

    def feed(self, piece: str) -> Iterator[Said]:
        """What ``piece`` brings."""
        if self.is_plain(piece):
            self.take(piece)
            yield self._text(piece)
            return
        self._buffer += piece
        state = ""
        while self._buffer and state != self._state:
            state = self._state
            if state == "start":
                yield from self._start()
            elif state == "inside":
                yield from self._inside()
            elif state == "watch":
                yield from self._watch()
            else:
                text, self._buffer = self._buffer, ""
                yield self._text(text)

    def end(self, *, whole: bool = True, called: bool = False) -> Iterator[Said]:
        """What was held back.

        Args:
            whole: no text follows, and the answer was not cut off.
            called: a tool call follows.
        """
        if self._state == "start" and not self._buffer.strip() and (self._after_tag or not whole):
            return
        rest, self._buffer = self._buffer, ""
        if self._state == "inside":
            if rest := rest.rstrip():
                yield self._think(rest)
            if whole and not called:  # it never ended, so it was the answer
                self.began_inside = False if self._close is _CLOSING else None
                if text := "".join(self._kept):
                    yield self._text(text)
            return
        found = _CLOSING.search(rest) if self._state == "watch" and called else None
        if found and self._ends_reasoning(rest, found.start(), "\n"):
            yield from self._was_thought(rest[: found.start()])
        elif rest:
            yield self._text(rest)

    def _start(self) -> Iterator[Said]:
        text = self._buffer.lstrip()
        for tag, close in PAIRS.items():
            if text.startswith(tag):
                self._enter(text[len(tag) :], re.compile(re.escape(close)))
                return
            if text.startswith(close):  # what a parser left of reasoning that came before
                self._after_tag = True
                self._buffer = text[len(close) :]
                yield from self._start()
                return
        if any(tag.startswith(text) for tag in (*PAIRS, *PAIRS.values())):
            return  # also where there is nothing yet
        if self._begins_inside and not self._has_thought:
            self._enter(text, _CLOSING)
            return
        if self._after_tag:
            self._buffer = text
        self._kept = []
        self._state = "done" if self._has_thought else "watch"

    def _enter(self, text: str, close: re.Pattern[str]) -> None:
        self._state = "inside"
        self._close = close
        self._buffer = text
        self._kept = []
        self._has_thought = True

    def _inside(self) -> Iterator[Said]:
        if not self._kept:
            self._buffer = self._buffer.lstrip("\n")
        if found := self._end_tag():
            thought = self._buffer[: found.start()].rstrip()
            if thought:
                yield self._think(thought)
            if self._close is _CLOSING:
                self.began_inside = True
            self._state, self._buffer = "start", self._buffer[found.end() :]
            self._after_tag = True
            return
        shown = len(self._buffer) - _open_end(self._buffer)
        thought = self._buffer[:shown].rstrip()
        if thought:
            self._buffer = self._buffer[len(thought) :]
            yield self._think(thought)

    def _end_tag(self) -> re.Match[str] | None:
        """The tag that ends the reasoning; one in code, of reasoning that no tag began, is text."""
        for found in self._close.finditer(self._buffer):
            if self._close is not _CLOSING or self._seen == MOST_TAGS:
                return found
            before = "".join(self._kept) + self._buffer[: found.start()]
            if before.rpartition("\n")[2].count("`") % 2 == 0:
                return found
            self._seen += 1
        return None

    def _watch(self) -> Iterator[Said]:
        start = 0
        while found := _closing(self._buffer, start):
            if found.end() == len(self._buffer):
                return  # what follows decides
            self._seen += 1
            if self._ends_reasoning(self._buffer, found.start(), self._buffer[found.end()]):
                rest = self._buffer[found.end() :]
                yield from self._was_thought(self._buffer[: found.start()])
                self._state, self._buffer = "start", rest
                return
            start = found.end()
            if self._seen == MOST_TAGS:
                self._state = "done"
                return
        shown = len(self._buffer) - _open_end(self._buffer)
        if text := self._buffer[:shown]:
            self._buffer = self._buffer[shown:]
            self._kept.append(text)
            yield self._text(text)

    def _ends_reasoning(self, text: str, at: int, after: str) -> bool:
        """Whether a closing tag ends reasoning, or is written about."""
        before = "".join(self._kept) + text[:at]
        if any(tag in before for tag in PAIRS) or len(_FENCE.findall(before)) % 2:
            return False
        line = before.rpartition("\n")[2]
        if line.count("`") % 2 or not before.strip():
            return False
        if not line.strip():
            return True
        if line[-1] in _QUOTES:
            return False
        return after == "\n" or (not line[-1].isspace() and after not in _QUOTES)

    def _was_thought(self, rest: str) -> Iterator[Said]:
        """The text so far was reasoning."""
        self.began_inside = True
        rest = rest.rstrip()
        if not self._has_text:
            if rest:
                yield self._think(rest)
        else:
            if rest:
                yield self._text(rest)
            yield ThoughtSoFar()
        self._has_thought = True
        self._after_tag = True

    def _think(self, text: str) -> ThinkingDelta:
        self._kept.append(text)
        return ThinkingDelta(text)

    def _text(self, text: str) -> TextDelta:
        self._has_text = True
        return TextDelta(text)


def _closing(text: str, start: int) -> re.Match[str] | None:
    """The next closing tag from ``start`` on.

    Each is looked for as a text: the pattern takes ten times as long for megabytes. And a part after
    the other: each holds up all other threads.
    """
    for begin in range(start, max(len(text), start + 1), _WINDOW):
        end = begin + _WINDOW + _LONGEST
        places = [at for tag in PAIRS.values() if (at := text.find(tag, begin, end)) >= 0]
        if places:
            return _CLOSING.match(text, min(places))
        if end < len(text):
            time.sleep(REST)
    return None


def _open_end(text: str) -> int:
    """How many characters at the end of ``text`` may be the beginning of a closing tag."""
    at = max(text.rfind(first, max(0, len(text) - _LONGEST)) for first in _FIRST)
    if at < 0:
        return 0
    tail = text[at:]
    return len(tail) if any(tag.startswith(tail) for tag in PAIRS.values()) else 0
