"""Failures of several tasks, told as one. Imports nothing, since the start of the program may need it."""

from __future__ import annotations

from typing import cast


def first_failure(error: BaseException) -> BaseException:
    """What failed first in a group of failures, however deep they are nested; else ``error`` itself."""
    while isinstance(error, BaseExceptionGroup):
        error = cast("BaseException", error.exceptions[0])
    return error
