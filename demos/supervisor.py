"""A supervisor: three workers at once, one policy for their approvals, one budget of tokens."""

from __future__ import annotations

import sys
import tempfile

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual"]
BUDGET = int(sys.argv[1]) if len(sys.argv) > 1 else 12_000
TASKS = {
    "writer": ["write note.txt: made by a worker", "read note.txt"],
    "lister": ["list", "run echo counting", "list"],
    "cleaner": ["run rm -rf note.txt", "say 5 words"],
}


class Supervisor:
    """What the workers share."""

    def __init__(self) -> None:
        self.tokens = 0

    async def policy(self, request: host.Request) -> host.Verdict:
        """Files may be written; of commands only echo may run."""
        if request.tool_name != "run_shell_command":
            return host.Allow()
        if str(request.input.get("command")).startswith("echo "):
            return host.Allow()
        return host.Deny("workers delete nothing; say what should be deleted instead")

    async def work(self, name: str, prompts: list[str]) -> None:
        """One worker in a folder of its own."""
        with tempfile.TemporaryDirectory(prefix=f"{name}-") as folder:
            async with host.open_session(COMMAND, cwd=folder, on_approval=self.policy) as session:
                for prompt in prompts:
                    if self.tokens >= BUDGET:
                        print(f"{name}: stopped, {self.tokens} of {BUDGET} tokens are used")
                        return
                    result = await session.run(prompt, timeout=60)
                    self.tokens += int(result.usage.get("total_tokens", 0))
                    print(f"{name}: {prompt!r} {result.stop_reason}, {self.tokens} tokens in all")


async def main() -> None:
    """All workers at once."""
    supervisor = Supervisor()
    async with anyio.create_task_group() as group:
        for name, prompts in TASKS.items():
            group.start_soon(supervisor.work, name, prompts)


if __name__ == "__main__":
    anyio.run(main)
