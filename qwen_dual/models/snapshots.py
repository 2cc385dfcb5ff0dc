"""Pieces of an answer that repeat what came before, as what is new in them. Pure.

Some servers send with each piece all there is so far, and some send the whole once more at the end.
A piece that begins with all there was is held back until it is clear what it is, since what was
passed on cannot be taken back. What is no such piece passes at once: it is recognised by its length
alone, so a long answer costs nothing more.
"""

from __future__ import annotations

from qwen_dual.protocol.codec import NotJson, decode

SURE = 40
"""Characters of a first piece that nobody says twice word for word."""


class Pieces:
    """The pieces of one text: of an answer, of its reasoning, or of the arguments of one call.

    Args:
        is_json: whether it is a JSON object, of which nothing can follow the end.
    """

    __slots__ = ("_grows", "_held", "_is_json", "_parts", "_size")

    def __init__(self, *, is_json: bool = False) -> None:
        self._is_json = is_json
        self._parts: list[str] = []  # what was passed on
        self._size = 0
        self._held: list[str] = []  # each begins with the one before it, the first with all parts
        self._grows = False  # every piece is the whole so far

    @property
    def grow(self) -> bool:
        """Whether each piece is known to be the whole so far."""
        return self._grows

    def is_plain(self, piece: str) -> bool:
        """Whether ``piece`` can only be new; then it is taken."""
        size = len(piece)
        if size >= self._size or self._held or self._grows:
            return False
        self._parts.append(piece)
        self._size += size
        return True

    def feed(self, piece: str) -> str:
        """What is new in ``piece``; empty while that is not clear."""
        if not piece or self.is_plain(piece):
            return piece
        if self._grows:
            return self._grown(piece)
        if self._held:
            return self._decide(piece)
        if self._may_repeat(piece):
            self._held.append(piece)
            return ""
        return self._pass(piece)

    def settle(self) -> str:
        """What is left when no piece follows for now."""
        if not self._held:
            return ""
        held, self._held = self._held, []
        whole = self._whole()
        if self._is_json:
            repeats = not _is_object(whole + "".join(held)) and _is_object(held[-1])
        else:
            repeats = held[0] == whole or _is_telling(whole)
        if not repeats:
            return self._pass("".join(held))
        if held[-1] == whole:
            return ""
        self._grows = True
        return self._grown(held[-1])

    def complete(self, whole: str) -> str:
        """What is missing of ``whole``, which is known to be all of it; nothing if it differs."""
        rest = self.settle()
        so_far = self._whole()
        return rest + (self._pass(whole[len(so_far) :]) if whole.startswith(so_far) else "")

    def _pass(self, piece: str) -> str:
        self._parts.append(piece)
        self._size += len(piece)
        return piece

    def _whole(self) -> str:
        if len(self._parts) > 1:
            self._parts = ["".join(self._parts)]
        return self._parts[0] if self._parts else ""

    def _may_repeat(self, piece: str) -> bool:
        count = len(self._parts)
        if not count:
            return False
        whole = self._whole()
        if not piece.startswith(whole) or not whole.strip():
            self._parts = [whole, ""] if count > 1 else [whole]  # it came in several pieces
            return False
        if piece != whole or self._is_json:
            return True
        # What was said in one piece may well be said again: "ha", "ha".
        return (count > 1 and _is_telling(whole)) or len(whole) >= SURE

    def _decide(self, piece: str) -> str:
        last = self._held[-1]
        if piece.startswith(last) and len(piece) > len(last):
            self._held.append(piece)
            # Twice in a row is no chance, but for a line of one character.
            if _is_telling(self._held[0]):
                self._held = []
                self._grows = True
                return self._grown(piece)
            return ""
        if piece == last and len(self._held) == 1 and len(last) > self._size:
            self._held.append(piece)  # the last one again, if nothing follows
            return ""
        held, self._held = self._held, []
        return self._pass("".join(held)) + self.feed(piece)

    def _grown(self, piece: str) -> str:
        whole = self._whole()
        if piece.startswith(whole):
            self._parts = [piece]
            new = piece[len(whole) :]
            self._size = len(piece)
            return new
        self._grows = False
        return self._pass(piece)


def _is_telling(text: str) -> bool:
    """Whether there is more in ``text`` than one character again and again, as of a line."""
    return len(set(text[:64]) - {" ", "\n", "\t"}) > 1


def _is_object(text: str) -> bool:
    try:
        return isinstance(decode(text), dict)
    except NotJson:
        return False
