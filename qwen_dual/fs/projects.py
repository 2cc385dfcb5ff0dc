"""Where what belongs to a folder somebody works in is kept, in that person's home. Pure.

``~/.qwen/projects`` has one folder for each: its path with a dash for whatever is no letter or digit,
so that two may share one. What is kept there says itself which of them it is about.
"""

from __future__ import annotations

import binascii
import os

_LONGEST = 200
"""Of a name that a file system takes for sure, in characters."""


def project_name(cwd: str) -> str:
    """The name of the folder that holds what belongs to ``cwd``; two folders may share one."""
    # The reference counts UTF-16 units, so that a character beyond U+FFFF makes two dashes.
    return "".join(map(_plain, cwd))


def _plain(char: str) -> str:
    if char.isascii():
        return char if char.isalnum() else "-"
    return "--" if ord(char) > 0xFFFF else "-"


def projects_folder(home: str) -> str:
    """The folder of all projects; ``home`` is ``~/.qwen`` or what ``QWEN_HOME`` says."""
    return os.path.join(home, "projects")


def permissions_file(home: str, cwd: str) -> str:
    """The file of the rules that the person allowed for ``cwd``, among others of its name."""
    return os.path.join(_own_folder(home, cwd), "permissions.json")


def history_file(home: str, cwd: str) -> str:
    """The file of the prompts that were sent in ``cwd``, among others of its name."""
    return os.path.join(_own_folder(home, cwd), "history.jsonl")


def _own_folder(home: str, cwd: str) -> str:
    # The end tells more of a long path than its beginning, and what is in the folder names it whole.
    return os.path.join(projects_folder(home), project_name(cwd)[-_LONGEST:])


def rewind_folder(home: str, cwd: str) -> str:
    """The folder of the states of files that are kept for ``cwd``; no two folders share one."""
    own = f"{project_name(cwd)[-_LONGEST:]}-{binascii.crc32(os.fsencode(cwd)):08x}"
    return os.path.join(home, "rewind", own)


def rewind_mark(home: str, cwd: str) -> str:
    """A file that is there while files of ``cwd`` go back to an earlier state."""
    return os.path.join(rewind_folder(home, cwd), "going")
