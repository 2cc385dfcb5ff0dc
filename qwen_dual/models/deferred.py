"""A model behind a service whose adapter is imported when it is first needed: after the first paint.

The adapters and what they read failures with take 20 ms to import, which no start has to wait for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.models.remote import RemoteModel
    from qwen_dual.models.retry import RetryPolicy
    from qwen_dual.settings.model_config import ModelConfig


class DeferredModel:
    """A ``core.models.model.Model`` of a configuration. Making one imports and connects nothing.

    Args:
        config: the model.
        env: the session's environment, as for ``connect``.
        retry: when its calls are made again; None as a person who watches wants it.
    """

    def __init__(
        self, config: ModelConfig, env: Mapping[str, str], retry: RetryPolicy | None = None
    ) -> None:
        self._config = config
        self._env = env
        self._retry = retry
        self._model: RemoteModel | None = None

    @property
    def name(self) -> str:
        """The id that events and the footer show."""
        return self._config.id

    @property
    def context_window(self) -> int:
        """Tokens: of the configuration, or what the name tells."""
        from qwen_dual.models.windows import (
            context_window,  # compiles a pattern, which takes its time
        )

        return self._config.generation.context_window or context_window(self._config.id)

    @property
    def sees_images(self) -> bool:
        """Whether it can be shown images, as far as is known."""
        from qwen_dual.models.vision import sees_images

        return sees_images(self._config)

    @property
    def label(self) -> str:
        """What pickers call it; may be empty."""
        return self._config.label

    @property
    def description(self) -> str:
        """What it is for; may be empty."""
        return self._config.description

    def why_unusable(self) -> str:
        """What stands against a call, as far as is known without one; imports the adapter."""
        return self.load().why_unusable()

    def load(self) -> RemoteModel:
        """The adapter; imports it at the first call, so that may be left to a thread."""
        if self._model is None:
            from qwen_dual.models.connect import connect
            from qwen_dual.models.retry import WATCHED

            self._model = connect(self._config, self._env, self._retry or WATCHED)
        return self._model

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """Answers ``request``; see ``core.models.model.Model``."""
        return self.load().stream(request)

    async def aclose(self) -> None:
        """Closes the connection, where there is one."""
        if self._model is not None:
            await self._model.aclose()
