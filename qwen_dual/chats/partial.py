"""What was on screen and is in no record yet: the message that comes in, output of calls, the queue.

Lives in a file beside the chat, so that the chat itself stays what the reference reads. Gathers in
memory and writes at ``flush``; emptied when all of it is in records, and removed at the end.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.chats.paths import MAX_CHAT_BYTES, partial_file
from qwen_dual.fs.foreign import read_foreign
from qwen_dual.fs.replace import replace_file
from qwen_dual.protocol.codec import NotJson, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

MAX_GROWTH = 1 << 20
"""Bytes beyond what they hold after which the lines of replaced outputs are cleared away."""

WINDOW = 512
"""Characters before a new piece that are searched with it: a secret may come in pieces."""

_APPENDED = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class _Block(Struct):
    head: dict[str, Any]
    pieces: list[str] = field(default_factory=list)
    size: int = 0  # of the lines that hold them, in bytes


class Partial:
    """The side file of one chat.

    Args:
        chat: the chat that it belongs to, which this process has locked.
        scrub: takes secrets out of what is written.
    """

    def __init__(self, chat: str, scrub: Callable[[str], str]) -> None:
        self._path = partial_file(chat)
        self._scrub = scrub
        self._fd = os.open(self._path, _APPENDED | os.O_CREAT, 0o600)
        self._size = os.fstat(self._fd).st_size
        self._shrink_at = MAX_GROWTH
        self._lines: list[bytes] = [b"\n"] if self._size else []  # not yet written
        self._pieces: list[str] = []  # of the open block, not yet a line
        self._message: dict[str, Any] | None = None
        self._blocks: list[_Block] = []
        self._outputs: dict[str, dict[str, Any]] = {}
        self._changed: set[str] = set()  # ids of outputs that are not a line yet
        self._queue: list[str] = []
        self._tail = ""
        self._add({"type": "open", "pid": os.getpid()})
        self.flush()

    # -- what comes in -------------------------------------------------------------------------

    def message(self, head: dict[str, Any]) -> None:
        """A message of the model begins."""
        self._pieces.clear()
        self._message, self._blocks = head, []
        self._add({"type": "message", **head})

    def block(self, head: dict[str, Any]) -> None:
        """A block of it begins; ``head`` has its kind and a call's id and name."""
        self._seal()
        self._tail = ""
        self._blocks.append(_Block(head))
        self._add({"type": "block", "block": head})

    def delta(self, text: str) -> None:
        """A piece of the block that began last; the hot path."""
        self._pieces.append(text)

    def output(self, call_id: str, name: str, title: str, text: str) -> None:
        """What a call printed last, in place of what was told before."""
        known = self._outputs.setdefault(call_id, {"id": call_id, "name": name, "title": title})
        known["text"] = self._scrub(text)
        known["title"] = self._scrub(title) or known["title"]
        self._changed.add(call_id)

    def queue(self, texts: Sequence[str]) -> None:
        """The prompts that wait, all of them."""
        scrubbed = [self._scrub(text) for text in texts]
        if scrubbed != self._queue:
            self._queue = scrubbed
            self._add({"type": "queue", "prompts": scrubbed})
            self._clear()

    def forget(self) -> None:
        """What an earlier session left behind is in records, or was told."""
        self._clear()

    # -- what is in records by now -------------------------------------------------------------

    def end_message(self) -> None:
        """The whole message is in a record."""
        self._message, self._blocks = None, []
        self._pieces.clear()
        self._clear()

    def end_output(self, call_id: str) -> None:
        """The result of a call is in a record."""
        self._changed.discard(call_id)
        if self._outputs.pop(call_id, None) is not None:
            self._clear()

    def _clear(self) -> None:
        if self._message is None and not self._outputs and not self._queue:
            # What still waits to be written is of no use any more.
            self._lines.clear()
            if self._size:
                os.ftruncate(self._fd, 0)
                self._size = 0
                self._add({"type": "open", "pid": os.getpid()})
                self.flush()

    # -- writing -------------------------------------------------------------------------------

    def flush(self) -> None:
        """Writes what was gathered; returns at once when there is nothing.

        Raises:
            OSError: it cannot be written.
        """
        if self._pieces:
            self._seal()
        for call_id in self._changed:
            self._add({"type": "output", **self._outputs[call_id]})
        self._changed.clear()
        if not self._lines:
            return
        data = b"".join(self._lines)
        self._lines.clear()
        _write(self._fd, data)
        self._size += len(data)
        if self._size > self._shrink_at:
            self._shrink()

    def close(self, *, keep: bool = False) -> None:
        """Closes the file and removes it, unless it holds something or ``keep``; idempotent."""
        if self._fd < 0:
            return
        held = self._message is not None or self._outputs or self._queue
        os.close(self._fd)
        self._fd = -1
        if not held and not keep:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _add(self, line: dict[str, Any]) -> None:
        self._lines.append(encode(line))

    def _seal(self) -> None:
        """Makes one line of the pieces that came in."""
        if not self._pieces or not self._blocks:
            self._pieces.clear()
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        block = self._blocks[-1]
        window = self._tail + text
        if self._scrub(window) != window:
            block.pieces = [self._scrub("".join((*block.pieces, text)))]
            self._tail = block.pieces[0][-WINDOW:]
            block.size = len(block.pieces[0])
            self._rewrite()
            return
        block.pieces.append(text)
        self._tail = window[-WINDOW:]
        self._add({"type": "delta", "text": text})
        block.size += len(self._lines[-1])

    def _shrink(self) -> None:
        """Writes the file anew when most of it is no longer what it says."""
        # By what was counted: to encode all of it again would take too long for an answer of megabytes.
        output = sum(len(output["text"]) for output in self._outputs.values())
        output += sum(map(len, self._queue))
        if output + sum(block.size for block in self._blocks) < self._size // 2:
            self._rewrite()
        # To look again at each flush would take longer the longer the answer is.
        self._shrink_at = max(MAX_GROWTH, 2 * self._size)

    def _rewrite(self) -> None:
        """Puts a file with what is held now in the place of the old one, without a gap."""
        lines = self._state()
        self._lines.clear()
        self._changed.clear()
        data = b"".join(lines)
        replace_file(os.path.realpath(self._path), data, mode=0o600)
        fd = os.open(self._path, _APPENDED)
        os.close(self._fd)
        self._fd = fd
        self._size = len(data)

    def _state(self) -> list[bytes]:
        lines: list[dict[str, Any]] = [{"type": "open", "pid": os.getpid()}]
        if self._queue:
            lines.append({"type": "queue", "prompts": self._queue})
        lines += [{"type": "output", **output} for output in self._outputs.values()]
        if self._message is not None:
            lines.append({"type": "message", **self._message})
        for block in self._blocks:
            lines.append({"type": "block", "block": block.head})
            lines.append({"type": "delta", "text": "".join(block.pieces)})
        return [encode(line) for line in lines]


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class Leftover(Struct):
    """What a side file held when its session ended without a word.

    Attributes:
        message: what began the message that came in, or None.
        blocks: its blocks: what began each, and its text so far.
        outputs: by call id: the tool's ``name``, the ``title`` and the last ``text``.
        queue: the prompts that waited.
        pid: the process that wrote it last.
    """

    message: dict[str, Any] | None = None
    blocks: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    queue: list[str] = field(default_factory=list)
    pid: int | None = None


def read_leftover(chat: str | Path) -> Leftover:
    """What lies beside ``chat``; nothing where nothing does. Broken lines are passed over."""
    left = Leftover()
    try:
        data = read_foreign(partial_file(os.fspath(chat)), limit=MAX_CHAT_BYTES)
    except OSError:
        return left
    pieces: list[tuple[dict[str, Any], list[str]]] = []
    for line in data.split(b"\n"):
        try:
            value = decode(line)
        except NotJson:
            continue
        if not isinstance(value, dict):
            continue
        kind = value.pop("type", None)
        if kind == "message":
            left.message = value
            pieces = []
        elif kind == "block" and isinstance(value.get("block"), dict):
            pieces.append((value["block"], []))
        elif kind == "delta" and pieces and isinstance(value.get("text"), str):
            pieces[-1][1].append(value["text"])
        elif kind == "output" and isinstance(value.get("id"), str):
            left.outputs[value["id"]] = value
        elif kind == "queue" and isinstance(value.get("prompts"), list):
            left.queue = [text for text in value["prompts"] if isinstance(text, str)]
        elif kind == "open" and isinstance(value.get("pid"), int):
            left.pid = value["pid"]
    left.blocks = [(head, "".join(texts)) for head, texts in pieces]
    return left


def holder(chat: str | Path) -> int | None:
    """The process that has ``chat`` open, when the side file tells."""
    return read_leftover(chat).pid
