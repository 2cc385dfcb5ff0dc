"""Programs that fetch pages: which of their words are addresses on the web, and no files of this machine.

For every other program ``https://host/x`` might be a list such as ``x:/etc``, and counts as one. So it does for
these with any option that is not known to send nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Sequence

_OPTIONS: Final = {
    "curl": regex(
        r"-[#AHILSfgimosvO]+|--(?:compressed|connect-timeout|fail|fail-with-body|globoff|head|header"
        r"|include|location|max-time|no-progress-meter|output|remote-name|retry|show-error|silent"
        r"|user-agent|verbose)"
    ),
    "wget": regex(
        r"-[NOPSTcqtv]|-nv|-q[OP]|--(?:continue|directory-prefix|no-verbose|output-document|quiet"
        r"|server-response|show-progress|spider|timeout|timestamping|tries)(?:=.*)?"
    ),
}
"""Those with which nothing is sent but the address and the headers that the line spells."""

_ADDRESS = regex(r"https?://((?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,})(?::\d{1,5})?(?:[/?#][^@]*)?")
"""Of a host by its name: what may be of this machine's network is taken for anything."""


def naming(words: Sequence[str]) -> Sequence[str]:
    """The words behind a program's name that may name files of this machine.

    Args:
        words: of a command, the program's name first.
    """
    options = _OPTIONS.get(words[0])
    rest = words[1:]
    if options is None or any("@" in word for word in rest):
        return rest
    if any(word.startswith("-") and options.fullmatch(word) is None for word in rest):
        return rest
    return [word for word in rest if not _is_address(word)]


def _is_address(word: str) -> bool:
    found = _ADDRESS.fullmatch(word)
    return found is not None and not os.path.lexists(f"/{found[1]}")  # as ``https:/host`` has it
