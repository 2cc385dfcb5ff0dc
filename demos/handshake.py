"""Capability handshake: what a program can do is in its first event, and nothing else need be known.

Runs `qwen-dual`, or the command given as arguments: `python demos/handshake.py qwen`.
"""

from __future__ import annotations

import sys

import anyio

from qwen_dual import host

COMMAND = [sys.executable, "-m", "qwen_dual"]


async def main() -> None:
    """Starts the program, reads its greeting, and uses only what it says it can do."""
    async with host.open_session(sys.argv[1:] or COMMAND) as session:
        greeting = session.greeting
        print(f"{greeting.agent} {greeting.version}, protocol {greeting.protocol_version}")
        print("commands:", ", ".join(sorted(greeting.supported_commands)))
        if greeting.protocol_version != 2:
            raise SystemExit("this host knows protocol version 2 only")
        if session.supports("set_approval_mode"):
            receipt = await session.command("set_approval_mode", mode="plan")
            print("plan mode:", receipt.status)
        else:
            print("plan mode: not offered; the person chooses the mode")


if __name__ == "__main__":
    anyio.run(main)
