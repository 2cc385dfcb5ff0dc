"""What servers do to any protocol's stream, put right between its reader and the session. Pure.

Characters cut in two, pieces that repeat the whole (``snapshots``), reasoning within the text
(``think_tags``): none of it depends on how a protocol names its fields, so it is mended once, on
the deltas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec.structs import replace

from qwen_dual.core.models.model import (
    Finished,
    ModelError,
    TextDelta,
    ThinkingDelta,
    ThoughtSoFar,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models import endings
from qwen_dual.models.snapshots import Pieces
from qwen_dual.models.think_tags import ThinkTags
from qwen_dual.models.translate import Whole
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Mapping

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.translate import Read, Reader

_PAIR = regex("[\ud800-\udbff][\udc00-\udfff]")
_LONE = regex("[\ud800-\udfff]")


class RepairedReader:
    """A ``Reader`` around another one.

    Args:
        reader: of the protocol.
        begins_inside: whether the model is known to begin with reasoning, without a tag.
    """

    def __init__(self, reader: Reader, *, begins_inside: bool = False) -> None:
        self._reader = reader
        self._tags = ThinkTags(begins_inside=begins_inside)
        self._text = Pieces()
        self._thinking = Pieces()
        self._arguments: Pieces | None = None  # of the call that is open
        self._half = ""  # of a character, with what it belongs to
        self._half_of: type[ModelDelta] | None = None
        self._has_content = False
        self._has_answer = False
        self._cut_off = False
        self._goes_on: type[Read] | None = None  # the kind of delta that came last, all of it new

    @property
    def complete(self) -> bool:
        """As the reader of the protocol says."""
        return self._reader.complete

    @property
    def began_inside(self) -> bool | None:
        """Whether the text began with reasoning without a tag; None where it cannot be told."""
        return self._tags.began_inside

    def feed(
        self, name: str, data: Mapping[str, object], *, halves: bool = False
    ) -> Iterable[ModelDelta]:
        """What follows from one event.

        Args:
            name: of the event.
            data: its object.
            halves: whether there may be halves of characters in it.

        Raises:
            ModelError: as the reader of the protocol.
        """
        read: Iterable[Read] = self._reader.feed(name, data)
        if halves or self._half:
            return self._repaired(self._joined(read))
        # Nearly all pieces of a long answer are plain, and each pays for every step.
        if type(read) is tuple and len(read) == 1 and self._is_plain(read[0]):
            return cast("tuple[ModelDelta]", read)
        return self._repaired(read)

    def _repaired(self, read: Iterable[Read]) -> Iterator[ModelDelta]:
        for delta in read:
            if self._is_plain(delta):
                yield cast("ModelDelta", delta)
            elif isinstance(delta, TextDelta) and self._is_plain_thought(delta.text):
                yield ThinkingDelta(self._tags.think(delta.text))
            else:
                yield from self._repair(delta)

    def _is_plain(self, delta: Read) -> bool:
        """Whether ``delta``, which is then counted, goes on with what came before and is new."""
        if type(delta) is not self._goes_on:
            return False
        if isinstance(delta, TextDelta):
            if not (self._tags.is_plain(delta.text) and self._text.is_plain(delta.text)):
                return False
            self._tags.take(delta.text)
            return True
        return (
            isinstance(delta, ThinkingDelta)
            and not delta.signature
            and self._thinking.is_plain(delta.text)
        )

    def _is_plain_thought(self, piece: str) -> bool:
        """The same for a piece of reasoning within the text."""
        return (
            self._arguments is None
            and self._tags.is_plain_thought(piece)
            and self._text.is_plain(piece)
        )

    def finish(self) -> Iterator[ModelDelta]:
        """What is left once the stream has ended.

        Raises:
            ModelError: as the reader of the protocol, or there was nothing but empty tags.
        """
        try:
            for delta in self._reader.finish():
                yield from self._repair(delta)
        except ModelError:
            yield from self.rest()
            raise
        yield from self._settle(whole=not self._cut_off)
        if not self._has_answer and not self._cut_off:
            raise endings.empty()

    def rest(self) -> Iterator[ModelDelta]:
        """What is held back of an answer that broke off; nothing before any content."""
        if self._has_content:
            yield from self._settle(whole=False)

    def _repair(self, delta: Read) -> Iterator[ModelDelta]:
        self._goes_on = None
        if isinstance(delta, TextDelta):
            if piece := self._text.feed(delta.text):
                yield from self._text_deltas(piece)
        elif isinstance(delta, ThinkingDelta):
            yield from self._thought(delta)
        elif isinstance(delta, ToolCallArguments):
            if self._arguments is None:
                yield delta
            elif piece := self._arguments.feed(delta.partial_json):
                yield ToolCallArguments(piece)
        elif isinstance(delta, ToolCallStart):
            yield from self._settle(called=True)
            if not self._text.grow:
                self._text = Pieces()
            self._has_content = self._has_answer = True
            self._arguments = Pieces(is_json=True)
            yield delta
        elif isinstance(delta, Whole):
            yield from self._complete(delta)
        else:
            self._cut_off = self._cut_off or isinstance(delta, Finished)
            yield delta

    def _text_deltas(self, piece: str) -> Iterator[ModelDelta]:
        yield from self._close_call()
        yield from self._noted(self._tags.feed(piece))
        self._goes_on = TextDelta if self._has_answer else None

    def _noted(self, deltas: Iterable[ModelDelta]) -> Iterator[ModelDelta]:
        for delta in deltas:
            self._has_content = True
            if isinstance(delta, TextDelta) and not delta.text.isspace():
                self._has_answer = True
            elif isinstance(delta, ThoughtSoFar):
                self._has_answer = False
            yield delta

    def _thought(self, delta: ThinkingDelta) -> Iterator[ModelDelta]:
        piece = self._thinking.feed(delta.text)
        if not piece and not delta.signature:
            return
        yield from self._close_call()
        if rest := self._text.settle():
            yield from self._text_deltas(rest)
        yield from self._noted(self._tags.end(whole=False))
        self._tags.thought()
        self._has_content = True
        self._goes_on = ThinkingDelta
        yield delta if piece == delta.text else replace(delta, text=piece)

    def _complete(self, whole: Whole) -> Iterator[ModelDelta]:
        """All of the text or the reasoning, once more."""
        delta = whole.delta
        if isinstance(delta, TextDelta):
            if piece := self._text.complete(delta.text):
                yield from self._text_deltas(piece)
        elif piece := self._thinking.complete(delta.text):
            yield ThinkingDelta(piece)

    def _settle(self, *, whole: bool = False, called: bool = False) -> Iterator[ModelDelta]:
        """Decides what was held back."""
        if piece := self._thinking.settle():
            yield ThinkingDelta(piece)
        if piece := self._text.settle():
            yield from self._text_deltas(piece)
        yield from self._close_call()
        yield from self._noted(self._tags.end(whole=whole and not self._has_answer, called=called))

    def _close_call(self) -> Iterator[ModelDelta]:
        if self._arguments is not None:
            if piece := self._arguments.settle():
                yield ToolCallArguments(piece)
            self._arguments = None

    def _joined(self, deltas: Iterable[Read]) -> Iterator[Read]:
        """Joins halves of characters; one that stays alone becomes the replacement character."""
        for delta in deltas:
            if isinstance(delta, (TextDelta, ThinkingDelta)):
                text = self._whole_characters(delta.text, type(delta))
                yield replace(delta, text=text)
            elif isinstance(delta, ToolCallArguments):
                yield ToolCallArguments(
                    self._whole_characters(delta.partial_json, ToolCallArguments)
                )
            elif isinstance(delta, ToolCallStart):
                yield ToolCallStart(_LONE.sub("\ufffd", delta.id), _LONE.sub("\ufffd", delta.name))
            else:
                yield delta

    def _whole_characters(self, text: str, kind: type[ModelDelta]) -> str:
        before = self._half if self._half_of is kind else ""
        text = before + text
        self._half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
        self._half_of = kind
        text = text.removesuffix(self._half) if self._half else text
        return _LONE.sub("\ufffd", _PAIR.sub(_one, text))


def _one(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")
