from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.settings.folders import Folders

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)
