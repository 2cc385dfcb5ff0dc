from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.sandbox.support import BACKENDS, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.sandbox.policy import Backend

ROOT = Path(__file__).parents[2]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return cast("Backend", request.param)


@pytest.fixture
def place() -> Iterator[Place]:
    # Not below /tmp, of which a sandbox has its own: everything in it would be hidden anyway.
    (ROOT / "build").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="sandbox-", dir=ROOT / "build"))
    made = Place(folder)
    yield made
    for tools in made.made:
        tools.close()
    shutil.rmtree(folder, ignore_errors=True)
