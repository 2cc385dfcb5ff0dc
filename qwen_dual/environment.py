"""What the model and the footer are told of the place the program runs in. Reads, never writes."""

from __future__ import annotations

import os
import platform
import subprocess
import time


def git_branch(folder: str) -> str | None:
    """The branch checked out in ``folder``, a short commit when detached, None outside git.

    Reads ``.git/HEAD`` instead of running git, which takes longer than the whole first paint.
    """
    path = os.path.realpath(folder)
    while True:
        dot_git = os.path.join(path, ".git")
        if os.path.exists(dot_git):
            return _head(dot_git)
        parent = os.path.dirname(path)
        if parent == path:
            return None
        path = parent


def _head(dot_git: str) -> str | None:
    try:
        if os.path.isfile(dot_git):  # a worktree or a submodule: the file names the real place
            with open(dot_git, encoding="utf-8", errors="replace") as file:
                target = file.readline().partition("gitdir:")[2].strip()
            dot_git = os.path.join(os.path.dirname(dot_git), target)
        with open(os.path.join(dot_git, "HEAD"), encoding="utf-8", errors="replace") as file:
            head = file.readline().strip()
    except OSError:
        return None
    prefix = "ref: refs/heads/"
    return head[len(prefix) :] if head.startswith(prefix) else head[:7] or None


def system_prompt(folder: str) -> str:
    """What the model knows before the first prompt."""
    branch = git_branch(folder)
    where = f"git branch {branch}" if branch else "not a git repository"
    return (
        "You are a coding agent in a person's terminal. Use the tools to look before you answer, "
        "keep changes small, and say what you did and what you could not do.\n"
        f"Folder: {folder} ({where})\n"
        f"Platform: {platform.system()} {platform.release()}\n"
        f"Date: {time.strftime('%Y-%m-%d')}"
    )


def git_changes(folder: str, seconds: float = 2.0) -> str:
    """How many files of the repository were changed, for the model; empty outside git.

    Runs git, so not on the loop's thread. One that takes too long is given up.
    """
    # A repository's own settings may name a program for fsmonitor: it must not run for this.
    command = ["git", "-c", "core.fsmonitor=false", "status", "--porcelain", "-z"]
    try:
        found = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    count = len([entry for entry in found.stdout.split(b"\0") if entry])
    if not count:
        return "clean"
    return f"{count} changed file{'' if count == 1 else 's'}"


def short_path(path: str) -> str:
    """``path`` with the home directory as ``~``."""
    home = os.path.expanduser("~")
    if path == home or (home != "/" and path.startswith(home + os.sep)):
        return "~" + path[len(home) :]
    return path
