"""Chat completions in: an answer read from its chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.models.model import (
    Finished,
    ModelError,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.connect import connect
from qwen_dual.models.openai import OpenAITranslator
from tests.models.conversations import (
    asked,
    blocks_of,
    configured,
    read,
    said,
)
from tests.models.server import cut, serve, sse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.openai_reader import OpenAIReader
    from qwen_dual.protocol.failures import ErrorKind

HELLO = asked(("user", [said("hello")]))
CONFIG = configured("openai")


def reader() -> OpenAIReader:
    return OpenAITranslator().reader(CONFIG)


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call(index: int | None = None, call_id: str = "", name: str = "", arguments: Any = None) -> Any:
    """A fragment of a call, with the fields that are given."""
    function: dict[str, Any] = {"name": name} if name else {}
    if arguments is not None:
        function["arguments"] = arguments
    fragment: dict[str, Any] = {"function": function}
    if index is not None:
        fragment["index"] = index
    if call_id:
        fragment["id"] = call_id
    return fragment


def calls(*fragments: Any, finish: str | None = None) -> dict[str, Any]:
    return chunk(finish, tool_calls=list(fragments))


STOP = chunk("stop")


def deltas_of(*chunks: Mapping[str, Any], done: bool = False) -> list[ModelDelta]:
    events: list[tuple[str, Mapping[str, Any]]] = [("message", each) for each in chunks]
    return read(reader(), [*events, ("[DONE]", {})] if done else events)


def failure_of(*chunks: Mapping[str, Any], done: bool = False) -> ModelError:
    with pytest.raises(ModelError) as caught:
        deltas_of(*chunks, done=done)
    return caught.value


def test_text_and_reasoning_are_read() -> None:
    assert deltas_of(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="Hm"),
        chunk(reasoning=" hm."),
        chunk(reasoning_content="!", content="Yes"),
        chunk(content=".", reasoning_content=None),
        STOP,
    ) == [
        ThinkingDelta("Hm"),
        ThinkingDelta(" hm."),
        ThinkingDelta("!"),
        TextDelta("Yes"),
        TextDelta("."),
    ]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}, TokenUsage(9, 2)),
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "prompt_tokens_details": {"cached_tokens": 5},
            },
            TokenUsage(9, 2, 5),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
            TokenUsage(9, 2, 4),
        ),
        (
            {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": None},
            TokenUsage(9, 2),
        ),
    ],
)
def test_tokens_are_counted_wherever_they_are_told(
    usage: dict[str, Any], tokens: TokenUsage
) -> None:
    own = {"choices": [], "usage": usage}
    same = {**STOP, "usage": usage}
    inside = {"choices": [{**STOP["choices"][0], "usage": usage}]}
    hello = chunk(content="hi")
    assert deltas_of(hello, STOP, own, done=True) == [TextDelta("hi"), tokens]
    assert deltas_of(hello, same) == [TextDelta("hi"), tokens]
    assert deltas_of(hello, inside) == [TextDelta("hi"), tokens]


def test_a_call_comes_in_fragments() -> None:
    assert deltas_of(
        chunk(content="Looking."),
        calls(call(0, "c1", "read", "")),
        calls(call(0, "", "_file", "")),
        calls(call(0, "", "", '{"path":')),
        calls(call(0, "", "", '"x"}')),
        calls(call(0, "", "", ""), finish="tool_calls"),
    ) == [
        TextDelta("Looking."),
        ToolCallStart("c1", "read_file"),
        ToolCallArguments('{"path":'),
        ToolCallArguments('"x"}'),
    ]


def test_a_call_is_passed_on_while_it_comes() -> None:
    one = reader()
    list(one.feed("message", calls(call(0, "c1", "read_file", '{"path'))))
    assert list(one.feed("message", calls(call(0, arguments='": "')))) == [
        ToolCallArguments('": "')
    ]


def test_calls_in_a_row_are_each_passed_on_while_they_come() -> None:
    one = reader()
    for fragment in (call(0, "c1", "a", "{}"), call(1, "c2", "b", "")):
        list(one.feed("message", calls(fragment)))
    assert list(one.feed("message", calls(call(1, arguments='{"x"')))) == [
        ToolCallStart("c2", "b"),
        ToolCallArguments('{"x"'),
    ]


def test_calls_that_come_mixed_go_on_one_after_the_other() -> None:
    chunks = [
        calls(call(0, "c1", "a", '{"x":'), call(1, "c2", "b", '{"y":')),
        calls(call(1, arguments="2"), call(2, "c3", "c", "{}")),
        calls(call(0, arguments="1}")),
        calls(call(1, arguments="}"), finish="tool_calls"),
    ]
    deltas = deltas_of(*chunks)
    assert deltas[0] == ToolCallStart("c1", "a")
    assert [(block["id"], block["name"], block["input"]) for block in blocks_of(deltas)] == [
        ("c1", "a", {"x": 1}),
        ("c2", "b", {"y": 2}),
        ("c3", "c", {}),
    ]


@pytest.mark.parametrize(
    ("fragments", "expected"),
    [
        pytest.param(
            [call(0, "", "a", "{}"), call(1, "", "b", "{}")], [("a", {}), ("b", {})], id="no ids"
        ),
        pytest.param(
            [call(0, "x", "a", "{}"), call(1, "x", "b", "{}")],
            [("a", {}), ("b", {})],
            id="one id for both",
        ),
        pytest.param(
            [call(0, "x", "a", '{"n":1}'), call(0, "y", "b", '{"n":2}')],
            [("a", {"n": 1}), ("b", {"n": 2})],
            id="one index for both",
        ),
        pytest.param(
            [call(None, "x", "a", '{"n":'), call(None, "x", "", "1}"), call(None, "y", "b", "{}")],
            [("a", {"n": 1}), ("b", {})],
            id="no index",
        ),
        pytest.param(
            [call(None, "", "a", {"n": 1}), call(None, "", "a", {"n": 2})],
            [("a", {"n": 1}), ("a", {"n": 2})],
            id="neither, and objects",
        ),
        pytest.param(
            [call(None, "x", "a", "{}"), call(None, "x", "a", "{}")],
            [("a", {}), ("a", {})],
            id="no index and one id for both",
        ),
        pytest.param(
            [call(0, "x", "a", '{"n"'), call(0, "x", "a", ":1}")],
            [("a", {"n": 1})],
            id="id and name in each fragment",
        ),
        pytest.param([call(0, "x", "a")], [("a", {})], id="no arguments"),
        pytest.param(
            [call(0, "x", "a", ""), call(1, "y", "b", "")], [("a", {}), ("b", {})], id="empty"
        ),
    ],
)
def test_calls_are_told_apart_however_a_server_marks_them(
    fragments: list[Any], expected: list[tuple[str, Any]]
) -> None:
    blocks = blocks_of(deltas_of(*[calls(each) for each in fragments], chunk("tool_calls")))
    assert [(block["name"], block["input"]) for block in blocks] == expected
    ids = {block["id"] for block in blocks}
    assert len(ids) == len(blocks)
    assert all(ids)


def test_text_in_the_middle_of_a_call_waits_for_its_end() -> None:
    deltas = deltas_of(
        calls(call(0, "c1", "a", '{"x":')),
        chunk(content="\n"),
        chunk(content="also"),
        calls(call(0, arguments="1}")),
        chunk("tool_calls"),
    )
    assert [block["type"] for block in blocks_of(deltas)] == ["tool_use", "text"]
    assert blocks_of(deltas)[0]["input"] == {"x": 1}


def test_text_after_a_call_comes_after_it() -> None:
    deltas = deltas_of(
        calls(call(0, "c1", "a", "{}")), chunk(content="\n"), chunk(content="so"), STOP
    )
    assert deltas == [ToolCallStart("c1", "a"), ToolCallArguments("{}"), TextDelta("so")]


def test_arguments_that_are_no_json_are_passed_on() -> None:
    deltas = deltas_of(calls(call(0, "c1", "a", "{oops")), chunk("tool_calls"))
    assert deltas == [ToolCallStart("c1", "a"), ToolCallArguments("{oops")]


def test_a_call_without_a_name_is_malformed() -> None:
    assert failure_of(calls(call(0, "c1", "", "{}")), chunk("tool_calls")).kind == "malformed"


def test_arguments_for_a_finished_call_are_malformed() -> None:
    first, second = call(0, "c1", "a", "{}"), call(1, "c2", "b", "{}")
    assert deltas_of(calls(first), calls(second), calls(call(0, arguments=" ")), STOP)
    late = calls(call(0, arguments="{}"))
    assert failure_of(calls(first), calls(second), late, STOP).kind == "malformed"


def test_an_answer_may_reach_its_length() -> None:
    assert deltas_of(chunk(content="half"), chunk("length")) == [
        TextDelta("half"),
        Finished("length"),
    ]
    assert deltas_of(chunk(reasoning_content="hm"), chunk("length"))[-1] == Finished("length")


def test_a_withheld_answer_keeps_what_came() -> None:
    one = reader()
    assert list(one.feed("message", chunk(content="Well,"))) == [TextDelta("Well,")]
    list(one.feed("message", chunk("content_filter")))
    with pytest.raises(ModelError) as caught:
        list(one.finish())
    assert caught.value.kind == "content_filter"


@pytest.mark.parametrize(
    ("chunks", "kind"),
    [
        ([], "broken"),
        ([chunk(content="half")], "broken"),
        ([calls(call(0, "c1", "a", '{"x'))], "broken"),
        ([STOP], "empty"),
        ([chunk(content=" \n"), STOP], "empty"),
        ([chunk(reasoning_content="hm"), STOP], "empty"),
        ([chunk(content="half"), chunk("insufficient_system_resource")], "server"),
    ],
)
def test_an_answer_that_is_none_is_an_error(chunks: list[Any], kind: ErrorKind) -> None:
    assert failure_of(*chunks).kind == kind


def test_the_end_mark_alone_ends_an_answer() -> None:
    assert deltas_of(chunk(content="hi"), done=True) == [TextDelta("hi")]
    assert failure_of(done=True).kind == "empty"


def test_an_answer_is_complete_with_its_reason_and_its_tokens() -> None:
    usage = {"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1}}
    for last in (("message", usage), ("[DONE]", {})):
        one = reader()
        for each in (chunk(content="hi"), STOP):
            list(one.feed("message", each))
            assert not one.complete
        list(one.feed(*last))
        assert one.complete


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"message": "busy", "code": 503}, "overloaded"),
        ({"message": "slow down", "type": "rate_limit_error"}, "rate_limit"),
        ({"message": "too long", "code": "context_length_exceeded"}, "context_length"),
        ({"message": "no", "type": "invalid_request_error"}, "invalid_request"),
        ({"message": "who knows"}, "server"),
        ("just a text", "server"),
        (True, "server"),
    ],
)
def test_an_error_in_the_stream_is_told_as_what_it_is(error: Any, kind: ErrorKind) -> None:
    found = failure_of(chunk(content="half"), {"error": error})
    assert found.kind == kind
    assert "The service failed" in found.message
    again = "retry_or_change_model"
    assert found.remedy == ("compress" if kind == "context_length" else again)


def test_content_may_come_as_a_list_of_parts() -> None:
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]
    said = [{"type": "text", "text": "yes"}, {"type": "reference", "reference_ids": [1]}]
    found = deltas_of(chunk(content=thought), chunk(content=said), STOP)
    assert found == [ThinkingDelta("hm"), TextDelta("yes")]


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"choices": None},
        {"choices": [None]},
        {"choices": [{"delta": None, "finish_reason": None}]},
        {"choices": [{"delta": {"content": None, "tool_calls": None}}]},
        {"choices": [{"delta": {"content": 7, "role": "assistant"}}], "usage": None},
        {"choices": "none", "usage": {"prompt_tokens": None}},
    ],
)
def test_odd_chunks_do_no_harm(odd: dict[str, Any]) -> None:
    deltas = deltas_of(odd, chunk(content="hi"), odd, STOP)
    assert [delta for delta in deltas if delta != TokenUsage()] == [TextDelta("hi")]


def test_an_answer_comes_over_http_however_it_is_cut() -> None:
    whole = sse(
        chunk(reasoning_content="考え"),
        chunk(content="Grüße"),
        calls(call(0, "c1", "read_file", '{"path":')),
        calls(call(1, "c2", "list_files", "{}")),
        calls(call(0, arguments='"é"}')),
        chunk("tool_calls"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
        "[DONE]",
    )

    async def main() -> None:
        async with serve(*[cut(whole, size) for size in (1, 7, 50)]) as server:
            model = connect(configured("openai", base_url=f"{server.url}/v1"), {})
            for _ in range(3):
                deltas = [delta async for delta in model.stream(HELLO)]
                assert [block["type"] for block in blocks_of(deltas)] == [
                    "thinking",
                    "text",
                    "tool_use",
                    "tool_use",
                ]
                assert blocks_of(deltas)[2]["input"] == {"path": "é"}
                assert TokenUsage(3, 4) in deltas
            assert server.requests[0].target == "/v1/chat/completions"
            await model.aclose()

    anyio.run(main)
