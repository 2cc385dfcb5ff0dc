"""docs/agents.md: its agent is one, its program runs, and its lists are the code's."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from qwen_dual.core.tools.agents import BUILT_IN
from qwen_dual.definitions.agents import COLORS, agent_of
from qwen_dual.definitions.front_matter import parse_front_matter
from qwen_dual.frontends.tui.text.theme import AGENT_COLOURS
from qwen_dual.host.agents import Agent
from qwen_dual.protocol.agents import AgentCall
from tests.host.support import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "agents.md").read_text()
BLOCKS = dict(re.findall(r'```\w+ title="([^"]+)"\n(.*?)```', TEXT, re.DOTALL))


def test_the_agent_on_the_page_is_one() -> None:
    agent = agent_of(parse_front_matter(BLOCKS["reviewer.md"], "reviewer.md"), "project")
    assert (agent.name, agent.color) == ("reviewer", "cyan")
    assert agent.tools == ("read_file", "grep_search", "glob")
    assert agent.prompt.startswith("You review code.")


def test_the_colours_and_the_agents_that_are_always_there_are_named() -> None:
    assert COLORS == AGENT_COLOURS
    assert ", ".join(COLORS) in TEXT
    assert all(f"`{name}`" in TEXT for name in BUILT_IN)


def test_every_property_of_an_agent_is_named() -> None:
    made = Agent("call", AgentCall("explore"))
    assert set(_public(made)) - {
        "id",
        "done",
        "end",
        "fail",
        "take",
        "ended_by",
        "prompted_by",
    } <= set(re.findall(r"\b(\w+)\b", TEXT[TEXT.index("## For hosts") :]))


def _public(agent: Agent) -> Iterator[str]:
    return (name for name in dir(agent) if not name.startswith("_"))


def test_the_program_for_hosts_runs(tmp_path: Path) -> None:
    shim = tmp_path / "qwen-dual"
    shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m qwen_dual "$@"\n')
    shim.chmod(0o755)
    env = environment(tmp_path)
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    command = [sys.executable, "-c", BLOCKS["agents.py"]]
    ran = subprocess.run(command, env=env, cwd=tmp_path, capture_output=True, text=True, check=True)
    told = [line.split()[:2] for line in ran.stdout.splitlines()]
    assert ["explore", "completed"] in told
    assert ["plan", "completed"] in told
