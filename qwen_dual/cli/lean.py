"""What the start imports before everything else, so that it is imported for less."""

from __future__ import annotations

from qwen_dual.net.imports import Without


def import_msgspec() -> None:
    """Imports msgspec by itself.

    It takes three names from typing_extensions where that is installed, which for pydantic's sake it is;
    typing has them, and typing_extensions takes longer to import than all the rest of msgspec.
    """
    with Without("typing_extensions"):
        import msgspec  # noqa: F401
