"""Answers approvals from outside: a small policy, and a reason where it says no.

A person at the terminal could answer as well; the first answer wins and the other side is told.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from hosting import follow, send, spawn

HARMLESS = {"mkdir", "touch"}


def allowed(request: dict[str, object]) -> bool:
    """Plain calls of a few harmless programs."""
    arguments = request["input"]
    assert isinstance(arguments, dict)
    command = str(arguments.get("command", ""))
    return not set(command) & set(";&|<>$`\n") and command.partition(" ")[0] in HARMLESS


def main() -> None:
    """Runs one command that the policy allows and one that it does not."""
    with tempfile.TemporaryDirectory(prefix="approval-") as name:
        folder = Path(name)
        out, commands = folder / "events.jsonl", folder / "commands.jsonl"
        commands.touch()
        process = spawn(
            ["--json-file", str(out), "--input-file", str(commands), "--input-from", "start"],
            folder,
        )
        for prompt in ("run mkdir -p made", "run rm -rf everything", "/quit"):
            send(commands, type="submit", text=prompt)
        for event in follow(out):
            if event["type"] == "control_request":
                answer = {"type": "confirmation_response", "request_id": event["request_id"]}
                if allowed(event["request"]):
                    send(commands, **answer, allowed=True)
                else:
                    send(commands, **answer, allowed=False, message="the policy deletes nothing")
            elif event["type"] == "control_response":
                verdict = event["response"]["response"]["allowed"]
                print("allowed" if verdict else "denied", "by", event["response"]["resolved_by"])
            elif event["type"] == "result" and event["num_turns"]:
                print("turn ended:", event["stop_reason"])
        process.wait()


if __name__ == "__main__":
    main()
