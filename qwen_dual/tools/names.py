"""The names of the tools, for who must not wait until all of them are imported; a test holds them together."""

from __future__ import annotations

TOOLS = (
    "run_shell_command",
    "read_file",
    "write_file",
    "edit",
    "list_directory",
    "glob",
    "grep_search",
    "todo_write",
    "web_fetch",
    "agent",
)
"""All but those that ask a person, in the order in which a model is told of them."""
