"""The output styles: ``.qwen/output-styles/*.md``, ``.claude/output-styles/*.md``."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.definitions.places import Listing, Place, Source, files, gather, places

if TYPE_CHECKING:
    from qwen_dual.definitions.front_matter import FrontMatter

RESERVED = "default"
"""The name that stands for no style."""

MAX_BYTES = 25_000
"""Of one file: a style is a prompt."""

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


class OutputStyle(Struct, frozen=True, kw_only=True):
    """One style.

    Attributes:
        name: what it is called by, whatever its capitals.
        description: one line.
        text: what the model is told.
        keeps_coding: whether it is told how to work on code besides.
        source: whose it is.
        path: its file.
    """

    name: str
    description: str
    text: str
    keeps_coding: bool = False
    source: Source
    path: str


def list_styles(folder: str, home: str, person: str, *, trusted: bool) -> Listing[OutputStyle]:
    """The styles there are, by name in lower case, the project's before the person's.

    Args:
        folder: the workspace.
        home: the person's settings folder (``~/.qwen``).
        person: the person's home.
        trusted: whether ``folder`` is: otherwise its own are left out.
    """
    return gather(
        places("output-styles", folder, home, person, trusted=trusted),
        lambda place: files(place, ".md"),
        lambda path, place: _style(place.read(path, MAX_BYTES), place),
        lambda style: style.name.casefold(),
    )


def _style(file: FrontMatter, place: Place) -> OutputStyle:
    name = file.text("name") or os.path.basename(file.path).removesuffix(".md")
    if name.casefold() == RESERVED or not name.isprintable() or len(name) > 64:
        raise file.error("name", f"“{name[:64]}” cannot be the name of a style")
    text = _COMMENT.sub("", file.body).strip()
    if not text:
        raise file.error("name", "the file has no text below the second “---”: its instructions")
    description = file.text("description") or text.split("\n", 1)[0]
    return OutputStyle(
        name=name,
        description=" ".join(description.split())[:200],
        text=text,
        keeps_coding=file.flag("keep-coding-instructions"),
        source=place.source,
        path=file.path,
    )
