"""Services that a person is likely to connect, for ``/auth`` and for a key without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from qwen_dual.settings.model_config import ModelProtocol


class Preset(Struct, frozen=True):
    """One service.

    Attributes:
        title: for the list.
        protocol: how it is spoken to.
        base_url: where it is.
        env_key: the variable that usually holds its key; empty where it needs none.
        model: a model to begin with; empty where only the person can know.
    """

    title: str
    protocol: ModelProtocol
    base_url: str
    env_key: str
    model: str


PRESETS = (
    Preset("OpenAI", "openai", "https://api.openai.com/v1", "OPENAI_API_KEY", "gpt-5"),
    Preset(
        "DashScope (Alibaba Cloud)",
        "openai",
        "https://dashscope-intl.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        "qwen3-coder-plus",
    ),
    Preset(
        "DashScope China (Alibaba Cloud)",
        "openai",
        "https://dashscope.aliyuncs.com/compatible-mode/v1",
        "DASHSCOPE_API_KEY",
        "qwen3-coder-plus",
    ),
    Preset(
        "OpenRouter",
        "openai",
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        "qwen/qwen3-coder",
    ),
    Preset("Ollama, on this machine", "openai", "http://localhost:11434/v1", "", ""),
    Preset(
        "Anthropic",
        "anthropic",
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        "claude-sonnet-4-5",
    ),
    Preset(
        "Gemini",
        "gemini",
        "https://generativelanguage.googleapis.com",
        "GEMINI_API_KEY",
        "gemini-2.5-pro",
    ),
)


def default_model(protocol: ModelProtocol, base_url: str) -> str | None:
    """The model to begin with at a service; None where only the person can know."""
    for preset in PRESETS:
        if preset.protocol == protocol and preset.base_url == base_url:
            return preset.model or None
    return None
