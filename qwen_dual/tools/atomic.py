"""Replaces a file in one step: a temporary file beside it, then a rename.

A reader sees the old content or the new one, never half of it, and a failure leaves the old one.
"""

from __future__ import annotations

import os
import secrets

from qwen_dual.tools.calls import failed


def replace_file(
    real: str, shown: str, data: bytes, mode: int | None, owner: tuple[int, int] | None
) -> os.stat_result:
    """Writes ``data`` to ``real``, whose symlinks are resolved; missing folders are made.

    Args:
        real: where to.
        shown: its name for messages.
        data: the whole content.
        mode: permission bits to keep; None takes those of a new file.
        owner: user and group to keep, as far as the system lets us.

    Raises:
        ToolFailure: it cannot be written; what was there is still there.
    """
    folder, name = os.path.split(real)
    try:
        os.makedirs(folder, exist_ok=True)
        # The name is shortened, since a file with the longest possible name can be edited too.
        temporary = os.path.join(folder, f".{name[:40]}.{secrets.token_hex(6)}.tmp")
        # Not mkstemp: its files are 0600, while a new file gets what the umask leaves.
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise failed("write", shown, error) from error
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            if owner is not None and owner != (os.geteuid(), os.getegid()):
                _keep_owner(fd, owner)
            if mode is not None:
                os.fchmod(fd, mode)
            status = os.fstat(fd)
        os.replace(temporary, real)
    except OSError as error:
        raise failed("write", shown, error) from error
    finally:
        _discard(temporary)
    return status


def _keep_owner(fd: int, owner: tuple[int, int]) -> None:
    try:
        os.fchown(fd, *owner)
    except PermissionError:
        pass  # only the superuser gives files away


def _discard(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
