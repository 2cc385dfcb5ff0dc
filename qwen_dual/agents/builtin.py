"""The agents that are always there. What they are for, ``core.tools.agents`` says, which costs less to know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from qwen_dual.agents.spec import AgentSpec
from qwen_dual.core.tools.agents import BUILT_IN, DEFAULT_AGENT

if TYPE_CHECKING:
    from collections.abc import Mapping

READING: Final = (
    "read_file",
    "list_directory",
    "glob",
    "grep_search",
    "web_fetch",
    "todo_write",
    "run_shell_command",
)
"""What an agent is given that only reads; of commands those run that change nothing."""

_GENERAL = """\
You are a sub-agent: another agent gave you one task, and only your last message goes back to it. Do \
that task and nothing beside it.

- Look at the code and at the state of things before you change any of it, and leave alone what is \
not yours to change.
- Where you do not know where something is, search wide first; read a file whose path you know.
- Prefer a change of what is there to a new file, and write no documentation nobody asked for.
- Check what you claim, and what you changed, by the smallest means that show it.
- Nobody can answer questions. Where something stays open, say so instead of guessing.

End with a short report: what came of it and how you know, the files you changed, what you checked, \
and what is left. Quote code only where its exact text matters."""

_EXPLORE = """\
You are a sub-agent that finds its way through code for another agent. You only read: there is nothing \
you could change, and you need not try.

- Search by name and by content, wide first and then closer; follow what you find to where it is used.
- Make independent searches in one message.
- Stop when the question is answered as thoroughly as it was asked.

End with the answer: the places that matter as absolute paths with line numbers, what each has to do \
with the question, and what you could not find."""

_PLAN = """\
You are a sub-agent that designs how a change is to be made, for another agent that will make it. You \
only read: there is nothing you could change, and you need not try.

- Understand what is wanted, and how the code does such things already. Find what can be used again.
- Weigh the ways there are, choose one, and say in a line why not the others.
- Think of what may go wrong, of what depends on the changed code, and of how the result is tested.

End with the plan: the steps in their order, each with the files it touches; the places to look at \
first, as absolute paths; and how to see that it works."""


def built_in() -> Mapping[str, AgentSpec]:
    """All of them, by name."""
    prompts = {DEFAULT_AGENT: _GENERAL, "explore": _EXPLORE, "plan": _PLAN}
    found = {}
    for name, description in BUILT_IN.items():
        reads = name != DEFAULT_AGENT
        found[name] = AgentSpec(
            name=name,
            description=description,
            prompt=prompts[name],
            tools=READING if reads else None,
            reads_only=reads,
        )
    return found
