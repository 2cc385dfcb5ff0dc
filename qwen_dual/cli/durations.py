"""Durations as they stand on a command line: ``90``, ``30s``, ``5m``, ``1.5h``. Pure."""

from __future__ import annotations

import re

SHORTEST = 1.0
LONGEST = 2_147_483.0
"""Seconds: the bounds of the reference, so that a launch line means the same to both."""

_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h)?", re.IGNORECASE)


def seconds_in(text: str) -> float:
    """The seconds of a duration.

    Raises:
        ValueError: it is none, or shorter or longer than makes sense; the text says so.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no duration: seconds (90) or with a unit (30s, 5m, 1.5h)")
    seconds = float(found[1]) * _UNITS[(found[2] or "").lower()]
    if seconds < SHORTEST:
        raise ValueError(f"{text!r} is less than a second, in which no model answers")
    if seconds > LONGEST:
        raise ValueError(f"{text!r} is more than {LONGEST:.0f} seconds")
    return seconds
