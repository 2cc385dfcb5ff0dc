"""What the ``*`` of a rule covers: known-safe words, for each program that is known.

``git *`` covers what only reads, ``git commit *`` the options of ``commit`` that run nothing else;
all other words the rule has to spell. Of a program that is not known here a person's rule is a
person's word, and the ``*`` covers all. Programs that run what they are given are never covered by a
``*``: interpreters up to their script, shells, wrappers, editors, what reaches other machines.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from qwen_dual.shell.builds import PROGRAMS as BUILDS
from qwen_dual.shell.files import PROGRAMS as FILES
from qwen_dual.shell.git import GIT
from qwen_dual.shell.program import MAX_WORDS, names
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.syntax import is_operand

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.shell.program import Program


INTERPRETERS = names(
    "bun deno ghci gjs groovy guile irb java julia lua luajit node nodejs osascript perl php pypy",
    "pypy3 python Rscript R raku ruby scala swift tclsh ts-node tsx wish",
)
"""They run the first word that is no option; what stands behind it is for that."""

RUN_ANYTHING = names(
    # shells, and the shell's own commands that run, name or assign
    ". ash bash builtin busybox bind caller command compgen complete coproc csh dash declare",
    "disown elvish enable eval exec export fc fish getopts hash history jobs ksh let local mapfile mksh",
    "nu popd powershell pushd pwsh rbash read readarray readonly set sh shopt source tcsh toybox",
    "trap typeset unalias alias unset wait xonsh yash zsh",
    # wrappers
    "chroot chrt dbus-run-session doas env entr expect faketime fakeroot firejail flock gdb",
    "gdbserver ionice ltrace nice nohup nsenter parallel pkexec proot prlimit rlwrap run-parts",
    "runuser script setarch linux32 linux64 setpriv setsid stdbuf strace su sudo systemd-run taskset",
    "time timeout unbuffer unshare valgrind watch xargs xvfb-run perf numactl catchsegv dtrace hyperfine",
    "bwrap cgexec sg newgrp start-stop-daemon daemonize at batch crontab systemctl launchctl",
    # languages on the command line, editors, pagers
    "awk gawk mawk nawk bc dc ed ex emacs emacsclient helix hx less man more most nano nvim pico red",
    "vi view vim vimdiff rvim code m4 sqlite3 psql mysql mongosh redis-cli duckdb screen tmux",
    # other machines
    "ssh sshfs sshpass mosh scp sftp rsync rsh rlogin telnet nc ncat netcat socat ftp lftp ssh-agent",
    "ssh-add ssh-keygen",
    # runners of packages
    "npx bunx pnpx pipx uvx corepack volta nvm",
)
"""No ``*`` covers a word of them; ``xargs``, ``timeout`` and their like run a command of its own."""

OPTIONS_SPELLED = names(
    "ant apt apt-get brew bundle bazel buck c++ cc clang cmake composer conda curl docker dotnet",
    "dpkg g++ gcc gem gh gradle gradlew helm just kubectl ld meson minikube mix mvn ninja nix",
    "openssl pnpm podman poetry rake rustc rustup snap svn terraform tox uv wget yarn yum zip unzip",
    "7z ar as bzip2 cpio gzip hg nox objcopy objdump pacman perltidy pre-commit xz zstd",
    "doctest tsc eslint prettier jest vitest mocha vite webpack black isort flake8 pylint coverage",
)
"""Programs of which options run others or write: a rule spells those, and the subcommand too."""


@lru_cache(maxsize=256)
def program_name(program: str) -> str:
    """The name under which a program is known: ``/usr/bin/python3.11`` is ``python``."""
    name = program.rpartition("/")[2]
    if name in _KNOWN:
        return name
    bare = re.sub(r"(?<![-.\d])[-.\d]+$", "", name)
    return bare if bare in _KNOWN else name


PROGRAMS: dict[str, Program] = {**FILES, **BUILDS, "git": GIT}
_KNOWN = frozenset(PROGRAMS) | INTERPRETERS | RUN_ANYTHING | OPTIONS_SPELLED


def spelled(words: Sequence[str]) -> frozenset[int]:
    """Indexes of the words of a command that no ``*`` of an allowing rule covers.

    With 0 among them no rule that has a ``*`` covers it at all.

    Args:
        words: as the program gets them, its name first; ``GLOB`` begins those that become names of
            files.
    """
    name = program_name(words[0])
    everything = frozenset(range(1, len(words)))
    if len(words) > MAX_WORDS:
        return everything
    if len(words) == 1 and (name in RUN_ANYTHING or name in INTERPRETERS):
        return frozenset([0])  # it may run what it reads from its input
    if words[0].startswith(GLOB) or name in RUN_ANYTHING:
        return everything
    if name in INTERPRETERS:
        return _interpreted(words, name)
    known = PROGRAMS.get(name)
    if known is not None:
        return frozenset(known.use(words).unsafe) & everything
    globs = {index for index in everything if _may_be_option(words[index])}
    if name in OPTIONS_SPELLED:
        return _with_options_spelled(words) | globs
    return frozenset(globs)


def _may_be_option(word: str) -> bool:
    return word.startswith(GLOB) and not is_operand(word)


def _with_options_spelled(words: Sequence[str]) -> frozenset[int]:
    """The first word, options, and what may be one to a program that takes ``x=y`` or ``@x``."""
    return frozenset(
        index
        for index, word in enumerate(words)
        if index and (index == 1 or not is_operand(word) or "=" in word or word[:1] in "@+")
    )


def _interpreted(words: Sequence[str], name: str) -> frozenset[int]:
    """All up to the script, and with an option that is not known all there is."""
    at = 1
    everything = frozenset(range(1, len(words)))
    while at < len(words) and words[at].startswith("-"):
        word = words[at]
        if word in ("-V", "--version") and len(words) == 2:
            return frozenset()
        if name == "python" and word == "-m" and at + 1 < len(words):
            return _module(words, at + 1)
        if name != "python" or word not in ("-u", "-B", "-I", "-E", "-s", "-O", "-q"):
            return everything
        at += 1
    globs = {index for index in everything if _may_be_option(words[index])}
    return frozenset(range(1, at + 1)) & everything | globs


def _module(words: Sequence[str], at: int) -> frozenset[int]:
    """``python -m pytest``: all up to the module, and then as the program of that name."""
    up_to = frozenset(range(1, at + 1))
    name = words[at]
    if name in PROGRAMS or name in OPTIONS_SPELLED:
        return up_to | {index + at for index in spelled(words[at:])}
    globs = {index for index in range(at, len(words)) if _may_be_option(words[index])}
    return up_to | globs
