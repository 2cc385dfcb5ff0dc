"""What a host may do: each of its commands is held against its rights before anything comes of it.

The right that a command takes stands in ``protocol.command_shapes.RIGHTS``; what its fields ask for may
take more. A command that goes beyond is told to its sender alone: one that may do nothing fills nobody's
stream.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol import events
from qwen_dual.protocol.answers import are_offered, lasts
from qwen_dual.protocol.command_shapes import ON_PROMPTS, RIGHTS, TextPart

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.dispatch import Dispatcher
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.command_shapes import (
        Command,
        ConfirmationResponse,
        Interrupt,
        Right,
    )


class LimitedDispatcher:
    """Carries out the commands of one host, as far as it has the right to them.

    Args:
        dispatcher: carries them out.
        session: what they act on.
        actor: the host.
        rights: what it may do.
        send: takes an event for it alone.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        session: Session,
        actor: Actor,
        rights: Collection[Right],
        send: Callable[[events.Event], object],
    ) -> None:
        self._dispatcher = dispatcher
        self._session = session
        self._actor = actor
        self._rights = frozenset(rights)
        self._send = send

    def command(self, command: Command) -> None:
        """Carries out one command, or tells its sender which right it lacks."""
        lacking = self._lacking(command)
        if lacking is None:
            self._dispatcher.command(command)
            return
        right, what = lacking
        message = (
            f"{what} takes the right to {right}, which {self._actor.name} has not: "
            "dualOutput.rights in the person's settings gives it"
        )
        self._refuse("no_right", message, 0, command.id)

    def error(self, code: str, message: str, offset: int, command_id: str | None = None) -> None:
        """Tells its sender of a line that could not be used."""
        self._refuse(code, message, offset, command_id)

    def close(self) -> None:
        """The host is gone."""
        self._dispatcher.close()

    def _refuse(self, code: str, message: str, offset: int, command_id: str | None) -> None:
        if command_id is None:
            data = {"code": code, "message": message, "offset": offset}
            body = events.system("input_error", data)
        else:
            host = str(self._actor)
            body = events.receipt(command_id, "rejected", code, message, host=host)
        self._send(self._session.bus.aside(body))

    def _lacking(self, command: Command) -> tuple[Right, str] | None:
        """The right that is lacking, and what takes it; None where nothing is."""
        rights = self._rights
        if command.type == "interrupt":
            return self._lacking_to_stop(command)
        if command.type in ON_PROMPTS:
            own = self._is_own(command)
            base: Right = "submit" if own else "control"
            if "control" not in rights and base not in rights:
                return base, command.type if own else f"{command.type} of another's prompt"
        elif RIGHTS[command.type] not in rights:
            return RIGHTS[command.type], command.type
        if "control" in rights:
            return None
        if command.type == "list_sessions" and command.all_folders:
            return "control", "list_sessions of all folders"
        if command.type == "confirmation_response":
            return self._lacking_to_answer(command)
        text = getattr(command, "text", "")
        parts = getattr(command, "content", None) or ()
        texts = (text, *(part.text for part in parts if isinstance(part, TextPart)))
        if any(self._may_be_slash(each) for each in texts):
            return "control", "a slash command"
        return None

    def _is_own(self, command: Command) -> bool:
        """Whether a command on a prompt that waits is on one of the host's own.

        What waits for a look can be taken back, and no more: an id that the host has there gives it no
        right to a prompt in the queue that is called the same.
        """
        session, target = self._session, str(getattr(command, "target", ""))
        held = command.type == "cancel" and session.is_held_from(target, self._actor)
        return held or session.is_queued_from(target, self._actor)

    def _lacking_to_stop(self, command: Interrupt) -> tuple[Right, str] | None:
        if "control" in self._rights:
            return None
        if "submit" not in self._rights:
            return "control", "interrupt"
        if command.queue != "keep":
            return "control", "interrupt with the queue"
        if self._session.running_for != self._actor:
            return "control", "interrupt of another's turn"
        return None

    def _lacking_to_answer(self, command: ConfirmationResponse) -> tuple[Right, str] | None:
        pending = self._session.approvals.pending.get(command.request_id)
        widens = command.allowed and pending is not None and lasts(pending.request)
        if widens or command.remember is not None:
            return "control", "an answer that lasts"
        if command.mode is not None:
            return "control", "the mode to go on in"
        if command.updated_input is not None:
            questions = self._questions(command.request_id)
            if questions is None:
                return "control", "an input of one's own"
            if "submit" not in self._rights and not are_offered(command.updated_input, questions):
                return "submit", "an answer in one's own words"
        if command.message and "submit" not in self._rights:
            return "submit", "a message to the model"
        return None

    def _questions(self, request_id: str) -> Sequence[Any] | None:
        """The questions of a request whose input is their answers; None of any other.

        A plan is no such: with an input of one's own it is another plan.
        """
        pending = self._session.approvals.pending.get(request_id)
        tool = None if pending is None else self._session.tools.get(pending.request["tool_name"])
        if pending is None or tool is None or tool.kind != "question":
            return None
        questions = pending.request["input"].get("questions")
        return questions if isinstance(questions, list) else None

    def _may_be_slash(self, text: str) -> bool:
        """Whether a text may be taken for a slash command: rather than not, whatever is loaded by now."""
        if self._session.slash.invoked_by(text):
            return True
        start = text.lstrip()
        return start.startswith("/") and "/" not in (start[1:].split(maxsplit=1) or [""])[0]
