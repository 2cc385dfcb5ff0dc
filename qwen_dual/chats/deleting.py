"""Deletes a saved session: its chat, what lies beside that, and what its sub-agents did."""

from __future__ import annotations

import contextlib
import os
import shutil
from typing import TYPE_CHECKING

from qwen_dual.chats.journal import Journal
from qwen_dual.chats.paths import lanes_folder, partial_path

if TYPE_CHECKING:
    from pathlib import Path


def delete_chat(path: Path) -> None:
    """Deletes the chat in a file, unless somebody has it open.

    The chat goes last: what fails on the way leaves it in the list, to be deleted again.

    Args:
        path: the file.

    Raises:
        ChatBusy: another process has it open.
        OSError: it is not there, or something of it cannot be removed.
    """
    journal = Journal(path, new=False)  # held until it is gone: nobody goes on with it meanwhile
    try:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(lanes_folder(path))
        for beside in (partial_path(path), path.with_suffix(".runtime.json")):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(beside)
        os.unlink(path)
    finally:
        journal.close()
