"""What a person is told of a search: how much was found, in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.tools.support import call
from tests.tools.test_search import TREE, fill, found, glob, listing, searching

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.tools.toolset import Toolset


def noted(result: ToolResult) -> str:
    assert result.shown is not None
    assert result.shown.output == result.text
    return result.shown.note


def test_a_person_is_told_what_was_found_and_not_how_long_the_text_is(
    tools: Toolset, workspace: Path
) -> None:
    fill(workspace, TREE)
    search = searching(workspace, None)
    assert noted(found(search, pattern=r"needle\b")) == "4 matches"
    assert noted(found(search, pattern="Needle one")) == "1 match"
    assert noted(found(search, pattern="absent")) == "0 matches"
    assert noted(glob(tools, pattern="**/*.py")) == "1 file"
    assert noted(glob(tools, pattern="*.rs")) == "0 files"
    assert noted(listing(tools, path="sub")) == "2 entries"


def test_a_person_is_told_how_many_lines_of_a_file_were_read(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "a.txt").write_text("1\n2\n3\n")
    (workspace / "empty").touch()
    (workspace / "u16.txt").write_bytes("a\r\n".encode("utf-16"))
    (workspace / "latin").write_bytes(b"caf\xe9\n")

    def note(**arguments: object) -> str:
        return noted(call(tools, "read_file", **arguments))

    assert note(file_path="a.txt") == "3 lines"
    assert note(file_path="a.txt", offset=1, limit=1) == "1 line"
    assert note(file_path="a.txt", offset=9) == "0 lines"
    assert note(file_path="empty") == "0 lines"
    assert note(file_path="u16.txt") == "no text"
    assert note(file_path="latin") == "no text"
