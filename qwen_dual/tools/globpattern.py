"""Glob patterns over relative paths; matching takes no more than quadratic time in a path's length.

Folders are matched name by name, a name as ``core.text.wildcard`` does: no pattern can make it slow, and
none is taken that would come to more alternatives than a search can use.
"""

from __future__ import annotations

import re

from qwen_dual.core.text.wildcard import name_pattern

MAX_PATTERN = 4096
MAX_ALTERNATIVES = 200

Names = list[tuple[re.Pattern[str], ...] | None]
"""For each name of a path the patterns it may match; None stands for any number of folders."""


class GlobPattern:
    """`**` any folders, `*` and `?` within a name, `[a-z]`, `[!a-z]`, `{py,ts}`.

    Brackets stand for themselves as well: frameworks name folders ``[id]``, and whoever writes
    that means the folder.

    Raises:
        ValueError: says what was expected.
    """

    def __init__(self, pattern: str) -> None:
        if len(pattern) > MAX_PATTERN:
            raise ValueError(f"expected at most {MAX_PATTERN:,} characters")
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        if not parts:
            raise ValueError("expected a pattern for file names")
        if ".." in parts:
            raise ValueError("expected a pattern without `..`; name the folder in path")
        self._alternatives = [_compile(alternative) for alternative in _braces("/".join(parts))]

    def matches(self, relative: str) -> bool:
        """Whether the whole of ``relative`` matches."""
        names = relative.split("/")
        return any(_matches(names, wanted) for wanted in self._alternatives)


def split_absolute(pattern: str) -> tuple[str, str]:
    """The folder that an absolute pattern begins with, and the rest of it."""
    parts = pattern.split("/")
    plain = 0
    while plain < len(parts) - 1 and not re.search(r"[*?\[{]", parts[plain]):
        plain += 1
    return "/".join(parts[:plain]) or "/", "/".join(parts[plain:])


def _braces(pattern: str) -> list[str]:
    """``pattern`` once for each choice of its braces; those without a comma stand for themselves.

    One pass: what is open is on a stack, and the alternatives of what is closed are bounded before
    they are written out.
    """
    marks = _marks(pattern)
    texts = [""]  # the alternatives of what was read since the innermost open brace or comma
    opened: list[tuple[list[str], list[str]]] = []  # those before it, and its choices so far
    read = 0
    for at in sorted(marks):
        plain = pattern[read:at]
        texts = [text + plain for text in texts]
        read = at + 1
        if pattern[at] == "{":
            opened.append((texts, []))
        elif pattern[at] == ",":
            opened[-1][1].extend(texts)
        else:
            before, choices = opened.pop()
            choices.extend(texts)
            if len(before) * len(choices) > MAX_ALTERNATIVES:
                raise ValueError(f"expected at most {MAX_ALTERNATIVES} alternatives in braces")
            texts = [text + choice for text in before for choice in choices]
            continue
        texts = [""]
    return [text + pattern[read:] for text in texts]


def _marks(pattern: str) -> set[int]:
    """Where the braces are that hold a comma of their own, and those commas."""
    marks: set[int] = set()
    opened: list[list[int]] = []
    for at, char in enumerate(pattern):
        if char == "{":
            opened.append([at])
        elif char == "," and opened:
            opened[-1].append(at)
        elif char == "}" and opened:
            inner = opened.pop()
            if len(inner) > 1:
                marks.update(inner, [at])
    return marks


def _compile(pattern: str) -> Names:
    names: Names = []
    for part in pattern.split("/"):
        if part != "**":
            names.append(name_patterns(part))
        elif not names or names[-1] is not None:
            names.append(None)
    if names[-1] is None:
        names.append(name_patterns("*"))  # what is below a folder, not the folder itself
    return names


def _matches(names: list[str], wanted: Names) -> bool:
    at = want = 0
    star = resume = -1
    while at < len(names):
        patterns = wanted[want] if want < len(wanted) else None
        if want < len(wanted) and patterns is None:
            star, resume = want, at
            want += 1
        elif patterns is not None and any(p.fullmatch(names[at]) for p in patterns):
            at += 1
            want += 1
        elif star >= 0:
            resume += 1
            at, want = resume, star + 1
        else:
            return False
    return want == len(wanted)


def name_patterns(name: str) -> tuple[re.Pattern[str], ...]:
    """What one name of a path may match, brackets once as a set and once as themselves.

    Raises:
        ValueError: says what was expected.
    """
    literal = name_pattern(name, escapes=False, sets=False)
    if "[" not in name:
        return (literal,)
    try:
        return (name_pattern(name, escapes=False), literal)
    except ValueError as error:
        if "]" not in name:  # a bracket that nothing closes stands for itself
            return (literal,)
        raise ValueError(f"expected a valid pattern ({error})") from None
