"""A second terminal on a running session: found, attached to, and left; what waited is answered there."""

from __future__ import annotations

import os
import sys
import tempfile

import anyio
import anyio.to_thread
from ptyprocess import PtyProcess

from qwen_dual import host

PROGRAM = [sys.executable, "-m", "qwen_dual"]


async def waiting(env: dict[str, str]) -> host.RunningSession:
    """The session, once its record says that it waits for a person."""
    while True:
        if found := [one for one in host.running(env) if one.waits]:
            return found[0]
        await anyio.sleep(0.05)


def answer_there(session: host.RunningSession, env: dict[str, str]) -> str:
    """Attaches in a terminal of its own, says yes, and leaves; the last line that it says."""
    terminal = PtyProcess.spawn([*PROGRAM, "attach", session.session_id], env=env, cwd=session.cwd)

    def read(until: str) -> str:
        painted = b""
        while until.encode() not in painted:
            painted += terminal.read()
        return painted.decode(errors="replace")

    read("›")  # the dialog takes keys
    terminal.write(b"y")
    read("Shell")
    terminal.write(b"\x04")
    return read("attach ").partition("Detached")[1]


async def main() -> None:
    """The second terminal is the real `qwen-dual attach`."""
    with tempfile.TemporaryDirectory(prefix="second-") as home:
        env = {**os.environ, "HOME": home, "XDG_RUNTIME_DIR": "", "TERM": "xterm-256color"}
        command = [*PROGRAM, "--offline", "--socket"]
        async with host.open_session(command, cwd=home, env=env) as first:
            turn = await first.submit("run touch made")
            record = await waiting(env)
            print(record.state, repr(record.title))
            print(await anyio.to_thread.run_sync(answer_there, record, env))
            result = await turn.result()
            print(result.stop_reason, "made" in os.listdir(home), first.state)


if __name__ == "__main__":
    anyio.run(main)
