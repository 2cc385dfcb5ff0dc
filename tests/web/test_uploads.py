"""Images that come from a page."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from qwen_dual.web.folders import FolderRefused, Folders
from qwen_dual.web.uploads import MAX_IMAGES, NoImage, Uploads, kind_of

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 8


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0", "jpg"),
        (b"GIF89a", "gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (b"RIFF\0\0\0\0WAVE", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"<!doctype html>", None),
        (b"", None),
    ],
)
def test_an_image_is_known_by_its_bytes(data: bytes, kind: str | None) -> None:
    assert kind_of(data) == kind


def test_an_image_is_kept_for_this_user_alone_under_a_name_of_our_own(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "images")
    path = Path(uploads.keep("key", "../../evil.sh", PNG))
    assert path.parent == tmp_path / "images" / "key"
    assert path.suffix == ".png"
    assert path.read_bytes() == PNG
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    uploads.forget("key")
    assert not path.exists()
    uploads.keep("other", "a.png", PNG)
    uploads.forget_all()
    assert not (tmp_path / "images").exists()


def test_what_is_no_image_or_one_too_many_is_named(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "images")
    with pytest.raises(NoImage, match=r"'page.svg' is no PNG"):
        uploads.keep("key", "page.svg", b"<svg/>")
    for _ in range(MAX_IMAGES):
        uploads.keep("key", "a.png", PNG)
    with pytest.raises(NoImage, match=f"has {MAX_IMAGES} images"):
        uploads.keep("key", "a.png", PNG)
    uploads.keep("other", "a.png", PNG)


def test_of_images_that_come_at_once_no_more_are_kept_than_may_be(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "images")
    for _ in range(MAX_IMAGES - 2):
        uploads.keep("key", "a.png", PNG)

    def keep(_: int) -> bool:
        try:
            uploads.keep("key", "a.png", PNG)
        except NoImage:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        assert sum(threads.map(keep, range(64))) == 2


def test_a_session_starts_below_the_folders_that_were_named(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here / "in", there / "in", tmp_path / "here-not"):
        folder.mkdir(parents=True)
    (here / "out").symlink_to(tmp_path)
    (here / "file").touch()
    folders = Folders(str(here), [str(there)])
    assert folders.checked(None) == folders.checked("") == folders.checked(".") == str(here)
    assert folders.checked("in") == str(here / "in")
    assert folders.checked(str(there / "in")) == str(there / "in")
    assert folders.checked("out/there") == str(there)
    for wanted in ("..", "/", "out", str(tmp_path / "here-not"), "file", "missing", "a\0b", "~"):
        with pytest.raises(FolderRefused):
            folders.checked(wanted)
    with pytest.raises(FolderRefused, match=f"--root {tmp_path}"):
        folders.checked("out")
    assert Folders("/").checked("/tmp") == "/tmp"
