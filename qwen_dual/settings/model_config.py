"""What an adapter needs to know of one model, whoever configured it. Plain data, cheap to import."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from qwen_dual.protocol.records import shown
from qwen_dual.settings.model_keys import IDLE_TIMEOUT, MAX_RETRIES, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Mapping

ModelProtocol = Literal["openai", "anthropic", "gemini"]

DEFAULT_BASE_URL: Mapping[str, str] = {
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
    "gemini": "https://generativelanguage.googleapis.com",
}
"""Where a protocol's own service is; ``/chat/completions``, ``/v1/messages`` and
``/v1beta/models/…`` are added to it."""

DEFAULT_CONTEXT_WINDOW = 131_072
"""Tokens, where neither the settings nor the model's name tells."""


OFFLINE = "offline"
"""The name of the model that needs no service."""


class Generation(Struct, frozen=True):
    """How calls are made; the names in the settings are ``generationConfig``'s.

    Attributes:
        timeout: seconds until an answer must have begun.
        idle_timeout: seconds that a stream may send nothing.
        max_retries: tries after the first one.
        context_window: tokens; None takes it from the model's name.
        sampling: ``temperature``, ``top_p``, ``top_k``, ``max_tokens``, ``presence_penalty``,
            ``frequency_penalty``; what is absent is not sent.
        extra_body: merged into the body of each request, last.
        headers: sent with each request, last.
        reasoning: None leaves it to the service, False turns it off, an object is passed on as the
            protocol names it.
        images: whether the model can be shown images; None takes it from the model's name.
    """

    timeout: float = TIMEOUT.default / 1000
    idle_timeout: float = IDLE_TIMEOUT.default / 1000
    max_retries: int = MAX_RETRIES.default
    context_window: int | None = None
    sampling: Mapping[str, Any] = field(default_factory=dict)
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    reasoning: Any = None
    images: bool | None = None


class ModelConfig(Struct, frozen=True):
    """One model behind one service.

    Attributes:
        id: what the service calls it; events and the footer show it.
        protocol: how it is spoken to.
        base_url: of the service, without a trailing slash.
        api_key: None where there is none; a service on this machine may need none.
        key_source: what a person has to set or fix: ``OPENAI_API_KEY`` or the settings entry.
        label: for pickers; ``id`` where empty.
        description: for pickers.
        source: where it was configured, for pickers and errors: a file or ``environment``.
        proxy: the proxy's URL; None leaves it to the environment.
        unusable: why no call can be made, for a person; empty where nothing stands against it.
    """

    id: str
    protocol: ModelProtocol
    base_url: str
    api_key: str | None = None
    key_source: str = ""
    label: str = ""
    description: str = ""
    source: str = ""
    proxy: str | None = None
    unusable: str = ""
    generation: Generation = field(default_factory=Generation)

    def __repr__(self) -> str:
        return shown(self, without={"api_key", "proxy"})
