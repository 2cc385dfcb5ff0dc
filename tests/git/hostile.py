"""Repositories that try to run a program when somebody merely looks at them.

Each leaves a marker when it succeeds. They are made with git itself, as an archive would bring them;
``works`` shows that the trap is one, by walking into it with plain git.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@dataclass(frozen=True)
class Trap:
    """One kind.

    Attributes:
        lay: makes the repository in a folder and returns where somebody would start; its second
            argument is the program to run.
        walk_into: arguments of plain git that spring it.
    """

    lay: Callable[[Path, Path], Path]
    walk_into: tuple[str, ...] = ("status",)

    def works(self, folder: Path, program: Path, marker: Path) -> bool:
        """Whether plain git, run where somebody would start, runs the program."""
        start = self.lay(folder, program)
        environment = {name: text for name, text in os.environ.items() if "GIT_" not in name}
        subprocess.run(
            ["git", *self.walk_into],
            check=False,
            cwd=start,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=10,
        )
        sprung = marker.exists()
        marker.unlink(missing_ok=True)
        return sprung


def git(folder: Path, *arguments: str) -> None:
    """Runs git while a repository is made."""
    identity = ("-c", "user.name=x", "-c", "user.email=x@x", "-c", "init.defaultBranch=main")
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def program_for(marker: Path) -> Path:
    """A program that leaves ``marker`` and then fails."""
    program = marker.with_name("program.sh")
    program.write_text(f"#!/bin/sh\n: >'{marker}'\nexit 1\n")
    program.chmod(0o755)
    return program


def _repository(folder: Path) -> Path:
    """One with a file whose content git has to look at, since its time says nothing."""
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "file.txt").write_text("one\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    (folder / "file.txt").write_text("two\n")
    return folder


def _filtered(kind: str) -> Callable[[Path, Path], Path]:
    def lay(folder: Path, program: Path) -> Path:
        _repository(folder)
        (folder / ".gitattributes").write_text("* filter=x\n")
        git(folder, "config", f"filter.x.{kind}", str(program))
        git(folder, "config", "filter.x.required", "true")
        return folder

    return lay


def _odd_filter(folder: Path, program: Path) -> Path:
    _repository(folder)
    (folder / ".gitattributes").write_text("* filter=a=b.c\n")
    git(folder, "config", "filter.a=b.c.clean", str(program))
    return folder


def _own_attributes(folder: Path, program: Path) -> Path:
    _filtered("clean")(folder, program)
    (folder / ".gitattributes").unlink()
    (folder / ".git" / "info" / "attributes").write_text("* filter=x\n")
    return folder


def _included(folder: Path, program: Path) -> Path:
    _repository(folder)
    (folder / "tracked.cfg").write_text(
        f'[core]\n\tfsmonitor = {program}\n[filter "x"]\n\tclean = {program}\n'
    )
    (folder / ".gitattributes").write_text("* filter=x\n")
    git(folder, "config", "include.path", "../tracked.cfg")
    return folder


def _fsmonitor(folder: Path, program: Path) -> Path:
    _repository(folder)
    git(folder, "config", "core.fsmonitor", str(program))
    return folder


def _hooks(folder: Path, program: Path) -> Path:
    _repository(folder)
    hooks = folder / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "query-watchman", "reference-transaction"):
        (hooks / name).write_bytes(program.read_bytes())
        (hooks / name).chmod(0o755)
    git(folder, "config", "core.hooksPath", str(hooks))
    git(folder, "config", "core.untrackedCache", "true")
    os.utime(folder / "file.txt", (1, 1))
    (folder / "file.txt").write_text("one\n")
    return folder


def _promisor(folder: Path, program: Path) -> Path:
    _repository(folder)
    git(folder, "config", "remote.x.url", str(folder))
    git(folder, "config", "remote.x.promisor", "true")
    git(folder, "config", "remote.x.uploadpack", str(program))
    git(folder, "config", "core.repositoryFormatVersion", "1")
    git(folder, "config", "extensions.partialClone", "x")
    tree = subprocess.run(
        ["git", "rev-parse", "HEAD^{tree}"], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()
    (folder / ".git" / "objects" / tree[:2] / tree[2:]).unlink()
    return folder


def _bare_inside(folder: Path, program: Path) -> Path:
    _repository(folder)
    bare = folder / "bare"
    for name in ("objects", "refs"):
        (bare / name).mkdir(parents=True)
    (bare / "HEAD").write_text("ref: refs/heads/main\n")
    (bare / "config").write_text(
        f"[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n"
        f"\tfsmonitor = {program}\n"
    )
    return bare


def _submodule(folder: Path, program: Path) -> Path:
    _repository(folder)
    inner = folder / "inner"
    _fsmonitor(inner, program)
    git(folder, "add", "inner")
    git(folder, "commit", "-qm", "inner")
    return folder


def _pointed_at(folder: Path, program: Path) -> Path:
    _fsmonitor(folder, program)
    (folder / ".git").rename(folder / "hidden")
    (folder / ".git").write_text("gitdir: hidden\n")
    return folder


TRAPS = {
    "filter.clean": Trap(_filtered("clean")),
    "filter.process": Trap(_filtered("process")),
    "a filter with = in its name": Trap(_odd_filter),
    "a filter named in info/attributes": Trap(_own_attributes),
    "include.path to a tracked file": Trap(_included),
    "core.fsmonitor": Trap(_fsmonitor),
    "hooks": Trap(_hooks),
    "a promisor remote": Trap(_promisor),
    "a bare repository within": Trap(_bare_inside),
    "a repository within": Trap(_submodule),
    ".git says where it is": Trap(_pointed_at),
}
