"""What went wrong in something that should not have failed, in words for a model or a person.

For supervisors, which catch everything; a failure that somebody could foresee has words of its own.
"""

from __future__ import annotations

import errno


def describe(error: BaseException) -> str:
    """What ``error`` says, in one sentence without its full stop; of a group the first."""
    from qwen_dual.concurrency.failures import (
        first_failure,
    )  # the first event waits for this module

    error = first_failure(error)
    text = " ".join(str(error).split())
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, RecursionError):
        return "what it was given is nested too deeply"
    if isinstance(error, RuntimeError) and "can't start new thread" in text:
        return "the system lets this process start no more threads (see ulimit -u)"
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return "too many files are open (see ulimit -n)"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror + (f": {error.filename}" if error.filename is not None else "")
    if isinstance(error, OSError) and text:  # worded by whoever raised it
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
