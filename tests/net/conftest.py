"""What tests of imports import."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A package that gathers names, one of its modules, and one that needs another."""
    package = tmp_path / "library"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from library.part import near\nfrom library.big import far\n"
    )
    (package / "part.py").write_text("near = 'near'\n")
    (package / "big.py").write_text("print('imported')\nfar = 'far'\n")
    (package / "user.py").write_text(
        "import library.big as big\nfrom library import near\ndef use(): return big.far\n"
    )
    (tmp_path / "needy.py").write_text("import whole\ndef use(): return whole.value\n")
    (tmp_path / "whole.py").write_text("print('imported')\nvalue = 1\n")
    return tmp_path
