from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.model import (
    Finished,
    ModelError,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.gemini import UNSIGNED, GeminiTranslator
from tests.models.conversations import (
    KEY,
    READ_FILE,
    asked,
    blocks_of,
    called,
    configured,
    read,
    resulted,
    said,
    thought,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.model import ModelDelta, ModelRequest

HELLO = asked(("user", [said("hello")]))
CONFIG = configured("gemini")

USAGE = {"usageMetadata": {"promptTokenCount": 1}}


def body(
    request: ModelRequest = HELLO, model: str = "", base_url: str = "", **generation: Any
) -> Mapping[str, Any]:
    config = configured("gemini", model, base_url, **generation)
    return GeminiTranslator().request(config, request).body


def chunk(*parts: dict[str, Any], finish: str = "", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], **USAGE, **fields}


def calling(name: str = "read_file", signature: str = "", **fields: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"functionCall": {"name": name, **fields}}
    return {**part, "thoughtSignature": signature} if signature else part


def answered(*chunks: dict[str, Any]) -> list[ModelDelta]:
    """The deltas of an answer, without the counts."""
    deltas = read(GeminiTranslator().reader(CONFIG), [("message", each) for each in chunks])
    return [delta for delta in deltas if not isinstance(delta, TokenUsage)]


def failed(*chunks: dict[str, Any]) -> ModelError:
    with pytest.raises(ModelError) as caught:
        answered(*chunks)
    return caught.value


# -- out ---------------------------------------------------------------------------------------


def test_a_request_streams_events_from_the_model_with_the_key_in_its_header() -> None:
    request = GeminiTranslator().request(CONFIG, HELLO)

    assert request.path == "/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse"
    assert request.headers == {"x-goog-api-key": KEY}
    assert KEY not in str(request.body)


@pytest.mark.parametrize(
    ("base_url", "model", "path"),
    [
        ("https://proxy.example/v1", "gemini-2.5-pro", "/models/gemini-2.5-pro"),
        ("https://proxy.example", "tunedModels/mine", "/v1beta/tunedModels/mine"),
        ("https://proxy.example", "models/a b", "/v1beta/models/a%20b"),
    ],
)
def test_the_path_names_version_and_model_once(base_url: str, model: str, path: str) -> None:
    config = configured("gemini", model, base_url)

    assert GeminiTranslator().request(config, HELLO).path == (
        f"{path}:streamGenerateContent?alt=sse"
    )


def test_system_prompt_and_tools_have_fields_of_their_own() -> None:
    sent = body()

    assert sent["systemInstruction"] == {"parts": [{"text": "Be brief."}], "role": "user"}
    assert sent["tools"][0]["functionDeclarations"][0] == {
        "name": "read_file",
        "description": "Reads a file.",
        "parametersJsonSchema": dict(READ_FILE.parameters),
    }
    bare = body(asked(("user", [said("hello")]), system="", tools=()))
    assert not {"systemInstruction", "tools"} & set(bare)


def test_sampling_has_the_names_of_the_protocol() -> None:
    sampling = {
        "temperature": 0.2,
        "top_p": 0.9,
        "top_k": 40,
        "max_tokens": 99,
        "presence_penalty": 0.1,
        "frequency_penalty": None,
    }

    assert body(model="gemini-2.0-flash", sampling=sampling)["generationConfig"] == {
        "temperature": 0.2,
        "topP": 0.9,
        "topK": 40,
        "maxOutputTokens": 99,
        "presencePenalty": 0.1,
    }


@pytest.mark.parametrize(
    ("reasoning", "model", "thinking"),
    [
        (None, "gemini-2.0-flash", None),
        (None, "gemini-2.5-flash", {"includeThoughts": True}),
        (None, "gemma-3", None),
        (False, "gemini-2.0-flash", None),
        (False, "gemini-2.5-flash", {"thinkingBudget": 0}),
        (False, "gemini-2.5-pro", {"thinkingBudget": 128}),
        (False, "gemini-3-flash-preview", {"thinkingLevel": "LOW"}),
        (
            {"effort": "low"},
            "gemini-2.5-pro",
            {"includeThoughts": True, "thinkingBudget": 1024},
        ),
        (
            {"effort": "max"},
            "gemini-3-pro-preview",
            {"includeThoughts": True, "thinkingLevel": "HIGH"},
        ),
        (
            {"budget_tokens": 2048},
            "gemini-2.5-pro",
            {"includeThoughts": True, "thinkingBudget": 2048},
        ),
        (
            {"thinkingBudget": -1, "includeThoughts": False},
            "gemini-2.5-pro",
            {"includeThoughts": False, "thinkingBudget": -1},
        ),
    ],
)
def test_reasoning_is_spelled_as_the_model_wants_it(
    reasoning: Any, model: str, thinking: dict[str, Any] | None
) -> None:
    sent = body(model=model, reasoning=reasoning)

    assert sent.get("generationConfig", {}).get("thinkingConfig") == thinking


def test_calls_and_results_are_paired_by_id_and_name() -> None:
    sent = body(
        asked(
            ("user", [said("go")]),
            ("assistant", [said("Reading."), called("a", path="x"), called("b", "list_files")]),
            ("user", [resulted("a", "text"), resulted("b", "no", is_error=True), said("go on")]),
        ),
        "gemini-2.5-pro",
    )

    assert sent["contents"] == [
        {"role": "user", "parts": [{"text": "go"}]},
        {
            "role": "model",
            "parts": [
                {"text": "Reading."},
                {"functionCall": {"id": "a", "name": "read_file", "args": {"path": "x"}}},
                {"functionCall": {"id": "b", "name": "list_files", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "id": "a",
                        "name": "read_file",
                        "response": {"output": "text"},
                    }
                },
                {
                    "functionResponse": {
                        "id": "b",
                        "name": "list_files",
                        "response": {"error": "no"},
                    }
                },
                {"text": "go on"},
            ],
        },
    ]


# -- in ----------------------------------------------------------------------------------------


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
