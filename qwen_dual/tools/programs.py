"""What is known of programs that run other programs: ``sudo``, ``xargs``, ``bash -c``, ``find -exec``.

Pure; works on words whose quotes are gone. For rules that deny or ask: it looks through whatever may
run a command, with any options. What a rule that allows looks through is ``shell.commands``'s.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from msgspec import Struct, field

from qwen_dual.core.tools.tool import UNKNOWN
from qwen_dual.shell.program import names

if TYPE_CHECKING:
    from collections.abc import Sequence


class Wrapper(Struct, frozen=True):
    """A program whose arguments are a command.

    Attributes:
        valued: its options that take the next word as their value.
        positional: words between its options and the command.
        joins: whether the rest is joined to a script.
        appends: whether it adds words of its own to the command.
    """

    valued: frozenset[str] = frozenset()
    positional: int = 0
    joins: bool = False
    appends: bool = False


class Inner(Struct, frozen=True):
    """What a command runs: commands as words, and scripts; ``UNKNOWN`` is one nobody knows."""

    commands: list[list[str]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)


def _options(*names: str) -> frozenset[str]:
    return frozenset(names)


_WRAPPERS = {
    "sudo": Wrapper(_options("-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R")),
    "doas": Wrapper(_options("-u", "-C")),
    "env": Wrapper(_options("-u", "-C", "--unset", "--chdir")),
    "command": Wrapper(),
    "builtin": Wrapper(),
    "exec": Wrapper(_options("-a")),
    "nohup": Wrapper(),
    "time": Wrapper(_options("-f", "-o")),
    "timeout": Wrapper(_options("-s", "-k", "--signal", "--kill-after"), 1),
    "nice": Wrapper(_options("-n", "--adjustment")),
    "ionice": Wrapper(_options("-c", "-n", "-p")),
    "stdbuf": Wrapper(_options("-i", "-o", "-e")),
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
# Of these nobody keeps the options: a command may begin at any word of theirs.
_RUNNERS = names(
    "bunx bundle conda concurrently coproc cross-env direnv docker dotenv mamba nix nix-shell nodemon npx",
    "pipenv pipx pnpx podman poetry uv uvx watchexec",
    "bwrap catchsegv cgexec chrt daemonize dbus-run-session entr expect faketime fakeroot firejail",
    "gdb hyperfine linux32 linux64 ltrace nsenter numactl perf pkexec prlimit proot rlwrap run-parts",
    "runuser script setarch setpriv sg ssh start-stop-daemon taskset unbuffer valgrind xvfb-run",
)
_PROGRAM_OPTIONS = {
    "tar": (
        *("--checkpoint-action", "--to-command", "--use-compress-program", "-I", "--info-script"),
        *("--new-volume-script", "-F", "--rsh-command"),
    ),
    "sort": ("--compress-program",),
    "rg": ("--pre",),
    "zip": ("-TT", "--unzip-command"),
    "mapfile": ("-C",),
    "readarray": ("-C",),
    "complete": ("-C",),
    "compgen": ("-C",),
}
_READS_CODE = names("at batch crontab expect tclsh wish")  # from their input
_EDITORS = names("ed emacs ex expect nvim rvim vi view vim vimdiff")
_FILTERS = names("tree index commit msg env parent tag-name subdirectory setup")
_MAX_BEGINNINGS = 16
_MAX_RUN_WORDS = 200
_SHELLS = frozenset(["ash", "bash", "dash", "fish", "ksh", "mksh", "rbash", "sh", "zsh"])
# Builtins that take names of variables: the index of `a[$(x)]` is evaluated.
_NAMING = frozenset(
    [
        *("[", "[[", "declare", "export", "getopts", "let", "local", "mapfile", "printf", "read"),
        *("readarray", "readonly", "test", "typeset", "unset", "wait"),
    ]
)
_SHELL_VALUED = frozenset(["-o", "+o", "-O", "+O", "--rcfile", "--init-file"])
_GIT_VALUED = frozenset(["-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"])


def what_runs(words: Sequence[str]) -> Inner:
    """What the command ``words`` runs in turn."""
    name = words[0].rpartition("/")[2]
    if name in _SHELLS:
        return Inner(scripts=_shell_scripts(words))
    if name == "su":
        return Inner(scripts=_after(words, "-c", "--command"))
    if name in _NAMING and any("[" in word and re.search(r"[$`]", word) for word in words):
        return Inner(scripts=[UNKNOWN])
    if name in _READS_CODE or (name in (".", "source") and UNKNOWN in words):
        return Inner(scripts=[UNKNOWN])
    if name == "trap" and len(words) > 1:
        return Inner(scripts=[words[1]])
    if name == "git":
        return _git(words)
    if name == "alias":
        return Inner(scripts=[w.partition("=")[2] for w in words[1:] if "=" in w])
    if name in ("find", "fd", "fdfind"):
        return Inner(_find_commands(words))
    steered = _given_programs(name, words)
    if steered is not None:
        return steered
    if name in _RUNNERS:
        behind = list(words[1:])
        if len(behind) > _MAX_RUN_WORDS:
            return Inner(scripts=[UNKNOWN])
        begins = range(min(len(behind), _MAX_BEGINNINGS))
        # One word may be a whole line: `script -c 'rm x'`.
        lines = [word for word in behind[:_MAX_BEGINNINGS] if " " in word]
        return Inner([behind[at:] for at in begins if not behind[at].startswith("-")], lines)
    wrapper = _WRAPPERS.get(name)
    if wrapper is None:
        return Inner()
    if name == "env" and any(re.match(r"-[a-zA-Z]*S|--split-string", word) for word in words):
        return Inner(scripts=[UNKNOWN])
    rest = _wrapped(words, wrapper)
    if not rest and name in ("sudo", "doas"):
        return Inner(scripts=[UNKNOWN])  # a shell, that reads its input
    if not rest or (name in ("command", "builtin") and {"-v", "-V"} & set(words[1:])):
        return Inner()
    if wrapper.joins:
        return Inner(scripts=[UNKNOWN if UNKNOWN in rest else " ".join(rest)])
    command = [*rest, UNKNOWN] if wrapper.appends else list(rest)
    return Inner([command])


def _wrapped(words: Sequence[str], wrapper: Wrapper) -> Sequence[str]:
    """The command that ``words`` wraps, its options and variables apart."""
    at = 1
    while at < len(words):
        word = words[at]
        if word == "--":
            at += 1
            break
        if word in wrapper.valued or _ends_valued(word, wrapper):
            at += 2
        elif (word.startswith("-") and word != "-") or re.match(r"\w+=", word):
            at += 1
        else:
            break
    at += wrapper.positional
    while at < len(words) and re.match(r"\w+=|!$", words[at]):  # `env -- X=1 cmd`, `time ! cmd`
        at += 1
    return words[at:]


def _ends_valued(word: str, wrapper: Wrapper) -> bool:
    """Whether ``-iu`` ends with an option that takes the next word."""
    return bool(re.fullmatch(r"-[A-Za-z]{2,}", word)) and "-" + word[-1] in wrapper.valued


def _given_programs(name: str, words: Sequence[str]) -> Inner | None:
    """What a program runs that an option of its own, or its own language, names."""
    options = _PROGRAM_OPTIONS.get(name)
    if options is not None:
        scripts = _values(words, options)
        return Inner(scripts=scripts) if scripts else None
    text = " ".join(words[1:])
    if name in ("awk", "gawk", "mawk", "nawk") and re.search(r"system|\|", text):
        return Inner(scripts=[UNKNOWN])
    if (name in _EDITORS and text) or (name == "enable" and "-f" in words):
        return Inner(scripts=[UNKNOWN])
    return None


def _values(words: Sequence[str], options: Sequence[str]) -> list[str]:
    """The values of ``options``, which stand behind them, attached, or behind a ``=``."""
    found: list[str] = []
    for at, word in enumerate(words[1:], 1):
        for option in options:
            if word == option:
                found += words[at + 1 : at + 2]
            elif word.startswith(option):
                # `--checkpoint-action=exec=CMD`
                found.append(word[len(option) :].removeprefix("=").removeprefix("exec="))
    return found


def _git(words: Sequence[str]) -> Inner:
    """The subcommand without what stands before it, and what that, or the configuration, runs."""
    at = _git_subcommand(words)
    rest = list(words[at:])
    commands = [["git", *rest]] if len(rest) < len(words) - 1 and rest else []
    scripts = [value.partition("=")[2].removeprefix("!") for value in _values(words[:at], ("-c",))]
    name = rest[0] if rest else ""
    if name == "bisect" and "run" in rest:
        commands.append(rest[rest.index("run") + 1 :])
    if name == "submodule" and "foreach" in rest:
        scripts.append(" ".join(w for w in rest[rest.index("foreach") + 1 :] if w[:1] != "-"))
    if name in ("rebase", "difftool", "filter-branch"):
        options = ("-x", "--exec", "--extcmd", "-yx", *(f"--{it}-filter" for it in _FILTERS))
        scripts += _values(rest, options)
    return Inner([command for command in commands if command], [text for text in scripts if text])


def _shell_scripts(words: Sequence[str]) -> list[str]:
    """What a shell is given to run; from its input, nobody knows what."""
    at = 1
    while at < len(words) and words[at][:1] in ("-", "+") and words[at] != UNKNOWN:
        word = words[at]
        if re.fullmatch(r"-[a-zA-Z]*s[a-zA-Z]*", word):
            return [UNKNOWN]
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
