"""Runs git on a repository that the person trusts, with nothing left that could start a program.

A repository's configuration and attributes name programs: filters, an fsmonitor, hooks, a helper
that fetches what is missing. Trusting a folder is no reason to run them for a mere look, so what is
run here only reads, and each of them is switched off. Blocks: for a thread.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from typing import TYPE_CHECKING

from qwen_dual.git.repository import find_repository

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.git.repository import Repository

CONFIG_SECONDS = 5.0

MAX_REPOSITORIES = 100
"""How many, submodules within each other, are looked into."""

_SAFE_FOR_COMMANDS = {
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "core.pager": "cat",
    "diff.ignoreSubmodules": "dirty",  # else git runs in each of them, by its configuration
    "diff.submodule": "short",  # else it shows their differences, and runs there for that
    "log.showSignature": "false",
    "safe.bareRepository": "explicit",
    "submodule.recurse": "false",
    "status.submoduleSummary": "false",
}

_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "safe.bareRepository=explicit",
    "submodule.recurse=false",
    "status.submoduleSummary=false",
)
# Of a name that the repository chooses, so that what is set has to be listed first.
_NAMED = re.compile(
    r"(filter\..+\.(?:clean|smudge|process|required)|remote\..+\.(?:promisor|uploadpack|vcs))",
    re.DOTALL,
)
# Runs where differences are shown.
_SHOWS = re.compile(
    r"submodule\..+\.ignore|diff\.(?:external|.+\.(?:textconv|command))|gpg\.(?:.+\.)?program|pager\..+",
    re.DOTALL,
)
_SUBMODULE = b"160000 "  # the mode of an entry of the index
# An external diff cannot be switched off but by an option, and an empty one makes `git diff` fail.
_PLAIN_DIFF = 'f() { diff -u --label "a/$1" --label "b/$1" "$2" "$5" || :; }; f'
_SWITCHED_OFF = {
    "required": "false",
    "promisor": "false",
    "textconv": "cat",
    "external": _PLAIN_DIFF,
    "command": _PLAIN_DIFF,
    "ignore": "dirty",
}

# No key or token is among them: git asks nobody here.
_INHERITED = ("HOME", "LANG", "LANGUAGE", "LOGNAME", "TMPDIR", "USER", "XDG_CONFIG_HOME")

_POLL = 0.05


class UnknownConfiguration(Exception):
    """What a repository sets could not be listed, so that nobody knows what git would run there.

    Attributes:
        folder: the repository's.
    """

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"git could not list within {CONFIG_SECONDS:g} s what {folder} sets for it"
        )
        self.folder = folder


def changed_files(
    folder: str,
    env: Mapping[str, str],
    seconds: float = 2.0,
    gone: threading.Event | None = None,
) -> int | None:
    """How many files of the repository around ``folder`` were changed; None where git cannot say.

    Args:
        folder: in the work tree of a repository that the person trusts.
        env: the session's environment, of which git gets a few variables.
        seconds: what git may take.
        gone: ends it early when set.
    """
    repository = find_repository(folder)
    if repository is None:
        return None
    status = run(
        repository,
        ("status", "--porcelain", "-z", "--no-renames", "--ignore-submodules=all"),
        folder=repository.root,
        env=env,
        seconds=seconds,
        gone=gone,
    )
    return None if status is None else status.count(b"\0")


def harmless_variables(folders: Iterable[str], variables: Mapping[str, str]) -> Mapping[str, str]:
    """Variables for a command line whose `git` only reads: no program of a repository's is run.

    Args:
        folders: where the line may run `git`; that goes into the submodules there by itself.
        variables: what it is given otherwise.

    Raises:
        UnknownConfiguration: that cannot be promised.
    """
    import shutil

    if shutil.which("git", path=variables.get("PATH", os.defpath)) is None:
        return {}
    quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": ""}
    found = {
        name: _SWITCHED_OFF.get(name.rpartition(".")[2], "")
        for name in _names_set(folders, {**variables, **quiet})
        if _NAMED.fullmatch(name) or _SHOWS.fullmatch(name)
    }
    settings = {**found, **_SAFE_FOR_COMMANDS}
    given = variables.get("GIT_CONFIG_COUNT") or "0"
    first = int(given) if given.isdecimal() else 0
    quiet["GIT_CONFIG_COUNT"] = str(first + len(settings))
    for number, (name, value) in enumerate(settings.items(), first):
        quiet[f"GIT_CONFIG_KEY_{number}"] = name
        quiet[f"GIT_CONFIG_VALUE_{number}"] = value
    return quiet


def _names_set(folders: Iterable[str], variables: Mapping[str, str]) -> set[str]:
    """What is set in the repositories around ``folders`` and in the submodules within those.

    Git goes into no submodule; that those are looked into as well is for a git that does.

    Raises:
        UnknownConfiguration: of a repository around ``folders`` it cannot be listed.
    """
    safe = ["git", *(word for setting in _SAFE for word in ("-c", setting))]
    listing = [*safe, "config", "--list", "--name-only", "-z"]
    names: set[str] = set()
    waiting = [(folder, True) for folder in folders]
    seen: set[str] = set()
    until = time.monotonic() + CONFIG_SECONDS
    while waiting:
        folder, needed = waiting.pop(0)
        if not needed and (len(seen) >= MAX_REPOSITORIES or time.monotonic() > until):
            break
        repository = find_repository(folder)
        top = folder if repository is None else repository.root
        if top in seen:
            continue
        seen.add(top)
        lists = [[*listing, "--includes"]]
        if os.path.lexists(os.path.join(top, ".gitmodules")):
            lists.append([*listing, "--file", ".gitmodules"])
        for command in lists:
            named = _output(command, top, variables, CONFIG_SECONDS, None)
            if named is None and needed:
                raise UnknownConfiguration(top)
            names.update(os.fsdecode(named or b"").split("\0"))
        if repository is not None:
            staged = _output([*safe, "ls-files", "-s", "-z"], top, variables, CONFIG_SECONDS, None)
            waiting += [
                (os.path.join(top, os.fsdecode(entry.partition(b"\t")[2])), False)
                for entry in (staged or b"").split(b"\0")
                if entry.startswith(_SUBMODULE)
            ]
    # A submodule of its own name may be told to be looked into all the same.
    return names | {f"{name}.ignore" for name in map(_submodule_of, names) if name}


def _submodule_of(name: str) -> str:
    section, dot, _ = name.rpartition(".")
    return section if dot and section.startswith("submodule.") else ""


def run(
    repository: Repository,
    arguments: Sequence[str],
    *,
    folder: str,
    env: Mapping[str, str],
    seconds: float,
    gone: threading.Event | None = None,
) -> bytes | None:
    """What a command of git prints; None when it fails, takes too long, or there is no git.

    Args:
        repository: of a folder that the person trusts.
        arguments: a subcommand that only reads, and its options.
        folder: where it runs: in the work tree.
        env: as for ``changed_files``.
        seconds: what it may take.
        gone: ends it early when set.
    """
    path = path_outside(repository.root, env.get("PATH", os.defpath))
    environment = {name: env[name] for name in _INHERITED if name in env} | {
        "PATH": path,
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",  # from git 2.45 on; before, no protocol to fetch by does it
        "GIT_ALLOW_PROTOCOL": "",
    }
    command = [
        "git",
        *(word for setting in _SAFE for word in ("-c", setting)),
        f"--git-dir={repository.git_dir}",
        f"--work-tree={repository.root}",
    ]
    listing = [*command, "config", "--list", "--includes", "--name-only", "-z"]
    named = _output(listing, folder, environment, CONFIG_SECONDS, gone)
    if named is None:
        return None
    environment |= _overrides(os.fsdecode(named).split("\0"))
    return _output([*command, *arguments], folder, environment, seconds, gone)


def absolute_path(path: str) -> str:
    """The folders of ``PATH`` but those that depend on where the program runs."""
    return os.pathsep.join(at for at in path.split(os.pathsep) if os.path.isabs(at))


def path_outside(root: str, path: str) -> str:
    """The folders of ``PATH`` that do not lie in ``root``: what is called git there, anybody has packed."""
    inside = root.rstrip("/") + "/"
    return os.pathsep.join(
        at
        for at in absolute_path(path).split(os.pathsep)
        if not (os.path.realpath(at) + "/").startswith(inside)
    )


def _overrides(names: Sequence[str]) -> Mapping[str, str]:
    """The variables that switch off what is set under names of the repository's own choice.

    Not ``-c name=value``: a name may hold a ``=``, and would end there.
    """
    found = sorted({name for name in names if _NAMED.fullmatch(name)})
    overrides = {"GIT_CONFIG_COUNT": str(len(found))}
    for number, name in enumerate(found):
        overrides[f"GIT_CONFIG_KEY_{number}"] = name
        last = name.rpartition(".")[2]
        overrides[f"GIT_CONFIG_VALUE_{number}"] = _SWITCHED_OFF.get(last, "")
    return overrides


def _output(
    command: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
    seconds: float,
    gone: threading.Event | None,
) -> bytes | None:
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError:  # no git, or no such folder
        return None
    until = time.monotonic() + seconds
    with process:
        while True:
            try:
                output, _ = process.communicate(timeout=_POLL)
            except subprocess.TimeoutExpired:
                if (gone is not None and gone.is_set()) or time.monotonic() > until:
                    process.kill()
                    return None
            else:
                return None if process.returncode else output
