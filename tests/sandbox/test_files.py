"""What a command in a sandbox can read and change."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.sandbox.policy import SandboxUnavailable
from tests.sandbox.support import SECRET, git
from tests.tools.support import call

if TYPE_CHECKING:
    from qwen_dual.sandbox.policy import Backend
    from tests.sandbox.support import Place


def test_the_workspace_is_written_to_and_nothing_else(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    (place.workspace / "src").mkdir()
    outside = place.folder / "outside"
    outside.write_text("before")
    done = place.run(sandbox, f"echo x > src/new; echo x > a.txt; echo x > {outside}")
    assert (place.workspace / "src/new").read_text() == "x\n"
    assert (place.workspace / "a.txt").read_text() == "x\n"
    assert outside.read_text() == "before" and done.is_error
    assert "outside_sandbox: true" in done.text
    assert done.shown is not None and "outside_sandbox" not in done.shown.output
    assert "seems to have kept a file from it." in done.shown.output
    place.run(
        sandbox, f"rm {outside}; mv {outside} src; ln {outside} src/hard; truncate -s0 {outside}"
    )
    assert outside.read_text() == "before" and not (place.workspace / "src/hard").exists()


def test_read_only_is_what_it_says(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend, "read-only")
    assert place.run(sandbox, "cat a.txt").text == "a"
    assert place.run(sandbox, "echo x > a.txt").is_error
    assert place.run(sandbox, "echo x > b.txt").is_error
    assert (place.workspace / "a.txt").read_text() == "a"


@pytest.mark.parametrize(
    "name", [".ssh/id_rsa", ".aws/credentials", ".netrc", ".qwen/settings.json"]
)
def test_secrets_are_out_of_sight(place: Place, backend: Backend, name: str) -> None:
    sandbox = place.sandbox(backend)
    path = place.home / name
    for way in (str(path), f"/proc/self/root{path}", f"/proc/1/root{path}", f"../home/{name}"):
        assert SECRET not in place.run(sandbox, f"cat {way}").text
    assert place.run(sandbox, f"cat {place.home}/tool").text == "a tool of theirs"
    os.symlink(path, place.workspace / "link")
    assert SECRET not in place.run(sandbox, "cat link").text
    assert path.read_text() == SECRET


def test_a_secret_that_is_kept_elsewhere_is_hidden_there(place: Place, backend: Backend) -> None:
    dotfiles = place.folder / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "key").write_text(SECRET)
    os.symlink(dotfiles, place.home / ".gnupg")
    (place.folder / "kube").write_text(SECRET)
    sandbox = place.sandbox(backend, KUBECONFIG=str(place.folder / "kube"))
    assert SECRET not in place.run(sandbox, f"cat {dotfiles}/key; cat {place.folder}/kube").text


def test_git_directories_are_read_only(place: Place, backend: Backend) -> None:
    git(place.workspace, "init", "-q", "nested")
    git(place.workspace, "init", "-q", "--bare", "bare")
    sandbox = place.sandbox(backend)
    assert place.run(sandbox, "git log --format=%s; git status --short a.txt").text == "first"
    tries = (
        "echo x > .git/hooks/pre-commit",
        "git config core.fsmonitor x",
        "echo x >> .git/config",
        "rm -rf .git",
        "mv .git .g",
        "ln -s .git soft && echo x > soft/hooks/x",
        "ln .git/config hard && echo x >> hard",
        "echo x > nested/.git/hooks/x",
        "mv nested other; mkdir -p nested/.git/hooks; echo x > nested/.git/hooks/x",
        "echo x > bare/hooks/x; echo x >> bare/config",
        "git worktree add ../w",
        "mv ../work ../work2",
    )
    before = snapshot(place)
    for command in tries:
        place.run(sandbox, command)
        assert snapshot(place) == before, command
    denied = place.run(sandbox, "git commit --allow-empty -m x")
    assert denied.is_error and "the person is asked" in denied.text


def snapshot(place: Place) -> dict[str, str]:
    """Every file of a git directory, wherever it has gone, by what it holds."""
    found = {}
    for folder, _, names in os.walk(place.folder):
        if ".git" in folder.split("/") or "/bare" in folder:
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[path] = file.read().hex()
    return found


def test_a_worktree_and_what_it_shares_are_read_only(place: Place, backend: Backend) -> None:
    inside = place.workspace / "trees" / "one"
    git(place.workspace, "worktree", "add", "-q", str(inside), "-b", "one")
    sandbox = place.sandbox(backend)
    before = (place.workspace / ".git/config").read_text()
    place.run(sandbox, "cd trees/one && git config core.hooksPath x; echo x > .git")
    assert (place.workspace / ".git/config").read_text() == before
    assert (inside / ".git").read_text().startswith("gitdir:")


def test_what_tools_run_by_themselves_is_read_only(place: Place, backend: Backend) -> None:
    names = (
        *(".qwen/settings.json", ".vscode/tasks.json", ".envrc", ".github/workflows/ci.yml"),
        *("Jenkinsfile", "lib/.Rprofile"),
    )
    for name in (*names, "sub/.envrc"):
        path = place.workspace / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("before")
    sandbox = place.sandbox(backend)
    for name in (*names, "sub/.envrc"):
        assert place.run(sandbox, f"echo x > {name}").is_error
        place.run(sandbox, f"rm -rf {name.split('/')[0]}; mv {name} away; rm {name}")
        assert (place.workspace / name).read_text() == "before"


def test_what_could_not_be_protected_is_told_when_a_command_makes_it(place: Place) -> None:
    sandbox = place.sandbox("bwrap")
    done = place.run(sandbox, "mkdir .vscode; echo x > .envrc; echo done")
    assert not done.is_error and "the command made .envrc, .vscode in the workspace" in done.text
    assert "made" not in place.run(sandbox, "echo again").text
    assert place.run(sandbox, "echo y > .envrc").is_error


def test_a_link_put_in_the_way_by_another_command_shows_and_gives_nothing(
    place: Place, backend: Backend
) -> None:
    sandbox = place.sandbox(backend)
    (place.workspace / "d").mkdir()
    tools = place.tools(sandbox)
    # Swaps a folder for a link to the home, as fast as it can, while others begin.
    swap = (
        "cd d; mkdir -p x/.qwen; echo mine > x/.qwen/settings.json; ln -s ../../home y; "
        "while :; do mv -T x z; mv -T y x; mv -T x y; mv -T z x; done"
    )
    call(tools, "run_shell_command", command=swap, is_background=True)
    for _ in range(15):
        sandbox.look_again()
        read = f"cat d/x/.qwen/settings.json {place.home}/.qwen/settings.json {place.home}/.ssh/*"
        assert SECRET not in call(tools, "run_shell_command", command=read).text
        write = f"echo x > {place.home}/tool; echo x > {place.home}/.netrc"
        call(tools, "run_shell_command", command=write)
    assert (place.home / "tool").read_text() == "a tool of theirs"
    assert (place.home / ".netrc").read_text() == SECRET


def test_temporary_files_are_private_and_last_for_the_session(
    place: Place, backend: Backend
) -> None:
    sandbox = place.sandbox(backend)
    place.run(sandbox, 'echo kept > "${TMPDIR:-/tmp}/qwen-dual-test-note"')
    assert place.run(sandbox, 'cat "${TMPDIR:-/tmp}/qwen-dual-test-note"').text == "kept"
    assert not os.path.exists("/tmp/qwen-dual-test-note")


def test_saved_output_can_be_read(place: Place, backend: Backend) -> None:
    sandbox = place.sandbox(backend)
    place.run(sandbox, "seq 100000")
    saved = place.made[-1]._scratch.folder
    assert saved is not None
    assert place.run(sandbox, f"tail -n1 {saved}/*.log").text == "100000"
    assert place.run(sandbox, f"echo x >> {saved}/output-1.log").is_error


def test_a_whole_home_as_the_workspace_is_only_read(place: Place, backend: Backend) -> None:
    place.workspace = place.home
    sandbox = place.sandbox(backend)
    assert sandbox.home_is_inside
    tools = place.tools(sandbox)
    assert call(tools, "run_shell_command", command="echo x > .bashrc; echo x > new").is_error
    assert SECRET not in call(tools, "run_shell_command", command="cat .ssh/id_rsa").text
    assert not (place.home / ".bashrc").exists() and not (place.home / "new").exists()


def test_the_whole_machine_is_no_workspace(place: Place, backend: Backend) -> None:
    place.sandbox(backend)
    place.workspace = type(place.workspace)("/")
    with pytest.raises(pytest.skip.Exception, match="limits nothing"):
        place.sandbox(backend)


def test_a_channel_in_the_workspace_is_out_of_reach(place: Place, backend: Backend) -> None:
    channel = place.workspace / "in.jsonl"
    os.mkfifo(channel)
    sandbox = place.sandbox(backend)
    sandbox.hide = (str(channel),)
    reader = os.open(channel, os.O_RDONLY | os.O_NONBLOCK)
    try:
        place.run(sandbox, "timeout 2 sh -c 'echo submit > in.jsonl'; rm in.jsonl; mv in.jsonl x")
        assert os.read(reader, 100) == b"" and channel.is_fifo()
    finally:
        os.close(reader)
    sandbox.hide = (str(place.workspace / "later.jsonl"),)
    refused = place.run(sandbox, "touch later.jsonl")
    assert refused.is_error and "a command could make it" in refused.text
    with pytest.raises(SandboxUnavailable):
        sandbox.confine(["true"], "/", {})


def test_a_workspace_behind_a_link_and_below_tmp_works(
    place: Place, backend: Backend, tmp_path: os.PathLike[str]
) -> None:
    real = os.path.join(tmp_path, "real")
    os.mkdir(real)
    os.symlink(real, os.path.join(tmp_path, "link"))
    place.workspace = type(place.workspace)(os.path.join(tmp_path, "link"))
    sandbox = place.sandbox(backend)
    assert place.run(sandbox, "echo x > made && pwd").text == os.path.realpath(real)
    assert os.path.exists(os.path.join(real, "made"))
