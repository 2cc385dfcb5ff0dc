"""``/auth``: asks how to reach a model, tries it with one call, and only then keeps it.

The questions and what is made of the answers; when they are asked is ``auth_command``'s, the settings
file is ``settings.keep``'s.
"""

from __future__ import annotations

import re
from contextlib import aclosing
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from msgspec import Struct

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.models.model import ModelError, ModelRequest, RetryWait
from qwen_dual.models.endpoint import is_local
from qwen_dual.protocol.records import shown
from qwen_dual.protocol.regex import regex
from qwen_dual.settings.model_config import ModelConfig
from qwen_dual.settings.presets import PRESETS, Preset
from qwen_dual.settings.services import base_url

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence

    from qwen_dual.core.commands.questions import Form
    from qwen_dual.core.models.model import Model, ModelDelta
    from qwen_dual.protocol.shapes import Message


OTHER = Preset("Another OpenAI-compatible service", "openai", "", "OPENAI_COMPATIBLE_API_KEY", "")

SERVICES = {preset.title: preset for preset in (*PRESETS, OTHER)}

HELLO = "Answer with the one word: ready"

_SCHEME = regex(r"https?://", re.IGNORECASE)


class Connection(Struct, frozen=True):
    """The answers.

    Attributes:
        service: a key of ``SERVICES``.
        address: its base URL, as it was typed.
        key: empty where it needs none.
        model: the model's id; empty while it is still to be asked.
    """

    service: str
    address: str
    key: str = ""
    model: str = ""

    def __repr__(self) -> str:
        return shown(self, without={"key"})

    @property
    def preset(self) -> Preset:
        """What is known of the service."""
        return SERVICES[self.service]


def service_form(typed: Connection | None = None) -> Form:
    """The first questions: which service, where it is, which key.

    Args:
        typed: what was answered before and did not work, which is there to be mended.
    """

    def form(answers: Sequence[str]) -> Question | None:
        if not answers:
            offered = tuple(Choice(title) for title in SERVICES)
            return Question("Which service?", offered, typed.service if typed else "")
        service = SERVICES[answers[0]]
        before = typed if typed is not None and typed.service == answers[0] else None
        match len(answers):
            case 1:
                details = () if service.base_url else ("For example https://host.example/v1",)
                default = before.address if before else service.base_url
                return Question(
                    "Its address (base URL)", default=default, details=details, check=wrong_address
                )
            case 2 if service.env_key:
                known = before is not None and _reuses_key(before, answers[1])
                text = "The API key (empty: the one you typed before)" if known else "The API key"
                return Question(text, secret=True, optional=known)
            case _:
                return None

    return form


def model_form(
    connection: Connection,
    offered: Sequence[str],
    before: str = "",
    *,
    refused: int | None = None,
) -> Form:
    """The last question: which model.

    Args:
        connection: to the service.
        offered: what the service lists; empty where it does not.
        before: the id that was answered before.
        refused: the status with which the service refused the key, where it did.
    """
    default = before or connection.preset.model

    def form(answers: Sequence[str]) -> Question | None:
        if answers:
            return None
        if not offered:
            # A key may be good for calls and not for the list, so it is asked for all the same.
            details: tuple[str, ...] = ("The service does not list its models.",)
            if refused is not None:
                wrong = f"The service refused the key for its list of models (status {refused})."
                details = (wrong, "Close this, and /auth asks for it again.")
            return Question("The model's id", default=default, details=details)
        return Question("Which model?", tuple(map(Choice, offered)), default, free=True)

    return form


def connection_of(answers: Sequence[str], typed: Connection | None = None) -> Connection:
    """The answers by name.

    Args:
        answers: to ``service_form``, and to ``model_form`` behind them where that was asked.
        typed: as for ``service_form``.
    """
    service, address, *rest = answers
    key = rest.pop(0).strip() if SERVICES[service].env_key and rest else ""
    if not key and typed is not None and typed.service == service and _reuses_key(typed, address):
        key = typed.key
    return Connection(service, address_of(address, SERVICES[service]), key, rest[0] if rest else "")


def address_of(text: str, service: Preset = OTHER) -> str:
    """The base URL that was meant by what was typed.

    One that was typed or pasted behind what stood in the field counts alone, and one without a scheme
    is reached over TLS unless it is close by.
    """
    text = text.strip()
    schemes = [found.start() for found in _SCHEME.finditer(text)]
    before = text[: schemes[-1]].rstrip("/").lower() if schemes else ""
    if before in ("https:", "http:", "https", "http", service.base_url.lower()):
        text = text[schemes[-1] :] if schemes else text
    if "://" not in text and text:
        host = re.split(r"[:/]", text, maxsplit=1)[0]
        text = f"{'http' if is_local(host) else 'https'}://{text}"
    return text if text.endswith("://") else text.rstrip("/")


def wrong_address(text: str) -> str | None:
    """What is wrong with an address; None for nothing."""
    try:
        parts = urlsplit(address_of(text))
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if usable and re.fullmatch(r"[^\s\x00-\x1f\\]+", text.strip()) and text.count("://") < 3:
        return None
    return f"{text!r} is no address, such as https://host.example/v1"


def configure(connection: Connection) -> tuple[ModelConfig, str]:
    """The model that the answers describe, and the variable that its key is kept in.

    Raises:
        CommandFailed: an answer cannot be used.
    """
    service, model = connection.preset, connection.model.strip()
    wrong = wrong_address(connection.address)
    if wrong is not None:
        raise CommandFailed(wrong)
    if not model:
        raise CommandFailed("A model's id is needed, for example qwen3-coder-plus.")
    if service.env_key and not connection.key:
        raise CommandFailed(f"{service.title} needs an API key; nothing was saved.")
    config = ModelConfig(
        id=model,
        protocol=service.protocol,
        base_url=base_url(service.protocol, address_of(connection.address, service)),
        api_key=connection.key or None,
        key_source=service.env_key or "no key",
        source="/auth",
    )
    return config, service.env_key


async def connect_provider(
    connection: Connection,
    *,
    connect: Callable[[ModelConfig], Model],
    keep: Callable[[ModelConfig, str], Awaitable[str]],
    use: Callable[[ModelConfig, Model], None],
) -> str:
    """Tries a model; keeps and uses it when it answers.

    Args:
        connection: where it is.
        connect: makes the model of a configuration.
        keep: writes it to the settings, with the variable for its key; returns the file.
        use: makes it the model in force.

    Raises:
        CommandFailed: an answer cannot be used, or the model did not answer.
        OSError: the settings cannot be written.
    """
    config, env_key = configure(connection)
    model = connect(config)
    try:
        await _try(model)
    except ModelError as error:
        raise CommandFailed(f"{config.id} did not answer, so nothing was saved: {error}") from error
    use(config, model)
    return f"{config.id} answers, and is in force from now on. {await keep(config, env_key)}"


def _reuses_key(before: Connection, address: str) -> bool:
    """Whether the key that was typed before is for this address; it is sent nowhere else."""
    return bool(before.key) and _host(before.address) == _host(address_of(address, before.preset))


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc
    except ValueError:
        return ""


async def _try(model: Model) -> None:
    """One small call, up to the first sign of an answer."""
    hello = cast("Message", {"role": "user", "content": [{"type": "text", "text": HELLO}]})
    deltas = cast("AsyncGenerator[ModelDelta, None]", model.stream(ModelRequest("", [hello])))
    async with aclosing(deltas):
        async for delta in deltas:
            if isinstance(delta, RetryWait):
                raise ModelError(delta.reason)
            return
