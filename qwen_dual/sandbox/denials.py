"""Whether a command failed for want of rights. Pure; a guess from what it printed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qwen_dual.sandbox.policy import SandboxPolicy

_RIGHTS = re.compile(
    r"read-only file system|permission denied|operation not permitted|EROFS|EACCES|EPERM"
    r"|access is denied|not permitted",
    re.IGNORECASE,
)
_NETWORK = re.compile(
    r"network is unreachable|could not resolve|name or service not known|ENETUNREACH|EAI_AGAIN"
    r"|temporary failure in name resolution|ENOTFOUND|getaddrinfo|no address associated"
    r"|dns error|failed to connect|connection refused|unable to access 'http",
    re.IGNORECASE,
)
LOOKED_AT = 20_000
"""Characters of the end of an output: that is where a command says why it failed."""


def denied(output: str, policy: SandboxPolicy) -> str:
    """What the sandbox seems to have kept from a command that failed; empty for nothing."""
    end = output[-LOOKED_AT:]
    if policy.network == "closed" and _NETWORK.search(end):
        return "the network"
    return "a file" if _RIGHTS.search(end) else ""
