"""What the model and the footer are told of the place the program runs in. Reads, never writes."""

from __future__ import annotations

import os
import time

CODING = (
    " Use the tools to look before you answer, keep changes small, and say what you did and what you "
    "could not do."
)


def system_prompt(folder: str, branch: str | None, *, coding: bool = True) -> str:
    """What the model knows before the first prompt; without ``coding`` not how to work on code."""
    words = CODING if coding else ""
    return f"You are a coding agent in a person's terminal.{words}\n{place(folder, branch)}"


def place(folder: str, branch: str | None) -> str:
    """Where and when it works."""
    where = f"git branch {branch}" if branch else "not a git repository"
    system = os.uname()
    return (
        f"Folder: {folder} ({where})\n"
        f"Platform: {system.sysname} {system.release}\n"
        f"Date: {time.strftime('%Y-%m-%d')}"
    )


def git_changes(count: int | None) -> str:
    """How many files of the repository were changed, for the model; empty where it is not known."""
    if count is None:
        return ""
    if not count:
        return "clean"
    return f"{count} changed file{'' if count == 1 else 's'}"
