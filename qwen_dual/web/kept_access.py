"""Who was let in, on disk: a server that is started anew with ``--resume`` knows them again. Digests only."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from qwen_dual.web.access_records import KnownAccess
from qwen_dual.web.kept_files import read_kept, write_kept

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 4 << 20

log = logging.getLogger(__name__)


class KeptAccess:
    """The file of one server.

    Args:
        path: it; its folder is made, for this user alone.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> KnownAccess | None:
        """What the server before knew; None where there was none, or it cannot be read."""
        try:
            return msgspec.json.decode(read_kept(self._path, MAX_BYTES), type=KnownAccess)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.warning("%s is not used: %s", self._path, error)
            return None

    def write(self, kept: KnownAccess) -> None:
        """Keeps it; that it cannot be written is logged."""
        write_kept(self._path, msgspec.json.encode(kept))
