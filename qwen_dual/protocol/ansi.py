"""The escape sequences of terminals: what one looks like, and a text without them."""

from __future__ import annotations

import re

from qwen_dual.protocol.regex import regex

COLOUR = regex("\x1b\\[([0-9;:]*)m")
"""A sequence that sets colours and does nothing else (SGR); its group holds the parameters."""

# The ends are optional, so that a sequence that breaks off is taken out as far as it goes. The
# body of a string (OSC, DCS, SOS, PM, APC) stops at any control character: a terminator that
# never comes hides the rest of one line, not the rest of the text. C1 introducers are no part of
# it: in UTF-8 text they are far more often mojibake than sequences.
SEQUENCE = (
    "\x1b\\[(?P<parameters>[0-?]*)(?P<between>[ -/]*)(?P<final>[@-~])?"
    "|\x1b(?P<string>[\\]PX^_])[^\x00-\x1f\x7f-\x9f]*(?P<terminator>\x07|\x1b(?:\\\\|\\Z))?"
    "|\x1b(?P<intermediate>[ -/]*)(?P<last>[0-~])?"
)
"""The pattern of any sequence; compiled where it is needed, which is not at the start."""


def without_colours(text: str) -> str:
    """``text`` without the sequences that set colours."""
    return COLOUR.sub("", text) if "\x1b" in text else text


def without_sequences(text: str) -> str:
    """``text`` without any sequence; other control characters stay."""
    return re.sub(SEQUENCE, "", text) if "\x1b" in text else text
