"""Commands of a channel to calls on the session, with a receipt for each that carries an id.

Decides nothing about the bytes: ``bridge`` reads and parses them. A repeated id is not run again, which
``ledger`` knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.errors import UnknownMode, UnknownModel
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.prompts.queue_editing import CannotChange
from qwen_dual.core.prompts.submission import said_in
from qwen_dual.protocol import events
from qwen_dual.protocol.command_shapes import QUERIES

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.draft_commands import DraftCommands
    from qwen_dual.core.commands.queries import Queries
    from qwen_dual.core.prompts.submission import Said
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.ports import ServerControl
    from qwen_dual.protocol.command_shapes import (
        Cancel,
        Clear,
        Command,
        ConfirmationResponse,
        EditQueued,
        GetDraft,
        Interrupt,
        McpAdd,
        McpRemove,
        MoveQueued,
        Resume,
        Rewind,
        SetApprovalMode,
        SetDraft,
        SetModel,
        Submit,
        SubmitDraft,
        Watch,
    )

NO_AGENT = "no sub-agent works for this call"
NOT_HERE = "hello is the first line of a connection to the socket, and of nothing else"


class Dispatcher:
    """Carries out the commands of one channel.

    Args:
        session: what they act on.
        actor: who writes to it.
        servers: gives the session's MCP servers; None where it can have none.
        begun: whether the first command is a prompt that was carried out before (``core.session.begun``).
        send: takes an event for this channel alone; None where it has no output.
    """

    def __init__(
        self,
        session: Session,
        actor: Actor,
        servers: Callable[[], ServerControl] | None = None,
        *,
        begun: bool = False,
        send: Callable[[events.Event], object] | None = None,
    ) -> None:
        self._begun = begun
        self._session = session
        self._actor = actor
        self._servers = servers
        self._send = send
        self._drafts: DraftCommands | None = None
        self._queries: Queries | None = None
        self._carry_out: dict[str, Callable[[Any], None]] = {
            "submit": self._submit,
            "confirmation_response": self._confirm,
            "interrupt": self._interrupt,
            "cancel": self._change_queue,
            "edit_queued": self._change_queue,
            "move_queued": self._change_queue,
            "set_approval_mode": self._set_approval_mode,
            "set_model": self._set_model,
            "mcp_add": self._steer_servers,
            "mcp_remove": self._steer_servers,
            "rewind": self._rewind,
            "resume": self._resume,
            "clear": self._clear,
            "get_draft": self._draft,
            "set_draft": self._draft,
            "submit_draft": self._submit_draft,
            "watch": self._draft,
            "hello": self._hello,
        }

    def command(self, command: Command) -> None:
        """Carries out one command, at once; only a ``submit`` may wait in the queue."""
        if self._begun:
            self._begun = False
            if command.id is not None:
                self._session.ledger.take(self._actor, command.id, command.type, begun=True)
        elif command.type in QUERIES:
            self._query(command)
        elif command.id is not None and self.repeated(command.id, _kind_of(command)):
            return
        else:
            self._carry_out[command.type](command)

    def close(self) -> None:
        """The channel is gone: what it asked to be told is told no more; idempotent."""
        if self._drafts is not None:
            self._drafts.close()
        if self._queries is not None:
            self._queries.close()

    def _query(self, command: Any) -> None:
        if self._queries is None:
            from qwen_dual.core.commands.queries import Queries

            self._queries = Queries(self._session, self._actor, self._send, self._servers)
        self._queries.carry_out(command)

    def _draft(self, command: GetDraft | SetDraft | Watch) -> None:
        if self._drafts is None:
            from qwen_dual.core.commands.draft_commands import DraftCommands

            self._drafts = DraftCommands(self._session, self._actor, self._send)
        self._drafts.carry_out(command)

    def _resume(self, command: Resume) -> None:
        from qwen_dual.core.commands.saved_sessions import resume

        resume(self._session, self._actor, command)

    def _clear(self, command: Clear) -> None:
        from qwen_dual.core.commands.saved_sessions import clear

        clear(self._session, self._actor, command)

    def _hello(self, command: Command) -> None:
        self._receipt(command, ("unavailable", NOT_HERE))

    def _set_approval_mode(self, command: SetApprovalMode) -> None:
        self._set(command, self._session.set_approval_mode, command.mode)

    def _set_model(self, command: SetModel) -> None:
        self._set(command, self._session.set_model, command.model)

    def _set(self, command: Command, act: Callable[[str, Actor], object], value: str) -> None:
        try:
            act(value, self._actor)
        except (UnknownMode, UnknownModel) as error:
            self._receipt(command, ("unknown_value", str(error)))
            if command.id is None:
                self._session.notice(f"{command.type}: {error}", "warning")
        else:
            self._receipt(command)

    def _interrupt(self, command: Interrupt) -> None:
        session, agent = self._session, command.tool_use_id
        if agent is None:
            stopped = session.interrupt(self._actor, command.queue)
            self._receipt(command, None if stopped else ("not_busy", "no turn is running"))
        else:
            stopped = session.services.stop_agent(agent)
            self._receipt(command, None if stopped else ("not_busy", NO_AGENT))

    def repeated(self, command_id: str, kind: str = "submit") -> bool:
        """Whether ``command_id`` was seen before, which is told: nothing runs twice. Notes it."""
        known = self._session.ledger.take(self._actor, command_id, kind)
        if known is None:
            return False
        self._session.repeat_receipt(command_id, known, self._actor)
        return True

    def error(self, code: str, message: str, offset: int, command_id: str | None = None) -> None:
        """Tells of a line that could not be used."""
        data = {"code": code, "message": message, "offset": offset}
        self._session.bus.publish(events.system("input_error", data))
        if command_id is not None:
            self._session.receipt(command_id, "rejected", code, message, owner=self._actor)

    def _submit(self, command: Submit) -> None:
        if not self._turned_away(command):
            self._submit_prompt(
                command, said_in(command, self._session.number_image), review=command.review
            )

    def _submit_draft(self, command: SubmitDraft) -> None:
        from qwen_dual.core.commands.draft_commands import take_draft
        from qwen_dual.core.prompts.draft import DraftRefused

        def send() -> None:
            if self._turned_away(command):
                return
            try:
                said = take_draft(self._session, command.if_version, self._actor)
            except DraftRefused as refusal:
                self._receipt(command, (refusal.code, str(refusal)))
            else:
                self._submit_prompt(command, said)

        self._session.draft.when_known(send)

    def _turned_away(self, command: Submit | SubmitDraft) -> bool:
        """Whether it is not to wait, and would have to; that is told."""
        if command.when_busy != "reject" or not self._session.busy:
            return False
        self._receipt(command, ("busy", f"the session is {self._session.state}"))
        return True

    def _submit_prompt(
        self, command: Submit | SubmitDraft, said: Said, *, review: bool = False
    ) -> None:
        session = self._session
        if review or session.reviews_all():
            self._hold(command, said)
            return
        # The receipt goes first: the turn's events follow it.
        if command.id is not None:
            status = "queued" if session.busy else "accepted"
            more = self._waits(command, said)
            session.receipt(command.id, status, owner=self._actor, **more)
        self._run(command, said)

    def _run(self, command: Submit | SubmitDraft, said: Said, proposed: str | None = None) -> None:
        text, own, content = said
        self._session.submit(
            text,
            self._actor,
            command_id=command.id,
            own=own,
            content=content,
            proposed=proposed,
            steers=command.when_busy == "steer",
        )

    def _waits(self, command: Submit | SubmitDraft, said: Said) -> dict[str, Any]:
        """What the receipt of a prompt says that something else runs before; nothing of others."""
        session = self._session
        if not session.busy:
            return {}
        typed = said[0] if said[1] is None else said[1]
        turn_id = session.joined_by(typed) if command.when_busy == "steer" else None
        position = session.next_position(steers=turn_id is not None)
        return {"position": position, "turn_id": turn_id}

    def _hold(self, command: Submit | SubmitDraft, said: Said) -> None:
        """Shows a prompt to the person first."""
        from qwen_dual.core.prompts.review import Held, remade

        def run(edited: str | None) -> None:
            session = self._session
            if self._turned_away(command):
                return
            made = said if edited is None else remade(said, edited)
            if command.id is not None:
                status = "accepted" if edited is None else "edited"
                more = self._waits(command, made)
                session.receipt(command.id, status, owner=self._actor, **more)
            self._run(command, made, "" if edited is None else said[0])

        held = Held(events.new_uuid(), said[0], self._actor, command.id, said[2], run)
        self._session.review.hold(held)

    def _confirm(self, command: ConfirmationResponse) -> None:
        if command.request_id not in self._session.approvals.pending:
            self._receipt(command, ("unknown_request", events.UNKNOWN_REQUEST))
        else:
            self._receipt(command)
        decision = Decision(
            command.allowed,
            self._actor,
            message=command.message,
            updated_input=command.updated_input,
            remember=command.remember,
            mode=command.mode,
        )
        self._session.answer(command.request_id, decision)

    def _change_queue(self, command: Cancel | EditQueued | MoveQueued) -> None:
        editing, target, position = self._session.queue_editing, command.target, None
        try:
            if command.type == "cancel":
                self._cancel(target)
            elif command.type == "edit_queued":
                if self._session.reviews_all():
                    raise CannotChange("review", "the person looks at what hosts say: submit it")
                editing.edit(target, command.text, self._actor)
            else:
                position = editing.move(target, command.position, self._actor)
        except CannotChange as problem:
            self._receipt(command, (problem.code, str(problem)))
        else:
            if command.id is not None:
                self._session.receipt(command.id, "accepted", owner=self._actor, position=position)

    def _cancel(self, target: str) -> None:
        """Takes out what waits, or what waits for a person's look."""
        session, held = self._session, "unknown"
        review = session.under_review
        # One's own goes first, wherever it waits: another's proposal may be called the same.
        queued = session.is_queued_from(target, self._actor)
        if review is not None and (not queued or session.is_held_from(target, self._actor)):
            held = review.cancel(target, self._actor)
        if held == "edited":
            raise CannotChange("being_edited", "the person is editing it")
        if held == "unknown":
            self._session.queue_editing.cancel(target, self._actor)

    def _rewind(self, command: Rewind) -> None:
        """Begins to go back; the receipt comes with what became of it."""
        from qwen_dual.core.conversation.going_back import GoingBack

        what = GoingBack(
            command.to, command.conversation, command.files, command.preview, command.overwrite
        )
        if not self._session.go_back(what, self._actor, command.id):
            why = f"the session is {self._session.state}; one goes back between turns"
            self._receipt(command, ("busy", why))
            if command.id is None:
                self._session.notice(f"rewind: {why}", "warning")

    def _steer_servers(self, command: McpAdd | McpRemove) -> None:
        if self._servers is None:
            self._receipt(command, ("unavailable", "this session has no MCP servers"))
            return
        servers = self._servers()
        try:
            if command.type == "mcp_add":
                servers.add(command.name, command.server, self._actor)
            else:
                servers.remove(command.name, self._actor)
        except ValueError as error:
            self._receipt(command, ("invalid", str(error)))
            if command.id is None:
                self._session.notice(f"{command.type}: {error}", "warning")
            return
        self._receipt(command)

    def _receipt(self, command: Command, problem: tuple[str, str] | None = None) -> None:
        if command.id is None:
            return
        if problem is None:
            self._session.receipt(command.id, "accepted", owner=self._actor)
        else:
            self._session.receipt(command.id, "rejected", *problem, owner=self._actor)


def _kind_of(command: Command) -> str:
    """Its type; of what does nothing, nothing is kept, and a draft that is sent is a prompt like any."""
    if command.type == "submit_draft":
        return "submit"
    looks = command.type == "rewind" and command.preview
    return "preview" if looks else command.type
