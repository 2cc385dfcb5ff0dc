"""What services say when they fail, each in its own shape, as one: words, codes, kind, wait. Pure."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.protocol.codec import NotJson, decode
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.protocol.failures import ErrorKind

WORDS = 300
"""Characters that are told of what a service said."""

_CONTEXT = (
    r"context_length|context[_ ](length|window|size|limit)|(prompt|input|request)( \S+)? (is )?too (long|large)"
    r"|range of input length|input token count|maximum (prompt|input|number of (input )?tokens)"
    r"|exceeded model token limit|reduce the length|request_too_large|too many (input )?tokens"
)
_FILTER = r"content[_ ]?filter|content[_ ]policy|data_?inspection|moderation|safety[_ ]system|sensitive_words"
_QUOTA = (
    r"insufficient[_ ](quota|balance|credits)|billing_(hard_limit|not_active)|credit balance is too low"
    r"|arrearage|freetieronly|free_?tier_?only|usage_limit_reached"
)
_NO_MODEL = (
    r"model[_ ]not[_ ](found|exist)|model \S+ (does not exist|not found|is not found)"
    r"|not a valid model|unknown model|no such model|invalid model (id|name)|model_not_supported"
)
_KEY = r"invalid[_ ]api[_ -]?key|api key not valid|incorrect api key"
# What is not closed is given up at the next mark, or goes to the end: a page is gone through once.
_TITLE = r"<title[^<>]*>([^<]*)</title>"
_TAGS = r"<(script|style)\b.*?(?:</\1>|\Z)|<[^<>]*>"
MOST_WAIT = 366 * 86_400.0
"""Seconds that a service is believed: a date beyond what a clock can say is none to tell."""

_NUMBER = regex(r"-?\d+(\.\d+)?")
_SECONDS = regex(r"(\d+(?:\.\d+)?)s")


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Compiled when a service first fails, since most runs see no failure and these take a while."""
    return re.compile(text, re.IGNORECASE | re.DOTALL)


class ServiceError(Struct, frozen=True):
    """What a service said.

    Attributes:
        words: its message on one line, or the beginning of whatever came instead.
        codes: its codes and types.
        status: the status in it, 0 without one.
        wait: seconds it asks to wait.
        is_error: whether it is an error object at all.
    """

    words: str
    codes: str = ""
    status: int = 0
    wait: float | None = None
    is_error: bool = False

    @property
    def is_quota(self) -> bool:
        """Whether waiting a little is of no use: what was paid for is used up."""
        return self.wait is None and bool(_pattern(_QUOTA).search(f"{self.codes} {self.words}"))


def service_error(body: bytes) -> ServiceError:
    """Reads the body of a failed answer."""
    try:
        value = decode(body)
    except NotJson:
        return ServiceError(_one_line(_text_of_page(body.decode("utf-8", "replace"))))
    return error_of(value) or ServiceError(_one_line(body.decode("utf-8", "replace")))


def _text_of_page(page: str) -> str:
    """The text of what may be HTML; its title only where the page does not say that once more."""
    title = _pattern(_TITLE).search(page)
    named = title[1].strip() if title is not None else ""
    if title is not None and named:
        below = _pattern(_TAGS).sub(" ", page.replace(title[0], " "))
        if named.lstrip("0123456789 ").casefold() in below.casefold():
            return below
    return _pattern(_TAGS).sub(" ", page)


def error_of(value: Any) -> ServiceError | None:
    """The error in a decoded answer, or None where there is none."""
    if isinstance(value, list) and len(value) == 1:  # Gemini, when it does not stream
        value = value[0]
    if not isinstance(value, dict):
        return None
    inner = value.get("error")
    if inner is None and (value.get("object") == "error" or "choices" not in value):
        inner = value if _words(value) else None
    if isinstance(inner, str):
        inner = {"message": inner, "code": value.get("code"), "type": value.get("type")}
    if not isinstance(inner, dict) or not inner:
        return None
    codes = [inner.get(key) for key in ("code", "type", "status")]
    status = next((code for code in codes if isinstance(code, int)), 0)
    return ServiceError(
        _one_line(_words(inner) or "no details"),
        " ".join(code for code in codes if isinstance(code, str)),
        status,
        _asked_wait(inner),
        is_error=True,
    )


def kind_of(status: int, said: ServiceError) -> ErrorKind:
    """What went wrong, by the status (0 where there is none) and what the service said."""
    text = f"{said.codes} {said.words}"
    if status in (0, 400, 413, 422, 500):
        if _pattern(_CONTEXT).search(text) or status == 413:
            return "context_length"
        if _pattern(_FILTER).search(text):
            return "content_filter"
        if _pattern(_NO_MODEL).search(text):
            return "unknown_model"
        if _pattern(_KEY).search(text):
            return "auth"
    if status == 403 and _pattern(_FILTER).search(text):
        return "content_filter"
    by_status: dict[int, ErrorKind] = {
        401: "auth",
        403: "auth",
        404: "unknown_model",
        408: "timeout",
        409: "server",
        429: "rate_limit",
        503: "overloaded",
        529: "overloaded",
    }
    if status in by_status:
        return by_status[status]
    if status >= 500:
        return "server"
    return "invalid_request" if status >= 400 else _by_code(text.lower())


def _by_code(text: str) -> ErrorKind:
    if "rate_limit" in text or "rate limit" in text or "too many requests" in text:
        return "rate_limit"
    if "overload" in text or "unavailable" in text:
        return "overloaded"
    if "authentication" in text or "unauthorized" in text:
        return "auth"
    return "invalid_request" if "invalid_request" in text or "badrequest" in text else "server"


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds the headers ask to wait from ``now``; None where they don't, or not readably."""
    from email.utils import parsedate_to_datetime

    if found := _NUMBER.fullmatch(headers.get("retry-after-ms", "").strip()):
        return _bounded(float(found[0]) / 1000)
    value = headers.get("retry-after", "").strip()
    if found := _NUMBER.fullmatch(value):
        return _bounded(float(found[0]))
    try:
        return _bounded(parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), MOST_WAIT)


def _words(error: Mapping[str, Any]) -> str:
    """The message; OpenRouter's own hides what the service behind it said."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    found = [error.get(key) for key in ("message", "error_msg", "msg", "detail")]
    texts = list(_texts(next((each for each in found if each), None)))
    if isinstance(raw, str):
        texts.append(raw)
    return ": ".join(texts)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, dict):  # FastAPI's list of violations
        places = value.get("loc")
        where = ".".join(map(str, places)) if isinstance(places, list) else ""
        said = value.get("msg") or value.get("message")
        if isinstance(said, str):
            yield f"{where}: {said}" if where else said


def _asked_wait(error: Mapping[str, Any]) -> float | None:
    """Gemini says in the body how long to wait."""
    details = error.get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict) and isinstance(detail.get("retryDelay"), str):
            found = _SECONDS.fullmatch(detail["retryDelay"])
            if found:
                return _bounded(float(found[1]))
    return None


def _one_line(text: str) -> str:
    line = " ".join("".join(char if char.isprintable() else " " for char in text[:20_000]).split())
    return line if len(line) <= WORDS else f"{line[:WORDS]}…"
