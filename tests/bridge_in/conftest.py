"""The path of an input, and what opens sources for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bridge_in.files import Opened

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "input"


@pytest.fixture
def opened() -> Iterator[Opened]:
    opened = Opened()
    yield opened
    for source in opened.sources:
        source.close()
