"""A CI job: runs prompts, writes a summary, and fails when a turn does.

python demos/ci_observer.py summary.md "run make -s check" "list"
"""

from __future__ import annotations

import sys
from pathlib import Path

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual"]
ALLOWED = ("echo ", "make ", "pytest")


def policy(request: host.Request) -> host.Verdict:
    """Only commands that this job is for; everything else is refused with a reason."""
    command = str(request.input.get("command", ""))
    if request.tool_name == "run_shell_command" and command.startswith(ALLOWED):
        return host.Allow()
    return host.Deny(f"this job runs only {', '.join(ALLOWED)}")


async def main(summary: str, prompts: list[str]) -> int:
    """Runs the prompts in order; returns the exit status."""
    rows, failed = ["| prompt | ended | answer |", "|---|---|---|"], 0
    async with host.open_session(COMMAND, on_approval=policy) as session:
        for prompt in prompts:
            result = await session.run(prompt, timeout=300)
            denied = result.raw.get("permission_denials")
            bad = result.is_error or bool(denied) or result.stop_reason != "end_turn"
            failed += bad
            answer = " ".join(result.text.split())[:80].replace("|", "\\|")
            rows.append(f"| {prompt} | {'✗' if bad else '✓'} {result.stop_reason} | {answer} |")
    await anyio.Path(summary).write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(await anyio.Path(summary).read_text(encoding="utf-8"))
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(f"usage: {Path(sys.argv[0]).name} SUMMARY.md PROMPT …")
    sys.exit(anyio.run(main, sys.argv[1], sys.argv[2:]))
