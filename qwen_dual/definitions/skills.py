"""The skills: ``.qwen/skills/NAME/SKILL.md``, ``.claude/skills/NAME/SKILL.md``.

A listing has what a model is told before it uses one; the text is read when it does.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.definitions.names import deceiving
from qwen_dual.definitions.places import Listing, Place, Source, folders, gather, places
from qwen_dual.protocol.codec import escaped_size, prefix_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.definitions.front_matter import FrontMatter

FILE = "SKILL.md"

MAX_BODY_CHARS = 50_000
"""Of a skill's text that a model is given at once; fewer where they take more than as many bytes."""

_NAME = re.compile(r"[\w:.-]{1,64}")


class Skill(Struct, frozen=True, kw_only=True):
    """One skill, as its file describes it.

    Attributes:
        name: what it is called by.
        description: what it does and when to use it.
        argument_hint: what a person may write behind its name.
        allowed_tools: permission rules that it asks for.
        hides_from_model: a person alone may use it.
        hides_from_person: a model alone may.
        priority: those with a higher one are listed first.
        hooks: what it brings of them, as the settings have it; empty where it brings none.
        place: where it was found.
        path: its file.
    """

    name: str
    description: str
    argument_hint: str = ""
    allowed_tools: tuple[str, ...] = ()
    hides_from_model: bool = False
    hides_from_person: bool = False
    priority: float = 0
    hooks: Mapping[str, Any] = {}
    place: Place
    path: str

    @property
    def folder(self) -> str:
        """Where its files are."""
        return os.path.dirname(self.path)

    @property
    def source(self) -> Source:
        """Whose it is."""
        return self.place.source


def list_skills(folder: str, home: str, person: str, *, trusted: bool) -> Listing[Skill]:
    """The skills there are, by name, the project's before the person's.

    Args:
        folder: the workspace.
        home: the person's settings folder (``~/.qwen``).
        person: the person's home.
        trusted: whether ``folder`` is: otherwise its own are left out.
    """
    return gather(
        places("skills", folder, home, person, trusted=trusted),
        _files,
        lambda path, place: _skill(place.read(path), place),
        lambda skill: skill.name,
    )


def read_skill(skill: Skill) -> tuple[Skill, str]:
    """The skill as its file is by now, and its text, bounded.

    Raises:
        DefinitionError: it cannot be used any more.
    """
    file = skill.place.read(skill.path)
    now, body = _skill(file, skill.place), file.body.strip()
    if len(body) > MAX_BODY_CHARS or escaped_size(body) > MAX_BODY_CHARS:
        body = prefix_within(body, MAX_BODY_CHARS)
        line = file.body_line + body.count("\n")
        body += f"\n\n[The rest of this skill is in {skill.path}, from line {line} on.]"
    return now, body


def _files(place: Place) -> list[str]:
    return list(filter(os.path.lexists, (os.path.join(folder, FILE) for folder in folders(place))))


def _skill(file: FrontMatter, place: Place) -> Skill:
    name = file.text("name") or os.path.basename(os.path.dirname(file.path))
    if not _NAME.fullmatch(name):
        raise file.error("name", "expected letters, digits and _ : . -, at most 64")
    if why := deceiving(name):
        raise file.error("name", why)
    description = file.text("description") or _first_paragraph(file.body)
    if not description:
        raise file.error(
            "description", "is missing: it says what the skill does, and when to use it"
        )
    if not file.body.strip():
        raise file.error("name", "the file has no text below the second “---”: its instructions")
    hooks = file.values.get("hooks")
    if hooks is not None and not isinstance(hooks, dict):  # or a gate would be left open
        raise file.error("hooks", "expected events with lists, as the settings have them")
    if when := file.text("when_to_use", "when-to-use"):
        description = f"{description} — {when}"
    return Skill(
        name=name,
        description=" ".join(description.split()),
        argument_hint=file.hint("argument-hint"),
        allowed_tools=file.words("allowed-tools", "allowedTools") or (),
        hides_from_model=file.flag("disable-model-invocation"),
        hides_from_person=not file.flag("user-invocable", default=True),
        priority=file.number("priority") or 0,
        hooks=hooks or {},
        place=place,
        path=file.path,
    )


def _first_paragraph(body: str) -> str:
    for part in body.split("\n\n"):
        if (text := part.strip()) and not text.startswith(("#", "```")):
            return text
    return ""
