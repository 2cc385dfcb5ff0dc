"""Which branch a folder is on, read without git, whatever an archive has put there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.git.repository import LOOK_SECONDS, Branch, branch_of, find_repository
from tests.git.hostile import git

if TYPE_CHECKING:
    from pathlib import Path

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def branch(folder: Path) -> str | None:
    repository = find_repository(str(folder))
    return None if repository is None else branch_of(repository)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("ref: refs/heads/main\n", "main"),
        ("ref: refs/heads/feature/x\n", "feature/x"),
        ("ref: refs/heads/größer", "größer"),
        (f"{COMMIT}\n", "0123456"),
        (f"{COMMIT}{COMMIT[:24]}\n", "0123456"),
        ("", None),
        ("ref: refs/heads/.invalid\n", None),
        ("root:x:0:0:root\n", None),
        ("ref: refs/heads/main\nmore\n", None),
        ("ref: refs/heads/a b\n", None),
        ("ref: refs/heads/\x1b[31mred\n", None),
        ("ref: refs/heads/a\u202eb\n", None),
        ("ref: refs/heads/" + "a" * 201, None),
        ("ref: refs/heads/" + "a" * 5000, None),
    ],
)
def test_the_branch_is_read_from_the_nearest_repository(
    tmp_path: Path, head: str, expected: str | None
) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text(head)
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert branch(below) == expected


def test_a_worktree_and_a_submodule_have_a_head_of_their_own(tmp_path: Path) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    main.mkdir()
    git(main, "init", "-q")
    git(main, "commit", "-qm", "x", "--allow-empty")
    git(main, "worktree", "add", "-q", "-b", "topic", str(tree))
    git(main, "clone", "-q", str(main), "inner")
    (main / "inner" / ".git").rename(main / ".git" / "kept")
    (main / "inner" / ".git").write_text("gitdir: ../.git/kept\n")
    git(main, "pack-refs", "--all")
    assert (branch(main), branch(tree), branch(main / "inner")) == ("main", "topic", "main")
    found = find_repository(str(tree))
    assert found is not None
    assert os.path.realpath(found.common_dir) == str(main / ".git")


@pytest.mark.parametrize("kind", ["fifo", "device", "link", "folder", "missing", "a link to .git"])
def test_what_is_no_repository_of_the_person_has_no_branch_and_nothing_waits(
    tmp_path: Path, kind: str
) -> None:
    dot_git = tmp_path / ".git"
    if kind == "a link to .git":
        (tmp_path / "real").mkdir()
        (tmp_path / "real" / "HEAD").write_text("ref: refs/heads/main\n")
        dot_git.symlink_to("real")
    else:
        dot_git.mkdir()
    head = dot_git / "HEAD"
    match kind:
        case "fifo":
            os.mkfifo(head)
        case "device":
            head.symlink_to("/dev/zero")
        case "link":
            (tmp_path / "elsewhere").write_text("ref: refs/heads/main\n")
            head.symlink_to("../elsewhere")
        case "folder":
            head.mkdir()
    assert branch(tmp_path) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_repository_of_another_user_is_none(tmp_path: Path) -> None:
    outer, inner = tmp_path / ".git", tmp_path / "work"
    outer.mkdir()
    inner.mkdir()
    (outer / "HEAD").write_text("ref: refs/heads/main\n")
    assert branch(inner) == "main"
    os.chown(outer, 12345, 12345)
    assert branch(inner) is None


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_checkout_is_followed_at_the_latest_after_a_second(tmp_path: Path) -> None:
    clock = Clock()
    followed = Branch(str(tmp_path), clock)
    seen = [followed.name]
    git(tmp_path, "init", "-q")
    followed.look_again()
    seen.append(followed.name)
    git(tmp_path, "checkout", "-qb", "x")
    seen.append(followed.name)
    clock.now += LOOK_SECONDS
    seen.append(followed.name)
    git(tmp_path, "checkout", "-qb", "y")
    followed.look_again()
    seen.append(followed.name)
    (tmp_path / ".git").rename(tmp_path / "gone")
    followed.look_again()
    seen.append(followed.name)
    assert seen == [None, "main", "main", "x", "y", None]
