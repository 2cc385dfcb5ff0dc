"""Who may speak of keys and of slash commands: those who know what is in front of a person."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import qwen_dual

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGE = Path(qwen_dual.__file__).parent

AT_A_KEYBOARD = {"frontends", "tui"}

WITHOUT_COMMANDS = {
    *("protocol", "settings", "models", "tools", "chats", "bridge", "host"),
    *("fs", "git", "net", "shell", "sandbox"),
}
"""Rooms whose words any front end shows, also one that has no slash commands."""

KEY = re.compile(
    r"\b(?:[Cc]trl|[Aa]lt|[Ss]hift)\+\S|\b(?:Esc|esc|Backspace|PgUp|PgDn|F\d)\b|\^[A-Z]\b"
)
COMMAND = re.compile(
    r"(?<![\w/.}*])/(?:auth|model|clear|compress|retry|trust|resume|vim|help)\b(?!/)"
)


def texts(room: Path, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    """Where each string of a room's code stands that names one; not the docstrings."""
    for path in sorted(room.rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if not pattern.search(re.sub(r"\\.", " ", source)):
            continue  # most: to read their grammar takes seconds
        tree = ast.parse(source)
        alone = {id(each.value) for each in ast.walk(tree) if isinstance(each, ast.Expr)}
        for each in ast.walk(tree):
            if not isinstance(each, ast.Constant) or id(each) in alone:
                continue
            # What is one word is a value, such as a pattern's name.
            if " " in (text := str(each.value)) and pattern.search(text):
                yield f"{path.relative_to(PACKAGE)}:{each.lineno}", text


AT_A_TERMINAL = ("cli/observe_command.py", "cli/web_command.py")
"""What runs until somebody ends it, and says so to who has started it."""


def rooms() -> list[str]:
    return sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))


@pytest.mark.parametrize("room", [room for room in rooms() if room not in AT_A_KEYBOARD])
def test_no_key_is_named_where_nobody_knows_of_a_keyboard(room: str) -> None:
    found = [(at, text) for at, text in texts(PACKAGE / room, KEY)]
    assert [each for each in found if not each[0].startswith(AT_A_TERMINAL)] == []


@pytest.mark.parametrize("room", sorted(WITHOUT_COMMANDS & set(rooms())))
def test_no_slash_command_is_named_where_nobody_knows_of_them(room: str) -> None:
    assert list(texts(PACKAGE / room, COMMAND)) == []


def test_turns_name_neither_in_what_they_tell() -> None:
    assert [at for at, _ in texts(PACKAGE / "core", COMMAND) if "slash" not in at] == []


@pytest.mark.parametrize(
    "text", ["Ask again with Ctrl+Y.", "esc stops it", "Press Esc", "ctrl+o shows all", "or F1"]
)
def test_keys_are_known_by_their_names(text: str) -> None:
    assert KEY.search(text)
