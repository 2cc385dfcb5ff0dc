"""Git on a trusted folder: what it says, and that no repository gets a program run by it."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from qwen_dual.git.repository import find_repository
from qwen_dual.git.run import (
    UnknownConfiguration,
    absolute_path,
    changed_files,
    harmless_variables,
    run,
)
from tests.git.hostile import TRAPS, git, program_for

if TYPE_CHECKING:
    from pathlib import Path

LISTINGS = (
    ("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"),
    ("ls-files", "-z", "--deleted"),
)


@pytest.mark.parametrize("name", TRAPS)
def test_nothing_that_a_repository_names_is_run(tmp_path: Path, name: str) -> None:
    marker = tmp_path / "marker"
    program = program_for(marker)
    assert TRAPS[name].works(tmp_path / "plain", program, marker), "plain git walks into it"
    start = TRAPS[name].lay(tmp_path / "ours", program)
    marker.unlink(missing_ok=True)
    changed_files(str(start), os.environ)
    repository = find_repository(str(start))
    assert repository is not None
    for listing in LISTINGS:
        run(repository, listing, folder=str(start), env=os.environ, seconds=10)
    assert not marker.exists()


def test_changed_files_are_counted_and_outside_git_there_is_nothing_to_say(tmp_path: Path) -> None:
    assert changed_files(str(tmp_path), os.environ) is None
    git(tmp_path, "init", "-q")
    assert changed_files(str(tmp_path), os.environ) == 0
    (tmp_path / "a").write_text("x")
    assert changed_files(str(tmp_path), os.environ) == 1
    (tmp_path / "b").write_text("x")
    below = tmp_path / "below"
    below.mkdir()
    assert changed_files(str(below), os.environ) == 2


def test_what_filters_would_change_still_counts_as_it_is(tmp_path: Path) -> None:
    program = program_for(tmp_path / "marker")
    start = TRAPS["filter.clean"].lay(tmp_path / "it", program)
    assert changed_files(str(start), os.environ) == 2  # the file, and .gitattributes


def test_a_command_that_nobody_waits_for_any_more_is_ended(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    repository = find_repository(str(tmp_path))
    assert repository is not None
    gone = threading.Event()
    gone.set()
    waits = ("cat-file", "--batch-all-objects", "--batch", "--buffer")
    assert run(repository, waits, folder=str(tmp_path), env=os.environ, seconds=0.0, gone=gone) in (
        None,
        b"",
    )
    assert (
        run(repository, ("no-such-command",), folder=str(tmp_path), env=os.environ, seconds=5)
        is None
    )


def test_where_what_is_set_cannot_be_listed_no_command_of_git_is_promised_to_be_harmless(
    tmp_path: Path,
) -> None:
    """A configuration of megabytes takes longer to list than git's own look at it."""
    (tmp_path / "git").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "git").chmod(0o755)
    with pytest.raises(UnknownConfiguration, match="could not list"):
        harmless_variables([str(tmp_path)], {"PATH": str(tmp_path)})
    assert harmless_variables([str(tmp_path)], {"PATH": str(tmp_path / "none")}) == {}


def test_no_submodule_is_gone_into_however_it_is_set(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitmodules").write_text('[submodule "a.b"]\n\tpath = x\n')
    git(tmp_path, "config", "submodule.c.url", "x")
    given = harmless_variables([str(tmp_path)], dict(os.environ))
    names = [given[f"GIT_CONFIG_KEY_{at}"] for at in range(int(given["GIT_CONFIG_COUNT"]))]
    assert {"submodule.a.b.ignore", "submodule.c.ignore", "diff.submodule"} <= set(names)
    assert given[f"GIT_CONFIG_VALUE_{names.index('submodule.a.b.ignore')}"] == "dirty"


def test_git_is_not_looked_for_where_the_program_happens_to_run() -> None:
    assert absolute_path("/usr/bin:.::bin:/bin") == "/usr/bin:/bin"


def test_what_the_process_was_started_with_does_not_lead_git_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.bare'='true'")
    assert changed_files(str(tmp_path), os.environ) == 0


def test_a_git_that_lies_in_the_work_tree_is_not_run(tmp_path: Path) -> None:
    started = tmp_path / "started"
    work = tmp_path / "work"
    (work / "bin").mkdir(parents=True)
    git(work, "init", "-q")
    (work / "bin" / "git").write_text(f"#!/bin/sh\ntouch {started}\n")
    (work / "bin" / "git").chmod(0o755)
    path = f"{work}/bin:{os.environ['PATH']}"
    assert changed_files(str(work), {**os.environ, "PATH": path}) == 1
    assert not started.exists()
    (tmp_path / "link").symlink_to(work / "bin")
    path = f"{tmp_path}/link:{os.environ['PATH']}"
    assert changed_files(str(work), {**os.environ, "PATH": path}) == 1
    assert not started.exists()
