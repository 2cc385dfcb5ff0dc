"""Gemini's generateContent protocol: what a request looks like. Pure.

Owns the body and the headers; ``gemini_options`` knows the models, ``gemini_reader`` reads the
answers, and ``remote`` has the connection. Of thought signatures only those of function calls are kept, since Gemini
3 refuses a call that comes back without its own: a signature becomes a thinking block, empty but
for the reasoning it may follow, right before its call. Thoughts themselves are summaries and are
never sent back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from qwen_dual.models.conversation import normalise, turn_start
from qwen_dual.models.endpoint import has_path
from qwen_dual.models.gemini_options import (
    checks_signatures,
    generation_config,
    nests_images,
)
from qwen_dual.models.gemini_reader import GeminiReader
from qwen_dual.models.signatures import signer, unseal
from qwen_dual.models.translate import HttpRequest
from qwen_dual.models.vision import as_seen
from qwen_dual.protocol.blocks import images_in, text_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.models.model import ModelRequest
    from qwen_dual.protocol.shapes import ImageBlock, Message
    from qwen_dual.settings.model_config import ModelConfig

UNSIGNED = "skip_thought_signature_validator"
"""What Gemini takes for the signature of a call that another service's model made."""

_VERSIONS = ("/v1", "/v1beta", "/v1alpha")


class GeminiTranslator:
    """Translates to and from generateContent."""

    def request(self, config: ModelConfig, request: ModelRequest) -> HttpRequest:
        """The call that asks ``request`` of the model ``config``, streaming."""
        who = signer(config)
        messages = normalise(
            as_seen(request.messages, config),
            keep_thinking=lambda block: bool(unseal(block["signature"], who)),
        )
        body: dict[str, Any] = {"contents": _contents(messages, who, config.id)}
        if request.system.strip():
            body["systemInstruction"] = {"parts": [{"text": request.system}], "role": "user"}
        if request.tools:
            declarations = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "parametersJsonSchema": dict(tool.parameters),
                }
                for tool in request.tools
            ]
            body["tools"] = [{"functionDeclarations": declarations}]
        if generation := generation_config(config):
            body["generationConfig"] = generation
        headers = {"x-goog-api-key": config.api_key} if config.api_key else {}
        return HttpRequest(_path(config), headers, body)

    def reader(self, config: ModelConfig) -> GeminiReader:
        """A reader for one answer of the model ``config``."""
        return GeminiReader(signer(config))


def _path(config: ModelConfig) -> str:
    version = "" if has_path(config, *_VERSIONS) else "/v1beta"
    model = config.id if "/" in config.id else f"models/{config.id}"
    return f"{version}/{quote(model)}:streamGenerateContent?alt=sse"


def _contents(messages: Sequence[Message], who: str, model: str) -> list[dict[str, Any]]:
    checked, nested = checks_signatures(model), nests_images(model)
    names = {
        block["id"]: block["name"]
        for message in messages
        for block in message["content"]
        if block["type"] == "tool_use"
    }
    # Signatures are asked for in what follows the last text of a person, and only there.
    turn = turn_start(messages)
    return [
        {"role": "user", "parts": _user_parts(message, names, nested)}
        if message["role"] == "user"
        else {"role": "model", "parts": _model_parts(message, who, checked and number > turn)}
        for number, message in enumerate(messages)
    ]


def _user_parts(message: Message, names: Mapping[str, str], nested: bool) -> list[dict[str, Any]]:
    """The parts of what a person and tools say.

    Args:
        message: that.
        names: the tool of each call, by the call's id.
        nested: whether the images of a result are parts of it; else they follow all results.
    """
    parts: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    said: list[dict[str, Any]] = []
    for block in message["content"]:
        if block["type"] == "text":
            said.append({"text": block["text"]})
        elif block["type"] == "image":
            said.append(_image(block))
        elif block["type"] == "tool_result":
            content = block["content"]
            seen = [_image(image) for image in images_in(content)]
            response: dict[str, Any] = {
                "id": block["tool_use_id"],
                "name": names[block["tool_use_id"]],
                "response": {"error" if block["is_error"] else "output": text_in(content)},
            }
            if nested and seen:
                response["parts"] = seen
            else:
                images += seen
            parts.append({"functionResponse": response})
    return parts + images + said


def _image(block: ImageBlock) -> dict[str, Any]:
    source = block["source"]
    return {"inlineData": {"mimeType": source["media_type"], "data": source["data"]}}


def _model_parts(message: Message, who: str, must_be_signed: bool) -> list[dict[str, Any]]:
    """The parts of an answer; its first call is signed where ``must_be_signed``."""
    parts: list[dict[str, Any]] = []
    signature = ""
    for block in message["content"]:
        if block["type"] == "thinking":
            signature = unseal(block["signature"], who)[-1].value
        elif block["type"] == "text":
            parts.append({"text": block["text"]})
        elif block["type"] == "tool_use":
            call = {"id": block["id"], "name": block["name"], "args": block["input"]}
            part: dict[str, Any] = {"functionCall": call}
            if signature or must_be_signed:
                part["thoughtSignature"] = signature or UNSIGNED
            parts.append(part)
            signature = ""
            must_be_signed = False
    return parts
