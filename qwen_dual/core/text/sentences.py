"""What went wrong, in few words, as a sentence that stands by itself."""

from __future__ import annotations


def sentence(text: str) -> str:
    """``text`` with a capital letter and a full stop; an address or a path at its beginning stays as it is."""
    text = text.strip()
    if text.partition(" ")[0].rstrip(",:").isalpha():
        text = text[:1].upper() + text[1:]
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
