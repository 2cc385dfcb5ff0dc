"""Bash as the judge of the reader: which words it passes to which programs.

``judge`` puts many lines to one bash, each alone through ``eval``, with functions of the programs'
names that record their words. ``run_for_real`` starts one line as the tool does, with programs on
the ``PATH`` that record theirs: slower, and nothing in between.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_dual.shell.reader import GLOB, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Words = tuple[str, ...]

PROGRAMS = ["git", "ls", "grep", "rg", "find", "cat", "head", "sort", "npm", "make", "python3", "pytest", "x", "a1", "g++", "node.js", "./p", "bin/p", "../p", "/opt/p"]  # fmt: skip
BUILTINS = [
    ".",
    ":",
    "[",
    "alias",
    "bg",
    "bind",
    "break",
    "caller",
    "cd",
    "command",
    "compgen",
    "complete",
    "compopt",
    "continue",
    "declare",
    "dirs",
    "disown",
    "echo",
    "enable",
    "eval",
    "exec",
    "exit",
    "export",
    "false",
    "fc",
    "fg",
    "getopts",
    "hash",
    "help",
    "history",
    "jobs",
    "kill",
    "let",
    "local",
    "logout",
    "mapfile",
    "popd",
    "printf",
    "pushd",
    "pwd",
    "read",
    "readarray",
    "readonly",
    "return",
    "set",
    "shift",
    "shopt",
    "source",
    "suspend",
    "test",
    "times",
    "trap",
    "true",
    "type",
    "typeset",
    "ulimit",
    "umask",
    "unalias",
    "unset",
    "wait",
]
BASH = shutil.which("bash") or "bash"
LOCALES = ("C.UTF-8", "C")

_WORDS, _END = b"\3", b"\4"


def ran(line: Line, status: int) -> list[Words]:
    """The commands of ``line`` that run when each of them ends with ``status``."""
    found: list[Words] = []
    last = 0
    pipelines: list[list[int]] = []
    for index, command in enumerate(line.commands):
        if command.joint == "|":
            pipelines[-1].append(index)
        else:
            pipelines.append([index])
    for pipeline in pipelines:
        joint = line.commands[pipeline[0]].joint
        if joint in ("", ";") or (joint == "&&") == (last == 0):
            found += [line.commands[index].words for index in pipeline]
            last = status
    return found


def differences(lines: Iterable[tuple[str, Line]], locale: str = "C.UTF-8") -> list[str]:
    """What bash does otherwise than the reader said, one text for each line concerned."""
    jobs = [
        (line, read, status)
        for line, read in lines
        if {"builtin", "flush"}.isdisjoint(command.words[0] for command in read.commands)
        for status in ((0, 1) if any(c.joint in ("&&", "||") for c in read.commands) else (0,))
    ]
    with tempfile.TemporaryDirectory(prefix="qwen-dual-bash-") as folder:
        record, where = Path(folder, "record"), Path(folder, "files", "where")
        where.mkdir(parents=True)
        script = Path(folder, "script")
        script.write_bytes(_script(jobs, str(record)).encode())
        subprocess.run(
            [BASH, "--norc", "--noprofile", str(script)],
            cwd=where,
            env={"LC_ALL": locale, "PATH": "/nonexistent", "x": "a[$(x)]", "HOME": "/home/x"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=600,
            check=False,
        )
        found = _recorded(record.read_bytes())
        wrong = [] if not any(where.iterdir()) else [f"a file was made by one of {jobs[:3]}…"]
    for number, (line, read, status) in enumerate(jobs):
        expected, actual = ran(read, status), found.get(number)
        if actual is not None and _forks(read):
            actual.sort()
            expected.sort(key=lambda words: [word.lstrip(GLOB) for word in words])
        if actual is None or not _agree(expected, actual):
            wrong.append(f"{line!r} ({locale}): read {expected}, bash ran {actual}")
    return wrong


def run_for_real(line: str, environment: dict[str, str], folder: Path) -> list[Words]:
    """What ``bash -c`` passes to the programs of ``PROGRAMS`` and to no others."""
    where, record = folder / "sub" / "where", folder / "record"
    helper = folder / "path" / "git"
    if not helper.exists():
        (where / "bin").mkdir(parents=True, exist_ok=True)
        helper.parent.mkdir()
        helper.write_text(f'#!{BASH}\nprintf \'%s\\0\' $\'\\3\'"$0" "$@" >>"$RECORD"\n')
        helper.chmod(0o755)
        for name in PROGRAMS[1:]:
            if not name.startswith("/"):
                (where / name if "/" in name else helper.parent / name).symlink_to(helper)
    record.write_bytes(b"")
    subprocess.run(
        [BASH, "-c", line],
        cwd=where,
        env={**environment, "PATH": str(folder / "path"), "RECORD": str(record)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    found = _recorded(record.read_bytes() + b"\x040\0")[0]
    prefix = f"{folder}/path/"
    return [(words[0].removeprefix(prefix), *words[1:]) for words in found]


def _script(jobs: Sequence[tuple[str, Line, int]], record: str) -> str:
    """One ``eval`` a line. Where nothing forks, the words are kept in memory for a while."""
    names = {command.words[0] for _, read, _ in jobs for command in read.commands}
    parts = [
        f"exec 9>>'{record}'\n",
        "flush() { [[ ${#R[@]} == 0 ]] || builtin printf '%s\\0' \"${R[@]}\" >&9; R=(); }\n",
        "command_not_found_handle() { R=($'\\3'\"$@\"); flush; [[ $S == 0 ]]; }\n",
    ]
    parts += [
        f"function {name} {{ R+=($'\\3'{name} \"$@\"); [[ $forks ]] && flush; [[ $S == 0 ]]; }}\n"
        for name in sorted(names)
    ]
    for number, (line, read, status) in enumerate(jobs):
        quoted = line.replace("'", "'\\''")
        if _forks(read):
            parts.append(f"flush; forks=1 S={status}; builtin eval '{quoted}'\n")
            parts.append(f"builtin wait; R+=($'\\4'{number}); forks=\n")
        else:
            parts.append(f"S={status}; builtin eval '{quoted}'\nR+=($'\\4'{number})\n")
            parts.append("flush\n" * (number % 100 == 0))
    return "".join([*parts, "flush\n"])


def _forks(line: Line) -> bool:
    return line.background or any(command.joint == "|" for command in line.commands)


def _recorded(data: bytes) -> dict[int, list[Words]]:
    found: dict[int, list[Words]] = {}
    commands: list[list[str]] = []
    for part in data.split(b"\0")[:-1]:
        text = part[1:].decode("utf-8", "surrogateescape")
        if part.startswith(_WORDS):
            commands.append([text])
        elif part.startswith(_END):
            found[int(text)] = [tuple(words) for words in commands]
            commands = []
        else:
            commands[-1].append(part.decode("utf-8", "surrogateescape"))
    return found


def _agree(expected: Sequence[Words], actual: Sequence[Words]) -> bool:
    return len(expected) == len(actual) and all(
        tuple(word.lstrip(GLOB) for word in said) == ran or agrees(said, ran)
        for said, ran in zip(expected, actual, strict=True)
    )


def agrees(said: Words, ran: Words) -> bool:
    """Whether the words agree, each pattern standing for one or more names that begin like it."""
    at = {0}
    for word in said:
        if not word.startswith(GLOB):
            at = {start + 1 for start in at if ran[start : start + 1] == (word,)}
            continue
        prefix, after = beginning(word), set()
        for start in at:
            end = start
            while end < len(ran) and ran[end].startswith(prefix):
                end += 1
                after.add(end)
        at = after
    return len(ran) in at


def beginning(glob: str) -> str:
    """What all names that a pattern stands for begin with."""
    return min((glob[1:].partition(mark)[0] for mark in "*?["), key=len)
