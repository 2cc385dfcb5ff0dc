"""Gemini in: an answer read from its chunks."""

from __future__ import annotations

from typing import Any

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
from qwen_dual.models.gemini import UNSIGNED, GeminiTranslator
from tests.models.contents import CONFIG, USAGE, answered, body, calling, chunk
from tests.models.conversations import (
    asked,
    blocks_of,
    called,
    read,
    resulted,
    said,
    thought,
)


def failed(*chunks: dict[str, Any]) -> ModelError:
    with pytest.raises(ModelError) as caught:
        answered(*chunks)
    return caught.value


def test_thoughts_and_text_come_as_they_are_streamed() -> None:
    deltas = answered(
        chunk({"text": "Hm.", "thought": True}),
        chunk({"text": "Hel"}),
        chunk({"text": "lo"}, {"text": "", "thoughtSignature": "c2ln"}, finish="STOP"),
    )

    assert deltas == [ThinkingDelta("Hm."), TextDelta("Hel"), TextDelta("lo")]


def test_several_calls_in_one_chunk_get_ids_where_they_have_none() -> None:
    deltas = answered(
        chunk(
            calling(args={"path": "x"}),
            calling(id="theirs", args={"path": "é"}),
            calling("list_files"),
            finish="STOP",
        )
    )
    starts = [delta for delta in deltas if isinstance(delta, ToolCallStart)]

    assert [start.name for start in starts] == ["read_file", "read_file", "list_files"]
    assert starts[1].id == "theirs"
    assert len({start.id for start in starts}) == 3
    assert [delta for delta in deltas if isinstance(delta, ToolCallArguments)] == [
        ToolCallArguments('{"path":"x"}'),
        ToolCallArguments('{"path":"é"}'),
        ToolCallArguments("{}"),
    ]


def test_tokens_count_thoughts_as_output() -> None:
    usage = {
        "promptTokenCount": 100,
        "candidatesTokenCount": 7,
        "thoughtsTokenCount": 30,
        "cachedContentTokenCount": 60,
    }

    deltas = read(
        GeminiTranslator().reader(CONFIG),
        [("message", chunk({"text": "hi"}, finish="STOP", usageMetadata=usage))],
    )

    assert TokenUsage(100, 37, 60) in deltas


def test_signatures_of_calls_go_back_with_their_calls() -> None:
    deltas = answered(
        chunk({"text": "Hm.", "thought": True}),
        chunk(calling(id="a", signature="c2lnLTE=")),
        chunk(calling(id="b")),
        chunk(calling(id="c", signature="c2lnLTI="), finish="STOP"),
    )

    sent = body(
        asked(
            ("user", [said("go")]),
            ("assistant", blocks_of(deltas)),
            ("user", [resulted(each) for each in "abc"]),
        )
    )

    parts = sent["contents"][1]["parts"]
    assert [part["functionCall"]["id"] for part in parts] == ["a", "b", "c"]
    assert [part.get("thoughtSignature") for part in parts] == ["c2lnLTE=", None, "c2lnLTI="]


def test_calls_of_another_model_are_marked_where_a_signature_is_insisted_on() -> None:
    request = asked(
        ("user", [said("one")]),
        ("assistant", [called("old")]),
        ("user", [resulted("old")]),
        ("assistant", [said("done")]),
        ("user", [said("two")]),
        ("assistant", [thought("Hm.", "foreign"), called("a"), called("b")]),
        ("user", [resulted("a"), resulted("b")]),
    )

    def signatures(model: str) -> list[str | None]:
        return [
            part.get("thoughtSignature")
            for content in body(request, model)["contents"]
            for part in content["parts"]
            if "functionCall" in part
        ]

    assert signatures("gemini-3-pro-preview") == [None, UNSIGNED, None]
    assert signatures("gemini-2.5-pro") == [None, None, None]


@pytest.mark.parametrize("reason", ["MAX_TOKENS", "CONTINUATION"])
def test_the_limit_of_tokens_is_told(reason: str) -> None:
    assert answered(chunk({"text": "half"}, finish=reason))[-1] == Finished("length")
    assert answered(chunk(finish=reason)) == [Finished("length")]


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("SAFETY", "content_filter"),
        ("RECITATION", "content_filter"),
        ("BLOCKLIST", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("SPII", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "malformed"),
        ("UNEXPECTED_TOOL_CALL", "malformed"),
        ("MISSING_THOUGHT_SIGNATURE", "invalid_request"),
    ],
)
def test_an_answer_that_was_stopped_is_an_error_with_the_reason(reason: str, kind: str) -> None:
    error = failed(chunk({"text": "half"}, finish=reason))

    assert error.kind == kind
    assert reason in error.message


@pytest.mark.parametrize("reason", ["STOP", "OTHER", "SOMETHING_NEW"])
def test_other_ends_are_plain_where_there_is_content(reason: str) -> None:
    assert answered(chunk({"text": "hi"}, finish=reason)) == [TextDelta("hi")]
    assert failed(chunk(finish=reason)).kind == "empty"


def test_a_prompt_that_was_refused_is_an_error() -> None:
    error = failed({"promptFeedback": {"blockReason": "SAFETY"}, **USAGE})

    assert error.kind == "content_filter"
    assert "SAFETY" in error.message


def test_an_answer_without_content_is_an_error() -> None:
    assert failed(chunk({"text": "Hm.", "thought": True}), chunk(finish="STOP")).kind == "empty"
    assert failed(chunk({"text": "\n"}, finish="STOP")).kind == "empty"


def test_an_end_before_the_end_is_an_error() -> None:
    assert failed().kind == "broken"
    assert failed(chunk({"text": "half"})).kind == "broken"


@pytest.mark.parametrize(
    ("code", "status", "said_by_service", "kind"),
    [
        (429, "RESOURCE_EXHAUSTED", "Quota exceeded", "rate_limit"),
        (503, "UNAVAILABLE", "The model is overloaded", "overloaded"),
        (500, "INTERNAL", "Oops", "server"),
        (400, "INVALID_ARGUMENT", "API key not valid", "auth"),
        (400, "INVALID_ARGUMENT", "The input token count exceeds the maximum", "context_length"),
        (400, "INVALID_ARGUMENT", "Unknown field", "invalid_request"),
    ],
)
def test_an_error_in_the_stream_says_what_the_service_said(
    code: int, status: str, said_by_service: str, kind: str
) -> None:
    error = failed(
        chunk({"text": "half"}),
        {"error": {"code": code, "message": said_by_service, "status": status}},
    )

    assert error.kind == kind
    assert said_by_service in error.message


def test_more_is_waited_for_until_the_end_and_the_tokens_are_known() -> None:
    reader = GeminiTranslator().reader(CONFIG)
    seen = []
    for data in [
        chunk({"text": "hi"}, usageMetadata=None),
        chunk({"text": "!"}, finish="STOP", usageMetadata=None),
        {**USAGE},
    ]:
        list(reader.feed("message", data))
        seen.append(reader.complete)

    assert seen == [False, False, True]


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"candidates": []},
        {"candidates": [None]},
        {"candidates": [{"content": {"parts": [None, {"executableCode": {}}]}}]},
        {"candidates": [{"content": {"parts": [{"text": 7}, {"functionCall": {"name": None}}]}}]},
        {"usageMetadata": {"promptTokenCount": "many"}},
    ],
)
def test_chunks_that_are_not_understood_end_no_answer(data: dict[str, Any]) -> None:
    assert answered(data, chunk({"text": "hi"}, finish="STOP")) == [TextDelta("hi")]
