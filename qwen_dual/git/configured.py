"""What a repository is set up to do beyond the ordinary: hooks, and settings that name programs.

Read from its files without running git, bounded, for a person to be asked about. What is ordinary
stands on a list; whatever else there is counts, since git has hundreds of settings that run something.
"""

from __future__ import annotations

import os
import re
from itertools import islice
from typing import TYPE_CHECKING

from qwen_dual.fs.foreign import read_foreign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.git.repository import Repository

MAX_BYTES = 262_144
"""Of a configuration; more is not ordinary."""

MAX_NAME = 500
"""Characters of a section's name; the keys of one that is cut are not ordinary."""

MAX_NAMED = 50
"""How many names are told; nobody reads more."""

MAX_HOOKS = 200
"""Names in the folder of hooks that are looked at."""

_ORDINARY = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode"
    r"|symlinks|autocrlf|eol|safecrlf|abbrev|quotepath|compression|sparsecheckout"
    r"|sparsecheckoutcone|untrackedcache|longpaths|protectntfs|protecthfs|sharedrepository)"
    r"|extensions\.(objectformat|refstorage|preciousobjects|compatobjectformat|partialclone"
    r"|worktreeconfig|noop)"
    r"|remote\..+\.(fetch|push|mirror|prune|prunetags|tagopt|skipfetchall|skipdefaultupdate"
    r"|gh-resolved|promisor|partialclonefilter|followremotehead)"
    r"|branch\..+\.(remote|merge|rebase|pushremote|description|vscode-merge-base"
    r"|github-pr-owner-number|gh-merge-base)"
    r"|submodule\..+\.(url|active|branch|ignore|fetchrecursesubmodules)|submodule\.active"
    r"|(user|author|committer)\.(name|email|signingkey|useconfigonly)"
    r"|(advice|color|feature|gc|gui)\.[a-z.]+|init\.defaultbranch|pull\.(rebase|ff)|column\.ui"
    r"|push\.(default|autosetupremote|followtags)|fetch\.(prune|prunetags|parallel|writecommitgraph)"
    r"|merge\.(ff|conflictstyle|log)|rebase\.(autosquash|autostash)|rerere\.(enabled|autoupdate)"
    r"|maintenance\.(auto|strategy)|index\.(version|threads|sparse)|diff\.(algorithm|renames)"
    r"|lfs\.repositoryformatversion|lfs\..+\.access"
)
_ADDRESS = re.compile(r"remote\..+\.(?:url|pushurl)|submodule\..+\.url")
_PLAIN_ADDRESS = re.compile(
    r"(?:https?|ssh|git|file)://[^\s-]\S*|(?:[\w.-]+@)?\w[\w.-]*:(?!:)\S*|[\w./~][^\s:]*"
)
_SECTION = re.compile(r'\s*\[\s*([\w.-]+)\s*(?:"((?:[^"\\]|\\.)*)")?\s*\]\s*')
_VALUE = re.compile(r"([A-Za-z][\w-]*)\s*(?:=\s*(.*))?$")


def beyond_ordinary(repository: Repository) -> list[str]:
    """What of a repository may run something, each by its name; empty for an ordinary one."""
    found = dict.fromkeys(islice(_settings(repository), MAX_NAMED))
    return [*found, *(f"hook {name}" for name in _hooks(repository))]


def _settings(repository: Repository) -> Iterator[str]:
    places = [(repository.common_dir, "config"), (repository.git_dir, "config.worktree")]
    for folder, name in places:
        try:
            data = read_foreign(name, root=folder, limit=MAX_BYTES)
        except FileNotFoundError:
            continue
        except OSError:
            yield f"{name} that cannot be read"
            continue
        for key, value in _read(os.fsdecode(data)):
            if _ADDRESS.fullmatch(key):
                ordinary = bool(_PLAIN_ADDRESS.fullmatch(value))
            else:
                ordinary = bool(_ORDINARY.fullmatch(key))
            if not ordinary:
                yield key


def _read(text: str) -> Iterator[tuple[str, str]]:
    """Keys with their values; a line that is not understood is a key by itself."""
    section = ""
    for raw in re.sub(r"\\\r?\n", "", text).split("\n"):
        line, at = raw.strip(), 0
        while opened := _SECTION.match(line, at):
            name, inner = opened[1].lower(), opened[2]
            section = (name if inner is None else f"{name}.{inner}")[:MAX_NAME]
            at = opened.end()
        line = line[at:]
        if not line or line[0] in "#;":
            continue
        value = _VALUE.match(line)
        if value is None:
            yield line, ""
        else:
            yield f"{section}.{value[1].lower()}", (value[2] or "").strip().strip('"')


def _hooks(repository: Repository) -> list[str]:
    try:
        with os.scandir(os.path.join(repository.common_dir, "hooks")) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MAX_HOOKS), strict=False)]
    except OSError:
        return []
    return sorted(name for name in names if not name.endswith((".sample", ".md", ".txt")))
