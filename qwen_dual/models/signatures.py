"""Who signed a piece of reasoning, so that a signature only ever goes back to its service. Pure.

The neutral form has one ``signature`` a thinking block. What readers put there are lines, one for
each thing that was signed: the signer, what it covers, and the value as the service sent it. The
signer names protocol, host and model: another service refuses the value, and so may another model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from msgspec import Struct

if TYPE_CHECKING:
    from qwen_dual.settings.model_config import ModelConfig


class Signed(Struct, frozen=True):
    """One signed thing.

    Attributes:
        kind: what it is: ``thinking``, ``redacted``, ``call``.
        length: the characters of the block's text that it covers.
        value: the signature, as the service sent it.
    """

    kind: str
    length: int
    value: str


def signer(config: ModelConfig) -> str:
    """The name of who answers for ``config``; without spaces."""
    host = urlsplit(config.base_url).netloc.rpartition("@")[2].lower()
    return quote(f"{config.protocol}:{host}/{config.id}", safe="/:@.")


def seal(signer: str, signed: Signed) -> str:
    """The line for a block's ``signature``; lines of one block are joined as they are."""
    return f"{signer} {signed.kind} {signed.length} {signed.value}\n"


def unseal(signature: str, signer: str) -> list[Signed]:
    """What ``signer`` signed in a block; what others signed, or nobody did, is left out."""
    found = []
    for line in signature.splitlines():
        fields = line.split(" ", 3)
        if len(fields) == 4 and fields[0] == signer and fields[2].isdecimal():
            found.append(Signed(fields[1], int(fields[2]), fields[3]))
    return found
