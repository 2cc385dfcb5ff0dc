"""The keys of the channels: where they are, and what the hosts of a session may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import HOST_RIGHTS
from qwen_dual.settings.key import Key
from qwen_dual.settings.rules import BOOLEAN, PATH, Rule
from qwen_dual.settings.stricter import unchanged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ANY_HOST = "*"
"""In ``dualOutput.rights``: every host without an entry of its own."""

BY_DEFAULT: Mapping[str, Sequence[str]] = {
    ANY_HOST: ("observe",),
    "attach": HOST_RIGHTS,
    "web": HOST_RIGHTS,
}
"""What holds for names that the settings say nothing of. ``attach`` is the person at another terminal,
``web`` the one in a browser, whose server asks for what their link allows and no more."""


def _are_rights(value: Any) -> bool:
    return isinstance(value, dict) and all(
        isinstance(rights, list) and all(right in HOST_RIGHTS for right in rights)
        for rights in value.values()
    )


_RIGHTS: Rule[Mapping[str, Sequence[str]]] = Rule(
    f"an object with lists of {', '.join(HOST_RIGHTS)}", _are_rights
)

JSON_FILE = Key(
    "dualOutput.jsonFile", PATH, None, stricter=unchanged, doc="Where every event is written."
)
INPUT_FILE = Key(
    "dualOutput.inputFile", PATH, None, stricter=unchanged, doc="Where commands are read from."
)
SOCKET = Key(
    "dualOutput.socket",
    BOOLEAN,
    default=False,
    stricter=unchanged,
    doc="Whether a session has a socket for hosts, as `--socket` gives it one.",
)
RIGHTS = Key(
    "dualOutput.rights",
    _RIGHTS,
    {},
    "person",
    doc="What hosts on the socket may do, by their names: lists of `observe`, `approve`, `submit`, "
    '`control`. `"*"` is for every other name; without it that is `observe`. '
    "`attach` and `web` may do everything unless they have an entry. A name with a dot that has none of its "
    "own counts as what stands before the dot: `web.anna` as `web`.",
    closed=({ANY_HOST: [], "attach": [], "web": []}, "no host has any right"),
)

HOST_KEYS = (JSON_FILE, INPUT_FILE, SOCKET, RIGHTS)


def rights_of(name: str, given: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """What a host of this name may do, by the person's ``given`` table."""
    table = {**BY_DEFAULT, **given}
    for entry in (name, name.partition(".")[0]):
        if entry in table:
            return table[entry]
    return table[ANY_HOST]
