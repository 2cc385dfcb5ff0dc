"""Pages of a PDF: their text and their pictures, and what is said of a file that gives none."""

from __future__ import annotations

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.protocol.blocks import image_size, images_in, text_in, why_unusable
from qwen_dual.tools.pdf import parse_pages
from tests.support.pictures import pdf
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.tools.toolset import Toolset

read = partial(call, name="read_file")


@pytest.fixture
def reads_pdf() -> None:
    pytest.importorskip("pypdfium2")
    pytest.importorskip("PIL")


@pytest.mark.usefixtures("reads_pdf")
def test_a_short_pdf_is_read_whole_as_text_and_pictures(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.pdf").write_bytes(pdf("first words", "second words"))
    content = read(tools, file_path="a.pdf").content
    assert not isinstance(content, str)
    assert [block["type"] for block in content] == ["text", "text", "image", "text", "image"]
    assert text_in(content).startswith(f"Pages 1-2 of 2 of {workspace}/a.pdf.\n--- Page 1\nfirst")
    first, second = images_in(content)
    assert image_size(first["source"]["data"]) == (1109, 1568) and first != second
    assert not why_unusable(first)


@pytest.mark.usefixtures("reads_pdf")
def test_pages_are_read_by_their_numbers(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.pdf").write_bytes(pdf(*(f"page {number}" for number in range(1, 31))))
    result = read(tools, file_path="a.pdf")
    assert result.is_error and "has 30 pages; 10 are read at a time" in result.text
    content = read(tools, file_path="a.pdf", pages="8-16").content
    assert not isinstance(content, str)
    assert "page 8" in text_in(content) and "page 16" in text_in(content)
    assert "page 17" not in text_in(content)
    assert len(images_in(content)) == 6
    assert sum(len(image["source"]["data"]) for image in images_in(content)) <= 768 << 10
    assert "page 30" in read(tools, file_path="a.pdf", pages="30").text
    assert "page 29" in read(tools, file_path="a.pdf", pages="29-").text
    assert "there is no page 31" in read(tools, file_path="a.pdf", pages="31").text
    assert "20 are read at a time" in read(tools, file_path="a.pdf", pages="1-21").text


@pytest.mark.parametrize(
    ("pages", "found"), [("3", (3, 3)), ("1-5", (1, 5)), ("7-", (7, 0)), (" 2 - 4 ", (2, 4))]
)
def test_what_names_pages(pages: str, found: tuple[int, int]) -> None:
    assert parse_pages(pages) == found


@pytest.mark.parametrize("pages", ["0", "a", "5-2", "-3", "1,2", "9" * 5000])
def test_what_names_none_is_refused_before_anything_is_read(tools: Toolset, pages: str) -> None:
    with pytest.raises(InvalidArguments, match="expected such as"):
        tool_of(tools, "read_file").prepare({"file_path": "a.pdf", "pages": pages})


@pytest.mark.usefixtures("reads_pdf")
@pytest.mark.parametrize(
    "data", [b"%PDF-1.4\nnothing", pdf("x")[:200], b"%PDF-1.7\n" + bytes(range(256)) * 2000]
)
def test_a_broken_pdf_is_said_to_be_so(tools: Toolset, workspace: Path, data: bytes) -> None:
    (workspace / "a.pdf").write_bytes(data)
    result = read(tools, file_path="a.pdf")
    assert result.is_error and "cannot be read" in result.text


def test_what_crashes_reads_nothing_and_hurts_nobody(
    tools: Toolset, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "a.pdf").write_bytes(pdf("x"))
    crash = workspace / "python"
    crash.write_text("#!/bin/sh\nkill -SEGV $$\n")
    crash.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(crash))
    monkeypatch.setattr("qwen_dual.tools.pdf.find_spec", lambda _: object())
    result = read(tools, file_path="a.pdf")
    assert result.is_error and "crashes what reads it" in result.text


def test_a_reader_that_hangs_is_ended_with_the_call(
    tools: Toolset, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "a.pdf").write_bytes(pdf("x"))
    slow = workspace / "python"
    slow.write_text("#!/bin/sh\nexec sleep 600\n")
    slow.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setattr("qwen_dual.tools.pdf.find_spec", lambda _: object())
    monkeypatch.setattr("qwen_dual.tools.pdf.SECONDS", 0.5)
    began = time.monotonic()
    assert read(tools, file_path="a.pdf").is_error
    assert time.monotonic() - began < 20


def test_without_the_extra_the_command_that_installs_it_is_told(
    tools: Toolset, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / "a.pdf").write_bytes(pdf("x"))
    monkeypatch.setattr("qwen_dual.tools.pdf.find_spec", lambda _: None)
    assert "pip install 'qwen-dual[images]'" in read(tools, file_path="a.pdf").text


@pytest.mark.usefixtures("reads_pdf")
def test_a_pdf_that_is_mentioned_comes_with_its_pages(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.pdf").write_bytes(pdf("the words"))
    blocks: list[Any] = list(anyio.run(tools.expand_mentions, "see @a.pdf").blocks)
    assert "the words" in blocks[0] and blocks[1]["type"] == "image"
