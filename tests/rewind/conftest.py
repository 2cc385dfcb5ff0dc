"""Stores that a test opened end with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.rewind.kit import close_stores

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _stores_end() -> Iterator[None]:
    yield
    close_stores()
