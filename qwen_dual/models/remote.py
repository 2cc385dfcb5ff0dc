"""One model behind one service over HTTP: the connection, the request and the tries.

What is sent and what comes back is a ``Translator``'s; ``answer_stream`` reads what comes, and what
a failure is called is ``failures``'.
The HTTP client is imported and made in a thread when the first call begins: it takes 50 ms.
"""

from __future__ import annotations

from contextlib import aclosing
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from qwen_dual import __version__
from qwen_dual.core.models.model import ModelError, ModelRequest, TokenUsage
from qwen_dual.core.threads import in_thread
from qwen_dual.models.answer_stream import AnswerStream, beginning_of
from qwen_dual.models.endpoint import hostname, is_local, url_of
from qwen_dual.models.failures import CallFailed, Failures
from qwen_dual.models.repair import RepairedReader
from qwen_dual.models.retry import WATCHED, Tries
from qwen_dual.models.vision import sees_images
from qwen_dual.models.windows import context_window
from qwen_dual.net.proxies import SCHEMES, proxy_for
from qwen_dual.protocol.long_json import encode_all

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.retry import RetryPolicy
    from qwen_dual.models.translate import HttpRequest, Translator
    from qwen_dual.net.client import HttpClient, HttpResponse
    from qwen_dual.settings.model_config import ModelConfig

CONNECT_TIMEOUT = 30.0
"""Seconds for a connection, where the limit for the beginning of the answer is longer."""

KEEPALIVE = 60.0
"""Seconds that an idle connection is kept for the next call."""

_BEGINS_INSIDE = ("qwq", "deepseek-r1", "r1-distill")
"""Models whose own chat template puts the tag that begins their reasoning into the prompt. A local
server that does not parse it sends the closing tag alone; of others the first answer tells."""

_KEY_HEADERS = frozenset({"authorization", "x-api-key", "api-key", "x-goog-api-key"})


class RemoteModel:
    """A ``core.models.model.Model`` over HTTP.

    Args:
        config: the model.
        translator: of its protocol.
        env: the session's environment, which may name a proxy and certificates.
        retry: when a call that failed is made again.
    """

    def __init__(
        self,
        config: ModelConfig,
        translator: Translator,
        env: Mapping[str, str],
        retry: RetryPolicy = WATCHED,
    ) -> None:
        self.config = config
        self._translator = translator
        self._env = env
        self._retry = retry
        self._failures = Failures(config, longest_wait=self._retry.longest_wait)
        self._client: HttpClient | None = None
        self._making = anyio.Lock()
        self._begins_inside = (
            config.protocol == "openai"
            and config.generation.reasoning is not False
            and _begins_inside(config.id.lower())
            and is_local(hostname(config))
        )

    @property
    def name(self) -> str:
        """The id that events and the footer show."""
        return self.config.id

    @property
    def context_window(self) -> int:
        """How many tokens a request and its answer may hold together."""
        return self.config.generation.context_window or context_window(self.config.id)

    @property
    def sees_images(self) -> bool:
        """Whether it can be shown images, as far as is known."""
        return sees_images(self.config)

    async def aclose(self) -> None:
        """Closes all connections; a later call makes new ones."""
        client, self._client = self._client, None
        if client is not None:
            with anyio.move_on_after(1, shield=True):
                await client.aclose()

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta, None]:
        """Answers ``request``; closed early, it closes the connection at once.

        Raises:
            ModelError: the call failed; deltas yielded before it stay valid.
        """
        self._check()
        client = await self.connected_client()
        tries = Tries(self._retry, self.config.generation.max_retries)
        while True:
            begun = False
            try:
                async with aclosing(self._try(client, request)) as deltas:
                    async for delta in deltas:
                        begun = begun or not isinstance(delta, TokenUsage)
                        yield delta
                return
            except CallFailed as failed:
                wait = None if begun else tries.after(failed)
                if wait is None:
                    raise failed.error.after(tries.made) from failed
            yield wait
            await tries.pause(wait)

    def why_unusable(self) -> str:
        """What stands against a call, for a person, without making one; empty where nothing does."""
        try:
            self._check()
        except ModelError as error:
            return error.message
        return ""

    def _check(self) -> None:
        """Raises what can be said without a request."""
        config = self.config
        if config.unusable:
            raise ModelError(config.unusable, kind="invalid_request")
        key = config.api_key
        if not hostname(config):
            raise self._failures.unusable_url("it begins with http:// or https:// and a host")
        if key:
            if not (key.isascii() and key.isprintable()):
                raise self._failures.unusable_key()
        elif not is_local(hostname(config)) and not any(
            name.lower() in _KEY_HEADERS for name in config.generation.headers
        ):
            raise self._failures.no_key()

    def headers(self) -> dict[str, str]:
        """What says who calls."""
        return dict(self._translator.request(self.config, ModelRequest("", [])).headers)

    async def connected_client(self) -> HttpClient:
        """The client of this service, with its proxy and certificates; made at the first call."""
        async with self._making:
            if self._client is None:
                self._client = await in_thread(self._make_client, abandon=False)
            return self._client

    def _make_client(self) -> HttpClient:
        from qwen_dual.net.client import HttpClient
        from qwen_dual.net.tls import TlsFailure, context_if_encrypted

        base_url = self.config.base_url
        proxy = proxy_for(base_url, self.config.proxy, self._env)
        self._failures = Failures(self.config, proxy, longest_wait=self._retry.longest_wait)
        if proxy is not None and not proxy.is_known:
            expected = ", ".join(f"{scheme}://" for scheme in SCHEMES)
            raise self._failures.unusable_proxy(f"it begins with none of {expected}.")
        url = proxy.url if proxy is not None else None
        try:
            return HttpClient(context_if_encrypted(base_url, url, env=self._env), url, KEEPALIVE)
        except TlsFailure as error:
            raise ModelError(str(error), kind="tls") from error
        except (ValueError, ImportError) as error:
            raise self._failures.unusable_proxy(f"{error}.") from error

    async def _try(
        self, client: HttpClient, request: ModelRequest
    ) -> AsyncGenerator[ModelDelta, None]:
        """One try.

        Raises:
            CallFailed: it failed.
        """
        response = await self._begin(client, request)
        try:
            if not response.is_success:
                body = await beginning_of(response)
                raise self._failures.of_status(response.status_code, response.headers, body)
            reader = RepairedReader(
                self._translator.reader(self.config), begins_inside=self._begins_inside
            )
            stream = AnswerStream(reader, self._failures, self.config.generation.idle_timeout)
            async with aclosing(stream.deltas(response)) as deltas:
                async for delta in deltas:
                    yield delta
            if reader.began_inside is not None:
                self._begins_inside = reader.began_inside
        finally:
            with anyio.move_on_after(1, shield=True):
                await response.aclose()

    def _encoded(self, request: ModelRequest) -> tuple[HttpRequest, bytes]:
        """The call and its body: a long conversation takes a second."""
        call = self._translator.request(self.config, request)
        return call, encode_all({**call.body, **self.config.generation.extra_body})

    async def _begin(self, client: HttpClient, request: ModelRequest) -> HttpResponse:
        """Sends the request and waits for the head of the answer."""
        from qwen_dual.net.client import ERRORS

        generation = self.config.generation
        limit = generation.timeout
        call, body = await in_thread(lambda: self._encoded(request))
        own = {
            "Accept": "text/event-stream",
            "Content-Type": "application/json",
            "User-Agent": f"qwen-dual/{__version__}",
        }
        url = url_of(self.config, call.path)
        try:
            with anyio.fail_after(limit):
                return await client.send(
                    "POST",
                    url,
                    [*own.items(), *call.headers.items(), *generation.headers.items()],
                    body,
                    connect=min(limit, CONNECT_TIMEOUT),
                )
        except TimeoutError as error:
            raise self._failures.timed_out(limit) from error
        except (*ERRORS, ValueError) as error:
            raise self._failures.of_exception(error) from error


def _begins_inside(model: str) -> bool:
    """Whether a model, by its name in lower case, thinks from the first word on and says so only at the end."""
    if any(name in model for name in _BEGINS_INSIDE):
        return True
    return "-thinking" in model.partition("qwen3")[2]
