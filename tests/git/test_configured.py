"""What of a repository a person is asked about before git runs in it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from qwen_dual.git.configured import beyond_ordinary, leads_out
from qwen_dual.git.repository import find_repository
from qwen_dual.shell.reader import read
from qwen_dual.tools.reading import reads_of
from qwen_dual.tools.workspace import Folder
from tests.git.hostile import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def told(folder: Path) -> list[str]:
    found = find_repository(str(folder))
    assert found is not None
    return beyond_ordinary(found)


def add(folder: Path, text: str) -> None:
    with open(folder / ".git" / "config", "a", encoding="utf-8") as file:
        file.write(text)


def test_a_clone_as_git_makes_it_is_ordinary(repository: Path) -> None:
    add(
        repository,
        '[remote "origin"]\n\turl = https://example.org/x.git\n'
        "\tfetch = +refs/heads/*:refs/remotes/origin/*\n\tpushurl = git@example.org:a/x.git\n"
        '[branch "main"]\n\tremote = origin\n\tmerge = refs/heads/main\n'
        "[user]\n\tname = A\n\temail = a@example.org ; mine\n# a note\n"
        '[submodule "x"]\n\turl = ../x\n\tactive = true\n[pull]\n\trebase\n',
    )
    assert told(repository) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[core]\n\tfsmonitor = ./x\n", "core.fsmonitor"),
        ("[Core] FSMonitor = ./x\n", "core.fsmonitor"),
        ("[core]\n\thooksPath = h\n", "core.hookspath"),
        ('[filter "a = b"]\n\tclean = x\n', "filter.a = b.clean"),
        ("[include]\n\tpath = ../more\n", "include.path"),
        ('[includeIf "gitdir:/"]\n\tpath = ../more\n', "includeif.gitdir:/.path"),
        ("[alias]\n\tst = !x\n", "alias.st"),
        ('[remote "o"]\n\turl = ext::x\n', "remote.o.url"),
        ('[remote "o"]\n\tuploadpack = x\n', "remote.o.uploadpack"),
        ("[diff.x]\n\ttextconv = y\n", "diff.x.textconv"),
        ("[core]\n\tbare = false\\\n\n\tsshCommand = x\n", "core.sshcommand"),
        ("[gpg]\n\tprogram = x\n", "gpg.program"),
        ("[core\n", "[core"),
    ],
)
def test_what_may_run_something_is_named(repository: Path, text: str, name: str) -> None:
    add(repository, text)
    assert told(repository) == [name]


def test_hooks_count_and_so_does_what_cannot_be_read(repository: Path) -> None:
    hook = repository / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\n")
    (repository / ".git" / "config").write_text("x" * 300_000)
    assert told(repository) == ["config that cannot be read", "hook pre-commit"]


HOME = "/home/me"


def test_git_is_led_out_by_what_an_archive_can_bring_and_by_nothing_usual(tmp_path: Path) -> None:
    outside = tmp_path / "private"
    work = tmp_path / "work"
    for folder in (outside, work):
        folder.mkdir()
        git(folder, "init", "-q")
        git(folder, "commit", "-q", "--allow-empty", "-m", "1")
    (work / "sub").mkdir()
    git(work, "worktree", "add", "-q", str(tmp_path / "linked"))
    git(work, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(outside), "module")
    git(work, "config", "blame.ignoreRevsFile", ".git-blame-ignore-revs")
    for folder in (work, work / "sub", work / "module", tmp_path / "linked", tmp_path):
        assert not leads_out(str(folder), HOME), folder

    config = (work / ".git" / "config").read_text()
    (work / "included").write_text("[core]\n\tattributesFile = /etc/passwd\n")
    (work / "itself").write_text("[include]\n\tpath = itself\n")
    (work / "plain").write_text('[core]\n\tattributesFile = "attributes"\n')
    (work / ".git" / "config").write_text(f"{config}[include]\n\tpath = ../plain\n")
    assert not leads_out(str(work), HOME)
    for line in (
        f"[core]\n\tworktree = {outside}\n",
        '[Core] WorkTree = "../../private"\n',
        "[blame]\n\tignoreRevsFile = ~/.netrc\n",
        "[blame]\n\tignoreRevsFile = ~root/.netrc\n",
        "[blame]\n\tignoreRevsFile = %(prefix)/../etc/hostname\n",
        "[core]\n\tattributesFile = ~/.netrc\n",
        "[core]\n\texcludesFile = /etc/passwd\n",
        "[mailmap]\n\tfile = ../private/names\n",
        "[diff]\n\torderFile = /etc/passwd\n",
        '[core]\n\tattributesFile = .""./private/x\n',
        "[include]\n\tpath = ../included\n",
        "[include]\n\tpath = /etc/passwd\n",
        '[includeIf "gitdir:/"]\n\tpath = ../included\n',
        "[include]\n\tpath = ../itself\n",
    ):
        (work / ".git" / "config").write_text(config + line)
        assert leads_out(str(work / "sub"), HOME), line
    (work / ".git" / "config").write_text(config)
    for name in ("packed-refs", "shallow", "info/attributes", "logs/HEAD"):
        link = work / ".git" / name
        link.unlink(missing_ok=True)
        link.symlink_to(outside / "x")
        assert leads_out(str(work), HOME), name
        link.unlink()
    objects = work / ".git" / "objects"
    for lent in (
        f"{outside}/.git/objects",
        "../../../private/.git/objects",
        '"/x"',
        f"#\n{outside}\n",
    ):
        (objects / "info" / "alternates").write_text(lent)
        assert leads_out(str(work), HOME), lent
    (objects / "info" / "alternates").write_text("# none\n../../.git/objects\n")
    assert not leads_out(str(work), HOME)
    (objects / "info" / "alternates").unlink()
    for name in ("ff", "pack/pack-x.pack", "info/packs"):
        (objects / name).symlink_to(outside / "x")
        assert leads_out(str(work), HOME), name
        (objects / name).unlink()
    assert not leads_out(str(work), HOME)
    (work / ".git" / "commondir").write_text("../../private/.git\n")
    assert leads_out(str(work), HOME)
    shutil.rmtree(work / ".git")
    (work / ".git").write_text(f"gitdir: {outside}/.git\n")
    assert leads_out(str(work / "sub"), HOME)
    (work / ".git").unlink()
    (work / ".git").symlink_to(outside / ".git")
    assert leads_out(str(work), HOME)


def test_where_git_is_led_out_even_a_look_asks(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    workspace = Folder(tmp_path, os.environ)

    def unasked() -> bool:
        reads = reads_of(read("git diff"), str(workspace.root), workspace, trusted=True)
        return not any(file.leave for files in reads.files.values() for file in files)

    assert unasked()
    git(tmp_path, "config", "core.worktree", "/")
    assert not unasked()
