"""Small files that a server keeps for the one after it: mode 0600, in a folder of mode 0700."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from qwen_dual.fs.private import open_checked, owner_problem, private_folder
from qwen_dual.fs.replace import replace_file

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


def read_kept(path: Path, max_bytes: int) -> bytes:
    """The first ``max_bytes`` of a file that nobody else may have a hand in.

    Raises:
        ForeignFileError: it is a link, or others may have written it; an ``OSError``.
        OSError: there is none, or it cannot be read.
    """
    with open(open_checked(str(path), os.O_RDONLY, owner_problem), "rb") as file:
        return file.read(max_bytes)


def write_kept(path: Path, content: bytes) -> None:
    """Puts a file in the place of the one before, whole or not at all; that it cannot is logged.

    Its folder is made. It is not synced to the disk: after a power cut the one before may be there.
    """
    try:
        private_folder(str(path.parent))
        replace_file(str(path), content, mode=0o600, durable=False)
    except OSError as error:
        log.warning("%s cannot be written: %s", path, error)
