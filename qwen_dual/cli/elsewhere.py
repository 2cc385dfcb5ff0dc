"""Flags that only SDKs start a program with, claude-agent-sdk's as ours."""

from __future__ import annotations

import argparse
from typing import Any

CHANNEL = "--channel"
"""Whereby Qwen Code's own SDKs say that they start the program."""

ASKED_FOR_BY_FLAG = ("--permission-prompt-tool", "--setting-sources", "--system-prompt-file")

MAX_PROMPT_BYTES = 1 << 20
"""Of a file with a system prompt; a longer one is none."""

SERVERS = "mcp__*"
"""All tools of MCP servers: what ``--tools`` says is about the program's own."""


def add_flags_of_elsewhere(parser: argparse.ArgumentParser) -> None:
    """Adds them, without a word in the help."""
    for flag in (*ASKED_FOR_BY_FLAG, CHANNEL):
        parser.add_argument(flag, help=argparse.SUPPRESS)
    parser.add_argument("--tools", action="append", help=argparse.SUPPRESS)


def take_from_elsewhere(
    parser: argparse.ArgumentParser, values: dict[str, Any], remarks: list[str]
) -> None:
    """Puts what they say where our own flags do, and takes them out of ``values``."""
    asker = values.pop("permission_prompt_tool")
    values["asks_on_stdin"] = asker == "stdio"
    if asker not in (None, "stdio"):
        remarks.append(f"--permission-prompt-tool {asker} is not here yet; stdio is.")
    sources = values.pop("setting_sources")
    if sources is not None and not {"project", "local"} & set(sources.split(",")):
        if values["trust"]:
            remarks.append("--trust has no effect: --setting-sources leaves out the project.")
        values["trust"] = False
    tools = values.pop("tools")
    if tools is not None and tools != ["default"]:
        if values["core_tools"]:
            parser.error("--tools and --core-tools say the same: give one of them")
        values["core_tools"] = [*filter(None, tools), SERVERS]
    path = values.pop("system_prompt_file")
    if path is not None:
        if values["system_prompt"] is not None:
            parser.error("--system-prompt and --system-prompt-file are mutually exclusive")
        values["system_prompt"] = _text_of(parser, path)


def _text_of(parser: argparse.ArgumentParser, path: str) -> str:
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_PROMPT_BYTES + 1)
        if len(data) > MAX_PROMPT_BYTES:
            raise ValueError(f"it has more than {MAX_PROMPT_BYTES >> 20} MiB")
        return data.decode()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        parser.error(f"--system-prompt-file: {path!r} cannot be read: {why}")
