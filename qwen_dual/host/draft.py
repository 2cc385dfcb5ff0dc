"""What a person is typing in a hosted session: read, followed, and set where they did not type meanwhile."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.host.calls import number_in, text_in
from qwen_dual.host.errors import CommandRejected, HostError, NotSupported, VersionConflict
from qwen_dual.host.promise import Promise
from qwen_dual.host.turn import Turn
from qwen_dual.host.turns import Submitted
from qwen_dual.protocol.events import new_uuid

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from qwen_dual.host.commands import Commands
    from qwen_dual.host.event import Event
    from qwen_dual.host.subscription import Subscription
    from qwen_dual.host.tracker import Tracker


@dataclass(frozen=True, slots=True)
class Draft:
    """What a person is typing.

    Attributes:
        text: with ``[Pasted text #1 +84 lines]`` and ``[image 1: …]`` for what is folded: as long as they
            stand in a text that is set, they stand for the same.
        cursor: an index into ``text``, which counts code points.
        version: what ``Session.set_draft`` takes; another one after each change.
        mode: ``prompt``, or ``shell`` for a command that the person will run.
        cut: not all of the text is told, so it cannot be set.
    """

    text: str
    cursor: int
    version: int
    mode: str = "prompt"
    cut: bool = False

    @classmethod
    def of(cls, event: Event) -> Draft:
        """Reads a ``draft`` event."""
        data = event.data
        return cls(
            text_in(data, "text"),
            number_in(data, "cursor") or 0,
            number_in(data, "version") or 0,
            text_in(data, "mode") or "prompt",
            data.get("cut") is True,
        )


class Drafts:
    """What waits for a draft that was asked for, and who follows it."""

    def __init__(self) -> None:
        self.watchers = 0
        self._asked: dict[str, Promise[Draft]] = {}
        self._next: list[Promise[Draft]] = []  # of these the receipt has come

    def ask(self, command_id: str) -> Promise[Draft]:
        """The promise of the draft that comes after the receipt of a command."""
        promise = self._asked[command_id] = Promise()
        return promise

    def forget(self, command_id: str) -> None:
        """It was refused, or nobody waits any more."""
        self._asked.pop(command_id, None)

    def receipt(self, command_id: str) -> None:
        """A command was taken: the next draft is not older."""
        if (promise := self._asked.pop(command_id, None)) is not None:
            self._next.append(promise)

    def feed(self, event: Event) -> None:
        """Takes a ``draft`` event."""
        told, self._next = self._next, []
        for promise in told:
            promise.keep(Draft.of(event))

    def fail(self, error: Callable[[], Exception]) -> None:
        """The program is gone."""
        for promise in (*self._asked.values(), *self._next):
            promise.fail(error)


class Drafting:
    """The part of ``Session`` that has to do with what the person is typing."""

    _commands: Commands
    _tracker: Tracker

    def events(self, max_buffer_bytes: int | None = None) -> Subscription:
        """A further reader of all events."""
        raise NotImplementedError

    async def get_draft(self) -> Draft:
        """What the person is typing, now.

        Raises:
            CommandRejected: ``unavailable``: nobody types there.
            NotSupported: the program does not tell.
        """
        command_id, drafts = new_uuid(), self._tracker.drafts
        told = drafts.ask(command_id)
        try:
            await self._commands.command("get_draft", {}, command_id)
            return await self._commands.within("draft", told.wait())
        finally:
            drafts.forget(command_id)

    async def set_draft(self, text: str, *, if_version: int, cursor: int | None = None) -> int:
        """Puts ``text`` in the place of the draft, if that is still the one that was read.

        Nothing is sent: that is the person's affair, whose undo takes it back.

        Args:
            text: what is to stand there.
            if_version: of the draft that it was made from.
            cursor: where the cursor goes, in code points; to the end unless given.

        Returns:
            The new version.

        Raises:
            VersionConflict: the person has typed since; read it again.
            CommandRejected: ``busy`` (they are in the middle of something), ``shell_mode``, ``too_long``,
                ``invalid`` (no editor shows it), ``unknown_unit`` (it names a paste or an image that is
                not in the draft) or ``unavailable``.
            NotSupported: the program cannot.
        """
        fields: dict[str, Any] = {"text": text, "if_version": if_version}
        fields |= {} if cursor is None else {"cursor": cursor}
        try:
            receipt = await self._commands.command("set_draft", fields)
        except CommandRejected as refusal:
            if refusal.code == "version_conflict":
                raise VersionConflict(*refusal.told) from None
            raise
        return if_version if receipt.version is None else receipt.version

    async def submit_draft(self, draft: Draft, *, when_busy: str = "queue") -> Turn:
        """Sends what the person is typing as they would, with the pastes and images that stand in it.

        Args:
            draft: as it was read.
            when_busy: as ``submit`` takes it.

        Raises:
            VersionConflict: the person has typed since, or sent it; nothing was sent.
            CommandRejected: ``empty``, ``busy`` (they are in the middle of something, or with ``reject`` a
                turn runs), ``shell_mode``, ``too_long`` (not all of it was told) or ``unavailable``.
            NotSupported: the program cannot.
        """
        greeting = self._commands.greeting
        if "submit_draft" not in greeting.supported_commands:
            raise NotSupported("submit_draft", greeting.agent)
        submitted = Submitted(new_uuid(), draft.text)
        fields = {"type": "submit_draft", "if_version": draft.version, "when_busy": when_busy}
        receipt = await self._commands.submit_as(submitted, fields)
        if receipt.code == "version_conflict":
            raise VersionConflict("submit_draft", receipt.code, receipt.message)
        if receipt.status in ("rejected", "duplicate"):
            raise CommandRejected("submit_draft", receipt.code or receipt.status, receipt.message)
        return Turn(submitted, receipt, self._commands)

    async def watch_draft(self) -> AsyncGenerator[Draft, None]:
        """The draft now, and after each change, ten times a second at the most.

        The last state always comes. Leave the loop with ``aclosing``, so that nothing is told any more.

        Raises:
            CommandRejected: ``unavailable``: nobody types there.
            NotSupported: the program does not tell.
            SessionExited: the program is gone.
        """
        drafts = self._tracker.drafts
        with self.events() as reader:
            await self._commands.command("watch", {"draft": True})
            drafts.watchers += 1
            try:
                async for event in reader:
                    if event.type == "system" and event.subtype == "draft":
                        yield Draft.of(event)
            finally:
                drafts.watchers -= 1
                if not drafts.watchers:
                    with anyio.CancelScope(shield=True):
                        await self._stop_watching()

    async def _stop_watching(self) -> None:
        with suppress(HostError):  # it is gone, and tells nothing any more
            await self._commands.command("watch", {"draft": False})
