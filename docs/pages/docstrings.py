"""A docstring in Google style as Markdown: text, and its sections as lists."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

SECTIONS = ("Args", "Attributes", "Yields", "Returns", "Raises")
_ENTRY = re.compile(r"(?P<name>\*{0,2}\w+): (?P<text>.*)")


@dataclass
class Docstring:
    """What a docstring says.

    Attributes:
        text: its paragraphs, in Markdown.
        prose: sections that are a text: ``Returns``, ``Yields``.
        entries: sections that are a list: names and what is said of each.
    """

    text: str = ""
    prose: dict[str, str] = field(default_factory=dict)
    entries: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The first sentence, without its full stop."""
        first = self.text.partition("\n\n")[0].replace("\n", " ")
        return re.split(r"(?<=[^.])\.(?:\s|$)|:$", first)[0]


def parse(docstring: str) -> Docstring:
    """Takes a docstring apart; its indentation is gone already, as ``ast.get_docstring`` gives it."""
    doc = Docstring()
    parts = re.split(rf"^({'|'.join(SECTIONS)}):\n", _code(docstring), flags=re.MULTILINE)
    doc.text = parts[0].strip()
    for name, body in zip(parts[1::2], parts[2::2], strict=True):
        lines = [line.removeprefix("    ") for line in body.rstrip().splitlines()]
        if name in ("Returns", "Yields"):
            doc.prose[name] = " ".join(line.strip() for line in lines)
        else:
            doc.entries[name] = _entries(lines)
    return doc


def _entries(lines: list[str]) -> dict[str, str]:
    entries: dict[str, str] = {}
    name = ""
    for line in lines:
        found = _ENTRY.fullmatch(line)
        if found is not None:
            name = found["name"]
            entries[name] = found["text"]
        elif name:
            entries[name] += " " + line.strip()
    return entries


def _code(text: str) -> str:
    return text.replace("``", "`")
