"""The head of a Markdown file: ``---``, lines of YAML, ``---``, and the text after it."""

from __future__ import annotations

import codecs
import math
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.yaml_tree import BadYaml, Mapped, read_mapping
from qwen_dual.fs.foreign import ForeignFileError, read_foreign

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_BYTES = 1 << 20
"""Of one file."""

MAX_HEAD_CHARS = 32_768
"""Of the lines between the two ``---``."""

_FENCE = "---"


class FrontMatter(Struct, frozen=True):
    """One file.

    Attributes:
        path: the file.
        values: what the head says, as ``yaml_tree.Mapped`` has it; empty where there is none.
        texts: its single values as they are written (``model: 4.10`` is not ``4.1``).
        lines: where each key stands in the file, from 1.
        written: the rest of a key's own line, for what is no YAML to its writer: ``[file] [--all]``.
        body: the text below.
        body_line: at which line of the file that begins, from 1.
    """

    path: str
    values: Mapping[str, Any]
    texts: Mapping[str, str]
    lines: Mapping[str, int]
    written: Mapping[str, str]
    body: str
    body_line: int = 1

    def text(self, *keys: str) -> str:
        """The first of ``keys`` that has a single value, in one piece; empty where none has.

        Raises:
            DefinitionError: it has a list or a mapping.
        """
        for key in keys:
            if self.values.get(key) is None:
                continue
            if key not in self.texts:
                raise self.error(key, "expected one text, not a list or more keys")
            if text := self.texts[key].strip():
                return text
        return ""

    def hint(self, *keys: str) -> str:
        """As ``text``, but what looks like a list is the text that its writer meant."""
        for key in keys:
            if isinstance(self.values.get(key), (list, dict)):
                return self.written.get(key, "")
        return self.text(*keys)

    def words(self, *keys: str) -> tuple[str, ...] | None:
        """The first of ``keys`` that is there, as a list: written as one, or with commas.

        A comma within brackets parts nothing: ``Bash(git log, git diff), Read`` is two.

        Raises:
            DefinitionError: it is neither, or half a list.
        """
        for key in keys:
            value = self.values.get(key)
            if value is None:
                continue
            if key in self.texts:
                if self.texts[key].lstrip()[:1] in ("[", "{"):  # or half a list forbids nothing
                    raise self.error(key, "the list goes on after its end")
                return _parted(self.texts[key])
            if isinstance(value, list) and not any(isinstance(one, (list, dict)) for one in value):
                return tuple(word for one in value if one is not None and (word := _word(one)))
            raise self.error(key, "expected a list of words")
        return None

    def flag(self, key: str, default: bool = False) -> bool:
        """Whether ``key`` is true; ``default`` where it is not there.

        Raises:
            DefinitionError: it is neither ``true`` nor ``false``.
        """
        if self.values.get(key) is None:
            return default
        found = {"true": True, "false": False}.get(self.texts.get(key, "").strip().lower())
        if found is None:
            raise self.error(key, "expected true or false")
        return found

    def number(self, key: str) -> float | None:
        """The number that ``key`` has; None where it is not there, or no finite number."""
        try:
            found = float(self.texts.get(key, ""))
        except ValueError:
            return None
        return found if math.isfinite(found) else None

    def error(self, key: str, why: str) -> DefinitionError:
        """An error at the line of ``key``; at the first line where that is not there."""
        return DefinitionError(self.path, self.lines.get(key, 1), f"{key}: {why}")


def read_front_matter(
    path: str,
    *,
    root: str | None = None,
    owners: Collection[int] | None = None,
    limit: int = MAX_BYTES,
) -> FrontMatter:
    """The file at ``path``.

    Args:
        path: the file.
        root: the folder that it must lie in without a link, for a file that came with a project;
            None for one of the person's own, which may be a link.
        owners: whose it may be, as in ``fs.foreign``.
        limit: bytes that it may hold.

    Raises:
        DefinitionError: it cannot be read.
    """
    text = read_text(path, root=root, owners=owners, limit=limit)
    return parse_front_matter(text, path)


def read_text(
    path: str,
    *,
    root: str | None = None,
    owners: Collection[int] | None = None,
    limit: int = MAX_BYTES,
) -> str:
    """The text of a definition's file, with ``\\n`` at the end of its lines; as ``read_front_matter``.

    Raises:
        DefinitionError: it cannot be read, or is no UTF-8.
    """
    try:
        data = read_foreign(path, limit=limit, root=root, owners=owners, follow=root is None)
        text = data.removeprefix(codecs.BOM_UTF8).decode()
    except ForeignFileError as error:
        raise DefinitionError(path, 0, error.why) from None
    except OSError as error:
        raise DefinitionError(path, 0, f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise DefinitionError(path, line, "is not UTF-8 text") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse_front_matter(text: str, path: str) -> FrontMatter:
    """What ``text`` says; a text that does not begin with ``---`` is all body.

    Args:
        text: of the file, with ``\\n`` at the end of its lines.
        path: for errors.

    Raises:
        DefinitionError: the head has no end, is too long, or no YAML.
    """
    text = text.removeprefix("\ufeff")
    first, _, rest = text.partition("\n")
    if first.rstrip() != _FENCE:
        return FrontMatter(path, {}, {}, {}, {}, text)
    head, body = _parts(rest, path)
    try:
        found = read_mapping(head)
    except BadYaml as error:
        raise DefinitionError(path, error.line + 1, error.why) from None
    lines = {key: line + 1 for key, line in found.lines.items()}
    below = head.count("\n") + 3
    return FrontMatter(path, found.values, found.texts, lines, _written(head, found), body, below)


def _parts(text: str, path: str) -> tuple[str, str]:
    """The head and the body, of what follows the first ``---``."""
    start = 0
    while start <= MAX_HEAD_CHARS:
        end = text.find("\n", start)
        line = text[start : end if end >= 0 else len(text)]
        if line.rstrip() == _FENCE:
            return text[:start], text[end + 1 :] if end >= 0 else ""
        if end < 0:
            raise DefinitionError(path, 1, "the “---” of line 1 has no second one below it")
        start = end + 1
    raise DefinitionError(path, 1, f"more than {MAX_HEAD_CHARS:,} characters before a second “---”")


def _written(head: str, found: Mapped) -> dict[str, str]:
    rows = head.split("\n")
    return {
        key: rows[line - 1].partition(":")[2].strip()
        for key, line in found.lines.items()
        if isinstance(found.values[key], (list, dict))
    }


def _word(value: Any) -> str:
    return str(value).strip() if not isinstance(value, bool) else str(value).lower()


def _parted(text: str) -> tuple[str, ...]:
    words, depth, start = [], 0, 0
    for at, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth <= 0:
            words.append(text[start:at])
            start = at + 1
    words.append(text[start:])
    return tuple(word for one in words if (word := one.strip()))
