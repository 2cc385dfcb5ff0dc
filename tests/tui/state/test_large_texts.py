"""Texts of megabytes that a person or a host gives: only what is shown of them is gone through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.frontends.tui.state import outcome as outcomes
from qwen_dual.frontends.tui.state import running_calls
from qwen_dual.frontends.tui.state import view as views
from qwen_dual.frontends.tui.state.blocks import (
    MAX_EXPANDED,
    ExpandedBlock,
    PersonBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import events
from tests.tui.support import call, feed, request

if TYPE_CHECKING:
    from collections.abc import Callable

LONG = "a line that a person has pasted\x1b[31m\n" * 600_000
"""About 20 MB."""


@pytest.fixture
def cleaned(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the texts that are made safe to show, as they are."""
    sizes: list[int] = []

    def noting(clean: Callable[[str], str]) -> Callable[[str], str]:
        def noted(text: str) -> str:
            sizes.append(len(text))
            return clean(text)

        return noted

    for module in (outcomes, running_calls, views):
        for name in {"sanitise", "visible", "visible_prompt"} & vars(module).keys():
            monkeypatch.setattr(module, name, noting(getattr(module, name)))
    return sizes


@pytest.mark.parametrize("begin", ["", "!echo "])
def test_of_a_prompt_no_more_is_made_safe_than_is_shown(cleaned: list[int], begin: str) -> None:
    view = View()
    (block,) = feed(view, [events.user_text(begin + LONG, "host:zed")])
    assert isinstance(block, PersonBlock) and len(block.text) < 6_000
    assert "more characters (ctrl+o shows all)" in block.text and "\x1b" not in block.text
    assert isinstance(view.folded, ExpandedBlock) and "\x1b" not in view.folded.text
    assert view.folded.text.startswith(f"{begin}a line that a person has pasted")
    assert max(cleaned) == MAX_EXPANDED


def test_of_a_command_no_more_is_made_safe_than_is_shown(cleaned: list[int]) -> None:
    view = View()
    (block,) = feed(view, [events.slash_command(f"/memory {LONG}", "host:zed", None)])
    assert isinstance(block, PersonBlock) and block.text.startswith("/memory a line")
    assert max(cleaned) == MAX_EXPANDED


def test_a_reason_of_megabytes_is_cut_as_a_prompt_is_and_opened_with_ctrl_o(
    cleaned: list[int],
) -> None:
    view = View()
    feed(view, [*call(call_id="call-r1", command="ls"), request(command="ls")])
    answer = events.control_response("r1", allowed=False, resolved_by="keyboard", message=LONG)
    (block,) = feed(view, [answer, events.tool_result("call-r1", "denied", is_error=True)])
    assert isinstance(block, ToolBlock)
    assert 10 < len(block.lines) < 50
    assert any("more characters (ctrl+o shows all)" in line for line in block.lines)
    assert isinstance(view.folded, ExpandedBlock) and view.folded.title == "reason"
    assert view.folded.text.startswith("a line that a person has pasted⟨ESC⟩[31m\n")
    assert max(cleaned) == MAX_EXPANDED
