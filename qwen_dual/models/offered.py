"""Which models a service offers: asked once, for a person who is to pick one. Fails into none."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import anyio
from msgspec import Struct

from qwen_dual.core.models.model import ModelError
from qwen_dual.models.endpoint import has_path, url_of
from qwen_dual.models.untrusted import items, text
from qwen_dual.protocol.codec import NotJson, decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.models.remote import RemoteModel
    from qwen_dual.settings.model_config import ModelConfig

log = logging.getLogger(__name__)

SECONDS = 6.0
"""How long a person is kept waiting; whoever knows the id can type it."""

MAX_BYTES = 4 * 1024 * 1024
MAX_MODELS = 1000
MAX_ID = 200

_PATHS = {
    "openai": "/models",
    "anthropic": "/v1/models?limit=1000",
    "gemini": "/v1beta/models?pageSize=1000",
}


class Offered(Struct, frozen=True):
    """What a service offers.

    Attributes:
        ids: of its models; none where it does not say in time.
        refused: the status with which it refused the key; None where it did not.
    """

    ids: Sequence[str] = ()
    refused: int | None = None


class _Answered(ValueError):
    """The service answered with no list but a status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"it answered with status {status}")
        self.status = status


async def offered_models(config: ModelConfig, model: RemoteModel) -> Offered:
    """The models that a service offers.

    Args:
        config: where the service is and with which key; its model counts for nothing.
        model: calls it.
    """
    from qwen_dual.net.client import ERRORS

    with anyio.move_on_after(SECONDS):
        try:
            return Offered(models_in(await _body(config, model)))
        except (*ERRORS, ModelError, ValueError) as error:
            log.info("the service does not list its models: %r", error)
            if isinstance(error, _Answered) and error.status in (401, 403):
                return Offered(refused=error.status)
    return Offered()


async def _body(config: ModelConfig, model: RemoteModel) -> bytes:
    path = _PATHS[config.protocol]
    if config.protocol == "anthropic" and has_path(config, "/v1"):
        path = path.removeprefix("/v1")
    client = await model.connected_client()
    body = bytearray()
    url = url_of(config, path)
    response = await client.send("GET", url, model.headers().items(), connect=SECONDS, read=SECONDS)
    try:
        if not response.is_success:
            raise _Answered(response.status_code)
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > MAX_BYTES:
                raise ValueError(f"more than {MAX_BYTES} bytes")
    finally:
        with anyio.move_on_after(1, shield=True):
            await response.aclose()
    return bytes(body)


def models_in(body: bytes) -> list[str]:
    """The ids in a service's list, in its order; what is no id is left out."""
    try:
        told = decode(body)
    except NotJson:
        return []
    found: dict[str, None] = {}
    for entry in items(told, "data") or items(told, "models"):
        name = _id_of(entry)
        if name and len(name) <= MAX_ID and name.isprintable():
            found[name] = None
    return list(found)[:MAX_MODELS]


def _id_of(entry: object) -> str:
    able = items(entry, "supportedGenerationMethods")
    if able and "generateContent" not in able:
        return ""  # it embeds, or speaks
    return text(entry, "id") or text(entry, "name").removeprefix("models/")
