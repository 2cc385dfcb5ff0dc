"""Keeps what a person chose in the UI: in their own settings file, which else stays as they wrote it."""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, Any

from qwen_dual.fs.replace import replace_file
from qwen_dual.settings.files import BadFile, parse_object, read_text
from qwen_dual.settings.insertion import NoPlace, with_value
from qwen_dual.settings.keep import PRIVATE, CannotKeep

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def keep_choices(home: str, choices: Mapping[str, str | bool]) -> str:
    """Keeps settings by their dotted names; returns the file.

    Comments and all that is not named stay, and so does the file's mode.

    Args:
        home: the user's settings folder.
        choices: such as ``{"ui.theme": "dark"}``.

    Raises:
        CannotKeep: the file cannot take them; says what to add by hand.
        OSError: it cannot be written.
    """
    path = os.path.join(home, "settings.json")
    instead = "add to it yourself: " + ", ".join(
        f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in choices.items()
    )
    try:
        text = read_text(path) or ""
        wanted = parse_object(path, text)
        for name, value in choices.items():
            text = with_value(text, name.split("."), value)
            _put(wanted, name.split("."), value)
        found = parse_object(path, text)
    except (BadFile, NoPlace) as error:
        raise CannotKeep(path, f"cannot take it ({error})", instead) from None
    if found != wanted:
        raise CannotKeep(path, "is written in a way that is not understood", instead)
    real = os.path.realpath(path)
    mode = stat.S_IMODE(os.stat(real).st_mode) if os.path.exists(real) else PRIVATE
    copies = os.path.join(home, "copies")
    replace_file(real, text.encode(), mode=mode, folder_mode=0o700, copies=copies)
    return path


def _put(values: dict[str, Any], path: Sequence[str], value: str | bool) -> None:
    *outer, last = path
    for name in outer:
        section = values.setdefault(name, {})
        if not isinstance(section, dict):
            raise NoPlace(name)
        values = section
    values[last] = value
