from __future__ import annotations

from qwen_dual.core.tools.tool import Display, Shown, ToolResult, display_of
from qwen_dual.core.turns.outcome import outcome_of
from qwen_dual.protocol.codec import escaped_size
from tests.support.fakes import FakeTool


def test_the_output_is_told_where_the_text_is_not_just_that() -> None:
    silent = ToolResult("Output: (empty)", is_error=True, shown=Shown("", exit_code=3))
    assert outcome_of(silent, silent.text, str, 1.5) == {
        "output": "",
        "exit_code": 3,
        "duration_ms": 1500,
    }
    plain = ToolResult("out", shown=Shown("out", exit_code=0))
    assert outcome_of(plain, "out", str, None) == {"exit_code": 0}
    ended = ToolResult("…", shown=Shown("a", signal="SIGTERM", note="timed out"))
    assert outcome_of(ended, "…", str, None) == {
        "output": "a",
        "signal": "SIGTERM",
        "note": "timed out",
    }


def test_a_secret_with_colours_in_it_is_none_the_less_taken_out() -> None:
    def scrub(text: str) -> str:
        return text.replace("s3cret", "***")

    result = ToolResult("s3cret", shown=Shown("\x1b[31ms3\x1b[0mcret"))
    assert outcome_of(result, scrub("s3cret"), scrub, None) == {}
    result = ToolResult("x", shown=Shown("\x1b[31mred\x1b[0m"))
    assert outcome_of(result, "x", scrub, None)["output"] == "\x1b[31mred\x1b[0m"


def test_both_texts_fit_into_one_line_of_the_wire() -> None:
    text = "漢" * 10_000
    outcome = outcome_of(ToolResult(text, shown=Shown(text + "!")), text, str, None)
    assert escaped_size(text) + escaped_size(outcome["output"]) <= 60_000


def test_a_tool_that_is_not_there_is_called_by_its_name_in_words() -> None:
    assert Display.of("save_memory").word == "Save memory"
    assert Display.of("mcp__git__log_all").word == "git: log all"
    assert Display.of("").word == "Tool"
    assert display_of({"x": FakeTool("edit")}, "x").word == "Edit"
