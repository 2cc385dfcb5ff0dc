"""What the model, and a permission rule, call the tools of servers: ``mcp__server__tool``. Pure.

Of letters that every service takes, 63 at the most. The part of the server holds no ``__`` and is no
other's, so that a rule for one server never speaks of a tool of another. What had to be changed ends in
some letters made of the whole name, so that no two names become one, whatever the order they come in.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

MAX_CHARS = 63
MAX_SERVER = 28

_OTHERS = re.compile(r"[^A-Za-z0-9_-]")
_UNDERSCORES = re.compile(r"_{2,}")
_GAP = "___"


def server_part(name: str, others: Collection[str] = ()) -> str:
    """What stands for a server in the names of its tools.

    Args:
        name: as configured.
        others: what stands for the servers that there are already.
    """
    plain = _UNDERSCORES.sub("_", _OTHERS.sub("_", name)).strip("_") or "server"
    if plain == name and len(plain) <= MAX_SERVER and plain not in others:
        return plain
    marked = plain[:MAX_SERVER]
    if plain in others or len(plain) > MAX_SERVER:
        marked = f"{plain[: MAX_SERVER - 7].strip('_')}_{_mark(name)}"
    return marked


def tool_name(server: str, tool: str) -> str:
    """What the model calls the tool ``tool`` of the server that ``server`` stands for.

    Too long a name is cut in the middle.
    """
    start = f"mcp__{server}__"
    plain = _OTHERS.sub("_", tool)
    room = MAX_CHARS - len(start)
    if plain == tool and 0 < len(plain) <= room:
        return start + plain
    end = f"_{_mark(tool)}"
    room -= len(end)
    if len(plain) > room:
        half = (room - len(_GAP)) // 2
        plain = plain[:half] + _GAP + plain[-(room - half - len(_GAP)) :]
    return start + plain + end


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:6]
