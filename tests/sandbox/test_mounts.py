"""What is mounted at several places is hidden at all of them."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.mounts import also_at
from tests.sandbox.support import SECRET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from qwen_dual.sandbox.policy import Backend
    from tests.sandbox.support import Place


@contextmanager
def bound(what: Path, where: Path) -> Iterator[None]:
    """``what`` is mounted at ``where`` as well; only root can do that."""
    where.mkdir()
    done = subprocess.run(["mount", "--bind", what, where], capture_output=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", where], check=True)


def test_secrets_are_hidden_where_they_are_mounted_besides(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    # Beside the workspace, which pytest has below /tmp, nothing of the machine's is seen anyway.
    inside = place.workspace / "mounted"
    with bound(place.home, inside):
        result = place.run(sandbox, "cat mounted/.ssh/id_rsa mounted/.netrc; cat mounted/tool")
    assert SECRET not in result.text
    assert "a tool of theirs" in result.text


def test_a_part_of_a_secret_that_is_mounted_is_hidden(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    with bound(place.home / ".ssh", place.workspace / "mounted"):
        result = place.run(sandbox, "cat mounted/id_rsa")
    assert result.is_error and SECRET not in result.text


@pytest.fixture
def twice(tmp_path: Path) -> Path:
    """One file with two names, as if what holds it were mounted at ``b`` and, in part, at ``c d``."""
    for name in ("a/home/keys", "b/home/keys", "c d"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "home" / "keys" / "x").write_text(SECRET)
    for name in ("b/home/keys/x", "c d/x"):
        os.link(tmp_path / "a" / "home" / "keys" / "x", tmp_path / name)
    (tmp_path / "table").write_text(
        f"20 1 8:1 / / rw - ext4 /dev/x rw\n"
        f"21 20 8:2 / {tmp_path}/a rw - ext4 /dev/y rw\n"
        f"22 20 8:2 / {tmp_path}/b rw - ext4 /dev/y rw\n"
        f"23 20 8:2 /home/keys {tmp_path}/c\\040d rw - ext4 /dev/y rw\n"
        f"24 20 8:3 / {tmp_path}/e rw - ext4 /dev/z rw\n"
        f"25 20 0:4 / /proc rw - proc proc rw\n"
        f"26 20 0:4 / {tmp_path}/proc rw - proc proc rw\n"
        "short\n"
    )
    return tmp_path


def test_further_places_of_a_path_are_found(twice: Path) -> None:
    table = str(twice / "table")

    def found(path: str) -> list[str]:
        *others, processes = also_at([path], table)
        assert processes == f"{twice}/proc"
        return others

    assert found(f"{twice}/a/home/keys/x") == [f"{twice}/b/home/keys/x", f"{twice}/c d/x"]
    assert found(f"{twice}/c d/x") == [f"{twice}/{at}/home/keys/x" for at in "ab"]
    assert found("/etc/hostname") == []
    (twice / "b" / "home" / "keys" / "x").unlink()  # something else is mounted over it
    assert found(f"{twice}/a/home/keys/x") == [f"{twice}/c d/x"]


def test_a_table_that_is_not_there_knows_nothing(tmp_path: Path) -> None:
    assert also_at(["/"], str(tmp_path / "none")) == []
