"""The tool calls of one streamed answer, whose fragments come mixed, in the order they have to go.

The session takes one call after the other, so the first is passed on as it comes, and the others
wait until the one before them is whole. Servers differ in what a fragment says of its call: an
index, an id, both, or neither. Pure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.core.models.model import ToolCallArguments, ToolCallStart
from qwen_dual.models import endings
from qwen_dual.models.untrusted import mapping, text
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.core.models.model import ModelDelta


class _Call(Struct, eq=False):
    index: object
    id: str
    name: str = ""
    pieces: list[str] = field(default_factory=list)
    told: int = 0  # pieces that were passed on
    started: bool = False

    def said(self, piece: str) -> bool:
        """Whether ``piece`` is all of the arguments once more."""
        size = sum(map(len, self.pieces)) if piece[:1] == "{" else 0
        return 2 < size == len(piece) and "".join(self.pieces) == piece and self.is_whole

    @property
    def is_whole(self) -> bool:
        try:
            return isinstance(decode("".join(self.pieces)), dict)
        except NotJson:
            return False


class ToolCalls:
    """Takes fragments of calls and gives deltas, one call after the other."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._live = 0  # the call that is passed on as it comes

    @property
    def any(self) -> bool:
        """Whether there was one."""
        return bool(self._calls)

    @property
    def whole(self) -> bool:
        """Whether the arguments of all calls are complete."""
        return all(call.is_whole for call in self._calls[self._live :])

    def feed(self, fragment: object) -> Iterator[ModelDelta]:
        """What follows from an entry of ``tool_calls``.

        Raises:
            ModelError: a call goes on that was already complete.
        """
        function = mapping(fragment, "function")
        arguments: Any = function.get("arguments")
        if isinstance(arguments, dict):
            arguments = encode(arguments).decode().rstrip("\n")
        piece = arguments if isinstance(arguments, str) else ""
        call = self._call_of(fragment, text(function, "name"), piece)
        if call.said(piece):
            return  # some servers repeat whole calls at the end
        if call in self._calls[: self._live]:
            if piece.strip():
                raise endings.malformed("arguments for a tool call that was complete")
            return
        if piece:
            call.pieces.append(piece)
        if call is self._calls[self._live]:
            yield from _deltas(call)
        elif call is self._calls[-1] and not call.told and len(call.pieces) <= 1:
            # A new one began: the one before it is usually whole by now.
            while self._live < len(self._calls) - 1 and self._calls[self._live].is_whole:
                yield from _deltas(self._calls[self._live])
                self._live += 1
            yield from _deltas(self._calls[self._live])

    def end(self) -> Iterator[ModelDelta]:
        """What was held back; no fragment follows.

        Raises:
            ModelError: a call has no name.
        """
        if not all(call.name for call in self._calls):
            raise endings.malformed("a tool call without a name")
        for call in self._calls[self._live :]:
            yield from _deltas(call, last=True)
        self._live = len(self._calls)

    def _call_of(self, fragment: object, name: str, piece: str) -> _Call:
        """The call that a fragment belongs to, with the name so far."""
        index = fragment.get("index") if isinstance(fragment, dict) else None
        call_id = text(fragment, "id")
        call = self._known(index, call_id, name, piece)
        if call is None:
            taken = not call_id or any(each.id == call_id for each in self._calls)
            call = _Call(index, f"call_{new_uuid()}" if taken else call_id)
            self._calls.append(call)
        if name and not call.started:  # the name too may come in pieces, or as a whole so far
            call.name = name if name.startswith(call.name) else call.name + name
        return call

    def _known(self, index: object, call_id: str, name: str, piece: str) -> _Call | None:
        same = [call for call in self._calls if call.index == index]
        if not same:
            return None
        call = same[-1]
        if index is None:
            if call_id:
                call = next((each for each in same if each.id == call_id), call)
                begins = name and call.is_whole and not call.said(piece)
                return call if call.id == call_id and not begins else None
            # Without index and id a name begins the next call.
            return None if name else call
        # Some servers give every call the index 0.
        return None if call_id and name and call_id != call.id else call


def _deltas(call: _Call, *, last: bool = False) -> Iterator[ModelDelta]:
    """Passes on what came of ``call``; its name is complete when its arguments begin."""
    if not call.started and (last or (call.pieces and call.name)):
        call.started = True
        yield ToolCallStart(call.id, call.name)
    if call.started:
        for piece in call.pieces[call.told :]:
            yield ToolCallArguments(piece)
        call.told = len(call.pieces)
