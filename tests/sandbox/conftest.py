from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from qwen_dual.sandbox.hidden import within
from qwen_dual.sandbox.view import PRIVATE
from tests.sandbox.support import BACKENDS, Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qwen_dual.sandbox.policy import Backend

ROOT = Path(__file__).parents[2]
BASES = (ROOT / "build", Path.home(), Path("/opt"))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> Backend:
    return cast("Backend", request.param)


@pytest.fixture
def place() -> Iterator[Place]:
    # Not below /tmp, of which a sandbox has its own: everything in it would be hidden anyway.
    outside = (base for base in BASES if not any(within(str(base), at) for at in PRIVATE))
    base = next((base for base in outside if _can_be_written_to(base)), None)
    if base is None:
        pytest.skip("there is no folder outside of /tmp to write to")
    base.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".sandbox-test-", dir=base))
    made = Place(folder)
    yield made
    for tools in made.made:
        tools.close()
    for sandbox in made.sandboxes:
        sandbox.close()
    shutil.rmtree(folder, ignore_errors=True)


def _can_be_written_to(folder: Path) -> bool:
    return os.access(folder if folder.exists() else folder.parent, os.W_OK)
