from __future__ import annotations

import os

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.tools.capture import Capture, Limits, Scratch, cut, fits, plain

pieces = st.lists(st.text(alphabet="aé\n€", max_size=40), max_size=20)


@given(pieces, st.integers(5, 60), st.integers(5, 20))
def test_the_text_is_whole_or_its_head_and_tail(texts: list[str], chars: int, lines: int) -> None:
    whole = "".join(texts)
    limits = Limits(chars, lines)
    scratch = Scratch()
    capture = Capture(scratch, limits)
    data = whole.encode()
    for start in range(0, len(data), 7):
        capture.feed(data[start : start + 7])
    text = capture.text()
    capture.close()
    if fits(whole.rstrip("\n"), limits):
        assert text == whole.rstrip("\n")
    else:
        head, marker, tail = text.partition("\n\n[… ")
        assert marker
        tail = tail.partition(" …]\n\n")[2]
        assert whole.startswith(head)
        assert whole.rstrip("\n").endswith(tail)
        assert len(head) + len(tail) <= chars
        assert head.count("\n") + tail.count("\n") < lines
        assert capture.path is not None
        with open(capture.path, encoding="utf-8", newline="") as file:
            assert file.read() == whole
    scratch.remove()


def test_the_saved_file_grows_to_its_limit_and_says_so() -> None:
    scratch = Scratch()
    capture = Capture(scratch, Limits(10, 10), max_saved=100)
    for _ in range(50):
        capture.feed(b"0123456789")
    text = capture.text()
    capture.close()
    assert capture.path is not None and os.path.getsize(capture.path) == 100
    assert "500 bytes in all; the first 100 bytes are in" in text
    scratch.remove()


def test_a_folder_that_cannot_be_made_is_told_and_the_output_kept() -> None:
    class NoScratch(Scratch):
        def create(self, prefix: str) -> tuple[str, int]:
            raise OSError(28, "No space left on device")

    capture = Capture(NoScratch(), Limits(10, 10))
    capture.feed(b"0123456789" * 10)
    assert "could not be saved: No space left on device" in capture.text()


def test_control_sequences_are_taken_out() -> None:
    assert plain("\x1b[31mred\x1b[0m\r\n\x1b]0;title\x07x") == "red\nx"


def test_a_cut_of_one_long_line_keeps_both_ends() -> None:
    text = "a" * 50 + "b" * 50
    assert cut(text, text, Limits(10, 10), lambda shown: f"<{shown}>") == "aa\n\n<2>\n\nbbbbbbbb"
