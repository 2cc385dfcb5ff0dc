"""What is odd about a preview, in words: for hosts, and for the dialog, which shows them too.

Pure. The text of a preview is exact; these say where it is not what it looks like.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.protocol.visible import escape, escaped_in, oddities

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.protocol.shapes import Preview, PreviewWarning
    from qwen_dual.protocol.visible import Oddity, Reading

LONG_CHARS = 10_000
LONG_LINES = 200

NO_NEWLINE = "\\ No newline at end of file"

_SAID: dict[Oddity, str] = {
    "control": "Control characters",
    "bidi": "Characters that turn the direction of the text",
    "invisible": "Characters that cannot be seen",
    "blank": "Blanks that are no spaces",
    "unassigned": "Characters without a meaning",
    "look_alike": "Characters that look like others",
}


def reading_of(kind: str) -> Reading:
    """How strictly the text of a preview of this kind is read."""
    if kind == "plan":
        return "prose"
    return "code" if kind in ("diff", "questions") else "command"


def warnings_of(preview: Preview) -> list[PreviewWarning]:
    """What is odd in the text of ``preview``, at most one of each kind, with those it has."""
    text = preview["text"]
    rows = text.split("\n")
    if preview["kind"] == "diff" and crlf_throughout(rows):
        text = "\n".join(without_cr(rows))
    found: dict[Oddity, dict[int, None]] = {}
    for index, kind in oddities(text, reading_of(preview["kind"])):
        if kind != "mark":
            found.setdefault(kind, {})[index] = None
    warnings: list[PreviewWarning] = [
        {
            "kind": kind,
            "message": f"{_SAID[kind]}: {_listed(''.join(text[at] for at in places))}.",
            "line": text.count("\n", 0, next(iter(places))) + 1,
            "count": len(places),
        }
        for kind, places in found.items()
    ]
    warnings += [warning for warning in _in_title(preview["title"]) if warning["kind"] not in found]
    if len(text) > LONG_CHARS or len(rows) > LONG_LINES:
        lines = f"{len(rows):,} lines, " if len(rows) > 1 else ""
        warnings.append({"kind": "long", "message": f"Long: {lines}{len(text):,} characters."})
    return [*preview.get("warnings", ()), *warnings]


def _in_title(title: str) -> list[PreviewWarning]:
    """What the escapes in a title stand for: the name of a file or a folder has them already."""
    found: dict[Oddity, dict[str, None]] = {}
    for char in escaped_in(title):
        kind = "control" if char in "\n\t" else next((kind for _, kind in oddities(char)), None)
        if kind != "mark":
            found.setdefault(kind or "look_alike", {})[char] = None
    return [
        {"kind": kind, "message": f"{_SAID[kind]}, in the name: {_listed(''.join(chars))}."}
        for kind, chars in found.items()
    ]


def crlf_throughout(rows: Sequence[str]) -> bool:
    r"""Whether every line of a diff ends in ``\r``, as in a file of that kind of line ends."""
    lines = _whole_lines(rows)
    return bool(lines) and all(rows[index].endswith("\r") for index in lines)


def without_cr(rows: Sequence[str]) -> list[str]:
    r"""The rows of such a diff without the ``\r`` at their ends."""
    lines = set(_whole_lines(rows))
    return [row.removesuffix("\r") if index in lines else row for index, row in enumerate(rows)]


def _whole_lines(rows: Sequence[str]) -> list[int]:
    """The indexes of the rows that are lines of a file, but for a last one without a newline."""
    first = 2 if rows[:1] and rows[0].startswith("--- ") else 0
    return [
        index
        for index in range(first, len(rows))
        if rows[index][:1] in ("+", "-", " ")
        and (index + 1 == len(rows) or rows[index + 1] != NO_NEWLINE)
    ]


def _listed(chars: str) -> str:
    kinds = list(dict.fromkeys(chars))
    more = f" and {len(kinds) - 4} more" if len(kinds) > 4 else ""
    return ", ".join(map(_named, kinds[:4])) + more


def _named(char: str) -> str:
    import unicodedata

    name = unicodedata.name(char, "")
    return f"{escape(char)} ({name.lower()})" if name else escape(char)
