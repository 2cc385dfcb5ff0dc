"""What a person is told of a search: how much was found, in its own unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
