"""A configuration to a model that answers. Imports a protocol when it is first needed, no sooner.

Cheap: the HTTP client is imported when the first call begins, see ``remote``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.models.remote import RemoteModel
from qwen_dual.models.retry import WATCHED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.models.retry import RetryPolicy
    from qwen_dual.models.translate import Translator
    from qwen_dual.settings.model_config import ModelConfig, ModelProtocol


def connect(
    config: ModelConfig, env: Mapping[str, str], retry: RetryPolicy = WATCHED
) -> RemoteModel:
    """The model ``config`` describes. Makes no connection; ``aclose`` it when it is done with.

    Args:
        config: the model.
        env: the session's environment, which may name a proxy and certificates.
        retry: when a call that failed is made again.
    """
    return RemoteModel(config, translator(config.protocol), env, retry)


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
