"""Images in our requests against those of the vendors' own libraries, over real HTTP."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from qwen_dual.models.anthropic import AnthropicTranslator
from qwen_dual.models.gemini import GeminiTranslator
from qwen_dual.models.openai import OpenAITranslator
from qwen_dual.protocol.blocks import image_line
from tests.models.conversations import asked, called, configured, resulted, said
from tests.models.server import event, sse
from tests.models.test_sdk_bodies import as_sent, on_the_wire, spelled_as_json, without
from tests.support.images import image, png

FIRST, SECOND = image(png(20, 10)), image(png(4, 3))
DATA = [FIRST["source"]["data"], SECOND["source"]["data"]]

REQUEST = asked(
    ("user", [said("What is [image 1: a.png, 20×10]?"), dict(FIRST)]),
    ("assistant", [called("call_1", path="b.png")]),
    ("user", [{**resulted("call_1"), "content": [said("seen:"), SECOND]}, said("And this?")]),
)


def test_the_anthropic_library_sends_the_same() -> None:
    library = pytest.importorskip("anthropic")
    types = library.types
    config = configured("anthropic", "claude-opus-4-7")
    request = AnthropicTranslator().request(config, REQUEST)

    def block(data: str) -> Any:
        source = types.Base64ImageSourceParam(type="base64", media_type="image/png", data=data)
        return types.ImageBlockParam(type="image", source=source)

    async def call(url: str) -> None:
        async with library.AsyncAnthropic(api_key="k", base_url=url, max_retries=0) as client:
            stream = await client.messages.create(
                model="claude-opus-4-7",
                max_tokens=as_sent(request)["max_tokens"],
                stream=True,
                messages=[
                    {
                        "role": "user",
                        "content": [
                            types.TextBlockParam(
                                type="text", text="What is [image 1: a.png, 20×10]?"
                            ),
                            block(DATA[0]),
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": [
                            types.ToolUseBlock(
                                type="tool_use",
                                id="call_1",
                                name="read_file",
                                input={"path": "b.png"},
                            )
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            types.ToolResultBlockParam(
                                type="tool_result",
                                tool_use_id="call_1",
                                content=[
                                    types.TextBlockParam(type="text", text="seen:"),
                                    block(DATA[1]),
                                ],
                            ),
                            types.TextBlockParam(type="text", text="And this?"),
                        ],
                    },
                ],
            )
            async for _ in stream:
                pass

    theirs = on_the_wire(sse(event({"type": "message_stop"}, "message_stop")), call)
    ours = without(as_sent(request), "cache_control")
    assert ours["messages"] == theirs.json["messages"]


def test_the_openai_library_sends_the_same() -> None:
    library = pytest.importorskip("openai")
    request = OpenAITranslator().request(configured("openai", "gpt-4o"), REQUEST)

    def part(data: str) -> Any:
        return {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}

    async def call(url: str) -> None:
        async with library.AsyncOpenAI(api_key="k", base_url=f"{url}/v1", max_retries=0) as client:
            stream = await client.chat.completions.create(
                model="gpt-4o",
                stream=True,
                messages=[
                    {"role": "system", "content": as_sent(request)["messages"][0]["content"]},
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "What is [image 1: a.png, 20×10]?"},
                            part(DATA[0]),
                        ],
                    },
                    {
                        "role": "assistant",
                        "content": None,
                        "tool_calls": [
                            {
                                "id": "call_1",
                                "type": "function",
                                "function": {
                                    "name": "read_file",
                                    "arguments": '{"path":"b.png"}',
                                },
                            }
                        ],
                    },
                    {
                        "role": "tool",
                        "tool_call_id": "call_1",
                        "content": f"seen:\n{image_line(SECOND)}",
                    },
                    {
                        "role": "user",
                        "content": [
                            {"type": "text", "text": "From the result of the tool call call_1:"},
                            part(DATA[1]),
                            {"type": "text", "text": "And this?"},
                        ],
                    },
                ],
            )
            async for _ in stream:
                pass

    theirs = on_the_wire(sse("[DONE]"), call)
    assert as_sent(request)["messages"] == theirs.json["messages"]


@pytest.mark.parametrize("model", ["gemini-3-pro-preview", "gemini-2.5-pro"])
def test_the_gemini_library_sends_the_same(model: str) -> None:
    genai = pytest.importorskip("google.genai")
    types = genai.types
    request = GeminiTranslator().request(configured("gemini", model), REQUEST)
    line = f"seen:\n{image_line(SECOND)}"
    nested = model.startswith("gemini-3")

    def picture(data: str) -> Any:
        return types.Part.from_bytes(data=b64decode(data), mime_type="image/png")

    def response() -> list[Any]:
        own: dict[str, Any] = {"id": "call_1", "name": "read_file", "response": {"output": line}}
        if not nested:
            return [
                types.Part(function_response=types.FunctionResponse(**own)),
                picture(DATA[1]),
            ]
        blob = types.FunctionResponseBlob(mime_type="image/png", data=b64decode(DATA[1]))
        parts = [types.FunctionResponsePart(inline_data=blob)]
        return [types.Part(function_response=types.FunctionResponse(**own, parts=parts))]

    async def call(url: str) -> None:
        client = genai.Client(
            api_key="k", http_options=types.HttpOptions(base_url=url, api_version="v1beta")
        )
        function = types.FunctionCall(id="call_1", name="read_file", args={"path": "b.png"})
        signature = as_sent(request)["contents"][1]["parts"][0].get("thoughtSignature")
        given = {"thought_signature": signature} if signature else {}
        stream = await client.aio.models.generate_content_stream(
            model=model,
            contents=[
                types.UserContent(["What is [image 1: a.png, 20×10]?", picture(DATA[0])]),
                types.ModelContent([types.Part(function_call=function, **given)]),
                types.UserContent([*response(), types.Part(text="And this?")]),
            ],
        )
        async for _ in stream:
            pass
        await client.aio.aclose()

    theirs = on_the_wire(sse({"candidates": [{"finishReason": "STOP"}]}), call)
    ours, said_by_them = as_sent(request)["contents"], spelled_as_json(theirs.json)["contents"]
    for each in (ours, said_by_them):  # what is no signature the library takes for bytes
        each[1]["parts"][0].pop("thoughtSignature", None)
    assert _plain(ours) == _plain(said_by_them)


def _plain(value: Any) -> Any:
    """With base64 in one of its two alphabets, and names as JSON has them; the service reads both."""
    if isinstance(value, dict):
        names = {"mime_type": "mimeType", "inline_data": "inlineData"}
        return {names.get(key, key): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.replace("-", "+").replace("_", "/") if isinstance(value, str) else value
