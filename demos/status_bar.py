"""A status bar: what each session says to its terminal (OSC 7501), without a look at its events."""

from __future__ import annotations

import sys
import tempfile

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual", "--offline"]
SIGNS = {"idle": " ", "working": "…", "blocked": "?", "done": "✓", "error": "✗", "cleared": "-"}
WORK = {"build": ["run touch built", "say 5 words"], "docs": ["write a.md: text"]}


class Bar:
    """One row: a sign for each session, printed at each change."""

    def __init__(self) -> None:
        self.signs = dict.fromkeys(WORK, "-")

    async def follow(self, name: str, reports: host.TerminalReports, until: str) -> None:
        """Shows what one session tells its terminal, until it says a certain state."""
        async for report in reports:
            if isinstance(report, host.ProgramStatus):
                self.signs[name] = f"{SIGNS[report.state]} {report.kind or ''}".strip()
                print(*(f"[{name} {sign}]" for name, sign in self.signs.items()), flush=True)
                if report.state == until:
                    return


async def allow(request: host.Request) -> bool:
    """Leaves a request on the bar for as long as somebody would need to see it."""
    await anyio.sleep(0.2)
    return True


async def work(bar: Bar, name: str) -> None:
    """One session under the bar."""
    with tempfile.TemporaryDirectory() as at:
        async with host.open_session(COMMAND, cwd=at, on_approval=allow, program_status=True) as it:
            reports = it.terminal.reports()
            await bar.follow(name, reports, "idle")
            for prompt in WORK[name]:
                await it.submit(prompt)
                await bar.follow(name, reports, "done")


async def main() -> None:
    """All of them at once."""
    bar = Bar()
    async with anyio.create_task_group() as group:
        for name in WORK:
            group.start_soon(work, bar, name)


anyio.run(main)
