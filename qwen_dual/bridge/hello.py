"""The first line of a connection: who it is, what it wants to do, where it goes on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from qwen_dual.bridge.peers import Refusal
from qwen_dual.protocol import HOST_RIGHTS
from qwen_dual.protocol.command_shapes import Hello
from qwen_dual.protocol.commands import CommandError, parse_command

if TYPE_CHECKING:
    from collections.abc import Container

MAX_HELLO_BYTES = 16_384
"""Of the line, its end not counted."""

HELLO_SECONDS = 10.0
"""How long a connection may say nothing."""

_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,30}[A-Za-z0-9])?"

RESERVED = frozenset(
    [
        "keyboard",
        "cli",
        "input",
        "file",
        "fd",
        "sdk",
        "agent",
        "hook",
        "policy",
        "limit",
        "interrupt",
        "shutdown",
        "person",
        "user",
        "you",
        "remote",
        "qwen-dual",
    ]
)
"""What events call others by, and people."""

_SAME = str.maketrans("0134578|!", "oieastbll")


def read_hello(line: bytes) -> Hello:
    """The ``hello`` on a line.

    Raises:
        Refusal: it is none, or its name cannot be used.
    """
    try:
        said = parse_command(line)
    except CommandError as error:
        raise Refusal(error.code, f"{error}; the first line must be a hello: {EXAMPLE}") from None
    if not isinstance(said, Hello):
        raise Refusal("invalid", f"the first line must be a hello: {EXAMPLE}")
    check_name(said.name)
    return said


def asked_for(hello: Hello) -> frozenset[str]:
    """The rights that a host asks for, as far as they are known here."""
    return frozenset(HOST_RIGHTS).intersection(
        HOST_RIGHTS if hello.rights is None else hello.rights
    )


EXAMPLE = '{"type":"hello","name":"zed","rights":["observe"]}'


def check_name(name: str) -> None:
    """Makes sure that people cannot take a host for something else.

    Raises:
        Refusal: they could.
    """
    if re.fullmatch(_NAME, name) is None:
        raise Refusal(
            "bad_name",
            f"hello: the name {name[:64]!a} cannot be used: up to 32 of the letters a to z, digits, "
            "and . _ - between them",
        )
    looks = _skeleton(name)
    for reserved in RESERVED:
        if looks == _skeleton(reserved):
            raise Refusal(
                "bad_name", f"hello: the name {name!r} looks like {reserved!r}; take another"
            )


def unique(name: str, taken: Container[str]) -> str:
    """``name``, or ``name-2``, ``name-3`` … where others have it."""
    number, found = 1, name
    while found in taken:
        number += 1
        found = f"{name}-{number}"
    return found


def _skeleton(name: str) -> str:
    """What is left when letters that look alike are one, and what only divides or numbers is gone."""
    text = re.sub(r"[._-]", "", name.casefold().replace("rn", "m").replace("vv", "w"))
    plain = text.rstrip("0123456789") or text
    return plain.translate(_SAME).replace("l", "i")
