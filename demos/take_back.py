"""Takes a turn back: a look at what that would change, the going back, and back again."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual", "--approval-mode", "auto-edit"]


def held(path: Path) -> str:
    """What a file holds."""
    return path.read_text().strip()


async def main() -> None:
    """Two turns change a file; the second is taken back, and that again."""
    with tempfile.TemporaryDirectory(prefix="take-back-") as folder:
        note = Path(folder, "note.txt")
        async with host.open_session(COMMAND, cwd=folder) as session:
            await session.run("write note.txt: first")
            await session.run("edit note.txt: first -> second")
            points = (await session.rewind_points()).points
            print("prompts", [(point.text, point.changed) for point in points])

            would = await session.rewind(points[-1].uuid, preview=True)
            print("would change", [(f.change, f.added, f.removed) for f in would.changes])

            back = await session.rewind(points[-1].uuid)
            print("went back", back.prompts, repr(held(note)))

            await session.rewind(back.uuid)
            print("and again", repr(held(note)))

            await session.rewind(points[-1].uuid)
            async with await anyio.open_file(note, "w") as file:
                await file.write("a person's\n")
            try:
                await session.rewind(points[0].uuid)
            except host.CommandRejected as refusal:
                print("refused", refusal.code)


if __name__ == "__main__":
    anyio.run(main)
