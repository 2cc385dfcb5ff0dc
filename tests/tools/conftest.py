from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from qwen_dual.tools.toolset import Toolset, toolset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


@pytest.fixture
def tools(workspace: Path) -> Iterator[Toolset]:
    made = toolset(workspace, os.environ)
    yield made
    made.close()
