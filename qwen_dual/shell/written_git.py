"""What ``git`` writes of the files that are worked on: for rules that deny edits, or ask for them.

What it keeps in its own folder does not count, but for its configuration; nor what hooks do.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from qwen_dual.shell.program import names
from qwen_dual.shell.written import NOTHING, Written

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = names(
    "add branch cat-file commit describe fetch fsck gc hash-object help log maintenance notes pack-refs",
    "prune push reflog remote rev-list rev-parse show-ref status symbolic-ref tag update-index",
    "update-ref version write-tree",
)
_EVERYTHING = names(
    "am bisect checkout-index cherry-pick clean filter-branch filter-repo merge pull read-tree rebase",
    "revert sparse-checkout submodule subtree",
)
_ASK_CONFIG = names("--get --get-all --get-regexp --list -l get list")
_VALUED = names("-c -C --git-dir --work-tree --namespace --config-env --exec-path --super-prefix")
_ELSEWHERE = ("-C", "--git-dir", "--work-tree")


def git_writes(words: Sequence[str]) -> Written:
    """What the command ``words``, whose program is git, writes outside of git's own folder."""
    at, elsewhere = 1, False
    while at < len(words) and words[at].startswith("-"):
        elsewhere = elsewhere or words[at].startswith(_ELSEWHERE)
        at += 2 if words[at] in _VALUED else 1
    if at >= len(words):
        return NOTHING
    found = _subcommand(words[at], words[at + 1 :])
    return found._replace(unknown=True) if elsewhere and found != NOTHING else found


def _subcommand(name: str, words: Sequence[str]) -> Written:
    everything = Written(maybe=tuple(words), repository=True)
    given = {word.partition("=")[0] for word in words if word.startswith("-")}
    if name in _NOTHING:
        return Written(maybe=tuple(word for word in words if word.startswith("--output")))
    if name in _EVERYTHING:
        return everything
    if name in ("rm", "mv"):
        paths = _paths(words)
        return NOTHING if "--cached" in given else _changed(paths)
    if name == "restore":
        only_index = given & {"-S", "--staged"} and not given & {"-W", "--worktree"}
        return NOTHING if only_index else _changed(_paths(words), maybe=tuple(words))
    if name in ("checkout", "switch"):
        if "--" in words:
            return _changed(tuple(words[words.index("--") + 1 :]))
        new = {"-b", "-c", "--create", "--orphan"} & given
        return NOTHING if len(_paths(words)) <= bool(new) else everything
    if name == "reset":
        return everything if given & {"--hard", "--merge", "--keep"} else NOTHING
    if name == "stash":
        kept = words[:1] and words[0] in ("list", "show", "drop", "clear", "create", "store")
        return NOTHING if kept else everything
    if name == "apply":
        return NOTHING if given & {"--check", "--stat", "--numstat", "--cached"} else everything
    if name == "config":
        asks = _ASK_CONFIG.intersection(words[:1]) or given & _ASK_CONFIG
        return NOTHING if asks else Written(maybe=(*words, ".git/config", "~/.gitconfig"))
    if name in ("clone", "init", "worktree"):
        paths = _paths(words)[-1:]
        base = tuple(posixpath.basename(path).removesuffix(".git") for path in paths)
        return Written(trees=paths + base, maybe=tuple(words))
    return Written(maybe=tuple(words))


def _changed(paths: tuple[str, ...], maybe: tuple[str, ...] = ()) -> Written:
    """Paths, and what is below them; such as begin with a colon count from elsewhere."""
    magic = any(path.startswith(":") for path in paths)
    return Written(paths, paths, maybe=maybe, repository=magic)


def _paths(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(word for word in words if not word.startswith("-"))
