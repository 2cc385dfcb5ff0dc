"""What several tests of sessions begin with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.runtime.mcp_kit import Place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    made.calls()
    monkeypatch.chdir(made.work)
    monkeypatch.setenv("QWEN_HOME", str(made.home))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    return made
