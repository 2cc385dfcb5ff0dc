"""What is there of what has to be hidden: found by lists of folders, as it would be by a look at each."""

from __future__ import annotations

import os
import random
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.hidden import IN_HOME, candidates, outermost, present

if TYPE_CHECKING:
    from pathlib import Path


def looked_at_each(paths: list[str]) -> list[str]:
    real = (os.path.realpath(path) for path in paths if os.path.lexists(path))
    return outermost(path for path in real if os.path.lexists(path))


@pytest.mark.parametrize("seed", range(40))
def test_what_is_there_is_found_whatever_the_folders_are(tmp_path: Path, seed: int) -> None:
    choose = random.Random(seed)
    home, other = tmp_path / "home", tmp_path / "other"
    home.mkdir()
    other.mkdir()
    for name in choose.sample(IN_HOME, choose.randint(0, 25)):
        make(home / name, other, choose)
    env = {
        "HOME": str(home),
        "GNUPGHOME": f"{home}/.gnupg/..",
        "KUBECONFIG": f"{home}/./.kube:{other}/f1/",
        "DOCKER_CONFIG": f"{home}/.docker/",
    }
    paths = candidates(env)
    assert present(paths) == looked_at_each(paths)


def make(path: Path, other: Path, choose: random.Random) -> None:
    """A file, a folder, or a link that leads somewhere or nowhere; in a folder or behind a link to one."""
    try:
        if choose.random() < 0.3:
            path.parent.parent.mkdir(parents=True, exist_ok=True)
            path.parent.symlink_to(other)
        path.parent.mkdir(parents=True, exist_ok=True)
        kind = choose.randrange(4)
        if kind == 0:
            path.touch()
        elif kind == 1:
            path.mkdir()
        else:
            target = other / f"f{choose.randrange(6)}"
            if kind == 2:
                target.touch()
            path.symlink_to(target)
    except FileExistsError:
        pass  # what was chosen before lies in the way


def test_a_folder_that_cannot_be_listed_is_looked_into_all_the_same(tmp_path: Path) -> None:
    paths = [str(tmp_path / f".{number}/key") for number in range(20)]
    (tmp_path / ".7").mkdir()
    (tmp_path / ".7/key").touch()
    assert present([*paths, *(str(tmp_path / f"f{number}") for number in range(20))]) == [paths[7]]
    (tmp_path / ".7/key").rename(tmp_path / "f3")
    names = [str(tmp_path / f"f{number}") for number in range(20)]
    assert present(names) == [names[3]]
    if os.getuid():
        tmp_path.chmod(0o100)
        try:
            assert present(names) == [names[3]]
        finally:
            tmp_path.chmod(0o700)


def test_what_gives_roots_rights_or_signs_for_the_person_is_looked_for(tmp_path: Path) -> None:
    found = set(candidates({"HOME": str(tmp_path)}))
    agents = {f"{tmp_path}/.bitwarden-ssh-agent.sock", f"{tmp_path}/.rd"}
    assert agents | {"/var/snap/lxd/common/lxd/unix.socket", "/var/lib/incus/unix.socket"} <= found
