"""Calls of the transport against scripted servers, and what their caller saw."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.models.model import (
    ModelError,
    RetryWait,
    TextDelta,
    TokenUsage,
)
from qwen_dual.models.connect import translator
from qwen_dual.models.remote import RemoteModel
from qwen_dual.models.retry import RetryPolicy
from tests.models.conversations import KEY, asked, configured, said
from tests.models.server import Reply, serve, sse

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.protocol.failures import ErrorKind
    from qwen_dual.settings.model_config import ModelConfig
    from tests.models.server import Received, Server

HELLO = asked(("user", [said("hello")]))


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}}
WHOLE = sse(chunk(content="hi"), chunk("stop"), USAGE, "[DONE]")
WHOLE_DELTAS = [TextDelta("hi"), TokenUsage(7, 2)]


@dataclass
class Outcome:
    """What a caller saw of one call."""

    deltas: list[ModelDelta] = field(default_factory=list)
    error: ModelError | None = None
    slept: list[float] = field(default_factory=list)

    @property
    def content(self) -> list[ModelDelta]:
        return [delta for delta in self.deltas if not isinstance(delta, RetryWait)]

    @property
    def waits(self) -> list[RetryWait]:
        return [delta for delta in self.deltas if isinstance(delta, RetryWait)]

    def failed(self, kind: ErrorKind) -> ModelError:
        assert self.error is not None
        assert self.error.kind == kind, self.error
        assert KEY not in str(self.error)
        return self.error


async def call(config: ModelConfig, chance: float = 0.0) -> Outcome:
    outcome = Outcome()

    async def sleep(seconds: float) -> None:
        outcome.slept.append(seconds)

    retry = RetryPolicy(sleep=sleep, chance=lambda: chance)
    model = RemoteModel(config, translator(config.protocol), os.environ, retry)
    try:
        async for delta in model.stream(HELLO):
            outcome.deltas.append(delta)
    except ModelError as error:
        outcome.error = error
    finally:
        await model.aclose()
    return outcome


def play(
    *script: Reply | Callable[[Received], Reply], chance: float = 0.0, **generation: Any
) -> tuple[Outcome, Server]:
    """One call against a server with this script."""

    async def main() -> tuple[Outcome, Server]:
        async with serve(*script) as server:
            config = configured("openai", base_url=server.url, **generation)
            return await call(config, chance), server

    return anyio.run(main)


def attempt(config: ModelConfig) -> Outcome:
    """One call without a server."""
    return anyio.run(call, config)
