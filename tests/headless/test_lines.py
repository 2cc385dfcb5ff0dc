"""Messages as lines below 64 KiB: what is parted is whole, what is cut says so."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.frontends.headless.lines import LINE_BYTES, lines_of, shorten
from qwen_dual.protocol import events

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=50) | st.just("x\x00é" * 9_000),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=30,
)


def written(message: dict[str, Any]) -> list[dict[str, Any]]:
    lines = lines_of(message).splitlines(keepends=True)
    assert all(len(line) <= LINE_BYTES and line.endswith(b"\n") for line in lines)
    return [json.loads(line) for line in lines]


def assistant(*blocks: dict[str, Any], stop_reason: str | None = None) -> dict[str, Any]:
    usage = {"input_tokens": 11, "output_tokens": 7}
    body = events.assistant("m1", "mock", blocks, stop_reason=stop_reason, usage=usage)
    return events.stamp(body, session_id="s", seq=1)


def test_what_fits_is_one_line_as_it_is() -> None:
    message = assistant({"type": "text", "text": "short"})
    assert written(message) == [message]


def test_a_long_answer_goes_out_whole_in_several_messages() -> None:
    text = 'a "quoted" word, \x1b and ü\n' * 20_000
    parts = written(assistant({"type": "text", "text": text}))
    assert "".join(part["message"]["content"][0]["text"] for part in parts) == text
    assert len({part["uuid"] for part in parts}) == len(parts) > 5
    assert all(part["uuid"] == part["message"]["id"] for part in parts)
    *earlier, last = [part["message"]["usage"]["output_tokens"] for part in parts]
    assert (set(earlier), last) == ({0}, 7)


def test_calls_of_one_message_that_are_too_long_together_go_out_one_by_one() -> None:
    calls = [
        {
            "type": "tool_use",
            "id": f"c{n}",
            "name": "write_file",
            "input": {"content": "x" * 30_000},
        }
        for n in range(4)
    ]
    parts = written(assistant(*calls, stop_reason="tool_use"))
    assert [block for part in parts for block in part["message"]["content"]] == calls
    assert [part["message"]["stop_reason"] for part in parts] == [None, None, None, "tool_use"]


def test_the_input_of_a_call_is_cut_and_says_how_much_is_missing() -> None:
    given = {"file_path": "/w/a.txt", "content": "x" * 200_000}
    call = {"type": "tool_use", "id": "c", "name": "write_file", "input": given}
    [part] = written(assistant(call, stop_reason="tool_use"))
    shown = part["message"]["content"][0]["input"]
    assert shown["file_path"] == "/w/a.txt"
    assert " characters left out …]" in shown["content"]
    assert given["content"] == "x" * 200_000


def test_a_long_delta_goes_out_whole_in_several() -> None:
    for made, key in (
        (events.text_delta, "text"),
        (events.thinking_delta, "thinking"),
        (events.json_delta, "partial_json"),
    ):
        text = "\x00€" * 40_000
        parts = written(events.stamp(made(3, text), session_id="s", seq=1))
        assert "".join(part["event"]["delta"][key] for part in parts) == text
        assert {part["event"]["index"] for part in parts} == {3}


def test_an_image_of_a_result_becomes_the_line_that_stands_for_it() -> None:
    image = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoA" + "A" * 90_000}
    block = events.result_block("c", "", is_error=False)
    block["content"] = [{"type": "image", "source": image}]
    body = {"type": "user", "message": {"role": "user", "content": [block]}}
    [part] = written(events.stamp(body, session_id="s", seq=1))
    [told] = part["message"]["content"][0]["content"]
    assert told["type"] == "text"
    assert told["text"].startswith("[image: PNG")


def test_many_small_things_are_cut_too() -> None:
    result = events.stamp({"type": "result", "denials": ["x" * 99] * 5_000}, session_id="s", seq=1)
    [part] = written(result)
    assert part["type"] == "result"
    assert part["denials"][-1].endswith(" more left out …]")


@given(JSON)
def test_anything_can_be_shortened_and_what_was_cut_is_told(value: Any) -> None:
    limit = 5_000
    short, cut = shorten(value, limit)
    encoded = json.dumps(short, ensure_ascii=False)
    if len(json.dumps(value).encode()) < limit:
        assert not cut
    for text in cut:
        assert json.dumps(text, ensure_ascii=False)[1:-1] in encoded or "left out" in text
