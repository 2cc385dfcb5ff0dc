"""What a command may run, for all that its words tell: for rules that deny or ask, which a doubt is enough for.

A program that nobody here knows may run the command that stands behind its options, as ``tini -- rm x`` does,
and a word of several may be code: ``perl -e 'system("rm x")'``, ``man -P 'rm x' ls``. What is surely run is
told by ``tools.programs``. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING

from qwen_dual.shell.options import INTERPRETERS, PROGRAMS, program_name
from qwen_dual.shell.program import names
from qwen_dual.shell.reader import GLOB
from qwen_dual.shell.readonly import reads_only
from qwen_dual.shell.writing import SPEAKS
from qwen_dual.shell.written import WRITERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_BEGINNINGS = 24
"""Places of a command at which another may begin, and of all its phrases together."""

MAX_WORDS = 200
MAX_PIECES = 64

# They give a program another name, or run what the others of their kind do not.
_LENDS = names("cp hash install link ln mv npm pnpm yarn")
_AWKS = names("awk gawk mawk nawk")
_CODE = re.compile(r"[\s;|&$`(){}'\"!]")
_PIECE = re.compile(r"[\w./+@-]+")


@lru_cache(maxsize=512)
def may_run(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The commands that ``words`` may run besides, programs by their bare names."""
    name = program_name(words[0].rpartition("/")[2])
    lends = name in _LENDS
    if not lends and (name in SPEAKS or name == "git" or reads_only(words) is not None):
        return ()
    behind = [word for word in words[1:MAX_WORDS] if not word.startswith(GLOB)]
    known = name in PROGRAMS or name in WRITERS or name in INTERPRETERS or name in _AWKS
    found = list(islice(_behind(behind), 0 if known and not lends else MAX_BEGINNINGS))
    phrases = (_PIECE.findall(word)[:MAX_PIECES] for word in behind if _CODE.search(word))
    found += islice((each for pieces in phrases for each in _behind(pieces)), MAX_BEGINNINGS)
    return tuple(found)


def _behind(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """``words`` from each of them on that may be a program."""
    for at, word in enumerate(words):
        if word and word[0] not in "-+":
            yield (word.rpartition("/")[2], *words[at + 1 :])
