"""A folder that another process swaps for a link, over and over, as fast as it can."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_SWAP = """
import ctypes, os, sys
folder, link = map(os.fsencode, sys.argv[1:])
swap = ctypes.CDLL(None).renameat2
while True:
    assert swap(-100, folder, -100, link, 2) == 0  # AT_FDCWD, RENAME_EXCHANGE
"""


@contextmanager
def swapping_folder(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """The folder, and the one outside that the link leads to; the swapping ends with the block."""
    if sys.platform != "linux":
        pytest.skip("two names are exchanged in one step on Linux only")
    memory = Path("/dev/shm")  # thousands of swaps take long on a disk
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as made:
        base = Path(made).resolve()
        folder, outside = base / "work" / "folder", base / "outside"
        folder.mkdir(parents=True)
        outside.mkdir()
        (folder / "f").write_bytes(b"inside")
        link = base / "work" / "link"
        link.symlink_to(outside)
        swapper = subprocess.Popen([sys.executable, "-S", "-c", _SWAP, str(folder), str(link)])
        try:
            yield folder, outside
        finally:
            swapper.kill()
            swapper.wait()
