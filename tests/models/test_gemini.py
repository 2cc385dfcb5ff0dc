"""Gemini out: what is sent for a conversation."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.models.gemini import GeminiTranslator
from tests.models.contents import CONFIG, HELLO, body
from tests.models.conversations import (
    KEY,
    READ_FILE,
    asked,
    called,
    configured,
    resulted,
    said,
)


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
