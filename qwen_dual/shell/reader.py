"""The strict reader of command lines: what every rule that *allows* is decided by.

It accepts a line only if it understands the whole of it, and promises that the words it returns are
the ones that ``bash -c`` passes to the programs, that these programs are all that run, and that no
file but ``/dev/null`` is opened for them. Whatever else bash knows (expansions, assignments, loops,
functions, here-documents, other redirections, comments) is not understood: ``None``, no error.

The promise holds for bash 3.2 and later, not in POSIX mode, in an environment that does not change
how bash reads (``tools.environment`` takes out what would), in a locale of UTF-8 or of C. It is held
against bash itself by ``tests/shell/test_differential.py`` and ``python -m tests.fuzz.shell``.

Takes linear time. Pure.
"""

from __future__ import annotations

import re
from typing import Literal

from msgspec import Struct

MAX_WORD_CHARS = 4_096

MAX_COMMANDS = 2_000
"""Of a line: each is looked at while the session waits."""

GLOB = "\0"
"""What a word begins with that bash replaces by names of files: then its text follows, quotes gone.

It stands for one or more words, and each begins with the text up to its first ``*``, ``?`` or ``[``.
No other word has this character in it.
"""

Joint = Literal["", ";", "&&", "||", "|"]


class Simple(Struct, frozen=True):
    """One simple command.

    Attributes:
        words: as bash passes them, the program first; at least one.
        joint: what stands before it: nothing for the first, ``;`` for a newline too.
    """

    words: tuple[str, ...]
    joint: Joint = ""


class Line(Struct, frozen=True):
    """A command line that was understood whole.

    Attributes:
        commands: all that it may run, in order; at least one.
        background: whether it ends with ``&``.
    """

    commands: tuple[Simple, ...]
    background: bool = False


# The pieces of a word. A brace is expanded only with a comma or two dots in it, a tilde only at the
# beginning of a word or behind `=` and `:`, `#` begins a comment only at the beginning of a word.
_QUOTED = r"""'[^'\n\t]*'|"[^"$`\\\n\t]*"|\\[ -~]"""
_BARE = r"[\w@%+=:,./^!\]*?\[#-]+|(?<=[\w./@^-])~|\{[A-Za-z0-9]*\}"
_END = r"(?=[ \t\n;|&]|\Z)"
_TOKEN = re.compile(
    r"[ \t]*(?:"
    rf"(?P<redirect>(?:[012]?>>?|0?<|&>)[ \t]*/dev/null{_END}|2>&1{_END}|1?>&2{_END})"
    rf"|(?P<word>(?!\#)(?:{_BARE}|{_QUOTED})+)"
    r"|(?P<operator>&&|\|\||[;|&\n]|\Z))"
)
_QUOTED_PIECE = re.compile(_QUOTED)
_NOT_PLAIN = re.compile(r"""['"\\*?\[]|[^ -~]""")
_GLOB_CHARS = re.compile(r"[*?\[]")
# Before bash 5.2 such a pattern finds `..`.
_FINDS_PARENT = re.compile(r"(?:^|/)\.[^/]*[*?\[]")
_PROGRAM = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./+:@-]*|\[|:")
_RESERVED = frozenset(
    [
        "if",
        "then",
        "elif",
        "else",
        "fi",
        "time",
        "for",
        "in",
        "until",
        "while",
        "do",
        "done",
        "case",
        "esac",
        "coproc",
        "select",
        "function",
    ]
)

# Bytes that some systems take for blanks, although they are part of a character here.
_BLANK_BYTES = frozenset(b"\x85\xa0")
_AFTER_WORD = " \t\n;|&"
_JOINTS: dict[str, Joint] = {
    ";": ";",
    "\n": ";",
    "&": ";",
    "": ";",
    "&&": "&&",
    "||": "||",
    "|": "|",
}


def read(line: str) -> Line | None:
    """The commands of ``line``; None unless all of it is understood."""
    if not line.replace("\n", " ").replace("\t", " ").isprintable():
        return None
    commands: list[Simple] = []
    words: list[str] = []
    joint: Joint = ""
    timed = background = False
    at = 0
    while token := _TOKEN.match(line, at):
        at = token.end()
        kind = token.lastgroup
        text = token[kind or 0]
        if kind == "word":
            if line[at : at + 1] not in _AFTER_WORD or background:
                return None
            if text == "time" and not words and not timed and joint != "|":
                timed = True  # a reserved word here, and the name of a program behind a pipe
                continue
            word = _value(text)
            if word is None or not (words or _names_program(word)):
                return None
            words.append(word)
        elif kind == "redirect":
            if not words:
                return None
        elif words:
            if len(commands) == MAX_COMMANDS:
                return None
            commands.append(Simple(tuple(words), joint))
            words, timed = [], False
            joint = _JOINTS[text]
            background = text == "&"
        elif timed or text not in ("\n", ""):
            return None
        if kind == "operator" and not text:
            complete = bool(commands) and joint == ";"
            return Line(tuple(commands), background) if complete else None
    return None


def _value(raw: str) -> str | None:
    """The word that ``raw`` comes to, quotes and all; None for one that is not understood."""
    if not _NOT_PLAIN.search(raw):
        return raw if len(raw) <= MAX_WORD_CHARS else None
    word = _QUOTED_PIECE.sub(_unquoted, raw)
    bare = _QUOTED_PIECE.sub("", raw)
    if len(word) > MAX_WORD_CHARS or not (bare.isascii() or _BLANK_BYTES.isdisjoint(bare.encode())):
        return None
    if raw == "[" or not _GLOB_CHARS.search(bare):
        return word
    return None if _FINDS_PARENT.search(word) else GLOB + word


def _unquoted(piece: re.Match[str]) -> str:
    text = piece[0]
    return text[1:] if text[0] == "\\" else text[1:-1]


def _names_program(word: str) -> bool:
    return word not in _RESERVED and bool(_PROGRAM.fullmatch(word))
