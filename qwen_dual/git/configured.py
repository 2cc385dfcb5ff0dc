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
from qwen_dual.fs.home import expanded
from qwen_dual.git.repository import find_repository, root_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from qwen_dual.git.repository import Repository

MAX_BYTES = 262_144
"""Of a configuration; more is not ordinary."""

MAX_NAME = 500
"""Characters of a section's name; the keys of one that is cut are not ordinary."""

MAX_NAMED = 50
"""How many names are told; nobody reads more."""

MAX_HOOKS = 200
"""Names in the folder of hooks that are looked at."""

MAX_INCLUDED = 20
"""Files of a configuration that are looked at."""

MAX_ENTRIES = 2000
"""Of a folder of a repository that are looked at; where there are more, nobody knows what they are."""

_OWN = ("", "info", "logs", "objects", "objects/info", "objects/pack")
"""Folders of a repository in which links may stand for what is elsewhere."""

TREE = "core.worktree"

LISTS = frozenset(
    {
        "blame.ignorerevsfile",
        "core.attributesfile",
        "core.excludesfile",
        "diff.orderfile",
        "mailmap.file",
    }
)
"""Settings that name a file whose lines git reads, and may show."""

_INCLUDES = re.compile(r"include\.path|includeif\..+\.path", re.DOTALL)

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


def beyond_values(repository: Repository, home: str) -> Iterator[tuple[str, str]]:
    """The settings that may run something with their values, those too of the files that are included.

    An included file is a value itself, its real path.
    """
    return _beyond(_places(repository), home)


def own_values(home: str, env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The same of what the person and the machine have set for all repositories.

    Args:
        home: what ``~`` stands for.
        env: the person's environment, which may say where that is.
    """
    return _beyond([os.path.split(path) for path in own_files(home, env)], home)


def files_of(repository: Repository) -> list[str]:
    """The files of a repository's own configuration, whether they are there or not."""
    return [os.path.join(folder, name) for folder, name in _places(repository)]


def own_files(home: str, env: Mapping[str, str]) -> list[str]:
    """The files of the configuration that is for all repositories; their links are followed."""
    base = env.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    found = [os.path.join(base, "git", "config"), os.path.join(home, ".gitconfig")]
    if named := env.get("GIT_CONFIG_GLOBAL"):
        found = [expanded(named, home)]
    return [os.path.realpath(path) for path in ("/etc/gitconfig", *found) if os.path.isabs(path)]


def is_included(key: str) -> bool:
    """Whether the value of a setting is a further file of the configuration."""
    return _INCLUDES.fullmatch(key) is not None


def _beyond(places: list[tuple[str, str]], home: str) -> Iterator[tuple[str, str]]:
    for _ in range(MAX_INCLUDED):
        if not places:
            return
        folder, name = places.pop(0)
        try:
            data = read_foreign(name, root=folder, limit=MAX_BYTES)
        except OSError:
            continue
        for key, value in _read(os.fsdecode(data)):
            if is_included(key):
                path = _joined(os.path.join(folder, os.path.dirname(name)), value, home)
                places.append(os.path.split(path))
                yield key, path
            elif not _ADDRESS.fullmatch(key) and not _ORDINARY.fullmatch(key):
                yield key, value


def leads_out(folder: str, home: str) -> bool:
    """Whether git in ``folder`` would show files or history from elsewhere, as its repository says.

    A work tree that is set to be another folder, a list of attributes, names or the like that is
    anywhere (an answer or an error would show its lines), a link in place of a file of the repository's
    own, objects of another repository, a ``.git`` that names or links to a repository which knows nothing
    of that: an archive can bring them. Linked worktrees and submodules are known to the repository that they name.

    Args:
        folder: where git would run.
        home: what ``~`` stands for.
    """
    repository = find_repository(folder)
    if repository is None:
        return root_of(os.path.realpath(folder)) is not None
    root, git_dir = repository.root, os.path.realpath(repository.git_dir)
    common = os.path.realpath(repository.common_dir)
    values = list(_values(repository, home))
    trees = [_joined(git_dir, value, home) for key, value in values if key == TREE]
    lists = [_joined(root, value, home) for key, value in values if key != TREE]
    inside = root.rstrip("/") + "/"
    if any(tree != root for tree in trees) or not all(it.startswith(inside) for it in lists):
        return True
    elsewhere = (*_links(git_dir, common), *_alternates(common))
    if any(not place.startswith((inside, common + "/")) for place in elsewhere):
        return True
    if common != git_dir and os.path.dirname(os.path.dirname(git_dir)) != common:
        return True
    return not (git_dir.startswith(inside) or trees or _knows(git_dir, root, home))


def _values(repository: Repository, home: str) -> Iterator[tuple[str, str]]:
    """What names a work tree or a list, in the files too that are included."""
    places = _places(repository)
    for _ in range(MAX_INCLUDED):
        if not places:
            return
        folder, name = places.pop(0)
        try:
            data = read_foreign(name, root=folder, limit=MAX_BYTES)
        except FileNotFoundError:
            continue
        except OSError:
            yield TREE, "/"  # nobody knows
            continue
        for key, value in _read(os.fsdecode(data)):
            if is_included(key):
                path = _joined(os.path.join(folder, os.path.dirname(name)), value, home)
                if not path.startswith(repository.root.rstrip("/") + "/"):
                    yield TREE, "/"  # a person's own, or anybody's
                places.append(os.path.split(path))
            elif key == TREE or key in LISTS:
                # Quotes within a value, escapes and comments: git may have it otherwise.
                yield key, "/" if re.search(r'["\\;#]', value) else value
    if places:
        yield TREE, "/"


def _links(*folders: str) -> Iterator[str]:
    """Where the links lead that stand in place of a repository's own files."""
    for folder in dict.fromkeys(folders):
        for inner in _OWN:
            try:
                with os.scandir(os.path.join(folder, inner)) as entries:
                    found = list(islice(entries, MAX_ENTRIES + 1))
            except OSError:
                continue
            if len(found) > MAX_ENTRIES:
                yield "/"  # nobody knows
            yield from (os.path.realpath(it.path) for it in found if it.is_symlink())


def _alternates(common: str) -> Iterator[str]:
    """The folders of objects that a repository borrows."""
    objects = os.path.join(common, "objects")
    try:
        data = read_foreign("info/alternates", root=objects, limit=MAX_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError:
        yield "/"  # nobody knows
        return
    for line in filter(None, os.fsdecode(data).split("\n")):
        if not line.startswith("#"):
            # Quotes around a path, escapes in it: git may have it otherwise.
            yield "/" if line.startswith('"') else os.path.realpath(os.path.join(objects, line))


def _joined(folder: str, path: str, home: str) -> str:
    if path.startswith("%(prefix)/"):
        return "/"  # where git was installed
    return os.path.realpath(os.path.join(folder, expanded(path, home)))


def _knows(git_dir: str, root: str, home: str) -> bool:
    """Whether a linked worktree's own folder names the ``.git`` that names it."""
    try:
        told = read_foreign("gitdir", root=git_dir, limit=MAX_NAME * 8)
    except OSError:
        return False
    return _joined(git_dir, os.fsdecode(told).strip(), home) == os.path.join(root, ".git")


def _places(repository: Repository) -> list[tuple[str, str]]:
    return [(repository.common_dir, "config"), (repository.git_dir, "config.worktree")]


def _settings(repository: Repository) -> Iterator[str]:
    for folder, name in _places(repository):
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
            text = (value[2] or "").strip()
            quoted = re.fullmatch(r'"([^"\\]*)"', text)
            yield f"{section}.{value[1].lower()}", quoted[1] if quoted else text


def _hooks(repository: Repository) -> list[str]:
    try:
        with os.scandir(os.path.join(repository.common_dir, "hooks")) as entries:
            names = [entry.name for entry, _ in zip(entries, range(MAX_HOOKS), strict=False)]
    except OSError:
        return []
    return sorted(name for name in names if not name.endswith((".sample", ".md", ".txt")))
