"""The commands of a host about conversations: which are saved, going on with one, beginning anew.

Which there are and how one is read is behind a port; here stands when it may happen, and what is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import anyio

from qwen_dual.core.errors import CommandFailed

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.command_shapes import Clear, Command, Resume

UNAVAILABLE = "this session knows of no saved ones"


class SessionRefused(CommandFailed):
    """A session that cannot be gone on with; the text says why.

    Attributes:
        code: ``unknown_session``, ``open_elsewhere``, ``unreadable``, ``failed`` or ``unavailable``.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class SavedSessions(Protocol):
    """The saved sessions of a person, as a host has to do with them."""

    async def listing(
        self, limit: int, before: float | None, *, all_folders: bool
    ) -> dict[str, Any]:
        """The newest of them: ``sessions`` and ``more`` of ``protocol.saved_shapes.SavedSessionsData``."""
        ...

    async def resume(self, session_id: str, actor: Actor) -> str:
        """Goes on with the one of this id; what a person should know of it.

        Raises:
            SessionRefused: it cannot be; nothing has changed.
        """
        ...


def resume(session: Session, actor: Actor, command: Resume) -> None:
    """Goes on with an earlier session, if nothing runs; the receipt says what became of it."""

    async def act(prompt: Prompt) -> None:
        saved = session.saved_sessions
        try:
            if saved is None:
                raise SessionRefused("unavailable", UNAVAILABLE)
            with anyio.CancelScope(shield=True):
                told = await saved().resume(command.session_id, actor)
        except SessionRefused as refusal:
            _refuse(session, command, refusal.code, str(refusal), actor)
            return
        _accept(session, command, actor)
        if told:
            session.notice(told)

    _between_turns(session, actor, command, act)


def clear(session: Session, actor: Actor, command: Clear) -> None:
    """Begins a new conversation, if nothing runs."""

    async def act(prompt: Prompt) -> None:
        session.clear(actor)
        _accept(session, command, actor)

    _between_turns(session, actor, command, act)


def _between_turns(session: Session, actor: Actor, command: Command, act: Any) -> None:
    if not session.act_when_idle(act, actor, command.id):
        why = f"the session is {session.state}; a conversation is changed between turns"
        _refuse(session, command, "busy", why, actor)


def _accept(session: Session, command: Command, actor: Actor) -> None:
    if command.id is not None:
        session.receipt(command.id, "accepted", owner=actor)


def _refuse(session: Session, command: Command, code: str, why: str, actor: Actor) -> None:
    if command.id is not None:
        session.receipt(command.id, "rejected", code, why, owner=actor)
    else:
        session.notice(f"{command.type}: {why}", "warning")
