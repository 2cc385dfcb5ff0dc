"""What is fuzzed: each target takes any bytes and fails only if a promise is broken."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qwen_dual.bridge.backlog import Backlog
from qwen_dual.bridge.lines import BadLine, LineSplitter
from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.front_matter import parse_front_matter
from qwen_dual.definitions.template import parse_template
from qwen_dual.models.phrases import plan
from qwen_dual.protocol.codec import bound_text, encode, escaped_size
from qwen_dual.protocol.commands import CommandError, parse_command
from qwen_dual.protocol.control import parse_incoming
from qwen_dual.protocol.sanitise import StreamSanitiser
from qwen_dual.runtime.context_imports import named
from qwen_dual.settings.files import BadFile, read_object

if TYPE_CHECKING:
    from collections.abc import Callable

FOLDER = tempfile.TemporaryDirectory(prefix="qwen-dual-fuzz-")
"""Goes with the process; one for each call would take longer than the call."""


def commands(data: bytes) -> None:
    """Any bytes, cut anywhere, give the lines they hold, each a command or a named error."""
    cut = data[0] if data else 1
    whole, pieces = LineSplitter(200), LineSplitter(200)
    expected = whole.feed(data)
    found = []
    for start in range(0, len(data), cut or 1):
        found += pieces.feed(data[start : start + (cut or 1)])
    assert found == expected
    for item in expected:
        if isinstance(item, BadLine):
            continue
        try:
            command = parse_command(item.data)
        except CommandError as error:
            assert error.code in ("not_json", "not_utf8", "unknown_type", "invalid")
            encode({"message": str(error), "id": error.command_id})
        else:
            assert command.type
        try:
            parse_incoming(item.data)
        except CommandError as error:
            encode({"message": str(error), "id": error.command_id})


def output(data: bytes) -> None:
    """Whatever is written, dropped and unread: each reader's lines are whole and add up."""

    def gap(first: int, last: int) -> bytes:
        return b'{"gap":[%d,%d]}\n' % (first, last)

    backlog = Backlog(2_000, gap, keep_bytes=500)
    reader = bytearray()
    seq = 0
    for number, byte in enumerate(data):
        kind, amount = byte % 4, byte // 4
        if kind < 2:
            seq += 1
            line = b'{"seq":%d,"x":"%s"}\n' % (seq, b"y" * amount)
            backlog.add(seq, line, delta=kind == 0, protected=seq == 1 or amount == 63)
            backlog.make_room()
        elif kind == 2:
            chunk = backlog.chunk()
            taken = min(len(chunk), amount * 8)
            reader += chunk[:taken]
            backlog.advance(taken)
        else:
            unread = min(len(reader), amount * 4, 500)
            del reader[len(reader) - unread :]
            _check_reader(bytes(reader))
            reader.clear()
            backlog.rewind(unread)
        assert number < 10_000
    while chunk := backlog.chunk():
        reader += chunk
        backlog.advance(len(chunk))
    assert backlog.last == seq or seq == 0
    _check_reader(bytes(reader))


def _check_reader(data: bytes) -> None:
    whole, _, _ = data.rpartition(b"\n")
    last: int | None = None
    for line in whole.splitlines():
        value: dict[str, Any] = json.loads(line)
        if "gap" in value:
            first, end = value["gap"]
            assert first <= end
            assert last is None or first == last + 1
            last = end
        else:
            assert last is None or value["seq"] == last + 1
            last = value["seq"]


def screen(data: bytes) -> None:
    """No text makes the terminal do anything, however it is cut."""
    text = data.decode("utf-8", "replace")
    cut = (data[0] if data else 0) + 1
    stream = StreamSanitiser()
    clean = "".join(stream.feed(text[i : i + cut]) for i in range(0, len(text), cut))
    for char in clean:
        assert char in "\n\t" or (ord(char) >= 0x20 and not 0x7F <= ord(char) < 0xA0)


def text(data: bytes) -> None:
    """Text of any kind fits its bound on the wire; a prompt of any kind has a plan."""
    value = data.decode("utf-8", "surrogateescape")
    limit = 200 + (data[0] if data else 0)
    assert escaped_size(bound_text(value, limit)) <= limit
    plan(value)


def settings(data: bytes) -> None:
    """A settings file of any content is read or refused by name."""
    path = Path(FOLDER.name, "settings.json")
    path.write_bytes(data)
    try:
        value, _ = read_object(str(path))
    except BadFile as error:
        assert str(path) in str(error)
    else:
        assert isinstance(value, dict)


def written(data: bytes) -> None:
    """What people write for the agent is read or refused with its line; what is typed stays text."""
    typed, _, body = data.decode("utf-8", "replace").partition("\0")
    for head in (body, f"---\n{body}\n---\nx"):
        try:
            file = parse_front_matter(head, "x.md")
            template = parse_template(file.body, "x.md", file.body_line, backquotes=True)
        except DefinitionError as error:
            assert 1 <= error.line <= head.count("\n") + 2
            continue
        named(file.body)
        try:
            pieces = template.filled(typed)
        except ValueError:
            continue
        assert len(pieces) == len(template.pieces)


TARGETS: dict[str, Callable[[bytes], None]] = {
    function.__name__: function for function in (commands, output, screen, text, settings, written)
}
