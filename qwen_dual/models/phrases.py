"""Prompts for the offline model: which tool calls, thoughts or demonstrations one asks for. Pure."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, field

USAGE = (
    "I am the offline model: no network, no key, and no understanding of language. "
    "I know these phrases, several in one prompt when they are joined with `and`:\n\n"
    "- `run <command>` runs a shell command\n"
    "- `read <path>`, `list [<path>]`, `find <glob>`, `search <text>`\n"
    "- `write <path>: <text>`, `edit <path>: <old> -> <new>`\n"
    "- `let <agent> <phrase>` gives a phrase to a sub-agent: `let explore find *.py`\n"
    "- `think <text>` thinks aloud, `say <n> words` streams an answer of that length\n"
    "- `markdown` shows what an answer can look like\n"
)

# Only before a verb with what it needs: "run echo a and b" is one command.
_JOINT = re.compile(
    r"\s+and\s+(?=(?:run|read|find|search|think)\s+\S|let\s+\S+\s+\S"
    r"|list(?:\s|$)|write\s+[^:\n]+:|edit\s+[^:\n]+:.*->|say\s+\d+\s+words?\b"
    r"|markdown\s*(?:$|\sand\s))",
    re.IGNORECASE,
)

_TASK = re.compile(r"(?!(?:me|us|it|the)\s)(\S+)\s+(\S.*)", re.DOTALL)

SHOWN_CHARACTERS = 120
"""How much of an argument a sentence repeats."""

# Not re.escape: it escapes spaces too, which ripgrep before 14 refuses.
_SPECIAL = re.compile(r"[\\.+*?()|\[\]{}^$]")


class ToolStep(Struct, frozen=True):
    """One tool call: its tool, its arguments, and what it is in a few words."""

    name: str
    arguments: dict[str, Any]
    said: str


class Plan(Struct):
    """What a prompt asks for.

    Attributes:
        steps: tool calls, in order.
        thoughts: to be streamed as thinking.
        words: length of an answer to stream, None unless asked for.
        markdown: show the demonstration.
        problems: phrases that began well but cannot be understood, with the form expected.
    """

    steps: list[ToolStep] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    words: int | None = None
    markdown: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Nothing in the prompt was understood."""
        return not (self.steps or self.thoughts or self.markdown or self.problems) and (
            self.words is None
        )


def plan(prompt: str) -> Plan:
    """Reads ``prompt``; what it does not understand leaves the plan empty."""
    found = Plan()
    for phrase in _JOINT.split(prompt.strip()):
        verb, _, rest = phrase.strip().partition(" ")
        if "\n" in verb:
            verb, rest = re.split(r"\s", phrase.strip(), maxsplit=1)
        _add_step(found, verb.lower().rstrip(":"), rest.strip())
    return found


def in_code(text: str) -> str:
    """``text`` as one bounded line of Markdown code, whatever it holds."""
    line = " ".join(text.split())
    if len(line) > SHOWN_CHARACTERS:
        line = f"{line[:SHOWN_CHARACTERS]}…"
    return f"`` {line} ``" if "`" in line else f"`{line}`"


def _add_step(found: Plan, verb: str, rest: str) -> None:
    if verb == "run" and rest:
        arguments = {
            "command": rest,
            "description": "Asked for in the prompt",
            "is_background": False,
        }
        found.steps.append(ToolStep("run_shell_command", arguments, f"run {in_code(rest)}"))
    elif verb == "read" and rest:
        found.steps.append(ToolStep("read_file", {"file_path": rest}, f"read {in_code(rest)}"))
    elif verb == "list":
        path = rest or "."
        found.steps.append(ToolStep("list_directory", {"path": path}, f"list {in_code(path)}"))
    elif verb == "find" and rest:
        found.steps.append(ToolStep("glob", {"pattern": rest}, f"find {in_code(rest)}"))
    elif verb == "search" and rest:
        # A person asks for a text; the tool takes a regular expression.
        pattern = _SPECIAL.sub(r"\\\g<0>", rest)
        said = f"search for {in_code(rest)}"
        found.steps.append(ToolStep("grep_search", {"pattern": pattern}, said))
    elif verb == "write":
        _take_write(found, rest)
    elif verb == "edit":
        _take_edit(found, rest)
    elif verb == "let" and (match := _TASK.fullmatch(rest)):
        agent, task = match.groups()
        arguments = {"subagent_type": agent, "description": task[:SHOWN_CHARACTERS], "prompt": task}
        found.steps.append(ToolStep("agent", arguments, f"let {in_code(agent)} do it"))
    elif verb == "think" and rest:
        found.thoughts.append(rest)
    elif verb == "say":
        match = re.fullmatch(r"([1-9]\d{0,5})\s+words?\b.*", rest, re.DOTALL)
        if match:
            found.words = int(match[1])
    elif verb == "markdown" and not rest:
        found.markdown = True


def _take_write(found: Plan, rest: str) -> None:
    path, colon, content = rest.partition(":")
    if not colon or not path.strip():
        found.problems.append("write <path>: <text>")
        return
    content = content.removeprefix(" ")
    if not content.endswith("\n"):
        content += "\n"
    arguments = {"file_path": path.strip(), "content": content}
    found.steps.append(ToolStep("write_file", arguments, f"write {in_code(path)}"))


def _take_edit(found: Plan, rest: str) -> None:
    path, colon, change = rest.partition(":")
    old, arrow, new = change.partition("->")
    if not colon or not arrow or not path.strip() or not old.strip():
        found.problems.append("edit <path>: <old> -> <new>")
        return
    arguments = {
        "file_path": path.strip(),
        "old_string": old.strip(" "),
        "new_string": new.strip(" "),
    }
    found.steps.append(ToolStep("edit", arguments, f"edit {in_code(path)}"))
