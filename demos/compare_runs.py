"""The same prompts twice, and where the runs part: `compare_runs.py PROMPT… -- OPTIONS -- OPTIONS`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import anyio

from qwen_dual import host
from qwen_dual.protocol.codec import encode
from qwen_dual.recording.audit import audit
from qwen_dual.recording.comparison import comparison
from qwen_dual.recording.recorded import Recorded

COMMAND = [sys.executable, "-m", "qwen_dual"]


async def keep(options: list[str], prompts: list[str], path: Path) -> None:
    """Runs the prompts, and keeps every event."""
    session = await host.Session.open([*COMMAND, *options], on_approval=lambda request: True)
    try:
        for prompt in prompts:
            await session.run(prompt)
    finally:
        await session.aclose()
    with path.open("wb") as file:
        async for event in session:
            file.write(encode(event.raw))


def main() -> None:
    """Two runs, and where they part."""
    parts: list[list[str]] = [[]]
    for word in sys.argv[1:]:
        if word == "--":
            parts.append([])
        else:
            parts[-1].append(word)
    prompts, first, second = (*parts, ["--offline"], ["--offline"])[:3]
    with tempfile.TemporaryDirectory() as folder:
        audits = []
        for name, options in (("first", first), ("second", second)):
            path = Path(folder) / name
            anyio.run(keep, options, prompts or ["run echo one", "run echo two"], path)
            audits.append(audit(Recorded(str(path)), name))
    print("".join(comparison(*audits)))


main()
