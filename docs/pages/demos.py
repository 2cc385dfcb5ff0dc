"""The pages of the demos show the programs: each block with a title is the file that it names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SHOWN = re.compile(
    r'^```(?P<kind>\w+) title="(?P<file>demos/[^"]+)"\n.*?^```$', re.DOTALL | re.MULTILINE
)


def pages() -> Iterator[tuple[Path, str]]:
    """Each page and its text with the programs as they are now."""
    for path in sorted((ROOT / "docs" / "demos").glob("*.md")):
        yield path, SHOWN.sub(_block, path.read_text("utf-8"))


def _block(found: re.Match[str]) -> str:
    program = (ROOT / found["file"]).read_text("utf-8").rstrip("\n")
    return f'```{found["kind"]} title="{found["file"]}"\n{program}\n```'
