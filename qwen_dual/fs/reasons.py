"""Why the system refused something, in its own words."""

from __future__ import annotations


def reason(error: OSError) -> str:
    """Why the system refused: "Permission denied", without the number and the path; never empty.

    One that was raised here has no words of the system's; then it is what it says itself.
    """
    return error.strerror or str(error) or type(error).__name__
