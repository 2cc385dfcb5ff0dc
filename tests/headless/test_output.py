"""The three formats, standard output itself, and Markdown that comes in pieces."""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.headless.output import JsonArray, StreamJson, Text
from qwen_dual.frontends.headless.stdout import MAX_WAITING, Stdout
from qwen_dual.frontends.headless.terminal_text import Blocks, TerminalText

if TYPE_CHECKING:
    from collections.abc import Iterator

SUCCESS: dict[str, Any] = {"type": "result", "is_error": False, "result": "the end"}
FAILURE: dict[str, Any] = {"type": "result", "is_error": True, "error": {"message": "no"}}


class Kept(Stdout):
    """Keeps what is written."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            pass


def test_stream_json_is_a_line_a_message_at_once() -> None:
    kept = Kept()
    output = StreamJson(kept)
    output.message({"type": "a"})
    assert kept.data == b'{"type":"a"}\n'
    output.message({"type": "b"})
    output.close()
    assert [json.loads(line)["type"] for line in kept.data.splitlines()] == ["a", "b"]


def test_json_is_one_array_at_the_end() -> None:
    kept = Kept()
    output = JsonArray(kept)
    output.message({"type": "a"})
    output.message(SUCCESS)
    assert kept.data == b""
    output.close()
    output.close()
    assert json.loads(kept.data) == [{"type": "a"}, SUCCESS]
    assert kept.data.endswith(b"]\n")


def test_text_is_the_last_text_with_one_newline_and_nothing_of_a_failure() -> None:
    for text, written in (("the end", b"the end\n"), ("lines\n", b"lines\n")):
        kept = Kept()
        Text(kept).message({**SUCCESS, "result": text})
        assert kept.data == written
    kept = Kept()
    Text(kept).message(FAILURE)
    assert kept.data == b""


def test_lone_surrogates_do_not_stop_an_answer() -> None:
    kept = Kept()
    Text(kept).message({**SUCCESS, "result": "a\ud800b"})
    assert kept.data == b"a?b\n"


# -- standard output ------------------------------------------------------------------------------


def test_all_of_it_arrives_in_order_however_slowly_it_is_read(pipe: tuple[int, int]) -> None:
    reading, writing = pipe
    lines = [b"%d %s\n" % (number, b"x" * 5000) for number in range(600)]
    assert sum(map(len, lines)) > 2 * MAX_WAITING
    read: list[bytes] = []

    def reader() -> None:
        while piece := os.read(reading, 1000):
            read.append(piece)

    thread = threading.Thread(target=reader)

    async def main() -> None:
        stdout = Stdout(writing)
        stdout.attach(asyncio.get_running_loop())
        thread.start()
        for number, line in enumerate(lines):
            stdout.write(line)
            if number % 50 == 0:
                await asyncio.sleep(0)
        stdout.drain()

    asyncio.run(main())
    os.close(writing)
    thread.join()
    assert b"".join(read) == b"".join(lines)


def test_what_one_pass_of_the_loop_says_goes_out_by_itself(pipe: tuple[int, int]) -> None:
    async def main() -> bytes:
        stdout = Stdout(pipe[1])
        stdout.attach(asyncio.get_running_loop())
        stdout.write(b"a\n")
        stdout.write(b"b\n")
        await asyncio.sleep(0)
        return os.read(pipe[0], 100)

    assert asyncio.run(main()) == b"a\nb\n"


def test_a_reader_that_left_is_told_of_once_and_raises_nothing(pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    told: list[bool] = []
    stdout = Stdout(pipe[1])
    stdout.on_gone = lambda: told.append(stdout.gone)
    stdout.write(b"a\n")
    stdout.write(b"b\n")
    stdout.drain()
    assert told == [True]


def test_a_reader_that_reads_nothing_is_given_up_when_there_is_no_point(
    pipe: tuple[int, int],
) -> None:
    asked: list[int] = []

    def give_up() -> bool:
        asked.append(1)
        return len(asked) > 1

    stdout = Stdout(pipe[1], give_up=give_up)
    stdout.write(b"x" * (1 << 18))
    stdout.drain()
    assert len(asked) == 2
    assert not stdout.gone


# -- on a terminal ----------------------------------------------------------------------------------

MARKDOWN = "# Head\n\ntext\nmore\n\n```py\na\n\nb\n```\n\n- one\n\n  still one\n- two\n\nend"


def blocks_of(pieces: list[str]) -> list[str]:
    blocks = Blocks()
    found = [block for piece in pieces for block in blocks.feed(piece)]
    return [*found, *blocks.finish()]


def test_blocks_end_where_the_next_begins() -> None:
    assert blocks_of([MARKDOWN]) == [
        "# Head",
        "text\nmore",
        "```py\na\n\nb\n```",
        "- one\n\n  still one\n- two",
        "end",
    ]


@given(st.lists(st.integers(0, len(MARKDOWN)), max_size=8))
def test_blocks_are_the_same_wherever_the_text_is_cut(cuts: list[int]) -> None:
    ends = [0, *sorted(cuts), len(MARKDOWN)]
    pieces = [MARKDOWN[a:b] for a, b in pairwise(ends)]
    assert blocks_of(pieces) == blocks_of([MARKDOWN])


def streamed(*texts: str) -> Iterator[dict[str, Any]]:
    def event(**inner: Any) -> dict[str, Any]:
        return {"type": "stream_event", "event": inner}

    for text in texts:
        yield event(type="message_start")
        yield event(type="content_block_start", content_block={"type": "text", "text": ""})
        for piece in text:
            yield event(type="content_block_delta", delta={"type": "text_delta", "text": piece})
        yield event(type="content_block_stop")


def shown(*texts: str, result: str | None = None, markdown: bool = False) -> str:
    kept = Kept()
    output = TerminalText(kept, lambda: 40, markdown=markdown)
    for message in streamed(*texts):
        output.message(message)
    output.message({**SUCCESS, "result": texts[-1] if result is None else result})
    output.close()
    return kept.data.decode()


def test_plain_text_goes_out_as_it_comes_and_once() -> None:
    assert shown("I look.", "Found it.") == "I look.\n\nFound it.\n"


def test_a_result_that_never_streamed_is_shown_too() -> None:
    assert shown("a", result="of a command") == "a\n\nof a command\n"


def test_what_could_do_more_than_be_shown_is_taken_out() -> None:
    assert shown("a\x1b]0;title\x07b\x1b[2Jc\r\x9b1A", result="").startswith("abc")
    assert "\x1b]" not in shown("a\x1b]0;title\x07b", markdown=True)


def test_markdown_is_rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)  # of whoever runs the tests
    monkeypatch.setenv("TERM", "xterm-256color")
    text = shown("**bold** and `code`\n\n- item", markdown=True)
    assert "**" not in text
    assert "bold" in text and "• \x1b[0mitem\n" in text
    assert "\x1b[1m" in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a <b>c</b> &copy; d", "a <b>c</b> © d"),
        ("<details>\n\nx\n\n</details>", "<details> x </details>"),
        (
            "a [b][c] d[^1]\n\n[c]: https://e.f\n\n[^1]: g",
            "a [b][c] d[^1] [c]: https://e.f [^1]: g",
        ),
        ("one two three ![four](five.png) six", "one two three !four (five.png) six"),
        ("a&#x202e;b&#x9b;c", "ab\ufffdc"),
        ("**注意：**请看", "注意：请看"),
        ("| a |\n|---|\n| b | `c|d` |", "| a | |---| | b | c|d |"),
        ("[x](file:///y) z", "x (file:///y) z"),
    ],
)
def test_no_word_of_markdown_is_gone_and_none_is_hidden(
    text: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    drawn = shown(text, result=text, markdown=True)
    assert " ".join(re.sub("\x1b\\[[0-9;]*m", "", drawn).split()) == words


def test_lines_of_a_paragraph_stay_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    drawn = re.sub("\x1b\\[[0-9;]*m", "", shown("roses\nviolets", result="", markdown=True))
    assert drawn.split("\n")[:2] == ["roses", "violets"]
