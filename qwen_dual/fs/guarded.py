"""Files that are delicate to write: a program that a person uses anyway takes its orders from them.

Git, shells, editors, package managers and the agents run what such a file says, by themselves and
later, where nobody thinks of the edit any more. So writing one needs leave even where edits do not.
"""

from __future__ import annotations

import os

_GIT = (".git", ".gitmodules", ".gitattributes", ".gitconfig", ".githooks")
_AGENTS = (".qwen", ".claude", ".codex", ".gemini", ".cursor", ".mcp.json")
_EDITORS = (
    ".vscode",
    ".idea",
    ".zed",
    ".devcontainer",
    ".exrc",
    ".vimrc",
    ".nvimrc",
    ".dir-locals.el",
)
_HOOKS = (
    *(".husky", ".envrc", ".pre-commit-config.yaml", ".lefthook.yml", "lefthook.yml"),
    *(".npmrc", ".yarnrc", ".yarnrc.yml", ".pnpmfile.cjs"),
)
_SHELLS = (
    *(".bashrc", ".bash_profile", ".bash_login", ".bash_logout", ".bash_aliases", ".profile"),
    *(".zshrc", ".zshenv", ".zprofile", ".zlogin", ".zlogout", ".inputrc"),
    *(".kshrc", ".cshrc", ".tcshrc", ".login", ".xprofile", ".xinitrc", ".xsession"),
)
NAMES = frozenset((*_GIT, *_AGENTS, *_EDITORS, *_HOOKS, *_SHELLS))
"""Files, and folders with all below them, wherever they are. In lower case."""

PATHS = (".github/workflows", ".cargo/config", ".cargo/config.toml")
"""The same, by more than the last name."""

ENVIRONMENT = ".env"
"""Read at the start of the agent itself, among others: it may name the service that gets a key."""

_HOME = frozenset(
    (".ssh", ".config", ".gnupg", ".aws", ".kube", ".docker", ".local", ".netrc", ".pgpass")
)
"""In a home whatever begins with a dot is guarded; these even for a workspace that lies in them."""

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
    return _guard_in_home(parts, home, root) or _guard_in_repository(parts)


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
