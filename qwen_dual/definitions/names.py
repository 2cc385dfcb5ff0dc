"""Names by which people call definitions: none may look like another one's, or hide a part of itself."""

from __future__ import annotations


def deceiving(name: str) -> str:
    """Why ``name`` could be taken for another name, with what is odd made visible; empty where it cannot."""
    if name.isascii():
        return ""  # what no keyboard has there, a name's pattern leaves out
    from qwen_dual.protocol.visible import visible

    shown = visible(name)
    return "" if shown == name else f"“{shown}” has characters that hide, or look like others"
