"""Goes back to an earlier prompt: the conversation, the files, or both; previews it, and undoes it.

Decides in which order, and tells what was done. What the files were is the store's to know, and a
conversation that is in no memory any more the saved chat's: both are ports.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct

from qwen_dual.core.conversation.going_back import FilePreview, FilesBack, GoingBack
from qwen_dual.core.conversation.rewound import facts_of, point_fields
from qwen_dual.core.failures import describe
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.threads import in_thread
from qwen_dual.protocol import events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.conversation.conversation import Conversation
    from qwen_dual.core.conversation.going_back import KeptFiles
    from qwen_dual.core.conversation.point import Point
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import Message

log = logging.getLogger(__name__)

MAX_TOLD = 100
"""Prompts in a list: a line of them stays below 64 KiB."""


class Refused(Exception):
    """It is not gone back; the text says why, for whoever asked.

    Attributes:
        code: ``unknown_target``, ``conflict``, ``unavailable``, ``not_kept``, ``invalid``,
            ``interrupted`` or ``failed``.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Earlier(Struct, frozen=True):
    """A conversation as it was before a prompt, from the saved chat.

    Attributes:
        messages: as the model was sent them.
        tokens: about how many it took; 0 where nobody told.
    """

    messages: Sequence[Message]
    tokens: int = 0


class _Undo(Struct, frozen=True):
    """What a going back took away, for as long as nothing else was said.

    Attributes:
        uuid: of its ``rewound`` event.
        conversation: as it was before; None where that stayed.
        points: the prompts as they were.
        left: how many of them are left.
        text: of the prompt that it went back to.
        session_id: of the session that it happened in.
        files: what takes back what was done to the files; None where nothing was.
    """

    uuid: str
    conversation: Conversation | None
    points: tuple[Point, ...]
    left: int
    text: str
    session_id: str
    files: str | None


class Rewinding:
    """Goes back in one session.

    Args:
        session: whose conversation it is.

    Attributes:
        files: knows what the files were; None where nobody keeps them, and ``why_no_files``.
        earlier: gives the conversation before a prompt from the saved chat, None where that does not
            have it; for a thread.
        flush: writes what the saved chat lacks; called before ``earlier``.
        save: writes a ``rewound`` event that is about to be told into the saved chat: from then on the
            conversation has gone back, and before it has not. ``OSError`` says why it cannot.
        went_back: called with the messages that are left, once a conversation was cut.
    """

    def __init__(self, session: Session) -> None:
        self.files: KeptFiles | None = None
        self.why_no_files = "what they were is not kept in this session"
        self.earlier: Callable[[str], Earlier | None] = lambda uuid: None
        self.flush: Callable[[], object] = lambda: None
        self.save: Callable[[Event], object] = lambda event: None
        self.went_back: Callable[[Sequence[Message]], object] = lambda messages: None
        self._session = session
        self._undo: _Undo | None = None
        self._conflicts: dict[str, frozenset[str]] = {}

    @property
    def undoable(self) -> str | None:
        """The uuid of the ``rewound`` event that can be undone; None once something was said since."""
        undo, session = self._undo, self._session
        if undo is None or undo.session_id != session.session_id:
            return None
        return undo.uuid if len(session.points) == undo.left else None

    # -- what there is ---------------------------------------------------------------------

    @property
    def no_files(self) -> str:
        """Why files cannot go back; empty where they can."""
        return self.why_no_files if self.files is None else self.files.unavailable

    async def points(self) -> list[tuple[Point, int]]:
        """The prompts to go back to, the oldest first, each with how many files it changed."""
        known: Mapping[str, int] = {}
        if self.files is not None:
            known = await self.files.counts()
        return [(point, known.get(point.uuid, 0)) for point in self._session.points]

    async def preview(self, to: str) -> FilePreview:
        """What going back to ``to`` would do to the files.

        Raises:
            Refused: nobody knows what they were, or there is no such prompt.
        """
        point = self._session.points.find(to)
        if point is None:
            raise _unknown(to)
        found = await self._preview(self._since(point))
        self._conflicts[to] = frozenset(_in_conflict(found))
        return found

    async def diff(self, preview: FilePreview) -> str:
        """A preview as a unified diff; OSError where it cannot be had."""
        return "" if self.files is None else await self.files.diff(preview)

    def _since(self, point: Point) -> Sequence[str]:
        points = list(self._session.points)
        return [one.uuid for one in points[points.index(point) :]]

    async def _preview(self, since: Sequence[str]) -> FilePreview:
        if self.files is None or self.no_files:
            raise Refused("unavailable", f"files cannot go back: {self.no_files}")
        return await self.files.preview(since)

    async def points_event(self, command_id: str | None) -> Event:
        """The body of ``rewind_points``."""
        found = await self.points()
        told = [point_fields(point, files) for point, files in found[-MAX_TOLD:]]
        facts = {"undo": self.undoable, "unavailable": self.no_files, "command_id": command_id}
        data = {"points": told, "earlier": len(found) - len(told), **facts}
        return events.system("rewind_points", data)

    # -- what is done ----------------------------------------------------------------------

    async def carry_out(self, what: GoingBack, prompt: Prompt, *, stopped: bool) -> None:
        """Does what a command asked for, with its receipt; where it was ``stopped`` before, only that."""
        try:
            if stopped:
                raise Refused("interrupted", "it was interrupted before it began")
            await self.run(what, prompt.actor, prompt.command_id)
        except Refused as refusal:
            if prompt.command_id is None:
                self._session.notice(f"rewind: {refusal}", "warning")
            else:
                told = refusal.code, str(refusal)
                self._session.receipt(prompt.command_id, "rejected", *told, owner=prompt.actor)

    async def run(self, what: GoingBack, actor: Actor, command_id: str | None = None) -> Event:
        """Goes back, or previews it; returns the event that was published.

        Nothing runs meanwhile: it is called by the session's own task.

        Raises:
            Refused: nothing was done, unless the text says so.
        """
        event: Event = {}
        with anyio.CancelScope(shield=True):
            try:
                event = await self._run(what, actor, command_id)
            except Refused:
                raise
            except Exception as error:
                log.exception("going back failed")
                raise Refused("failed", f"going back failed: {describe(error)}") from error
        return event

    async def _run(self, what: GoingBack, actor: Actor, command_id: str | None) -> Event:
        if not what.conversation and not what.files:
            raise Refused("invalid", "neither the conversation nor the files are to go back")
        session = self._session
        if what.to == self.undoable and self._undo is not None:
            return await self._take_back(self._undo, what, actor, command_id)
        point = session.points.find(what.to)
        if point is None:
            raise _unknown(what.to)
        earlier = await self._before(point) if what.conversation else None
        since = self._since(point)
        found = await self._checked(what, since)
        facts = {"text": point.label, "prompts": len(since) if what.conversation else 0}
        facts |= {"origin": str(actor), "command_id": command_id}
        if what.preview:
            tokens = _tokens(point, earlier) if what.conversation else session.conversation.tokens
            return self._publish_preview(what, found, facts, tokens)
        before = session.conversation.copy() if what.conversation else None
        points = tuple(session.points)

        def cut() -> None:
            if what.conversation:
                self._cut_conversation(point, earlier)

        event, back = await self._both_back(what, found, facts, cut)
        left, uuid = len(session.points), event["uuid"]
        undo = _Undo(uuid, before, points, left, point.label, session.session_id, back)
        self._undo = undo if before is not None or back is not None else None
        event = self._publish(event)
        if what.conversation and actor.at_keyboard:
            session.give_back([Prompt(point.draft or point.text, actor)])
        return event

    async def _before(self, point: Point) -> Earlier | None:
        """The conversation before ``point`` where the one in memory does not reach back to it."""
        if self._session.conversation.holds(point.mark):
            return None
        self.flush()
        try:
            earlier = await in_thread(partial(self.earlier, point.uuid))
        except OSError as error:
            raise Refused("failed", f"the saved chat cannot be read: {describe(error)}") from error
        if earlier is None:
            told = "the conversation was summarised since, and no saved chat has what it was before"
            raise Refused("not_kept", told)
        return earlier

    async def _checked(self, what: GoingBack, since: Sequence[str]) -> FilePreview:
        """What is to be done to the files; refused where that is not known, or in conflict."""
        if not what.files:
            return FilePreview()
        found = await self._preview(since)
        conflicts = _in_conflict(found)
        shown = self._conflicts.get(what.to)
        self._conflicts[what.to] = frozenset(conflicts)
        if conflicts and what.overwrite is None and not what.preview:
            told = (
                f"changed since by somebody else: {_listed(conflicts)}; say whether to overwrite them "
                "(overwrite: true) or to leave them as they are (false)"
            )
            raise Refused("conflict", told)
        if what.overwrite and not what.preview and shown is not None:
            # Whoever was shown some has not said what becomes of others.
            news = [path for path in conflicts if path not in shown]
            if news:
                told = f"changed by somebody else since that was shown: {_listed(news)}; look again"
                raise Refused("conflict", told)
        return found

    async def _both_back(
        self, what: GoingBack, found: FilePreview, facts: Mapping[str, Any], cut: Callable[[], None]
    ) -> tuple[Event, str | None]:
        """Has the files and the conversation go back, both or neither, whenever the program is ended.

        The files go first, and stay only because the saved chat has the event by then.

        Args:
            what: where to.
            found: what becomes of the files.
            facts: about the event.
            cut: takes the prompts out of the conversation in memory.

        Returns:
            The event, not told yet, and what takes the files back.

        Raises:
            Refused: the chat cannot be written; the files are as they were.
        """
        uuid = events.new_uuid()
        done = await self._files_back(what, found, uuid)
        event = {**events.system("rewound", facts_of(what, found, done, facts)), "uuid": uuid}
        if what.conversation:
            try:
                self.save(event)
            except OSError as error:
                await self._finish(done, stands=False)
                told = f"the saved chat cannot be written, so nothing was done: {describe(error)}"
                raise Refused("failed", told) from error
        cut()
        await self._finish(done, stands=True)
        return event, done.undo

    async def _files_back(self, what: GoingBack, found: FilePreview, uuid: str) -> FilesBack:
        if self.files is None or not what.files or not found.files:
            return FilesBack()
        self._conflicts.clear()
        overwrite = _in_conflict(found) if what.overwrite else ()
        return await self.files.restore(found, overwrite, uuid if what.conversation else None)

    async def _finish(self, done: FilesBack, *, stands: bool) -> None:
        if self.files is None or done.unfinished is None:
            return
        try:
            await self.files.finish(done.unfinished, stands=stands)
        except OSError as error:
            self._session.notice(
                f"rewind: the next start finishes it: {describe(error)}", "warning"
            )

    def _cut_conversation(self, point: Point, earlier: Earlier | None) -> None:
        session = self._session
        if earlier is None:
            assert point.mark is not None
            session.conversation.back_to(point.mark)
        else:
            session.conversation.replace(earlier.messages)
            session.conversation.tokens = earlier.tokens or session.conversation.tokens
        session.points.cut(point)
        self._settle()

    def _settle(self) -> None:
        self._session.nothing_to_retry()
        self.went_back(self._session.history)

    async def _take_back(
        self, undo: _Undo, asked: GoingBack, actor: Actor, command_id: str | None
    ) -> Event:
        """Undoes the last going back: all of it, whatever of it is asked for."""
        session = self._session
        files = undo.files is not None
        what = GoingBack(
            undo.uuid, undo.conversation is not None, files, asked.preview, asked.overwrite
        )
        found = FilePreview()
        if undo.files is not None:
            found = await self._checked(what, [undo.files])
        facts = {"text": undo.text, "prompts": len(undo.points) - undo.left, "undo": True}
        facts |= {"origin": str(actor), "command_id": command_id}
        if what.preview:
            tokens = undo.conversation.tokens if undo.conversation else session.conversation.tokens
            return self._publish_preview(what, found, facts, tokens)

        def put_back() -> None:
            if undo.conversation is not None:
                session.conversation.put_back(undo.conversation)
                session.points.replace(undo.points)
                self._settle()

        event, _ = await self._both_back(what, found, facts, put_back)
        self._undo = None
        return self._publish(event)

    def _publish_preview(
        self, what: GoingBack, found: FilePreview, facts: Mapping[str, Any], tokens: int
    ) -> Event:
        data = facts_of(what, found, FilesBack(found.files), facts)
        return self._publish(events.system("rewind_preview", data), tokens)

    def _publish(self, event: Event, tokens: int | None = None) -> Event:
        """Publishes what came of it, behind the receipt of the command."""
        session, data = self._session, event["data"]
        if data["command_id"] is not None:
            session.receipt(data["command_id"], "accepted", owner=data["origin"])
        now = session.conversation.tokens if tokens is None else tokens
        return session.publish({**event, "data": {**data, "context_tokens": now}})


def _in_conflict(found: FilePreview) -> list[str]:
    return [change.path for change in found.files if change.conflict]


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths[:5]) + (", …" if len(paths) > 5 else "")


def _unknown(to: str) -> Refused:
    return Refused("unknown_target", f"there is no prompt {to!r} in this conversation")


def _tokens(point: Point, earlier: Earlier | None) -> int:
    if earlier is not None:
        return earlier.tokens
    return 0 if point.mark is None else point.mark[3]
