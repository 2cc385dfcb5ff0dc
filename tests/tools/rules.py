"""Command lines as the permission rules see them."""

from __future__ import annotations

from qwen_dual.core.tools.tool import Subject
from qwen_dual.shell.reader import read
from qwen_dual.tools.shellwords import parse

SHELL = "run_shell_command"


def subject(line: str) -> Subject:
    parsed = parse(line)
    return Subject(tuple(parsed.commands), parsed.whole, line=read(line))
