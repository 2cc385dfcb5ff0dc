"""What telemetry needs that not every installation has."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

INSTALL: Final = "pip install 'qwen-dual[otel]'"
NEEDED: Final = (
    "opentelemetry.sdk",
    "opentelemetry.exporter.otlp.proto.http",
    "opentelemetry.exporter.prometheus",
)


class Missing(Exception):
    """The extra is not installed; the text says how it is."""

    def __init__(self) -> None:
        super().__init__(f"telemetry needs the extra otel, which is not installed: {INSTALL}")


def check(packages: Sequence[str] = NEEDED) -> None:
    """Looks for packages, and imports none of them.

    Args:
        packages: modules by their full names.

    Raises:
        Missing: one of them is not there.
    """
    for name in packages:
        try:
            found = find_spec(name)
        except ModuleNotFoundError:
            found = None
        if found is None:
            raise Missing
