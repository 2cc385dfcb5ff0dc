"""A second user, for what another one on the same machine could do. Needs root to become them."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NOBODY = 65534
OTHER = 65533
"""A user besides nobody; no name is needed."""

as_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root: only root can act as a second user"
)


def in_child(uid: int, work: Callable[[], str], groups: Sequence[int] = ()) -> str:
    """What ``work`` returns in a process of its own that belongs to ``uid``, and to ``groups``.

    Raises:
        AssertionError: it raised; with its traceback.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        status, text = 1, ""
        try:
            os.setgroups(list(groups))
            os.setgid(uid)
            os.setuid(uid)
            status, text = 0, work()
        except BaseException:  # noqa: BLE001 - told to the parent
            text = traceback.format_exc()
        finally:
            os.write(writer, text.encode())
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        told = file.read().decode()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0, told
    return told


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder that everybody may enter and only root may write; pytest's own are private."""
    made = Path(tempfile.mkdtemp(prefix="qwen-dual-test-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)
