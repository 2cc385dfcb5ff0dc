"""Failed calls as messages for a person: what happened, with which value, and what to do.

Maps statuses with their bodies, and the exceptions of the HTTP client. Whether it is worth another
try is said here; the trying is ``remote``'s. No key and no password is in any message. Needs the
HTTP client only once that has raised something, so importing this is cheap.
"""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from qwen_dual.core.models.model import ModelError
from qwen_dual.core.secrets import Secrets
from qwen_dual.models import endings
from qwen_dual.models.endpoint import host_of, hostname, is_local
from qwen_dual.models.retry import WATCHED
from qwen_dual.models.service_errors import kind_of, retry_after, service_error
from qwen_dual.net.causes import causes_of, in_words, is_no_http
from qwen_dual.net.proxies import without_credentials
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.net.proxies import Proxy
    from qwen_dual.protocol.failures import ErrorKind, Remedy
    from qwen_dual.settings.model_config import ModelConfig

_RETRIED: frozenset[ErrorKind] = frozenset(
    {
        "network",
        "dns",
        "rate_limit",
        "overloaded",
        "server",
        "timeout",
        "stalled",
        "broken",
        "malformed",
    }
)

_MASKED = regex(r"(?<!\S)\S*\*{3,}\S*")
"""A key as services echo it: its beginning and its end around asterisks."""


class CallFailed(Exception):
    """A try that failed.

    Attributes:
        error: what a person is told if it was the last one.
        reason: what failed, in short, for the countdown.
        retry: whether another try may help.
        wait: seconds the service asked to wait; None where it did not say.
    """

    def __init__(
        self, error: ModelError, reason: str, *, retry: bool, wait: float | None = None
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.reason = reason
        self.retry = retry
        self.wait = wait


class Failures:
    """The failures of calls to one model.

    Args:
        config: the model.
        proxy: the proxy that calls go through, if any.
        longest_wait: by the status, the seconds that a service may ask to wait.
    """

    def __init__(
        self,
        config: ModelConfig,
        proxy: Proxy | None = None,
        longest_wait: Callable[[int], float] = WATCHED.longest_wait,
    ) -> None:
        self._config = config
        self._longest_wait = longest_wait
        self._host = host_of(config)
        self._key = config.key_source or "the API key"
        self._proxy = proxy.shown if proxy is not None else ""
        self._proxy_source = f"It is set by {proxy.source}" if proxy is not None else ""
        self._secrets = Secrets()
        self._secrets.add(config.api_key, self._key)
        for name, value in config.generation.headers.items():
            self._secrets.add(value, name)
            self._secrets.add(value.rpartition(" ")[2], name)

    def no_key(self) -> ModelError:
        """There is no key, and the service is not a local one."""
        where = (
            f"set {self._config.key_source}"
            if self._config.key_source
            else "set one in the settings"
        )
        return ModelError(
            f"There is no API key for {self._config.id} at {self._host}: {where}.",
            kind="no_key",
            remedy="connect",
        )

    def unusable_key(self) -> ModelError:
        """The key holds what no HTTP header can."""
        return ModelError(
            f"The API key in {self._key} holds a line break or a character that no key has. Set it "
            "again.",
            kind="auth",
        )

    def unusable_url(self, why: str) -> ModelError:
        """The base URL is none."""
        url = without_credentials(self._config.base_url)
        message = f"The base URL {url} of {self._config.id} cannot be used: {why.rstrip('.')}."
        return ModelError(message, kind="invalid_request")

    def unusable_proxy(self, why: str) -> ModelError:
        """The proxy's URL is none, or of a kind that nobody here speaks."""
        why = self._scrub(without_credentials(why)).rstrip(".")
        return ModelError(
            f"The proxy {self._proxy} cannot be used: {why}. {self._proxy_source}.", kind="proxy"
        )

    def of_status(self, status: int, headers: Mapping[str, str], body: bytes) -> CallFailed:
        """An answer that is no success.

        Args:
            status: of the response.
            headers: with names in lower case.
            body: its beginning at least.
        """
        said = service_error(body)
        if status == 407:
            return self._failed(
                "proxy",
                f"the proxy {self._proxy} wants a name and a password",
                407,
                advice=self._proxy_source,
            )
        if 300 <= status < 400:
            there = without_credentials(headers.get("location", "another address"))
            what = f"{self._host} redirects to {there}: set that as the base URL"
            return self._failed("invalid_request", what, status)
        kind = kind_of(status, said)
        wait = said.wait if said.wait is not None else retry_after(headers, time.time())
        if said.is_quota or status == 402:
            what = f"the quota or the balance at {self._host} is used up{_colon(said.words)}"
            return self._failed(
                "rate_limit", f"{what}. Check plan and billing there", status, retry=False
            )
        words = said.words.removeprefix(str(status)).lstrip(
            " :-"
        )  # the status stands before it all
        what = self._what(kind) + _colon(words)
        retry = kind in _RETRIED and headers.get("x-should-retry") != "false"
        if retry and wait is not None and wait > self._longest_wait(status):
            what += f". The next try is possible {_when(wait)}"
            return self._failed(kind, what, status, retry=False)
        remedy, advice = self._what_helps(kind)
        return self._failed(
            kind, what, status, retry=retry, wait=wait, advice=advice, remedy=remedy
        )

    def of_body(self, content_type: str, body: bytes) -> CallFailed:
        """A success that is no stream of events."""
        said = service_error(body)
        if said.is_error:
            if 400 <= said.status < 600:
                return self.of_status(said.status, {}, body)
            return self._failed(kind_of(0, said), f"{self._host} failed: {said.words}")
        kind = content_type.partition(";")[0] or "no content type"
        if not body.strip():
            return self.of_error(endings.malformed(f"nothing ({kind})"))
        what = f"{self._host} sent no stream but {kind}, beginning with {said.words!r}"
        return self._failed(
            "malformed",
            what,
            retry=False,
            advice="Check the base URL, and whether a login page or a proxy is in between",
        )

    def of_error(self, error: ModelError) -> CallFailed:
        """What a reader made of the stream."""
        reason = self._scrub(error.problem)
        shown = ModelError(
            reason, error.status, kind=error.kind, remedy=error.remedy, advice=error.advice
        )
        return CallFailed(shown, reason, retry=error.kind in _RETRIED)

    def timed_out(self, seconds: float) -> CallFailed:
        """No answer began in time."""
        return self._failed(
            "timeout",
            f"{self._host} did not begin to answer within {seconds:g} s",
            advice="A longer limit can be set as generationConfig.timeout",
        )

    def stalled(self, seconds: float) -> CallFailed:
        """The stream stopped sending."""
        return self._failed(
            "stalled",
            f"the answer of {self._host} stalled: nothing came for {seconds:g} s",
            advice="A longer limit can be set as generationConfig.streamIdleTimeoutMs",
            remedy="retry",
        )

    def of_exception(self, error: Exception, *, answering: bool = False) -> CallFailed:
        """What the HTTP client raised.

        Args:
            error: one of ``net.client.ERRORS``, ``UnusableUrl`` or what headers raise.
            answering: whether the answer had begun.
        """
        import ssl

        import httpcore

        from qwen_dual.net.client import Undecodable, UnusableUrl

        causes = list(causes_of(error))
        certificate = next(
            (each for each in causes if isinstance(each, ssl.SSLCertVerificationError)), None
        )
        if certificate is not None:
            return self._failed(
                "tls",
                f"the certificate of {self._host} cannot be verified: {certificate.verify_message}",
                advice="If a proxy here signs for others, name its certificate in NODE_EXTRA_CA_CERTS, "
                "or all that are to be trusted in SSL_CERT_FILE",
            )
        if isinstance(error, httpcore.ProxyError):
            what = f"the proxy {self._proxy} refused to connect to {self._host}{_colon(str(error))}"
            return self._failed("proxy", what, advice=self._proxy_source)
        if answering:
            if isinstance(error, Undecodable):
                return self.of_error(endings.malformed(f"what cannot be decompressed ({error})"))
            return self.of_error(endings.broken())
        if any(isinstance(each, ssl.SSLError) for each in causes):
            return self._not_encrypted(in_words(causes))
        if is_no_http(error):
            return self._no_http()
        if isinstance(error, (UnusableUrl, httpcore.UnsupportedProtocol)):
            return CallFailed(self.unusable_url(str(error)), str(error), retry=False)
        if isinstance(error, (httpcore.LocalProtocolError, ValueError)):
            return self._failed("invalid_request", f"the request cannot be sent: {error}")
        return self._unreachable(error, causes)

    def _not_encrypted(self, why: str) -> CallFailed:
        what = f"no encrypted connection to {self._host}"
        check = "Check whether the base URL should begin with http:// or https://"
        if self._proxy.startswith("https:"):  # its own encryption may be what failed
            what += f" by way of the proxy {self._proxy}"
            check = f"{self._proxy_source}; most proxies are reached by http://, even for https. {check}"
        return self._failed("tls", f"{what}: {why}", advice=check)

    def _no_http(self) -> CallFailed:
        """What answered speaks another protocol."""
        if self._proxy:
            return self._failed(
                "proxy",
                f"the proxy {self._proxy} answered with what is no HTTP",
                advice=f"{self._proxy_source}; the address of a SOCKS proxy begins with socks5://",
            )
        return self._failed(
            "malformed",
            f"{self._host} answered with what is no HTTP",
            retry=False,
            advice="Check the base URL, and whether it should begin with https://",
        )

    def _unreachable(self, error: Exception, causes: list[BaseException]) -> CallFailed:
        import httpcore

        connecting = isinstance(error, (httpcore.ConnectError, httpcore.ConnectTimeout))
        why = in_words(causes)
        if connecting and self._proxy:
            what = f"the proxy {self._proxy} cannot be reached: {why}"
            return self._failed("proxy", what, retry=True, advice=self._proxy_source)
        if any(isinstance(each, socket.gaierror) for each in causes):
            return self._failed(
                "dns",
                f"the name {self._host} was not found: {why}",
                advice="Check the network and the base URL",
            )
        if isinstance(error, httpcore.ConnectTimeout):
            why = "it does not react"
        if connecting:
            local = is_local(hostname(self._config))
            advice = (
                "Is the server running there?" if local else "Check the network and the base URL"
            )
            return self._failed("network", f"no connection to {self._host}: {why}", advice=advice)
        return self._failed("network", f"the connection to {self._host} failed: {why}")

    def _what(self, kind: ErrorKind) -> str:
        model, host = self._config.id, self._host
        match kind:
            case "auth":
                return f"{host} refused the API key in {self._key}"
            case "unknown_model":
                return f"{host} does not know the model {model}"
            case "rate_limit":
                return f"{host} limits the rate of requests to {model}"
            case "overloaded":
                return f"{host} is overloaded"
            case "context_length":
                return f"the conversation is too long for {model}"
            case "content_filter":
                return f"{host} withheld the answer: its content filter objects"
            case "invalid_request":
                return f"{host} cannot use the request"
            case _:
                return f"{host} failed"

    def _what_helps(self, kind: ErrorKind) -> tuple[Remedy, str]:
        match kind:
            case "auth":
                return "connect", f"Set {self._key} to a valid key"
            case "unknown_model":
                base = without_credentials(self._config.base_url)
                return "change_model", f"Check the base URL {base}"
            case "context_length":
                return "compress", ""
            case "content_filter":
                return "rephrase", ""
            case "invalid_request":
                return "change_model", "Check generationConfig in the settings"
            case _:
                return "change_model", "Try again later"

    def _failed(
        self,
        kind: ErrorKind,
        what: str,
        status: int | None = None,
        *,
        retry: bool | None = None,
        wait: float | None = None,
        advice: str = "",
        remedy: Remedy | None = None,
    ) -> CallFailed:
        starts_with_name = what.startswith(self._host)
        reason = self._scrub(what if starts_with_name else what[:1].upper() + what[1:])
        error = ModelError(
            _sentence(reason), status, kind=kind, remedy=remedy, advice=_sentence(advice)
        )
        shown = reason if status is None else f"{status} {reason}"
        return CallFailed(
            error, shown, retry=kind in _RETRIED if retry is None else retry, wait=wait
        )

    def _scrub(self, text: str) -> str:
        return _MASKED.sub("[key]", self._secrets.scrub(text))


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."


def _colon(words: str) -> str:
    return f": {words.rstrip('. ')}" if words.strip() else ""


def _when(seconds: float) -> str:
    at = time.localtime(time.time() + seconds)
    minutes = round(seconds / 60)
    if minutes >= 48 * 60:
        return f"in {round(minutes / 60 / 24)} days, on {time.strftime('%Y-%m-%d', at)}"
    span = f"{minutes} minutes" if minutes < 120 else f"{round(minutes / 60)} hours"
    return f"in {span}, at {time.strftime('%H:%M', at)}"
