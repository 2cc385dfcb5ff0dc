"""The rule that "always allow" would leave behind for a call, and when none is safe.

Pure. A proposal is no wider than what a person can judge from the one call in front of them.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from typing import TYPE_CHECKING

from qwen_dual.core.patterns import escape_path
from qwen_dual.core.permissions import FETCH, READING, SHELL, WRITING, allows, parse_rule
from qwen_dual.core.policy import EDITS
from qwen_dual.shell.commands import readings, to_be_covered

if TYPE_CHECKING:
    from qwen_dual.core.tool import Kind, Subject

MAX_RULE_CHARS = 200


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_WITH_SUBCOMMANDS = _words(
    "apt brew bundle cargo composer conda docker dotnet flutter gh git go gradle helm just",
    "kubectl make mix mvn nix npm pip pip3 pnpm podman poetry rake rustup swift terraform tox",
    "uv yarn",
)
_NEVER = _words(
    # They run what they are given, or what they fetch.
    ". ash awk bash builtin bun busybox command coproc csh dash deno doas env eval exec expect",
    "fish gawk gdb guile ipython java julia ksh lua mawk nawk node nohup npx osascript parallel",
    "perl php pipx powershell pwsh python Rscript ruby screen script sed setsid sh source ssh",
    "strace su sudo tclsh tmux trap tsx watch xargs zsh",
    # They destroy, move or open what they are pointed at, or reach out.
    "chattr chgrp chmod chown cp crontab curl dd fdisk ftp halt insmod install kill killall",
    "launchctl ln mkfs modprobe mount mv nc ncat netcat nsenter pkill poweroff reboot rm rmdir",
    "rsync scp sftp shred shutdown socat sysctl systemctl tee telnet truncate umount unlink",
    "unshare wget",
)
_NEVER_WITH = {
    "bundle": _words("exec"),
    "cargo": _words("install"),
    "conda": _words("run"),
    "docker": _words("exec run"),
    "gh": _words("api"),
    "git": _words("config"),
    "go": _words("run"),
    "kubectl": _words("apply delete exec"),
    "mix": _words("run"),
    "nix": _words("run shell"),
    "npm": _words("exec publish x"),
    "pip": _words("install"),
    "pip3": _words("install"),
    "pnpm": _words("dlx exec"),
    "podman": _words("exec run"),
    "poetry": _words("run"),
    "uv": _words("run tool"),
    "yarn": _words("dlx exec"),
}
"""Subcommands that run or fetch anything, however harmless the program is otherwise."""


def rule_for(tool: str, kind: Kind, subject: Subject, *, outside: bool) -> str | None:
    """The rule to propose for a call; None where none is safe, or none would hold.

    Args:
        tool: its name.
        kind: what it may change.
        subject: what it is about.
        outside: whether it touches something outside the workspace.
    """
    if subject.leaves_sandbox or any(file.guard for file in subject.files):
        return None
    if tool == SHELL:
        return _for_commands(subject)
    if tool == FETCH and subject.host:
        return f"WebFetch({subject.host})"
    if outside and len(subject.files) == 1:
        return _for_files(tool, subject)
    if kind == "edit":
        return EDITS
    return None


def _for_commands(subject: Subject) -> str | None:
    """A rule that covers the whole line: all its commands have to agree on it."""
    commands = (subject.line is not None and to_be_covered(subject.line)) or ()
    rules = {_for_command(readings(command.words)[-1]) for command in commands}
    rule = rules.pop() if len(rules) == 1 else None
    # It must do what it promises: a word may be one that a rule has to spell out.
    if rule is None or not allows([parse_rule(rule)], SHELL, subject):
        return None
    return rule


def _for_command(words: tuple[str, ...]) -> str | None:
    program = words[0]
    name = program.rpartition("/")[2]
    if name in _NEVER or re.sub(r"[\d.]+$", "", name) in _NEVER:  # python3.11 is a python
        return None
    if len(words) > 1 and words[1] in _NEVER_WITH.get(name, ()):
        return None
    if not re.fullmatch(r"[\w./+:@-]+", program) or program.startswith("-"):
        return None
    if program in _WITH_SUBCOMMANDS:
        if len(words) < 2 or not re.fullmatch(r"\w[\w:./-]*", words[1]):
            return None
        words = words[:2]
    else:
        words = words[:1]
    rule = f"{SHELL}({shlex.join(words)} *)"
    return rule if len(rule) <= MAX_RULE_CHARS else None


def _for_files(tool: str, subject: Subject) -> str | None:
    file = subject.files[0]
    alias = "Read" if tool in READING else "Edit" if tool in WRITING else None
    if alias is None:
        return None
    folder = file.real if file.is_folder else posixpath.dirname(file.real)
    # All of a home folder, or of the disk, is more than one call is about.
    if folder == "/" or folder == subject.home:
        path = file.real if not file.is_folder else ""
    else:
        path = f"{folder}/**"
    if not path or not path.isprintable():
        return None
    pattern = escape_path(folder) + "/**" if path.endswith("/**") else escape_path(path)
    return f"{alias}({pattern})"
