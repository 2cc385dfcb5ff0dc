"""A conversation and configurations that the tests of the protocols share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import ModelRequest
from qwen_dual.models.repair import RepairedReader
from qwen_dual.settings.model_config import DEFAULT_BASE_URL, Generation, ModelConfig

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.translate import Reader
    from qwen_dual.protocol.shapes import Message
    from qwen_dual.settings.model_config import ModelProtocol

KEY = "sk-planted-secret"


class Spec(NamedTuple):
    """A tool as a request tells of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]


READ_FILE = Spec(
    "read_file",
    "Reads a file.",
    {
        "type": "object",
        "properties": {"path": {"type": "string"}, "limit": {"type": ["integer", "null"]}},
        "required": ["path"],
        "additionalProperties": False,
    },
)
LIST_FILES = Spec(
    "list_files", "Lists a folder.", {"type": "object", "properties": {}, "required": []}
)

MODELS: Mapping[ModelProtocol, str] = {
    "openai": "qwen3-coder-plus",
    "anthropic": "claude-sonnet-4-5",
    "gemini": "gemini-3-pro-preview",
}


def configured(
    protocol: ModelProtocol, model: str = "", base_url: str = "", **generation: Any
) -> ModelConfig:
    """A model behind ``protocol``; ``generation`` as ``Generation`` takes it."""
    return ModelConfig(
        id=model or MODELS[protocol],
        protocol=protocol,
        base_url=base_url or DEFAULT_BASE_URL[protocol],
        api_key=KEY,
        generation=Generation(**generation),
    )


def said(text: str) -> dict[str, Any]:
    """A text block."""
    return {"type": "text", "text": text}


def thought(text: str, signature: str = "") -> dict[str, Any]:
    """A thinking block."""
    return {"type": "thinking", "thinking": text, "signature": signature}


def called(call_id: str, name: str = "read_file", **arguments: Any) -> dict[str, Any]:
    """A call."""
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def resulted(call_id: str, text: str = "done", *, is_error: bool = False) -> dict[str, Any]:
    """The result of a call."""
    return {
        "type": "tool_result",
        "tool_use_id": call_id,
        "is_error": is_error,
        "content": text,
    }


def talk(*messages: tuple[str, Sequence[dict[str, Any]]]) -> list[Message]:
    """A neutral conversation."""
    return cast(
        "list[Message]", [{"role": role, "content": list(content)} for role, content in messages]
    )


def asked(
    *messages: tuple[str, Sequence[dict[str, Any]]],
    system: str = "Be brief.",
    tools: Sequence[Spec] = (READ_FILE, LIST_FILES),
) -> ModelRequest:
    """A request with ``messages``."""
    return ModelRequest(system, talk(*messages), tools)


def read(reader: Reader, events: Iterable[tuple[str, Mapping[str, Any]]]) -> list[ModelDelta]:
    """All deltas of one answer, as the session gets them."""
    repaired = RepairedReader(reader)
    deltas = [delta for name, data in events for delta in repaired.feed(name, data)]
    return [*deltas, *repaired.finish()]


def blocks_of(deltas: Iterable[ModelDelta]) -> list[dict[str, Any]]:
    """The content blocks that the session makes of ``deltas``."""
    answer = Answer("model", lambda event: None)
    for delta in deltas:
        answer.feed(delta)
    answer.finish()
    return answer.blocks
