"""A configuration to a model that answers. Imports a protocol when it is first needed, no sooner.

Cheap: the HTTP client is imported when the first call begins, see ``remote``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.models.remote import RemoteModel
from qwen_dual.models.retry import WATCHED

if TYPE_CHECKING:
    from qwen_dual.models.config import ModelConfig, ModelProtocol
    from qwen_dual.models.retry import RetryPolicy
    from qwen_dual.models.translate import Translator


def connect(config: ModelConfig, retry: RetryPolicy = WATCHED) -> RemoteModel:
    """The model ``config`` describes. Makes no connection; ``aclose`` it when it is done with."""
    return RemoteModel(config, translator(config.protocol), retry)


def translator(protocol: ModelProtocol) -> Translator:
    """The translator of a protocol."""
    if protocol == "anthropic":
        from qwen_dual.models.anthropic import AnthropicTranslator

        return AnthropicTranslator()
    if protocol == "gemini":
        from qwen_dual.models.gemini import GeminiTranslator

        return GeminiTranslator()
    from qwen_dual.models.openai import OpenAITranslator

    return OpenAITranslator()
