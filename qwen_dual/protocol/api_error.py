"""How a failed model call shows in the text of an answer: ``[API Error: …]``, as in Qwen Code.

``result.error`` says the same in fields; this is what a reader of the messages alone has.
"""

from __future__ import annotations

_BEGIN = "[API Error:"
_END = "]"

_LOOKED_AT = 200
"""Characters: a text may have megabytes, of which no copy is made here."""


def api_error(message: str) -> str:
    """The text that tells of a failure."""
    return f"{_BEGIN} {message}{_END}"


def begins_api_error(text: str) -> bool:
    """Whether ``text``, which may still be coming in, tells of a failure."""
    return text[:_LOOKED_AT].lstrip().startswith(_BEGIN)


def message_in(text: str) -> str | None:
    """What ``api_error`` was given; None where ``text`` is something else."""
    if not begins_api_error(text):
        return None
    text = text.strip()
    if not (text.startswith(f"{_BEGIN} ") and text.endswith(_END)):
        return None
    return text[len(_BEGIN) + 1 : -len(_END)]
