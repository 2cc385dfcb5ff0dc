"""Who works for which call: what the events of a session say of its sub-agents. Pure.

Their events carry a call as their ``parent_tool_use_id``; who it is, only the call itself tells. Whoever
keeps lanes (a screen, a recorder, a host) asks here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

DEFAULT_AGENT = "general-purpose"
"""Who works where a call names nobody."""


class AgentCall(Struct, frozen=True):
    """A call of an agent; its texts are as they came.

    Attributes:
        name: the agent's.
        description: what it is to do, in a few words.
        prompt: the same in full.
        background: whether the call has its result while the agent still works.
        caller: the call that the agent works for which made this one; None for the main agent.
    """

    name: str
    description: str = ""
    prompt: str = ""
    background: bool = False
    caller: str | None = None


NAMELESS = AgentCall("sub-agent")
"""Of an agent whose call nobody has seen."""


def agent_call(arguments: Mapping[str, Any], caller: str | None = None) -> AgentCall | None:
    """What the arguments of a call say of the agent it sets to work; None where they are not such."""
    prompt, description = arguments.get("prompt"), arguments.get("description")
    kind = arguments.get("subagent_type")
    if not isinstance(prompt, str) or not (isinstance(kind, str) or isinstance(description, str)):
        return None
    name = kind.strip() if isinstance(kind, str) else ""
    return AgentCall(
        name or DEFAULT_AGENT,
        description.strip() if isinstance(description, str) else "",
        prompt,
        background=arguments.get("run_in_background") is True,
        caller=caller,
    )


class AgentCalls:
    """The calls of agents that are not answered, and those of agents in the background.

    Models count their calls from the same number in every lane, so that a result answers an agent's
    call only in the lane that made it.
    """

    def __init__(self) -> None:
        self._calls: dict[str, AgentCall] = {}

    def called(self, blocks: Iterable[Mapping[str, Any]], caller: str | None) -> None:
        """Takes the blocks of a message of the agent that works for ``caller``."""
        for block in blocks:
            if block["type"] == "tool_use" and "prompt" in block["input"]:
                call = agent_call(block["input"], caller)
                if call is not None:
                    self._calls[block["id"]] = call

    def of(self, agent: str) -> AgentCall:
        """Who works for the call ``agent``; ``NAMELESS`` where nobody has seen it."""
        return self._calls.get(agent, NAMELESS)

    def answered(self, call_id: str, caller: str | None, *, failed: bool) -> bool:
        """A call has its result in the lane of ``caller``.

        Returns:
            Whether an agent that worked for it has ended; it is forgotten then.
        """
        call = self._calls.get(call_id)
        if call is None:
            return caller is None
        if call.caller != caller or (call.background and not failed):
            return False
        del self._calls[call_id]
        return True

    def system_event(self, subtype: str, data: Mapping[str, Any]) -> str | None:
        """Takes an event of type ``system``.

        Returns:
            The call whose agent ended in the background.
        """
        agent = data.get("tool_use_id")
        if not isinstance(agent, str):
            return None
        if subtype == "task_started":
            known = self.of(agent)
            name, title = data.get("subagent_type"), data.get("description")
            self._calls[agent] = AgentCall(
                name or known.name,
                title or known.description,
                known.prompt,
                background=True,
                caller=known.caller,
            )
        elif subtype == "task_notification" and data.get("status") != "running":
            self._calls.pop(agent, None)
            return agent
        return None

    def knows(self, agent: str) -> bool:
        """Whether the call of ``agent`` was seen and is not answered, or goes on in the background."""
        return agent in self._calls

    def turn_ended(self) -> None:
        """Only what goes on in the background is still at work, and whoever works for that."""
        self._calls = {key: call for key, call in self._calls.items() if self._is_apart(call)}

    def _is_apart(self, call: AgentCall) -> bool:
        seen: set[str] = set()
        while not call.background:
            if call.caller is None or call.caller in seen:
                return False
            seen.add(call.caller)
            call = self.of(call.caller)
        return True

    def clear(self) -> None:
        """Forgets all of them."""
        self._calls.clear()
