"""What a person is told outside of the UI, and a standard error that takes nothing.

That may be ``2>/dev/full``, a reader that has left or a terminal that is gone. What is said there is a
remark beside what the program does, and no reason to end it. So a write never fails, wherever in the
program it is made; what could not be said is in the debug log.
"""

from __future__ import annotations

import io
import sys

TYPE_CHECKING = False  # the start begins here
if TYPE_CHECKING:
    from typing import Any


def tell(text: str, *, start: str = "") -> None:
    """Says something on stderr; a name in it may be anybody's, and steers no terminal.

    Args:
        text: of one line or several.
        start: goes out before it as it is, to clear the line of a progress bar.
    """
    from qwen_dual.protocol.visible import visible

    print(f"{start}{visible(text, 'prose')}", file=sys.stderr, flush=True)


class _Unfailing(io.FileIO):
    def write(self, data: Any, /) -> int:
        """Writes all of it, or logs what is left; the number of bytes of ``data``."""
        rest = memoryview(data)
        whole = len(rest)
        try:
            while rest:
                written = super().write(rest)
                if written is None:
                    raise BlockingIOError("nobody reads it")
                rest = rest[written:]
        except OSError as error:
            if said := bytes(rest).decode(errors="replace").strip():
                from qwen_dual.runtime.debuglog import log_outside

                log_outside(f"standard error took nothing of: {said}", error)
        return whole


def never_fail() -> None:
    """Has a write to standard error never fail from now on."""
    sys.stderr = io.TextIOWrapper(
        _Unfailing(2, "w", closefd=False),
        encoding=sys.stderr.encoding,
        errors="backslashreplace",
        write_through=True,
    )
