"""A command that a person ran in the shell, as a record: what the model is told, and what it showed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

SHELL_CALL = "shell_"
"""How the ids of such commands begin; no call of a model has one."""

TOLD = "I ran this in the shell myself:\n\n{command}\n\nIt came to:\n\n{output}"
"""What the conversation holds of it, as ``core.session.worker`` words it; a test holds the two together."""


def shell_fields(
    command: str,
    output: str,
    tool: str = "",
    *,
    is_error: bool,
    outcome: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The message and the payload of the user record that takes the place of the command's.

    Args:
        command: as it was entered.
        output: what it came to.
        tool: what ran it; empty where nobody said.
        is_error: whether it failed.
        outcome: how it ended (``shapes.ToolOutcome``).
    """
    told = TOLD.format(command=command, output=output)
    shell: dict[str, Any] = {"command": command, "output": output, "is_error": is_error}
    if tool:
        shell["tool"] = tool
    if outcome:
        shell["outcome"] = dict(outcome)
    return {
        "message": {"role": "user", "parts": [{"text": told}]},
        "systemPayload": {"displayText": f"!{command}", "shell": shell},
    }
