from __future__ import annotations

import time
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.tools.relaxed import find_near
from tests.tools.support import call

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.tools.toolset import Toolset


def edited(tools: Toolset, path: Path, old: str, new: str) -> tuple[str, str]:
    """What an edit said, and what the file then holds."""
    call(tools, "read_file", file_path=str(path))
    result = call(tools, "edit", file_path=str(path), old_string=old, new_string=new)
    assert not result.is_error, result.text
    return result.text, path.read_bytes().decode()


@pytest.mark.parametrize(
    ("content", "old", "new", "then", "differs"),
    [
        ('say("hi")\n', "say(“hi”)", "say(“ho”)", 'say("ho")\n', "quotes"),
        ("it's\n", "it’s", "it is", "it is\n", "quotes"),
        ("say(“hi”)\n", 'say("hi")', 'say("ho")', 'say("ho")\n', "quotes"),
        ("a b\nc\n", "a\u00a0b", "a\u00a0x", "a x\nc\n", "kinds of blanks"),
        ("caf\u00e9 = 1\n", "cafe\u0301 = 1", "tea = 1", "tea = 1\n", "Unicode forms"),
        ("cafe\u0301 = 1\n", "caf\u00e9 = 1", "tea = 1", "tea = 1\n", "Unicode forms"),
        ("a  \n\tb\nc\n", "a\n\tb", "a\n\tx", "a\n\tx\nc\n", "blanks at the ends of lines"),
        ("a\nb\nc\n", "a \nb  ", "x", "x\nc\n", "blanks at the ends of lines"),
        ("a - b\n", "a — b", "a — c", "a - c\n", "dashes"),
        ("a – b\n", "a - b", "a - 1", "a - 1\n", "dashes"),
        ("caf\u00e9\n", "cafe\u0301", "the\u0301", "th\u00e9\n", "Unicode forms"),
        ("cafe\u0301\n", "caf\u00e9", "th\u00e9", "the\u0301\n", "Unicode forms"),
        ('"caf\u00e9"\n', "“cafe\u0301”", "“x”", '"x"\n', "quotes and Unicode forms"),
        ("a\nb\n", "a  \nb", "a  \nc  \nd", "a\nc\nd\n", "blanks at the ends of lines"),
        ("a\r\nb\r\n", "a \nb", "c \nd", "c\r\nd\r\n", "blanks at the ends of lines"),
        ("a  \r\nb\r\n", "a\nb", "a\nx", "a\r\nx\r\n", "blanks at the ends of lines"),
    ],
)
def test_an_edit_that_almost_fits_is_made_and_told(
    tools: Toolset, workspace: Path, content: str, old: str, new: str, then: str, differs: str
) -> None:
    path = workspace / "f"
    path.write_bytes(content.encode())
    said, held = edited(tools, path, old, new)
    assert held == then
    assert f"differs from it only in {differs}" in said


def test_an_exact_match_is_never_relaxed(tools: Toolset, workspace: Path) -> None:
    path = workspace / "f"
    path.write_text('“a”\n"a"\n')
    said, held = edited(tools, path, '"a"', '"b"')
    assert held == '“a”\n"b"\n' and "exactly" not in said


@pytest.mark.parametrize("replace_all", [False, True])
def test_two_places_that_almost_fit_are_an_error(
    tools: Toolset, workspace: Path, replace_all: bool
) -> None:
    path = workspace / "f"
    path.write_text("say('a')\nsay('a')\n")
    call(tools, "read_file", file_path="f")
    result = call(
        tools,
        "edit",
        file_path="f",
        old_string="say(‘a’)",
        new_string="x",
        replace_all=replace_all,
    )
    assert result.is_error and "2 of a text that differs" in result.text
    assert path.read_text() == "say('a')\nsay('a')\n"


@pytest.mark.parametrize("old", ["b ", " ", "\n\n", "say ( “a” )", "e"])
def test_what_is_not_there_is_not_found(old: str) -> None:
    assert find_near('abc\nsay("a")\ncafe\u0301\n', old).count == 0


@given(st.lists(st.sampled_from(["a", "é", "e\u0301", "한", "“", '"', " ", "\u00a0", "\n", "\t"])))
def test_what_is_found_is_the_same_in_the_plain_form(parts: list[str]) -> None:
    text = "<" + "".join(parts) + ">"
    wanted = unicodedata.normalize("NFD", text.replace("“", '"').replace("\u00a0", " "))
    near = find_near(f"before {text} after", wanted)
    assert near.count == 1
    assert f"before {text} after"[near.start : near.end] == text


def test_a_long_file_takes_no_more_than_its_length() -> None:
    def seconds(size: int) -> float:
        text, wanted = "é  a " * size + "\n" + "a" * size, "a" * (size // 2) + "“"
        begun = time.thread_time()
        assert find_near(text, wanted).count == 0
        return time.thread_time() - begun

    assert seconds(40_000) < max(0.02, seconds(10_000)) * 12


def test_write_file_keeps_crlf_and_says_so(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.ini").write_bytes(b"a\r\nb\r\n")
    call(tools, "read_file", file_path="a.ini")
    told = call(tools, "write_file", file_path="a.ini", content="a\nc\n")
    assert (workspace / "a.ini").read_bytes() == b"a\r\nc\r\n"
    assert "line ends are CRLF" in told.text
    told = call(tools, "write_file", file_path="a.ini", content="a\nc\n")
    assert (workspace / "a.ini").read_bytes() == b"a\nc\n"
    assert "CRLF" not in told.text


@pytest.mark.parametrize(
    ("before", "content", "after"),
    [
        (b"#!/bin/sh\r\necho\r\n", "#!/bin/sh\necho hi\n", b"#!/bin/sh\necho hi\n"),
        (b"a\nb\n", "a\r\nb\r\n", b"a\r\nb\r\n"),
        (b"a\r\nb\r\n", "a\nb\n", b"a\nb\n"),
        (b"a\r\nb\r\n", "a\nc\r\n", b"a\r\nc\r\n"),
    ],
)
def test_write_file_gives_the_line_ends_that_are_asked_for(
    tools: Toolset, workspace: Path, before: bytes, content: str, after: bytes
) -> None:
    (workspace / "f").write_bytes(before)
    call(tools, "read_file", file_path="f")
    assert not call(tools, "write_file", file_path="f", content=content).is_error
    assert (workspace / "f").read_bytes() == after
