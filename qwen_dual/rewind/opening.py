"""The store of one session, opened: what was broken off is taken back, and what is too old goes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from qwen_dual.fs.private import private_folder
from qwen_dual.rewind.bounds import Bounds, ProjectLock, drop_old, tidy
from qwen_dual.rewind.restoring import recover
from qwen_dual.rewind.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from qwen_dual.rewind.records import Commit, Recovered
    from qwen_dual.rewind.walking import Ignores


class Opened:
    """A store and the lock on it; blocks while it opens.

    Args:
        home: the person's settings folder.
        folder: of the project, below ``home``.
        top: the project's folder, real.
        session_id: of the session, which no other process has.
        ignores: as for ``Store``.
        bounds: as for ``Store``.
        left_out: files that nothing of is kept, such as the session's channels.
        committed: as for ``restoring.recover``.

    Attributes:
        store: what is kept.

    Raises:
        OSError: it cannot be used.
    """

    def __init__(
        self,
        home: str,
        folder: str,
        top: str,
        session_id: str,
        *,
        ignores: Callable[[], Ignores],
        bounds: Bounds,
        left_out: Collection[str] = (),
        committed: Callable[[Commit], bool] = lambda commit: False,
    ) -> None:
        self._committed = committed
        os.makedirs(home, mode=0o700, exist_ok=True)
        root = os.path.dirname(folder)
        private_folder(root)
        self._lock = ProjectLock(folder)
        try:
            left_out = (os.path.realpath(root), os.path.realpath(home), *left_out)
            self.store = Store(folder, top, ignores=ignores, left_out=left_out, bounds=bounds)
            alone = self._lock.alone
            self._recovered: Recovered | None = self._recover(session_id, alone=alone)
            self.store.mark_torn(session_id, alone=alone)
            if alone:
                drop_old(self.store.database, bounds)
            tidy(root, folder, bounds)
            self._lock.share()
        except BaseException:
            self._lock.close()
            raise

    def take_recovered(self) -> Recovered | None:
        """A going back that was broken off, and was taken back or finished just now; told once."""
        found, self._recovered = self._recovered, None
        return found

    def adopt(self, session_id: str) -> None:
        """Takes over another session, which no other process has, with what was broken off of it."""
        self._recovered = self._recover(session_id, alone=False) or self._recovered
        self.store.mark_torn(session_id, alone=False)

    def _recover(self, session_id: str, *, alone: bool) -> Recovered | None:
        return recover(self.store, session_id, alone=alone, committed=self._committed)

    def close(self) -> None:
        """Gives the project free; what a thread is at there is waited for, a moment."""
        self.store.database.close()
        self._lock.close()
