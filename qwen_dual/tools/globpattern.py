"""Glob patterns over relative paths; matching takes no more than quadratic time in a path's length.

One name is matched by a regular expression that never backtracks over a ``*``; folders are matched
name by name.
"""

from __future__ import annotations

import re

MAX_ALTERNATIVES = 200

Names = list[re.Pattern[str] | None]
"""A pattern for each name of a path; None stands for any number of folders."""


class GlobPattern:
    """`**` any folders, `*` and `?` within a name, `[a-z]`, `[!a-z]`, `{py,ts}`.

    Raises:
        ValueError: says what was expected.
    """

    def __init__(self, pattern: str) -> None:
        parts = [part for part in pattern.split("/") if part not in ("", ".")]
        if not parts:
            raise ValueError("expected a pattern for file names")
        if ".." in parts:
            raise ValueError("expected a pattern without `..`; name the folder in path")
        expanded = _braces("/".join(parts))
        if len(expanded) > MAX_ALTERNATIVES:
            raise ValueError(f"expected at most {MAX_ALTERNATIVES} alternatives in braces")
        self._alternatives = [_compile(alternative) for alternative in expanded]

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
    """``pattern`` once for each choice of its innermost braces, until none are left."""
    found = re.search(r"\{([^{}]*,[^{}]*)\}", pattern)
    if found is None:
        return [pattern]
    before, after = pattern[: found.start()], pattern[found.end() :]
    out: list[str] = []
    for choice in found.group(1).split(","):
        out += _braces(before + choice + after)
        if len(out) > MAX_ALTERNATIVES:
            break
    return out


def _compile(pattern: str) -> Names:
    names: Names = []
    for part in pattern.split("/"):
        if part != "**":
            names.append(_compile_name(part))
        elif not names or names[-1] is not None:
            names.append(None)
    if names[-1] is None:
        names.append(_compile_name("*"))  # what is below a folder, not the folder itself
    return names


def _matches(names: list[str], wanted: Names) -> bool:
    at = want = 0
    star = resume = -1
    while at < len(names):
        pattern = wanted[want] if want < len(wanted) else None
        if want < len(wanted) and pattern is None:
            star, resume = want, at
            want += 1
        elif pattern is not None and pattern.fullmatch(names[at]):
            at += 1
            want += 1
        elif star >= 0:
            resume += 1
            at, want = resume, star + 1
        else:
            return False
    return want == len(wanted)


def _compile_name(name: str) -> re.Pattern[str]:
    pieces = [""]
    index = 0
    while index < len(name):
        char = name[index]
        index += 1
        if char == "*":
            pieces.append("")
        elif char == "?":
            pieces[-1] += "."
        elif char == "[" and (end := name.find("]", index + 1)) > 0:
            pieces[-1] += _class(name[index:end])
            index = end + 1
        else:
            pieces[-1] += re.escape(char)
    first, *others = pieces
    if others:
        # Each piece has a fixed length, so its first match is as good as any: an atomic group
        # gives up the others, which would cost exponential time.
        inner = "".join(f"(?>.*?{piece})" for piece in others[:-1] if piece)
        first += f"{inner}.*{others[-1]}"
    try:
        return re.compile(first, re.DOTALL)
    except re.error as error:
        raise ValueError(f"expected a valid pattern ({error})") from None


def _class(chosen: str) -> str:
    negated = chosen[0] in "!^" and len(chosen) > 1
    body = chosen[1:] if negated else chosen
    for char in ("\\", "[", "^", "&", "~", "|"):
        body = body.replace(char, "\\" + char)
    return f"[{'^' if negated else ''}{body}]"
