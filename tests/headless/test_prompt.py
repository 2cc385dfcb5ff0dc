"""What a headless run is asked: words and stdin."""

from __future__ import annotations

import os
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from qwen_dual.frontends.headless import prompt
from qwen_dual.frontends.headless.prompt import Asked, joined, read_prompt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    yield reading, writing
    for fd in (reading, writing):
        try:
            os.close(fd)
        except OSError:
            pass


def test_stdin_goes_before_the_words_with_a_blank_line_between() -> None:
    assert joined("why?", "a log\n") == "a log\n\nwhy?"
    assert joined("why?", " \n") == "why?"
    assert joined("", "a\nb\n") == "a\nb"


def test_mentions_count_in_the_words_and_not_in_what_was_piped(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"see @secret\n")
    os.close(pipe[1])
    assert read_prompt("why?", fd=pipe[0]) == Asked("see @secret\n\nwhy?", "why?")


def test_a_prompt_on_stdin_alone_is_the_words_of_the_person(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"explain @main.py\n")
    os.close(pipe[1])
    assert read_prompt(None, fd=pipe[0]) == Asked("explain @main.py", "explain @main.py")


def test_an_empty_stdin_and_no_words_are_no_prompt(pipe: tuple[int, int]) -> None:
    os.close(pipe[1])
    assert read_prompt(None, fd=pipe[0]).text == ""


def test_a_pipe_that_nobody_writes_to_is_waited_for_a_while_and_said_so(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "PIPE_SECONDS", 0.0)
    asked = read_prompt("hello", fd=pipe[0])
    assert asked.text == "hello"
    assert "nothing came on stdin" in asked.remarks[0]


def test_a_socket_that_nobody_writes_to_is_nothing_to_speak_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prompt, "SOCKET_SECONDS", 0.0)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert read_prompt("hello", fd=ours.fileno()) == Asked("hello", "hello")


def test_a_slow_writer_is_waited_for_once_it_has_begun(
    pipe: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "PIPE_SECONDS", 0.0)
    asked_again = threading.Event()
    os.write(pipe[1], b"begin ")

    def finish() -> None:
        asked_again.wait(30)
        os.write(pipe[1], b"and end")
        os.close(pipe[1])

    def stopped() -> bool:
        asked_again.set()
        return False

    writer = threading.Thread(target=finish)
    writer.start()
    asked = read_prompt("hello", fd=pipe[0], stopped=stopped)
    writer.join()
    assert asked.text == "begin and end\n\nhello"


def test_a_signal_ends_the_waiting(pipe: tuple[int, int]) -> None:
    assert read_prompt(None, fd=pipe[0], stopped=lambda: True).text == ""


def test_more_than_fits_is_cut_between_two_characters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prompt, "MAX_BYTES", 8)
    path = tmp_path / "long"
    path.write_text("äääxäää")
    fd = os.open(path, os.O_RDONLY)
    try:
        asked = read_prompt(None, fd=fd)
    finally:
        os.close(fd)
    assert asked.text == "äääx"
    assert "longer than" in asked.remarks[0]


def test_bytes_that_are_no_text_are_no_failure(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"a\xffb")
    os.close(pipe[1])
    assert read_prompt(None, fd=pipe[0]).text == "a�b"


def test_a_closed_stdin_is_an_empty_one() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    os.close(writing)
    assert read_prompt("x", fd=reading).text == "x"
