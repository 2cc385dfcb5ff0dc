"""Hyperlinks of the terminal (OSC 8): where they work, which targets may be one. Pure.

A link from a model is not trusted: only well-known schemes, nothing but printable ASCII in the
sequence, and never behind a text that names another address.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

from qwen_dual.protocol.hyperlinks import KEPT, MAX_TARGET
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.frontends.tui.text.lines import Fragment

ESCAPE = "[ZeroWidthEscape]"
"""The style of a fragment that goes to the terminal as it is and takes no room there."""

CLOSE: Fragment = (ESCAPE, "\x1b]8;;\x1b\\")

_PROGRAMS = ("iterm.app", "wezterm", "vscode", "ghostty", "hyper", "tabby", "rio", "mintty", "zed")
_TERMS = ("kitty", "alacritty", "foot", "wezterm", "ghostty", "contour", "mintty")
_VTE_WITH_LINKS = 5000  # 0.50
_KONSOLE_WITH_LINKS = 201200
_TMUX_WITH_LINKS = (3, 4)
# What a reader takes for an address, however it is written and wherever in a text it stands.
_ADDRESS = regex(
    r"(?<![\w.-])(?:[a-z][a-z0-9+.-]{0,20}://|www\.|[\w-]{1,63}(?:\.[\w-]{1,63})*\.[^\W\d_]{2,63}"
    r"(?![\w-]))[^\s<>()\[\]\"'`]*",
    re.IGNORECASE,
)
_ALONE = regex(r"[\w-]{1,63}(?:\.[\w-]{1,63})+(?:[/:?#]\S*)?")
_SEEN_AS = str.maketrans("\u3002\uff61\u2215\u2044\u29f8\ua789\u2236", "..///::")


def supported(env: Mapping[str, str]) -> bool:
    """Whether the terminal shows hyperlinks, as far as the environment tells.

    A terminal that does not is left alone: some print the sequence. ``FORCE_HYPERLINK`` decides
    where it is set (``0`` for no).
    """
    forced = env.get("FORCE_HYPERLINK")
    if forced:
        return forced not in ("0", "false", "no")
    term = env.get("TERM", "").lower()
    if term in ("", "dumb", "unknown", "linux"):
        return False
    program = env.get("TERM_PROGRAM", "").lower()
    if env.get("TMUX") or term.startswith(("screen", "tmux")):
        version = _version(env.get("TERM_PROGRAM_VERSION", ""))
        return program == "tmux" and version >= _TMUX_WITH_LINKS
    return (
        program in _PROGRAMS
        or any(name in term for name in _TERMS)
        or any(env.get(name) for name in ("WT_SESSION", "KITTY_WINDOW_ID", "DOMTERM"))
        or _number(env.get("VTE_VERSION", "")) >= _VTE_WITH_LINKS
        or _number(env.get("KONSOLE_VERSION", "")) >= _KONSOLE_WITH_LINKS
    )


def misleads(text: str, target: str) -> bool:
    """Whether ``text`` reads like an address other than ``target``."""
    shown = _as_seen(text[:MAX_TARGET])
    addresses = [match[0].rstrip(".,;:!?") for match in _ADDRESS.finditer(shown)]
    if not addresses and _ALONE.fullmatch(shown):
        addresses = [shown]
    return any(_bare(address) != _bare(target) for address in addresses)


def _as_seen(text: str) -> str:
    """``text`` without what takes no room on the screen, look-alike signs as what they look like."""
    import unicodedata

    visible = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Mn", "Me"))
    return unicodedata.normalize("NFKC", visible).translate(_SEEN_AS).strip()


def opening(target: str) -> Fragment:
    """The fragment that begins a hyperlink to a safe target; ``CLOSE`` ends it.

    Every row of a link that is wrapped opens it anew; the id tells the terminal that they are one.
    """
    import zlib

    return ESCAPE, f"\x1b]8;id={zlib.crc32(target.encode()):x};{target}\x1b\\"


def _bare(address: str) -> str:
    address = quote(address, safe=KEPT).lower()
    return re.sub(r"^(?:https?://|mailto:)?(?:www\.)?", "", address).rstrip("/")


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() else 0


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text, re.ASCII)[:2])
