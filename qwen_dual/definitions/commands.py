"""The custom commands: ``.qwen/commands/**/*.md`` and ``.toml``, ``.claude/commands/**/*.md``.

``git/commit.md`` is ``/git:commit``.
"""

from __future__ import annotations

import os
import re
import unicodedata

from msgspec import Struct

from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.names import deceiving
from qwen_dual.definitions.places import Listing, Place, Source, files, gather, places
from qwen_dual.definitions.summary import summary
from qwen_dual.definitions.template import Template, parse_template

MAX_BYTES = 256 << 10
"""Of one file."""

_NAME = re.compile(r"[^\s/\x00-\x1f\x7f]{1,100}")
_LINE = re.compile(r"line (\d+)")


class CustomCommand(Struct, frozen=True, kw_only=True):
    """One command, as its file describes it.

    Attributes:
        name: what it is called by, without the slash.
        description: one line.
        argument_hint: what a person may write behind its name.
        template: what the model is asked.
        source: whose it is.
        path: its file.
    """

    name: str
    description: str
    argument_hint: str = ""
    template: Template
    source: Source
    path: str


def list_commands(folder: str, home: str, person: str, *, trusted: bool) -> Listing[CustomCommand]:
    """The commands there are, by name, the project's before the person's.

    Args:
        folder: the workspace.
        home: the person's settings folder (``~/.qwen``).
        person: the person's home.
        trusted: whether ``folder`` is: otherwise its own are left out.
    """
    return gather(
        places("commands", folder, home, person, trusted=trusted),
        lambda place: files(place, ".md", ".toml", deep=True),
        _command,
        lambda command: command.name,
    )


def _command(path: str, place: Place) -> CustomCommand:
    stem, ending = os.path.splitext(os.path.relpath(path, place.path))
    name = ":".join(part.replace(":", "_") for part in stem.split(os.sep)).lower()
    if not name.isascii():  # some file systems take letters apart
        name = unicodedata.normalize("NFC", name)
    if not _NAME.fullmatch(name):
        raise DefinitionError(
            path, 0, f"“/{name}” cannot be typed: rename the file, without blanks"
        )
    if why := deceiving(name):
        raise DefinitionError(path, 0, f"{why}: rename the file")
    if ending == ".toml":
        return _toml(path, place, name)
    file = place.read(path)
    text = file.body.strip()
    if not text:
        raise DefinitionError(
            path, file.body_line, "there is no text: what the model is to be asked"
        )
    skipped = len(file.body) - len(file.body.lstrip())
    line = file.body_line + file.body[:skipped].count("\n")
    return CustomCommand(
        name=name,
        description=summary(file.text("description")) or summary(text),
        argument_hint=summary(file.hint("argument-hint")),
        template=parse_template(text, path, line, backquotes=place.is_claudes),
        source=place.source,
        path=path,
    )


def _toml(path: str, place: Place, name: str) -> CustomCommand:
    import tomllib

    from qwen_dual.definitions.front_matter import read_text

    text = read_text(path, root=place.root or None, limit=MAX_BYTES)
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _LINE.search(str(error))
        raise DefinitionError(path, int(at[1]) if at else 1, f"is no TOML: {error}") from None
    except RecursionError:  # the parser of the standard library follows brackets however deep
        raise DefinitionError(path, 1, "nests too deep") from None
    prompt, description = values.get("prompt"), values.get("description", "")
    if not isinstance(prompt, str) or not prompt.strip():
        raise DefinitionError(path, 1, "prompt: expected a text: what the model is to be asked")
    if not isinstance(description, str):
        raise DefinitionError(path, 1, "description: expected a text")
    return CustomCommand(
        name=name,
        description=summary(description) or summary(prompt),
        template=parse_template(prompt.strip(), path, 1, backquotes=False),
        source=place.source,
        path=path,
    )
