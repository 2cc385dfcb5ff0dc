"""Where a watch may never fire, and that such a place is looked at all the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.bridge.mounts import silent_file_system
from qwen_dual.bridge.watch import CHECK_INTERVAL, FileWatcher

if TYPE_CHECKING:
    from pathlib import Path

TABLE = r"""
1 0 0:1 / / rw - overlay overlay rw
2 1 8:1 / /data rw,relatime shared:1 - ext4 /dev/sda1 rw
3 1 8:1 /home/me/project /workspaces/project rw - ext4 /dev/sda1 rw
4 1 0:5 / /data/with\040blank rw - nfs4 server:/x rw
5 1 0:6 /subvolume /home rw - btrfs /dev/sdb rw
6 1 0:7 / /mnt rw - fuse.sshfs me@there: rw
7 1 0:8 / /mnt rw - tmpfs tmpfs rw
a line of some other form
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/somewhere/input", "overlay"),
        ("/data/input", None),
        ("/database/input", "overlay"),
        ("/workspaces/project/input", "a bind mount"),
        ("/data/with blank/input", "nfs4"),
        ("/home/input", None),
        ("/mnt/input", None),
    ],
)
def test_what_a_path_is_on(tmp_path: Path, path: str, kind: str | None) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(TABLE)
    assert silent_file_system(path, str(table)) == kind


def test_without_a_table_nothing_is_known(tmp_path: Path) -> None:
    assert silent_file_system("/x", str(tmp_path / "missing")) is None


class Deaf:
    def alive(self) -> bool:
        return True

    def stop(self) -> None:
        pass


def test_a_watch_that_may_never_fire_is_not_relied_on(tmp_path: Path) -> None:
    watcher = FileWatcher(str(tmp_path / "input"), lambda files, wake: Deaf(), lambda path: "9p")

    async def main() -> None:
        await watcher.wait()
        assert watcher.mode == "watching and polling (9p)"
        with anyio.fail_after(CHECK_INTERVAL):
            assert not await watcher.wait()
            assert not await watcher.wait()

    anyio.run(main)
