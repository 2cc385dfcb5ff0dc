"""``/auth``: asks how to reach a model, tries it with one call, and only then keeps it.

The questions and what is made of the answers; the settings file is ``settings.keep``'s.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from qwen_dual.core.model import ModelError, ModelRequest, RetryWait
from qwen_dual.core.questions import Choice, Question
from qwen_dual.core.slash_runner import CommandFailed
from qwen_dual.models.config import ModelConfig
from qwen_dual.settings.presets import PRESETS, Preset

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from qwen_dual.core.model import Model, ModelDelta
    from qwen_dual.protocol.shapes import Message


OTHER = Preset(
    "Another OpenAI-compatible service", "openai", "https://", "OPENAI_COMPATIBLE_API_KEY", ""
)

SERVICES = {preset.title: preset for preset in (*PRESETS, OTHER)}

HELLO = "Answer with the one word: ready"


def form(answers: Sequence[str]) -> Question | None:
    """The questions: which service, where it is, which model, which key."""
    if not answers:
        return Question("Which service?", tuple(Choice(title) for title in SERVICES))
    service = SERVICES[answers[0]]
    match len(answers):
        case 1:
            return Question("Its address (base URL)", default=service.base_url)
        case 2:
            return Question("The model's id", default=service.model)
        case 3 if service.env_key:
            return Question("The API key", secret=True)
        case _:
            return None


def configure(answers: Sequence[str]) -> tuple[ModelConfig, str]:
    """The model that the answers describe, and the variable that its key is kept in.

    Raises:
        CommandFailed: an answer cannot be used.
    """
    service = SERVICES[answers[0]]
    base_url, model = answers[1].strip().rstrip("/"), answers[2].strip()
    key = answers[3].strip() if len(answers) > 3 else ""
    parts = urlsplit(base_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise CommandFailed(f"{base_url!r} is no address: it begins with http:// or https://")
    if not model:
        raise CommandFailed("A model's id is needed, for example qwen3-coder-plus.")
    if service.env_key and not key:
        raise CommandFailed(f"{service.title} needs an API key; nothing was saved.")
    config = ModelConfig(
        id=model,
        protocol=service.protocol,
        base_url=base_url,
        api_key=key or None,
        key_source=service.env_key or "no key",
        source="/auth",
    )
    return config, service.env_key


async def connect_provider(
    answers: Sequence[str],
    *,
    connect: Callable[[ModelConfig], Model],
    keep: Callable[[ModelConfig, str], Awaitable[str]],
    use: Callable[[ModelConfig, Model], None],
) -> str:
    """Tries the model that ``answers`` describe; keeps and uses it when it answers.

    Args:
        answers: to ``form``.
        connect: makes the model of a configuration.
        keep: writes it to the settings, with the variable for its key; returns the file.
        use: makes it the model in force.

    Raises:
        CommandFailed: an answer cannot be used, or the model did not answer.
        OSError: the settings cannot be written.
    """
    config, env_key = configure(answers)
    model = connect(config)
    try:
        await _try(model)
    except ModelError as error:
        raise CommandFailed(f"{config.id} did not answer, so nothing was saved: {error}") from error
    use(config, model)
    return f"{config.id} answers, and is in force from now on. {await keep(config, env_key)}"


async def _try(model: Model) -> None:
    """One small call, up to the first sign of an answer."""
    hello = cast("Message", {"role": "user", "content": [{"type": "text", "text": HELLO}]})
    deltas = cast("AsyncGenerator[ModelDelta, None]", model.stream(ModelRequest("", [hello])))
    async with aclosing(deltas):
        async for delta in deltas:
            if isinstance(delta, RetryWait):
                raise ModelError(delta.reason)
            return
