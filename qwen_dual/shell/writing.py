"""Which files a command may write, make, move or remove: for rules that deny edits, or ask for them.

Errs on one side. A program that is not known may write whatever its words name, and code on the
command line whatever it likes. What a script, a build or a test does by itself is not seen: the words
of the command do not say it.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from qwen_dual.shell.builds import PROGRAMS as BUILDS
from qwen_dual.shell.files import PROGRAMS as FILES
from qwen_dual.shell.options import INTERPRETERS, program_name
from qwen_dual.shell.program import MAX_WORDS, names
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.readonly import reads_only
from qwen_dual.shell.written import NOTHING, WRITERS, Written
from qwen_dual.shell.written_git import git_writes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SPEAKS = names(
    ": [ [[ alias bg break cd continue declare disown echo exit export false fg getopts hash jobs kill",
    "let local popd printf pushd pwd read readonly return set shift shopt sleep test times trap true",
    "type typeset ulimit umask unalias unset wait",
)
"""Commands of the shell that open none of the files that their words name."""

_ONLY_READ = frozenset(FILES) - frozenset(WRITERS) - names("date fd fdfind file find rg")
_EDITORS = names(
    "ed emacs emacsclient ex helix hx nano nvim pico red rvim vi view vim vimdiff code m4"
)
_AWKS = ("awk", "gawk", "mawk", "nawk")
_ARCHIVERS = names("7z 7za 7zr ar cpio jar lha pax unar unrar")
_LATER = names("at batch crontab")
_DATABASES = names("sqlite3 psql mysql mongosh duckdb")
_FORMATTERS = names(
    "autopep8 black clang-format gofmt goimports gofumpt isort prettier rubocop rustfmt shfmt standard",
    "swiftformat yapf",
)
_CHECKS = names("--check --diff --dry-run -d --list-different")
_INLINE = re.compile(r"-[a-zA-Z]*[ceEpnr]|--(?:eval|print|command)(?:=.*)?|-[ceEr].+|-")


def written_by(words: Sequence[str]) -> Written:
    """What the command ``words`` may write.

    Args:
        words: as the program gets them, its name first; such as begin with ``GLOB`` only the shell
            will know.
    """
    if words[0].startswith(GLOB) or len(words) > MAX_WORDS:
        return Written(unknown=True)
    name = program_name(words[0].rpartition("/")[2])
    words = [name, *words[1:]]
    if name in SPEAKS or name in _ONLY_READ or reads_only(words) is not None:
        return NOTHING
    known = [word for word in words if not word.startswith(GLOB)]
    found = _written(name, known)
    if len(known) == len(words) or (found == NOTHING and _is_told(name, words)):
        return found
    # What a word comes to that nobody knows may be a file, or an option that names one.
    return found._replace(unknown=True)


def _is_told(name: str, words: Sequence[str]) -> bool:
    """Whether the first words say that a command writes nothing, whatever the others are."""
    first = words[1] if len(words) > 1 else GLOB
    return name in (*_AWKS, "git") and not first.startswith((GLOB, "-"))


def _written(name: str, words: Sequence[str]) -> Written:
    if name in WRITERS:
        return WRITERS[name].written(words)
    if name in _OTHERS:
        return _OTHERS[name](words)
    if name in INTERPRETERS:
        return _run(words)
    if name in _EDITORS or name in _DATABASES or name in _LATER:
        return Written(maybe=tuple(words[1:]), unknown=True)
    if name in _ARCHIVERS:  # where one is, whatever the archive names
        return Written(trees=(".",), maybe=tuple(words[1:]))
    if name in _FORMATTERS:
        return _formatted(words[1:])
    known = BUILDS.get(name)
    if known is not None:
        # A rule has to spell the subcommand: that is no doubt about the other words.
        doubts = known.use(words).unsafe - ({1} if known.subcommands else set())
        return Written(maybe=tuple(words[1:])) if doubts else _built(name, words)
    return Written(maybe=tuple(words[1:]))


def _run(words: Sequence[str]) -> Written:
    """An interpreter: code in its words, or from its input, writes what it likes."""
    if words[0] == "python" and "-m" in words[1:-1]:
        return written_by(words[words.index("-m") + 1 :])
    options = [word for word in words[1:] if word.startswith("-")]
    scripts = [word for word in words[1:] if not word.startswith("-")]
    inline = any(_INLINE.fullmatch(word) for word in options) or not (options or scripts)
    return Written(maybe=tuple(words[1:]), unknown=inline)


def _perl(words: Sequence[str]) -> Written:
    run = _run(words)
    if not any(re.match(r"-[a-zA-Z0-9]*i", word) for word in words[1:]):
        return run
    code = [at + 1 for at, word in enumerate(words) if re.fullmatch(r"-[a-zA-Z0-9]*[eE]", word)]
    files = [w for at, w in enumerate(words) if at and at not in code and not w.startswith("-")]
    return run._replace(files=tuple(files))


def _awk(words: Sequence[str]) -> Written:
    """Its program may write with ``>``, and run with ``|`` and ``system``."""
    text = " ".join(words[1:])
    writes = re.search(r"[>|]|system|inplace|(?:^| )(?:-f|--file|-i|--include|-E|--exec)", text)
    return Written(maybe=tuple(words[1:]), unknown=True) if writes else NOTHING


def _dd(words: Sequence[str]) -> Written:
    return Written(tuple(word[3:] for word in words[1:] if word.startswith("of=")))


def _find(words: Sequence[str]) -> Written:
    """With ``-delete`` all below where it begins; ``-fprint`` and its like to a file."""
    begins: list[str] = []
    for word in words[1:]:
        if word.startswith(("-", "(", "!")) and word not in ("-H", "-L", "-P"):
            break
        begins += [] if word.startswith("-") else [word]
    to_file = ("-fprint", "-fprint0", "-fprintf", "-fls")
    files = [word for before, word in pairwise(words) if before in to_file]
    return Written(tuple(files), tuple(begins or ["."]) if "-delete" in words else ())


def _tar(words: Sequence[str]) -> Written:
    """Where it unpacks to, or the archive that it makes; all else may be either."""
    letters = words[1] if len(words) > 1 and not words[1].startswith("-") else ""
    letters += "".join(w for w in words[1:] if w.startswith("-") and not w.startswith("--"))
    folders = [word for before, word in pairwise(words) if before in ("-C", "--directory")]
    folders += [w.partition("=")[2] for w in words if w.startswith("--directory=")]
    folders += [w[2:] for w in words[1:] if w.startswith("-C") and len(w) > 2]
    unpacks = "x" in letters or "--extract" in words or "--get" in words
    lists = "t" in letters or "--list" in words
    if lists and not unpacks:
        return NOTHING
    return Written(trees=tuple(folders or ["."]) if unpacks else (), maybe=tuple(words[1:]))


def _formatted(words: Sequence[str]) -> Written:
    if _CHECKS.intersection(words):
        return NOTHING
    paths = tuple(word for word in words if not word.startswith("-"))
    return Written(trees=paths, maybe=tuple(words))


def _built(name: str, words: Sequence[str]) -> Written:
    """A build or a test whose words name nothing to write; but some rewrite the source."""
    rewrites = words[1:2] in (["fmt"], ["format"]) or any("fix" in w for w in words[2:])
    if name not in ("ruff", "cargo", "go") or not rewrites or _CHECKS.intersection(words):
        return NOTHING
    paths = tuple(word for word in words[2:] if not word.startswith("-"))
    return Written(trees=paths if name == "ruff" and paths else (".",))


_OTHERS: dict[str, Callable[[Sequence[str]], Written]] = {
    "git": git_writes,
    "perl": _perl,
    **dict.fromkeys(_AWKS, _awk),
    "dd": _dd,
    "find": _find,
    "tar": _tar,
    "bsdtar": _tar,
}
