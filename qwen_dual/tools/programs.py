"""What is known of programs that run other programs: ``sudo``, ``xargs``, ``bash -c``, ``find -exec``.

Pure; works on words whose quotes are gone. Takes part in looking through a command, for the rules
that deny, and in telling which of its words a rule that allows has to spell out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qwen_dual.core.tool import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Wrapper:
    """A program whose arguments are a command.

    Attributes:
        valued: its options that take the next word as their value.
        positional: words between its options and the command.
        transparent: whether it changes nothing of what the command does.
        joins: whether the rest is joined to a script.
        appends: whether it adds words of its own to the command.
    """

    valued: frozenset[str] = frozenset()
    positional: int = 0
    transparent: bool = False
    joins: bool = False
    appends: bool = False


@dataclass(frozen=True, slots=True)
class Inner:
    """What a command runs: commands as words, and scripts; ``UNKNOWN`` is one nobody knows."""

    commands: list[list[str]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    transparent: bool = False


def _options(*names: str) -> frozenset[str]:
    return frozenset(names)


_WRAPPERS = {
    "sudo": Wrapper(_options("-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R")),
    "doas": Wrapper(_options("-u", "-C")),
    "env": Wrapper(_options("-u", "-C", "--unset", "--chdir")),
    "command": Wrapper(transparent=True),
    "builtin": Wrapper(transparent=True),
    "exec": Wrapper(_options("-a")),
    "nohup": Wrapper(transparent=True),
    "time": Wrapper(_options("-f", "-o"), transparent=True),
    "timeout": Wrapper(_options("-s", "-k", "--signal", "--kill-after"), 1, transparent=True),
    "nice": Wrapper(_options("-n", "--adjustment"), transparent=True),
    "ionice": Wrapper(_options("-c", "-n", "-p"), transparent=True),
    "stdbuf": Wrapper(_options("-i", "-o", "-e"), transparent=True),
    "setsid": Wrapper(),
    "chroot": Wrapper(positional=1),
    "coproc": Wrapper(),
    "busybox": Wrapper(),
    "toybox": Wrapper(),
    "strace": Wrapper(_options("-e", "-o", "-p", "-s", "-u")),
    "xargs": Wrapper(
        _options("-I", "-n", "-P", "-L", "-d", "-E", "-a", "-s", "--max-args", "--max-procs"),
        appends=True,
    ),
    "parallel": Wrapper(_options("-j", "--jobs", "-a"), appends=True),
    "watch": Wrapper(_options("-n", "--interval"), joins=True),
    "eval": Wrapper(joins=True),
    "flock": Wrapper(_options("-w", "-E"), 1),
    "unshare": Wrapper(),
    "systemd-run": Wrapper(_options("-p", "-u", "--unit")),
}
_SHELLS = frozenset(["ash", "bash", "dash", "fish", "ksh", "mksh", "rbash", "sh", "zsh"])
_SHELL_VALUED = frozenset(["-o", "+o", "-O", "+O", "--rcfile", "--init-file"])

# Options that run a program or write to a file, so that a `*` of an allowing rule covers none.
_FIND = frozenset(
    ["-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf"]
)
_RISKY = {
    "find": _FIND,
    "fd": frozenset(["-x", "-X", "--exec", "--exec-batch"]),
    "fdfind": frozenset(["-x", "-X", "--exec", "--exec-batch"]),
    "rg": frozenset(["--pre", "--hostname-bin"]),
    "sort": frozenset(["-o", "--output", "--compress-program"]),
    "tar": frozenset(["--to-command", "--checkpoint-action", "-I", "--use-compress-program"]),
    "git": frozenset(
        [
            "--exec",
            "--extcmd",
            "--open-files-in-pager",
            "--output",
            "--receive-pack",
            "--upload-pack",
        ]
    ),
}
_GIT_HARMLESS = frozenset(["--no-pager", "-P", "--version", "--help", "--no-optional-locks"])
_GIT_VALUED = frozenset(["-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"])


def what_runs(words: Sequence[str]) -> Inner:
    """What the command ``words`` runs in turn."""
    name = words[0].rpartition("/")[2]
    if name in _SHELLS:
        return Inner(scripts=_shell_scripts(words))
    if name == "su":
        return Inner(scripts=_after(words, "-c", "--command"))
    if name == "trap" and len(words) > 1:
        return Inner(scripts=[words[1]])
    if name == "git":
        rest = words[_git_subcommand(words) :]
        return Inner([["git", *rest]]) if len(rest) < len(words) - 1 and rest else Inner()
    if name in ("find", "fd", "fdfind"):
        return Inner(_find_commands(words))
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return Inner()
    if name == "env" and any(re.match(r"-[a-zA-Z]*S|--split-string", word) for word in words):
        return Inner(scripts=[UNKNOWN])
    rest = _wrapped(words, wrapper)
    if not rest or (name in ("command", "builtin") and {"-v", "-V"} & set(words[1:])):
        return Inner()
    if wrapper.joins:
        return Inner(scripts=[UNKNOWN if UNKNOWN in rest else " ".join(rest)])
    command = [*rest, UNKNOWN] if wrapper.appends else list(rest)
    return Inner([command], transparent=wrapper.transparent)


def to_be_spelled(words: Sequence[str]) -> frozenset[int]:
    """Indexes of the words of a command that an allowing rule has to spell out."""
    name = words[0].rpartition("/")[2]
    risky = _RISKY.get(name)
    if risky is None:
        return frozenset()
    found = {
        index
        for index, word in enumerate(words)
        if word.partition("=")[0] in risky or _abbreviates(word, risky)
    }
    if name == "git":
        first = _git_subcommand(words)
        found |= {i for i in range(1, first) if words[i] not in _GIT_HARMLESS}
        found |= {first} if first < len(words) and words[first] == UNKNOWN else set()
    else:
        found |= {index for index, word in enumerate(words) if word == UNKNOWN and name == "find"}
    return frozenset(found)


def _abbreviates(word: str, options: frozenset[str]) -> bool:
    """Whether ``word`` is a long option cut short, as GNU programs and git take them."""
    name = word.partition("=")[0]
    return len(name) > 3 and name.startswith("--") and any(o.startswith(name) for o in options)


def _wrapped(words: Sequence[str], wrapper: Wrapper) -> Sequence[str]:
    """The command that ``words`` wraps, its options and variables apart."""
    at = 1
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word in wrapper.valued:
            at += 2
        elif (word.startswith("-") and word != "-") or re.match(r"\w+=", word):
            at += 1
        else:
            break
    at += wrapper.positional
    while at < len(words) and re.match(r"\w+=", words[at]):  # `env -- X=1 cmd`
        at += 1
    return words[at:]


def _shell_scripts(words: Sequence[str]) -> list[str]:
    """What a shell is given to run; from its input, nobody knows what."""
    at = 1
    while at < len(words) and words[at][:1] in ("-", "+") and words[at] != UNKNOWN:
        word = words[at]
        if re.fullmatch(r"-[a-zA-Z]*c[a-zA-Z]*", word):
            rest = [w for w in words[at + 1 :] if not re.match(r"[-+]", w)]
            return rest[:1] or [UNKNOWN]
        at += 2 if word in _SHELL_VALUED else 1
    return [UNKNOWN] if at >= len(words) or words[at] == UNKNOWN else []


def _after(words: Sequence[str], *options: str) -> list[str]:
    return [words[i + 1] for i, word in enumerate(words[:-1]) if word in options]


def _find_commands(words: Sequence[str]) -> list[list[str]]:
    """The commands behind ``-exec`` and its like, each up to ``;`` or ``+``."""
    found: list[list[str]] = []
    inside: list[str] | None = None
    for word in words:
        if inside is None:
            if word in ("-exec", "-execdir", "-ok", "-okdir", "-x", "-X", "--exec", "--exec-batch"):
                inside = []
        elif word in (";", "+"):
            found.append(inside)
            inside = None
        else:
            inside.append(UNKNOWN if word == "{}" else word)
    if inside:
        found.append(inside)
    return [command for command in found if command]


def _git_subcommand(words: Sequence[str]) -> int:
    """The index of git's subcommand, behind its own options; the length if there is none."""
    at = 1
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _GIT_VALUED else 1
    return min(at, len(words))
