"""What the tests of a path source share: a clock, and the ways in which a file comes to be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.bridge.path_source import PathSource


class Clock:
    """Seconds that pass when the test says so."""

    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


NOTHING: tuple[list[bytes], list[str], list[str]] = ([], [], [])


class Opened:
    """Opens sources and closes them after the test."""

    def __init__(self) -> None:
        self.sources: list[PathSource] = []

    def __call__(self, source: PathSource) -> PathSource:
        self.sources.append(source)
        return source


def rewrite(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)


def replace(path: Path, data: bytes) -> None:
    fresh = path.with_name("fresh")
    rewrite(fresh, data)
    fresh.replace(path)
