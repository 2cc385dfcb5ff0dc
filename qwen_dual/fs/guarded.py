"""Files that are delicate to write: a program that a person uses anyway takes its orders from them.

Git, shells, editors, package managers and the agents run what such a file says, by themselves and
later, where nobody thinks of the edit any more. So writing one needs leave even where edits do not.
"""

from __future__ import annotations

import os
import stat

_GIT = (".git", ".gitmodules", ".gitattributes", ".gitconfig", ".githooks")
_AGENTS = (
    *(
        ".qwen",
        ".qwenignore",
        ".claude",
        ".codex",
        ".gemini",
        ".cursor",
        ".mcp.json",
        ".aider.conf.yml",
    ),
    *(".continue", ".kiro", ".roo", ".windsurf", ".opencode", "opencode.json", "opencode.jsonc"),
    *(".amp", ".augment", ".crush.json", "crush.json", ".factory", ".junie", ".kilocode", ".trae"),
)
_EDITORS = (
    ".vscode",
    ".idea",
    ".fleet",
    ".zed",
    ".devcontainer",
    ".devcontainer.json",
    ".vs",
    ".exrc",
    ".lvimrc",
    ".vimrc",
    ".nvimrc",
    ".nvim.lua",
    ".helix",
    ".dir-locals.el",
)
_HOOKS = (
    *(".husky", ".envrc", ".pre-commit-config.yaml", ".overcommit.yml"),
    *(
        f"{dot}lefthook{local}.{kind}"
        for dot in ("", ".")
        for local in ("", "-local")
        for kind in ("yml", "yaml", "toml", "json", "jsonc")
    ),
    *(".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs", ".pnp.cjs", ".pnp.loader.mjs"),
    *("bunfig.toml", ".bunfig.toml"),
    *(".hg", ".hgrc", ".jj", ".svn"),
)
_TOOLS = (  # which program a name stands for, and what runs before each start of one
    *(".tool-versions", ".mise", ".mise.toml", "mise.toml", ".mise.local.toml", "mise.local.toml"),
    *(".bundle", ".mvn", ".gdbinit", ".lldbinit", "pyvenv.cfg"),
    *(
        "rust-toolchain",
        "rust-toolchain.toml",
        ".rprofile",
        ".renviron",
        ".irbrc",
        ".pryrc",
        ".pdbrc",
    ),
)
_SERVICES = (  # with secrets, on the next push
    *(".gitlab-ci.yml", ".circleci", ".travis.yml", ".drone.yml", ".woodpecker", ".woodpecker.yml"),
    *(".buildkite", "azure-pipelines.yml", "bitbucket-pipelines.yml", "jenkinsfile"),
)
_SHELLS = (
    *(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile"),
    *(".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".inputrc"),
    *(".kshrc", ".cshrc", ".tcshrc", ".login", ".xprofile", ".xinitrc", ".xsession"),
)
NAMES = frozenset((*_GIT, *_AGENTS, *_EDITORS, *_HOOKS, *_TOOLS, *_SERVICES, *_SHELLS))
"""Files, and folders with all below them, wherever they are. In lower case."""

PATHS = (
    *(
        ".github/workflows",
        ".github/actions",
        ".gitea/workflows",
        ".forgejo/workflows",
        ".cargo/config",
    ),
    *(
        ".cargo/config.toml",
        ".config/mise",
        ".yarn/plugins",
        ".yarn/releases",
        ".yarn/sdks",
        "gradle/wrapper",
    ),
)
"""The same, by more than the last name."""

ENVIRONMENT = ".env"
"""Read at the start of the agent itself, among others: it may name the service that gets a key."""

_HOME = frozenset(
    (".ssh", ".config", ".gnupg", ".aws", ".kube", ".docker", ".local", ".netrc", ".pgpass")
)
"""In a home whatever begins with a dot is guarded; these even for a workspace that lies in them."""

MAX_LINKS = 2_000
"""How many links in a folder of programs are followed to see whether they lead to a file."""

_GIT_PARTS = frozenset(
    (
        *("head", "config", "config.worktree", "commondir", "gitdir", "packed-refs", "index"),
        *("objects", "refs", "reftable", "hooks", "info", "modules", "worktrees", "logs"),
    )
)


def guard_of(path: str, home: str = "/", root: str = "/") -> str:
    """What makes it delicate to write the file at ``path``; looks at the folders it lies in.

    Args:
        path: absolute, as it was given or where it really is.
        home: the person's, absolute; ``/`` for none.
        root: the workspace.

    Returns:
        The name, or the few names, that a rule has to spell out to allow it: ``.git``,
        ``.github/workflows``; empty for any other file.
    """
    parts = [part for part in path.split("/") if part]
    # Some file systems take .GIT for the same.
    low = [part.lower() for part in parts]
    for part in low:
        if part in NAMES or part.endswith(".code-workspace"):
            return part
    for names in PATHS:
        wanted = names.split("/")
        if any(low[at : at + len(wanted)] == wanted for at in range(len(low))):
            return names
    if low and low[-1] == ENVIRONMENT:
        return ENVIRONMENT
    return (
        _guard_in_home(parts, home, root)
        or _guard_in_repository(parts)
        or _guard_in_environment(parts)
    )


def guard_of_what_is_there(real: str, path: str, root: str) -> str:
    """What makes it delicate to write over a file, whatever its name.

    A program that is found by its name, since rules name programs by that; and a file of several
    names, since the others may lie anywhere.

    Args:
        real: the file, absolute and without links.
        path: the folders that programs are looked for in, as ``PATH`` has them.
        root: the workspace.

    Returns:
        As ``guard_of``: the file's name.
    """
    try:
        found = os.lstat(real)
    except OSError:
        return ""
    if not stat.S_ISREG(found.st_mode):
        return ""
    name = os.path.basename(real)
    if found.st_nlink > 1:
        return name.lower()
    if not found.st_mode & 0o111:
        return ""
    folder = os.path.dirname(real)
    if folder.endswith("/node_modules/.bin") or _is_environment(folder):
        return name.lower()
    return name.lower() if _is_program(found, folder, path, root) else ""


def _is_environment(folder: str) -> bool:
    """Whether it holds the programs of one of Python's virtual environments."""
    return os.path.lexists(os.path.join(os.path.dirname(folder), "pyvenv.cfg"))


def _is_program(found: os.stat_result, folder: str, path: str, root: str) -> bool:
    """Whether a file is found through ``path``, directly or by a link in one of its folders."""
    for entry in path.split(os.pathsep):
        place = os.path.realpath(entry) if os.path.isabs(entry) else ""
        if place == folder:
            return True
        if not (place + "/").startswith(root.rstrip("/") + "/"):
            continue
        try:
            with os.scandir(place) as entries:
                for link, _ in zip(entries, range(MAX_LINKS), strict=False):
                    if link.is_symlink() and _is_same(link, found):
                        return True
        except OSError:
            continue
    return False


def _is_same(link: os.DirEntry[str], found: os.stat_result) -> bool:
    try:
        return os.path.samestat(link.stat(), found)
    except OSError:
        return False


def spells(pattern: str, guard: str) -> bool:
    """Whether the path pattern of a rule names ``guard``, without a wildcard."""
    if not guard:
        return True
    wanted = guard.lower().split("/")
    parts = pattern.lower().split("/")
    return any(parts[at : at + len(wanted)] == wanted for at in range(len(parts)))


def _guard_in_home(parts: list[str], home: str, root: str) -> str:
    above = [part for part in home.split("/") if part]
    if not above or parts[: len(above)] != above or len(parts) == len(above):
        return ""
    name = parts[len(above)]
    if not name.startswith("."):
        return ""
    own = "/" + "/".join([*above, name])
    inside = root == own or root.startswith(own + "/")
    return name.lower() if not inside or name.lower() in _HOME else ""


def _guard_in_repository(parts: list[str]) -> str:
    """A git directory is one by what is in it, whatever it is called.

    There is none without a file ``HEAD``: making that is guarded anywhere, and where one is, the rest
    of what git takes for its own.
    """
    for at, part in enumerate(parts):
        if part == "HEAD":
            return part
        if part.lower() in _GIT_PARTS and os.path.lexists("/" + "/".join([*parts[:at], "HEAD"])):
            return part.lower()
    return ""


def _guard_in_environment(parts: list[str]) -> str:
    """What a virtual environment of Python's has installed: any start of its Python runs some of it.

    This program may run in one that lies in the workspace, and would load what is written there.
    """
    for at, part in enumerate(parts[:-2]):
        if part in ("lib", "lib64") and parts[at + 1].startswith(("python", "pypy")):
            environment = parts[:at]
            if os.path.lexists("/" + "/".join([*environment, "pyvenv.cfg"])):
                return (environment or [part])[-1].lower()
    return ""
