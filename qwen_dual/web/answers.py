"""What a request gets: JSON, or an error that says what failed and what to do."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.responses import Response

from qwen_dual.protocol.codec import encode
from qwen_dual.web.origins import Refused

if TYPE_CHECKING:
    from typing import Any

    from starlette.requests import Request

log = logging.getLogger(__name__)

_CODES = {404: "not_found", 405: "method"}


def answer(value: Any, status: int = 200) -> Response:
    """``value`` as JSON."""
    return Response(encode(value), status, media_type="application/json")


def problem(_request: Request | None, error: Exception) -> Response:
    """``error`` as the page reads it."""
    if isinstance(error, Refused):
        status, code, message = error.status, error.code, str(error)
    elif isinstance(error, HTTPException):
        status, message = error.status_code, error.detail
        code = _CODES.get(status, "refused")
    else:
        status, code = 500, "internal"
        message = "the server failed at this; its log has the details"
    return answer({"error": {"code": code, "message": message}}, status)


def failed(request: Request, error: Exception) -> Response:
    """A fault of ours: in the log with its traceback, in the answer without."""
    log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return problem(request, error)
