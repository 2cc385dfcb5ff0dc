"""Prompts of servers as slash commands: what is typed behind one, and what the model is then asked. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from qwen_dual.mcp.results import content_of
from qwen_dual.protocol.blocks import text_block

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qwen_dual.mcp.records import PromptArgument, PromptRecord
    from qwen_dual.protocol.shapes import ImageBlock, TextBlock

MAX_CHARS = 500_000
"""Of the text of one prompt."""

_NAMED = re.compile(r'(?:^|(?<=\s))--([^\s=]+)=(?:"((?:\\.|[^"\\])*)"|(\S*))')
_PLAIN = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')


class WrongArguments(ValueError):
    """Arguments that a prompt cannot be filled in with; says what it takes."""


def arguments_of(prompt: PromptRecord, typed: str) -> dict[str, str]:
    """The values in ``typed``: ``--name=value``, quoted or not, and by position.

    Those that are needed are filled first. The last that is open takes all that is left.

    Raises:
        WrongArguments: one that is needed is missing.
    """
    named = {match[1]: _text(match[2], match[3]) for match in _NAMED.finditer(typed)}
    rest = [_text(match[1], match[2]) for match in _PLAIN.finditer(_NAMED.sub(" ", typed))]
    if not prompt.arguments:
        return {**({"input": " ".join(rest)} if rest else {}), **named}
    known = [argument.name for argument in prompt.arguments]
    found = {name: value for name, value in named.items() if name in known}
    if unknown := [name for name in named if name not in known]:
        raise WrongArguments(f"It takes no --{unknown[0]}. {usage(prompt)}")
    waiting = [name for name in _by_need(prompt.arguments) if name not in found]
    if len(rest) > len(waiting) > 0:
        rest[len(waiting) - 1 :] = [" ".join(rest[len(waiting) - 1 :])]
    found.update(zip(waiting, rest, strict=False))
    if missing := [
        each.name for each in prompt.arguments if each.required and each.name not in found
    ]:
        raise WrongArguments(
            f"It needs {', '.join(f'--{name}=…' for name in missing)}. {usage(prompt)}"
        )
    return found


def usage(prompt: PromptRecord) -> str:
    """What can be typed behind the command."""
    if not prompt.arguments:
        return "It takes no arguments."
    parts = [
        f"--{each.name}=…" if each.required else f"[--{each.name}=…]" for each in prompt.arguments
    ]
    return f"Usage: {' '.join(parts)}"


def _by_need(arguments: Iterable[PromptArgument]) -> list[str]:
    return [each.name for each in sorted(arguments, key=lambda each: not each.required)]


def _text(quoted: str | None, plain: str | None) -> str:
    return (plain or "") if quoted is None else re.sub(r"\\(.)", r"\1", quoted)


def blocks_of(result: Mapping[str, Any]) -> list[TextBlock | ImageBlock]:
    """What the model is asked, of a ``GetPromptResult``; who says what only where both speak."""
    messages = [each for each in result.get("messages") or () if isinstance(each, dict)]
    both = len({each.get("role") for each in messages}) > 1
    found: list[TextBlock | ImageBlock] = []
    for each in messages:
        content = content_of({"content": [each["content"]]}, MAX_CHARS)
        blocks = [text_block(content)] if isinstance(content, str) else content
        if both:
            found.append(text_block("Assistant:" if each.get("role") == "assistant" else "User:"))
        found += blocks
    return found


def text_of(blocks: Sequence[TextBlock | ImageBlock]) -> str:
    """The words of them, for what a person is shown."""
    return "\n\n".join(block["text"] for block in blocks if block["type"] == "text").strip()
