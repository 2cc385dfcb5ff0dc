"""A file gets its new content whole, stays what it was otherwise, and nothing else changes."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qwen_dual.fs.folders import ForeignFileError
from qwen_dual.fs.replace import TornFileError, remove_leftovers, replace_file
from tests.support.swapping import swapping_folder
from tests.support.users import NOBODY, OTHER, as_root, in_child, shared_folder

ROOT = Path(__file__).parents[2]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_gets_what_the_umask_leaves_and_the_mode_that_is_asked_for(
    tmp_path: Path,
) -> None:
    before = os.umask(0o027)
    try:
        replace_file(str(tmp_path / "a" / "b" / "f"), b"new")
        replace_file(str(tmp_path / "private" / "f"), b"new", mode=0o600, folder_mode=0o700)
    finally:
        os.umask(before)
    assert (tmp_path / "a" / "b" / "f").read_bytes() == b"new"
    assert stat.S_IMODE((tmp_path / "a" / "b" / "f").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o750
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "private" / "f").stat().st_mode) == 0o600


def test_a_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o751)
    with path.open("rb") as reader:
        replace_file(str(path), b"new content")
        assert reader.read() == b"old"  # whoever reads it has the whole of what it was
    assert path.read_bytes() == b"new content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o751
    replace_file(str(path), b"", mode=0o600)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"", 0o600)
    assert names(tmp_path) == ["f"]


def test_a_name_of_the_greatest_length_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    path.write_bytes(b"old")
    replace_file(str(path), b"new")
    os.link(path, tmp_path / "other")
    replace_file(str(path), b"newer")
    assert path.read_bytes() == b"newer"
    assert len(names(tmp_path)) == 2


@pytest.mark.parametrize("data", [b"longer than before", b"x", b""])
def test_all_names_of_a_file_see_the_change(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "one").write_bytes(b"old content")
    os.link(tmp_path / "one", tmp_path / "two")
    replace_file(str(tmp_path / "one"), data, mode=0o640)
    assert (tmp_path / "two").read_bytes() == data
    assert (tmp_path / "one").samefile(tmp_path / "two")
    assert stat.S_IMODE((tmp_path / "two").stat().st_mode) == 0o640
    assert names(tmp_path) == ["one", "two"]


def test_attributes_of_a_file_stay(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.note", b"kept")
    except (OSError, AttributeError):
        pytest.skip("this file system has no attributes")
    replace_file(str(path), b"new")
    assert os.getxattr(path, "user.note") == b"kept"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("f", path)])
def test_only_a_regular_file_is_replaced(tmp_path: Path, make: object) -> None:
    assert callable(make)
    (tmp_path / "f").write_bytes(b"old")
    make(str(tmp_path / "thing"))
    with pytest.raises(ForeignFileError, match="is no regular file any more"):
        replace_file(str(tmp_path / "thing"), b"new")
    assert (tmp_path / "f").read_bytes() == b"old"
    assert names(tmp_path) == ["f", "thing"]


def test_a_failure_leaves_what_was_there_and_nothing_besides(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"old")
    code = (
        "import resource, signal; from qwen_dual.fs.replace import replace_file;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        f"replace_file({str(tmp_path / 'f')!r}, b'x' * 5000)"
    )
    for links in range(2):
        if links:
            os.link(tmp_path / "f", tmp_path / "g")
        result = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert os.strerror(errno.EFBIG) in result.stderr
        assert (tmp_path / "f").read_bytes() == b"old"
    assert names(tmp_path) == ["f", "g"]


def test_an_error_that_tears_the_file_names_the_copy() -> None:
    error = TornFileError("/w/f", "/w/f.1.before", OSError(errno.ENOSPC, "No space left"))
    assert str(error) == "[Errno 28] No space left; the old content is in /w/f.1.before: '/w/f'"


# -- a folder is swapped for a link ------------------------------------------------------------


def test_a_link_on_the_way_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "link").symlink_to("../outside")
    for path in ("link/f", "link/new/f"):
        with pytest.raises(ForeignFileError, match="link, a symbolic link"):
            replace_file(str(tmp_path / "work" / path), b"new")
    assert names(tmp_path / "outside") == []


def test_nothing_lands_outside_however_often_a_folder_is_swapped_for_a_link(
    tmp_path: Path,
) -> None:
    with swapping_folder(tmp_path) as (folder, outside):
        (outside / "f").write_bytes(b"outside")
        written = refused = 0
        while written + refused < 3000 or not written or not refused:
            try:
                replace_file(str(folder / ("f", "new")[refused % 2]), b"changed")
                written += 1
            except OSError:
                refused += 1
        assert names(outside) == ["f"]
        assert (outside / "f").read_bytes() == b"outside"


# -- other users, and what cannot be renamed -----------------------------------------------------


@as_root
def test_the_group_of_a_shared_checkout_stays() -> None:
    team = 4321
    with shared_folder() as base:
        base.chmod(0o777)
        (base / "f").write_bytes(b"old")
        os.chown(base / "f", OTHER, team)
        (base / "f").chmod(0o664)

        def as_member() -> str:
            replace_file(str(base / "f"), b"new")
            return "done"

        in_child(NOBODY, as_member, groups=[team])
        found = (base / "f").stat()
        assert (base / "f").read_bytes() == b"new"
        assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (team, 0o664)
        assert names(base) == ["f"]


@as_root
def test_a_group_that_cannot_be_kept_keeps_the_file_itself() -> None:
    with shared_folder() as base:
        base.chmod(0o777)
        (base / "f").write_bytes(b"old")
        os.chown(base / "f", OTHER, 4321)
        (base / "f").chmod(0o666)

        def as_stranger() -> str:
            replace_file(str(base / "f"), b"new")
            return "done"

        in_child(NOBODY, as_stranger)
        found = (base / "f").stat()
        assert (base / "f").read_bytes() == b"new"
        assert (found.st_uid, found.st_gid) == (OTHER, 4321)
        assert names(base) == ["f"]


@as_root
def test_a_writable_file_in_a_folder_that_is_not_is_written_in_place() -> None:
    with shared_folder() as base:
        (base / "f").write_bytes(b"old")
        os.chown(base / "f", NOBODY, NOBODY)
        (base / "home").mkdir()
        os.chown(base / "home", NOBODY, NOBODY)

        def as_nobody() -> str:
            replace_file(str(base / "f"), b"new", copies=str(base / "home" / "copies"))
            try:
                replace_file(str(base / "g"), b"new", copies=str(base / "home" / "copies"))
            except PermissionError:
                return "and no new one is made"
            return ""

        assert in_child(NOBODY, as_nobody) == "and no new one is made"
        assert (base / "f").read_bytes() == b"new"
        assert names(base / "home" / "copies") == []
        assert stat.S_IMODE((base / "home" / "copies").stat().st_mode) == 0o700


@as_root
def test_a_file_that_is_a_mount_point_is_written_in_place(tmp_path: Path) -> None:
    """Its folder read-only too, as with a single file mounted into a container."""
    if shutil.which("unshare") is None or subprocess.call(["unshare", "-m", "true"]):
        pytest.skip("no mount namespace can be made here")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "f").touch()
    (tmp_path / "mounted").write_bytes(b"old")
    code = (
        "from qwen_dual.fs.replace import replace_file;"
        f"replace_file({str(tmp_path / 'folder' / 'f')!r}, b'new', copies={str(tmp_path / 'c')!r})"
    )
    mount = (
        f"mount --bind {tmp_path}/folder {tmp_path}/folder\n"
        f"mount --bind {tmp_path}/mounted {tmp_path}/folder/f\n"
    )
    read_only = f"mount -o remount,bind,ro {tmp_path}/folder\n"
    for content, made in (("new", mount), ("newer", mount + read_only)):
        script = f'set -e\n{made}{sys.executable} -c "{code.replace("new", content)}"'
        subprocess.run(["unshare", "-m", "sh", "-c", script], cwd=ROOT, check=True)
        assert (tmp_path / "mounted").read_text() == content
    assert names(tmp_path / "folder") == ["f"]
    assert names(tmp_path / "c") == []


def test_leftovers_of_thousands_of_files_are_looked_for_once(tmp_path: Path) -> None:
    paths = [str(tmp_path / f"f{number}") for number in range(3000)]
    for path in paths:
        Path(path).touch()
    left, other = tmp_path / ".f7.0123456789ab.tmp", tmp_path / ".g.0123456789ab.tmp"
    left.touch()
    other.touch()
    start = time.process_time()
    remove_leftovers([*paths, "/nowhere/at/all"])
    assert time.process_time() - start < 1  # one look at the folder for each file: four seconds
    assert not left.exists()
    assert other.exists()
