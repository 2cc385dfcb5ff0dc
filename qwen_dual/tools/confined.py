"""What a shell call says of the sandbox: to the model, and to the person who is asked."""

from __future__ import annotations

import re
import signal
from typing import TYPE_CHECKING

from qwen_dual.tools.calls import one_line
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.sandbox.policy import SandboxPolicy

SIZE_OF_REASON = 300
_KILL = r"kill(?:\s+-(?:s\s+)?([A-Z]+|\d+))?\s+--\s+-(\d+)"


def description(sandbox: Sandbox) -> str:
    """What a model is told of the sandbox beforehand."""
    files = (
        "it can write to the workspace, except git directories and settings of tools, and to a "
        "/tmp of its own"
        if sandbox.writable
        else "it can write only to a /tmp of its own"
    )
    network = "" if sandbox.policy.network == "open" else "; it has no network"
    return (
        f" It runs in a sandbox: {files}{network}. What cannot work in there can be asked for "
        "outside of it with outside_sandbox and a reason."
    )


def unavailable(problem: str) -> ToolFailure:
    """The error where the sandbox that was asked for cannot be had."""
    return ToolFailure(
        f"not run: the settings ask for a sandbox, and it cannot be had: {problem}.",
        "Tell the person; a single command may be asked for outside of it with outside_sandbox and "
        "a reason",
    )


def denial(output: str, policy: SandboxPolicy) -> tuple[str, str]:
    """A line for a command that seems to have failed for want of a right; empty for any other.

    Returns:
        For the model, and for a person.
    """
    from qwen_dual.sandbox.denials import denied

    what = denied(output, policy)
    if not what:
        return "", ""
    kept = f"\nSandbox: this ran in a sandbox, which seems to have kept {what} from it."
    advice = (
        "If the command is needed as it is, call run_shell_command again with outside_sandbox: true "
        "and a reason: the person is asked."
    )
    return f"{kept} {advice}", kept


def made_notice(made: Sequence[str]) -> tuple[str, str]:
    """A line about guarded files that a command has made; empty for none. As ``denial`` gives it."""
    if not made:
        return "", ""
    what = (
        f"\nSandbox: the command made {', '.join(made)} in the workspace, which other programs run "
        "or obey by themselves"
    )
    return f"{what}. Tell the person, who should look at it first.", f"{what}: look at it first."


def title(place: str, how: str, reason: str) -> str:
    """Above the command in the dialog that asks to leave the sandbox."""
    return f"Run{how} outside the sandbox in {place} · reason: {one_line(reason, SIZE_OF_REASON)}"


def asked_to_kill(command: str) -> tuple[int, signal.Signals] | None:
    """The group and the signal of ``kill -- -PGID``, which a command in a sandbox cannot reach."""
    found = re.fullmatch(_KILL, command.strip())
    if found is None:
        return None
    name = found[1] or "TERM"
    try:
        number = (
            signal.Signals(int(name))
            if name.isdigit()
            else signal.Signals["SIG" + name.removeprefix("SIG")]
        )
    except (ValueError, KeyError):
        return None
    return int(found[2]), number
