"""The first message, told before there is a session where what it says is certain: it takes half the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.headless import messages
from qwen_dual.frontends.headless.lines import lines_of
from qwen_dual.runtime.foreseen import foresee

if TYPE_CHECKING:
    from qwen_dual.frontends.headless.messages import Message
    from qwen_dual.frontends.headless.stdout import Stdout
    from qwen_dual.runtime.launch import Launch


def write_init_ahead(launch: Launch, stdout: Stdout) -> Message | None:
    """Writes what ``Headless.begin`` would write later, and returns it; None where nothing is certain.

    Of a session that nobody can be asked in, and that gets no tools from its front end.
    """
    foreseen = foresee(launch)
    if foreseen is None:
        return None
    told = messages.init(
        session_id=launch.session_id,
        cwd=launch.cwd,
        tools=foreseen.tools,
        slash_commands=foreseen.slash_commands,
        model=launch.choice.first.name,
        permission_mode=launch.approval_mode,
        agents=foreseen.agents,
    )
    stdout.write(lines_of(told))
    return told
