"""Keeps what a person chose in the UI: in their own settings file, which else stays as they wrote it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from qwen_dual.settings.editing import CannotKeep, edit_settings, section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.settings.key import Key


def keep_choices(home: str, choices: Mapping[Key[Any], str | bool]) -> str:
    """Keeps settings; returns the file.

    Comments and all that is not named stay, and so does the file's mode.

    Args:
        home: the user's settings folder.
        choices: such as ``{keys.THEME: "dark"}``.

    Raises:
        CannotKeep: the file cannot take them; says what to add by hand.
        OSError: it cannot be written.
    """
    path = os.path.join(home, "settings.json")
    instead = "add to it yourself: " + ", ".join(
        f"{key.path} {json.dumps(value, ensure_ascii=False)}" for key, value in choices.items()
    )

    def put(values: dict[str, Any]) -> None:
        for key, value in choices.items():
            *outer, last = key.place
            inner = values
            for part in outer:
                inner = section(inner, part)
                if not isinstance(inner, dict):
                    raise CannotKeep(path, f"has a {part} that is no object", instead)
            inner[last] = value

    edit_settings(path, put, instead)
    return path
