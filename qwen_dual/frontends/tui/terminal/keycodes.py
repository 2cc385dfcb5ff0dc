"""Keys that come with their modifiers: CSI u, xterm's modifyOtherKeys, and event types. Pure.

A terminal that another program has left in such a mode, or a host that always sends it, is
understood; so is what was asked for (`tty_output.KEYS_ON`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from prompt_toolkit.input.ansi_escape_sequences import ANSI_SEQUENCES
from prompt_toolkit.keys import Keys

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    import re

Key = Keys | str | tuple[Keys | str, ...]

_OTHER = regex("\x1b\\[27;(?P<mods>[0-9]+);(?P<code>[0-9]+)~")
_CSI_U = regex("\x1b\\[(?P<fields>[0-9:;]+)u")
_FUNCTION = regex(
    "\x1b\\[(?P<code>[0-9]+);(?P<mods>[0-9]+)(?::(?P<event>[0-9]*))?(?P<end>[A-HPQS~])"
)

_SHIFT, _ALT, _CTRL = 1, 2, 4
_COMMANDS = 8 | 16 | 32  # super, hyper, meta: nothing is bound to these
_CAPS_LOCK, _NUM_LOCK = 64, 128
_RELEASE = "3"
_MAX_MODIFIERS = 256

# The keypad's keys, by the numbers that the kitty protocol gives them.
_KEYPAD = {57399 + digit: ord(str(digit)) for digit in range(10)} | {
    57409: ord("."),
    57410: ord("/"),
    57411: ord("*"),
    57412: ord("-"),
    57413: ord("+"),
    57414: ord("\r"),
    57415: ord("="),
}


def key_of(sequence: str) -> Key | None:
    """The key that a control sequence stands for, None for none: a reply, a release.

    Args:
        sequence: from the escape character to the final byte.
    """
    if match := _OTHER.fullmatch(sequence):
        return _with_modifiers(match["code"], "", match["mods"], "")
    if match := _CSI_U.fullmatch(sequence):
        code, modifiers, text = [*str(match["fields"]).split(";"), "", ""][:3]
        number, _, alternates = code.partition(":")
        return _with_modifiers(number, alternates.partition(":")[0], modifiers, text)
    if match := _FUNCTION.fullmatch(sequence):
        return _function_key(match)
    return ANSI_SEQUENCES.get(sequence)


def _with_modifiers(code: str, shifted: str, modifiers: str, text: str) -> Key | None:
    mods, _, event = modifiers.partition(":")
    number, held = _number(code, 0), max(0, _number(mods, 1) - 1)
    if event == _RELEASE or number > sys.maxunicode or held >= _MAX_MODIFIERS:
        return None
    if held & _COMMANDS:
        return None
    # What the key types, where the terminal says so.
    if not held & (_ALT | _CTRL):
        typed = _number(text.partition(":")[0], 0) or (held & _SHIFT and _number(shifted, 0))
        if typed and typed <= sys.maxunicode and chr(typed).isprintable():
            return chr(typed)
    key = _plain_key(_KEYPAD.get(number, number), held)
    if key is None or not held & _ALT:
        return key
    return (Keys.Escape, key)


def _plain_key(code: int, held: int) -> Keys | str | None:
    char = chr(code)
    if char in "\r\n":
        return Keys.ControlJ if held & (_SHIFT | _CTRL) else Keys.ControlM
    if char == "\t":
        return Keys.BackTab if held & _SHIFT else Keys.ControlI
    if char in "\x7f\x08":
        return Keys.ControlW if held & _CTRL else Keys.ControlH
    if held & _CTRL and "@" <= char.upper() <= "_":
        char = chr(ord(char.upper()) - 64)
    elif held & _CTRL and char in " /":
        char = "\x00" if char == " " else "\x1f"
    elif held & _CTRL:
        return None
    elif bool(held & _SHIFT) != bool(held & _CAPS_LOCK) and char.isalpha():
        char = char.upper()[0]
    key = ANSI_SEQUENCES.get(char)
    if isinstance(key, Keys):
        return key
    return char if char.isprintable() else None


def _function_key(match: re.Match[str]) -> Key | None:
    """A cursor or function key, without its event type and without the locks."""
    held = max(0, _number(match["mods"], 1) - 1) & ~(_CAPS_LOCK | _NUM_LOCK)
    if match["event"] == _RELEASE:
        return None
    code, end = match["code"], match["end"]
    if held:
        return ANSI_SEQUENCES.get(f"\x1b[{code};{held + 1}{end}")
    if end == "~":
        return ANSI_SEQUENCES.get(f"\x1b[{code}~")
    # xterm's F1 to F4 begin with SS3 when nothing is held.
    return ANSI_SEQUENCES.get(f"\x1b[{end}") or ANSI_SEQUENCES.get(f"\x1bO{end}")


def _number(text: str, missing: int) -> int:
    return int(text) if text and len(text) < 10 else missing if not text else sys.maxunicode + 1
