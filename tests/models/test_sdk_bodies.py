"""The bodies of our requests against those that the vendors' own libraries send for the same call.

The libraries are asked in their own words, over real HTTP; what they put on the wire is the reference.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.models.anthropic import AnthropicTranslator
from qwen_dual.models.gemini import GeminiTranslator
from qwen_dual.models.openai import OpenAITranslator
from qwen_dual.models.signatures import Signed, seal, signer
from qwen_dual.protocol.codec import decode, encode
from tests.models.conversations import (
    KEY,
    LIST_FILES,
    READ_FILE,
    asked,
    called,
    configured,
    resulted,
    said,
    thought,
)
from tests.models.server import event, serve, sse

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.core.models.model import ModelRequest
    from qwen_dual.models.translate import HttpRequest
    from qwen_dual.settings.model_config import ModelConfig
    from tests.models.server import Received, Reply

SAMPLING = {"max_tokens": 4096, "temperature": 0.5, "top_p": 0.9}


def conversation(thinking: dict[str, Any]) -> ModelRequest:
    """Everything a conversation may hold; it ends in a loop of tools."""
    return asked(
        ("user", [said("Hello.")]),
        ("assistant", [said("Hi.")]),
        ("user", [said("What is in x?")]),
        (
            "assistant",
            [
                thinking,
                said("Looking."),
                called("call_1", path="x"),
                called("call_2", "list_files"),
            ],
        ),
        ("user", [resulted("call_1", "some text"), resulted("call_2", "denied", is_error=True)]),
    )


def on_the_wire(answer: Reply, call: Callable[[str], Awaitable[None]]) -> Received:
    """The one request that ``call`` makes to the URL it is given."""

    async def main() -> Received:
        async with serve(answer) as server:
            await call(server.url)
            (request,) = server.requests
            return request

    return anyio.run(main)


def as_sent(request: HttpRequest) -> Any:
    return decode(encode(request.body))


def without(value: Any, *keys: str) -> Any:
    """``value`` without ``keys``, wherever in it they are."""
    if isinstance(value, dict):
        return {key: without(each, *keys) for key, each in value.items() if key not in keys}
    return [without(each, *keys) for each in value] if isinstance(value, list) else value


def spelled_as_json(value: Any) -> Any:
    """A body of the Gemini library with every field named as in the protocol."""
    names = {
        "parameters_json_schema": "parametersJsonSchema",
        "include_thoughts": "includeThoughts",
        "thinking_level": "thinkingLevel",
    }
    if isinstance(value, dict):
        return {names.get(key, key): spelled_as_json(each) for key, each in value.items()}
    return [spelled_as_json(each) for each in value] if isinstance(value, list) else value


def signed(config: ModelConfig, kind: str, length: int, value: str) -> str:
    return seal(signer(config), Signed(kind, length, value))


def test_the_anthropic_library_sends_the_same() -> None:
    library = pytest.importorskip("anthropic")
    reasoning = {"type": "adaptive"}
    config = configured(
        "anthropic", "claude-opus-4-6", sampling={"max_tokens": 4096}, reasoning=reasoning
    )
    request = AnthropicTranslator().request(
        config, conversation(thought("Hm.", signed(config, "thinking", 3, "c2ln")))
    )

    async def call(url: str) -> None:
        async with library.AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0) as client:
            stream = await client.messages.create(
                model="claude-opus-4-6",
                max_tokens=4096,
                thinking=reasoning,
                stream=True,
                system=[{"type": "text", "text": "Be brief."}],
                tools=[
                    library.types.ToolParam(
                        name=tool.name,
                        description=tool.description,
                        input_schema=dict(tool.parameters),
                    )
                    for tool in (READ_FILE, LIST_FILES)
                ],
                messages=[
                    {"role": "user", "content": [{"type": "text", "text": "Hello."}]},
                    {"role": "assistant", "content": [{"type": "text", "text": "Hi."}]},
                    {"role": "user", "content": [{"type": "text", "text": "What is in x?"}]},
                    {
                        "role": "assistant",
                        "content": [
                            library.types.ThinkingBlock(
                                type="thinking", thinking="Hm.", signature="c2ln"
                            ),
                            library.types.TextBlock(type="text", text="Looking."),
                            library.types.ToolUseBlock(
                                type="tool_use",
                                id="call_1",
                                name="read_file",
                                input={"path": "x"},
                            ),
                            library.types.ToolUseBlock(
                                type="tool_use", id="call_2", name="list_files", input={}
                            ),
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            library.types.ToolResultBlockParam(
                                type="tool_result", tool_use_id="call_1", content="some text"
                            ),
                            library.types.ToolResultBlockParam(
                                type="tool_result",
                                tool_use_id="call_2",
                                content="denied",
                                is_error=True,
                            ),
                        ],
                    },
                ],
            )
            async for _ in stream:
                pass

    answer = sse(event({"type": "message_stop"}, "message_stop"))
    theirs = on_the_wire(answer, call)

    assert request.path == theirs.target
    # Meant to differ: we choose what may be cached. And the headers, which the body does not show:
    # we speak the version that compatible servers know and that still has sampling, which the
    # library has given up, and we send the key as x-api-key.
    assert without(as_sent(request), "cache_control") == theirs.json


def test_the_gemini_library_sends_the_same() -> None:
    genai = pytest.importorskip("google.genai")
    types = genai.types
    signature = base64.urlsafe_b64encode(b"a signature").decode()
    config = configured(
        "gemini",
        sampling={**SAMPLING, "top_k": 40, "presence_penalty": 0.1, "frequency_penalty": 0.2},
        reasoning={"effort": "high"},
    )
    request = GeminiTranslator().request(
        config, conversation(thought("", signed(config, "call", 0, signature)))
    )

    def response(call_id: str, name: str, **fields: str) -> Any:
        return types.Part(
            function_response=types.FunctionResponse(id=call_id, name=name, response=fields)
        )

    async def call(url: str) -> None:
        # The library's own default is v1; servers that speak the protocol all have v1beta.
        client = genai.Client(
            api_key=KEY, http_options=types.HttpOptions(base_url=url, api_version="v1beta")
        )
        stream = await client.aio.models.generate_content_stream(
            model="gemini-3-pro-preview",
            contents=[
                types.UserContent("Hello."),
                types.ModelContent("Hi."),
                types.UserContent("What is in x?"),
                types.ModelContent(
                    [
                        types.Part(text="Looking."),
                        types.Part(
                            function_call=types.FunctionCall(
                                id="call_1", name="read_file", args={"path": "x"}
                            ),
                            thought_signature=b"a signature",
                        ),
                        types.Part(
                            function_call=types.FunctionCall(
                                id="call_2", name="list_files", args={}
                            )
                        ),
                    ]
                ),
                types.UserContent(
                    [
                        response("call_1", "read_file", output="some text"),
                        response("call_2", "list_files", error="denied"),
                    ]
                ),
            ],
            config=types.GenerateContentConfig(
                system_instruction="Be brief.",
                temperature=0.5,
                top_p=0.9,
                top_k=40,
                max_output_tokens=4096,
                presence_penalty=0.1,
                frequency_penalty=0.2,
                thinking_config=types.ThinkingConfig(include_thoughts=True, thinking_level="HIGH"),
                tools=[
                    types.Tool(
                        function_declarations=[
                            types.FunctionDeclaration(
                                name=tool.name,
                                description=tool.description,
                                parameters_json_schema=dict(tool.parameters),
                            )
                            for tool in (READ_FILE, LIST_FILES)
                        ]
                    )
                ],
            ),
        )
        async for _ in stream:
            pass
        await client.aio.aclose()

    theirs = on_the_wire(sse({"candidates": [{"finishReason": "STOP"}]}), call)

    assert request.path == theirs.target
    assert request.headers["x-goog-api-key"] == theirs.headers["x-goog-api-key"]
    # Meant to differ: the library leaves some names as Python spells them; the service reads both.
    assert as_sent(request) == spelled_as_json(theirs.json)


def test_the_openai_library_sends_the_same() -> None:
    library = pytest.importorskip("openai")
    config = configured(
        "openai", sampling={**SAMPLING, "presence_penalty": 0.1, "frequency_penalty": 0.2}
    )
    request = OpenAITranslator().request(config, conversation(thought("Hm.")))

    async def call(url: str) -> None:
        async with library.AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
            stream = await client.chat.completions.create(
                model="qwen3-coder-plus",
                **SAMPLING,
                presence_penalty=0.1,
                frequency_penalty=0.2,
                stream=True,
                stream_options={"include_usage": True},
                tools=[
                    {
                        "type": "function",
                        "function": {
                            "name": tool.name,
                            "description": tool.description,
                            "parameters": dict(tool.parameters),
                        },
                    }
                    for tool in (READ_FILE, LIST_FILES)
                ],
                messages=[
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": "Hello."},
                    {"role": "assistant", "content": "Hi."},
                    {"role": "user", "content": "What is in x?"},
                    {
                        "role": "assistant",
                        "content": "Looking.",
                        "tool_calls": [
                            {
                                "id": "call_1",
                                "type": "function",
                                "function": {"name": "read_file", "arguments": '{"path":"x"}'},
                            },
                            {
                                "id": "call_2",
                                "type": "function",
                                "function": {"name": "list_files", "arguments": "{}"},
                            },
                        ],
                    },
                    {"role": "tool", "tool_call_id": "call_1", "content": "some text"},
                    {"role": "tool", "tool_call_id": "call_2", "content": "denied"},
                ],
            )
            async for _ in stream:
                pass

    theirs = on_the_wire(sse("[DONE]"), call)

    assert f"/v1{request.path}" == theirs.target
    assert as_sent(request) == theirs.json
