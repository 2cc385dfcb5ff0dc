"""Puts made-up command lines to the strict reader and to bash: ``python -m tests.fuzz.shell LINES``.

A quarter are put together from spellings of words, the others are such lines with pieces put in, taken
out, doubled or exchanged; well over a third of all is understood. Each line that is
goes to bash, alone, in a locale of UTF-8 and of C by turns. Prints how many there were, how many
were understood, and every difference; ends with 1 if there was any.
"""

from __future__ import annotations

import random
import sys
import time
from typing import TYPE_CHECKING

from qwen_dual.shell.reader import read
from tests.shell.bash import BUILTINS, LOCALES, PROGRAMS, differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.shell.reader import Line

BATCH = 20_000

_SPELLINGS = [
    *("status", "-m", "--output=F", "-o2", "a.py", "src/x_1.c", "HEAD~1", "HEAD~3..@", "v1^", "@{u}"),
    *("stash@{0}", "{}", "a#b", "x=1", "--a=b:c", "1,2", "100%", "+x", "2", "12", "!", "!x", "]", "-"),
    *("''", '""', "'a b'", '"a b"', "'$x'", "'`x`'", '"a;b|c&d"', "'\\'", "'\"'", '"\'"', "'a'\"b\"c"),
    *("\\;", "\\(", "\\)", "\\*", "\\$x", "\\`x\\`", "\\#", "\\ ", "\\\\", "\\a", "a\\'b", '\\"', "\\~"),
    *("*", "*.py", "src/*", "[a-z]x", "a?c", "'*'", "\"*\".'?'", "x[1]", "[", "/*", "../*", "a/[b/c]*"),
    *("文件", "café", "'naïve ✓'", '"à la"', "'…'", "in", "do", "done", "then", "if", "time", "esac"),
    *("'{a,b}'", "\\{a,b\\}", '{"a"', "'~'", "x~", "#", "'#'", "''#", "a'#'", "a=b", "a+=b", "--", ":"),
    *("-e'x'", 'pre"post"', "\"-e\"\\xec", "''\\-c", "'a'='b'", "%1", "@", "a:b", ".", "..", "/", "//"),
]  # fmt: skip
_REDIRECTS = [
    ">/dev/null",
    "2>&1",
    "2>/dev/null",
    "> /dev/null",
    "</dev/null",
    "&>/dev/null",
    ">&2",
]
_JOINTS = [";", " ; ", "&&", " && ", "||", " || ", "\n", "|", " | ", "\n\n", " &&\n", ";\n"]
_PIECES = [
    *map(chr, range(0x20, 0x7F)),
    *("\t", "\n", "\r", "\\\n", "''", '""', "$x", "${x}", "$(x)", "`x`", "$((x))", "$'x'", "{a,b}"),
    *("{1..3}", "{}", "~", "~/", "=~", ":~", "@(a)", "!(a)", "<(x)", "<<E\n", "\nE\n", "<<<", ">x", "{x}>"),
    *("2>", ">&", "<&", ">|", "|&", ";;", "&&", "||", "&", "time ", "! ", "coproc ", "x=", "x+=", "()"),
    *("é", "à", "文", "\u00a0", "\u3000", "\u0085", "\u200b", "if ", "[[ ", " ]]", "((", "))", "\\", "'", '"'),
    *(_REDIRECTS), *(f" {word} " for word in _SPELLINGS), *(f"{name} " for name in BUILTINS),
]  # fmt: skip


class Lines:
    """Made-up lines, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._kept: list[str] = ["git status"] * 500

    def __iter__(self) -> Iterator[str]:
        while True:
            is_new = self._random.random() < 0.25
            line = self._made() if is_new else self._changed()
            # What forks takes bash fifty times as long, so such a line does not multiply.
            forks = "|" in line.replace("||", "") or "&" in line.replace("&&", "")
            if not forks and self._random.random() < (0.2 if is_new else 0.03):
                self._kept[self._random.randrange(len(self._kept))] = line
            yield line

    def _made(self) -> str:
        rnd, choice = self._random.random, self._random.choice
        parts = []
        while True:
            name = choice(PROGRAMS) if rnd() < 0.9 else choice(BUILTINS)
            parts.append(self._spelled(name) if rnd() < 0.2 else name)
            while rnd() < 0.65:
                parts.append("  \t"[int(rnd() * 3)] if rnd() < 0.05 else " ")
                parts.append(choice(_SPELLINGS) if rnd() < 0.95 else choice(_REDIRECTS))
            if rnd() < 0.7:
                break
            parts.append(choice(_JOINTS) if rnd() < 0.04 else choice(_JOINTS[:7]))
        if rnd() < 0.003:
            parts.append(" &")
        if rnd() < 0.03:
            parts.insert(0, choice((" ", "\n", "time ")))
        return "".join(parts)

    def _spelled(self, name: str) -> str:
        at = self._random.randrange(len(name))
        before, char, after = name[:at], name[at], name[at + 1 :]
        return self._random.choice(
            (f"{before}\\{char}{after}", f"{before}'{char}'{after}", f'"{name}"', f"''{name}")
        )

    def _changed(self) -> str:
        randrange, choice = self._random.randrange, self._random.choice
        line = choice(self._kept)[:300]
        for _ in range(randrange(1, 9)):
            start = randrange(len(line) + 1)
            end = min(len(line), start + randrange(6))
            how = randrange(5)
            if how < 2:
                line = line[:start] + choice(_PIECES) + line[start:]
            elif how == 2:
                line = line[:start] + line[end:]
            elif how == 3:
                line = line[:end] + line[start:]
            else:
                line = line[:start] + choice(_PIECES) + line[end:]
        return line


def compare(count: int, seed: int, locale: str) -> tuple[int, list[str]]:
    """How many of ``count`` lines were understood, and where bash differs."""
    understood: list[tuple[str, Line]] = []
    for _, line in zip(range(count), Lines(seed), strict=False):
        found = read(line)
        if found is not None:
            understood.append((line, found))
    return len(understood), differences(understood, locale)


def main(count: int, seed: int) -> int:
    """Runs until ``count`` lines have been put; returns the exit status."""
    start = time.monotonic()
    done = understood = wrong = 0
    while done < count:
        size = min(BATCH, count - done)
        taken, found = compare(size, seed + done, LOCALES[(done // BATCH) % len(LOCALES)])
        done += size
        understood += taken
        wrong += len(found)
        print(*found, sep="\n", end="\n" if found else "")
        if (done // BATCH) % 10 == 0 or done == count or found:
            seconds = time.monotonic() - start
            print(
                f"{done:,} lines, {understood:,} understood ({understood / done:.0%}), "
                f"{wrong} differences, {seconds:,.0f} s, {done / seconds:,.0f} lines a second",
                flush=True,
            )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if sys.argv[2:] else random.randrange(2**40)))
