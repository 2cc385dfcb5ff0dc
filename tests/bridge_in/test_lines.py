"""The line splitter against a model, with the bytes cut anywhere."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.bridge.lines import BadLine, Item, Line, LineSplitter
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.protocol.framing import BOM

LIMIT = 12

bodies = st.one_of(
    st.sampled_from(
        [
            b"",
            b" ",
            b"\t \r",
            b"a\rb",
            b"\xff\xfe",
            b"x" * LIMIT,
            b"x" * (LIMIT + 1),
            b" " * LIMIT * 3,
        ]
    ),
    st.text(max_size=8).map(lambda text: text.replace("\n", "").encode()),
    st.binary(max_size=3 * LIMIT).map(lambda raw: raw.replace(b"\n", b"")),
)
ends = st.sampled_from([b"\n", b"\r\n"])
marks = st.sampled_from([b"", b"", b"", BOM])
lines = st.tuples(marks, bodies, ends).map(b"".join)


def expected(data: bytes, offset: int = 0) -> list[tuple[int, bytes | None]]:
    """Offset and content of each line that ends in ``data``; None for one that is too long."""
    found: list[tuple[int, bytes | None]] = []
    *whole, _half = data.split(b"\n")
    for raw in whole:
        body = raw.removeprefix(BOM).removesuffix(b"\r")
        if body.strip(b" \t\r"):
            found.append((offset, body if len(body) <= LIMIT else None))
        offset += len(raw) + 1
    return found


def plain(items: list[Item]) -> list[tuple[int, bytes | None]]:
    return [(item.offset, item.data if isinstance(item, Line) else None) for item in items]


@given(st.lists(lines, max_size=8), st.binary(max_size=5), st.lists(st.integers(1, 9), min_size=1))
def test_lines_are_the_same_however_the_bytes_are_cut(
    parts: list[bytes], half: bytes, sizes: list[int]
) -> None:
    data = b"".join(parts) + half
    splitter = LineSplitter(LIMIT, offset=7)
    items: list[Item] = []
    position = 0
    turn = 0
    while position < len(data):
        size = sizes[turn % len(sizes)]
        items += splitter.feed(data[position : position + size])
        position += size
        turn += 1
    assert plain(items) == expected(data, offset=7)


def test_a_character_cut_at_every_place_arrives_whole() -> None:
    data = BOM + 'é€😀"\\ud83d"'.encode() + b"\r\n"
    for cut in range(len(data) + 1):
        splitter = LineSplitter()
        items = splitter.feed(data[:cut]) + splitter.feed(data[cut:])
        assert items == [Line(0, data[3:-2])]


def test_a_line_of_exactly_the_limit_passes_with_mark_and_carriage_return() -> None:
    body = b"x" * LIMIT
    assert LineSplitter(LIMIT).feed(BOM + body + b"\r\n") == [Line(0, body)]


def test_a_long_line_is_told_once_and_the_next_is_read() -> None:
    splitter = LineSplitter(LIMIT)
    items = [item for _ in range(100) for item in splitter.feed(b"x" * 50)]
    items += splitter.feed(b"\nnext\n")
    assert [item.offset for item in items] == [0, 5001]
    assert isinstance(items[0], BadLine) and items[0].code == "too_long"
    assert items[1] == Line(5001, b"next")


def test_64_megabytes_without_a_newline_take_bounded_memory() -> None:
    splitter = LineSplitter()
    chunk = b"x" * 65536
    tracemalloc.start()
    for _ in range(1024):
        assert splitter.feed(chunk) == []
    items = splitter.feed(b"\nnext\n")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [type(item) for item in items] == [BadLine, Line]
    assert peak < 1.5 * MAX_LINE_BYTES


def test_a_stream_that_begins_inside_a_line_drops_the_rest_of_it() -> None:
    splitter = LineSplitter(offset=10, mid_line=True)
    items = splitter.feed(b'xt":"old"}\nnew\n')
    assert isinstance(items[0], BadLine)
    assert (items[0].offset, items[0].code) == (10, "incomplete")
    assert items[1] == Line(21, b"new")


def test_a_line_that_only_lacked_its_end_is_dropped_in_silence() -> None:
    assert LineSplitter(offset=10, mid_line=True).feed(b"\r\nnew\n") == [Line(12, b"new")]


def test_a_discarded_half_line_is_told_unless_it_is_blank() -> None:
    splitter = LineSplitter()
    assert splitter.feed(b'ok\n{"type"') == [Line(0, b"ok")]
    [told] = splitter.discard("the file was replaced")
    assert isinstance(told, BadLine)
    assert (told.offset, told.code) == (3, "incomplete")
    assert splitter.discard("again") == []
    assert splitter.feed(b" \r") == [] == splitter.discard("blank")


def test_the_last_line_of_a_finished_stream_counts_without_its_newline() -> None:
    splitter = LineSplitter()
    splitter.feed(b"one\ntwo")
    assert splitter.finish() == [Line(4, b"two")]
    assert splitter.finish() == []
