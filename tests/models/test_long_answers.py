"""Answers of which one event has megabytes: what is read in steps is what was sent."""

from __future__ import annotations

import json

import pytest

from qwen_dual.core.models.model import TextDelta, ThinkingDelta, ToolCallArguments
from qwen_dual.models.answer_stream import LONG_EVENT
from tests.models.calling import USAGE, chunk, play
from tests.models.server import Reply, reply, sse
from tests.models.test_odd_streams import PROTOCOLS, streamed
from tests.models.test_protocols_over_http import asked_over_http

LONG = 'Line 🚀 "é"\n' * (LONG_EVENT // 8)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_long_piece_of_text_is_whole(protocol: str) -> None:
    deltas, _ = asked_over_http(protocol, streamed(protocol, "First: ", LONG, "."))  # type: ignore[arg-type]
    pieces = [delta.text for delta in deltas if isinstance(delta, TextDelta)]
    assert "".join(pieces) == f"First: {LONG}."


def test_long_reasoning_and_long_arguments_are_whole() -> None:
    call = {
        "index": 0,
        "id": "c",
        "function": {"name": "write_file", "arguments": json.dumps({"a": LONG})},
    }
    outcome, _ = play(
        sse(
            chunk(reasoning_content=LONG),
            chunk(tool_calls=[call]),
            chunk("tool_calls"),
            USAGE,
            "[DONE]",
        )
    )
    thoughts = [delta.text for delta in outcome.deltas if isinstance(delta, ThinkingDelta)]
    arguments = [
        delta.partial_json for delta in outcome.deltas if isinstance(delta, ToolCallArguments)
    ]
    assert "".join(thoughts) == LONG
    assert json.loads("".join(arguments)) == {"a": LONG}


def test_a_long_answer_that_is_no_stream_is_whole() -> None:
    message = {"role": "assistant", "content": LONG}
    whole = {"choices": [{"message": message, "finish_reason": "stop"}]}
    answer: Reply = reply(json.dumps(whole), headers={"Content-Type": "application/json"})
    outcome, _ = play(answer)
    pieces = [delta.text for delta in outcome.deltas if isinstance(delta, TextDelta)]
    assert "".join(pieces) == LONG
