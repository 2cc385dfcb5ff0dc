"""What a person is told outside of the UI."""

from __future__ import annotations

import sys


def tell(text: str, *, start: str = "") -> None:
    """Says something on stderr; a name in it may be anybody's, and steers no terminal.

    Args:
        text: of one line or several.
        start: goes out before it as it is, to clear the line of a progress bar.
    """
    from qwen_dual.protocol.visible import visible

    print(f"{start}{visible(text, 'prose')}", file=sys.stderr, flush=True)
