"""The person's draft as a channel has it: told to who asked, and set where nobody typed meanwhile.

The draft itself is a front end's. What is told here is no event of the session: no other channel, no
saved chat and no observer gets it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.commands.channel import NO_OUTPUT, Channel
from qwen_dual.core.prompts.draft import DraftRefused
from qwen_dual.protocol import MAX_RESULT_BYTES, events
from qwen_dual.protocol.codec import bound_text, escaped_size

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.prompts.draft import DraftEditor
    from qwen_dual.core.session.session import Session
    from qwen_dual.protocol.command_shapes import GetDraft, SetDraft, Watch
    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.protocol.events import Event

INTERVAL = 0.1
"""Seconds between two events of one watch."""

MAX_BYTES = MAX_RESULT_BYTES
"""Of a draft after JSON escaping, so that its line stays below 64 KiB."""

NO_EDITOR = "nobody types here: there is no editor"
CUT = "the draft holds more than is told of it"


class SharedDraft:
    """The draft of one session.

    Attributes:
        editor: where it is typed; None where no front end has one.
    """

    def __init__(self) -> None:
        self.editor: DraftEditor | None = None
        self._watches: list[DraftWatch] = []
        self._known = False
        self._waiting: list[Callable[[], object]] = []

    def decide(self, editor: DraftEditor | None) -> None:
        """Tells where it is typed, or that it is nowhere; asked before, that waits for this."""
        self.editor, self._known = editor, True
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()

    def when_known(self, act: Callable[[], object]) -> None:
        """Calls ``act`` as soon as it is known whether there is an editor: the UI loads last."""
        if self._known:
            act()
        else:
            self._waiting.append(act)

    def add(self, watch: DraftWatch) -> None:
        """Tells a watch of each change."""
        self._watches.append(watch)
        if self.editor is not None:
            self.editor.listen(self._changed)

    def remove(self, watch: DraftWatch) -> None:
        """Tells it no longer."""
        self._watches.remove(watch)
        if self.editor is not None and not self._watches:
            self.editor.listen(None)

    def _changed(self) -> None:
        for watch in self._watches:
            watch.changed()


class DraftWatch:
    """Tells one channel of changes, the last one always. No time passes for it while nothing changes.

    Args:
        send: tells how the draft is now.
        spawn: begins what goes on beside everything else.
    """

    def __init__(
        self,
        send: Callable[[], object],
        spawn: Callable[[Callable[[], Awaitable[object]]], object],
    ) -> None:
        self.ended = False
        self._send = send
        self._spawn = spawn
        self._due = False
        self._next = 0.0

    def changed(self) -> None:
        """The draft is another one."""
        if not self._due:
            self._due = True
            self._spawn(self._send_soon)

    async def _send_soon(self) -> None:
        await anyio.sleep(max(0.0, self._next - anyio.current_time()))
        self._due = False
        if not self.ended:
            self._next = anyio.current_time() + INTERVAL
            self._send()


def take_draft(
    session: Session, if_version: int, actor: Actor
) -> tuple[str, None, Sequence[PromptBlock]]:
    """Takes the draft out of the editor, to be submitted; no part of it is but what the person typed.

    Raises:
        DraftRefused: it stays where it is.
    """
    editor = session.draft.editor
    if editor is None:
        raise DraftRefused("unavailable", NO_EDITOR)
    now = editor.draft()
    if now.version != if_version:
        raise DraftRefused("version_conflict", _changed_since(now.version, if_version))
    if _is_cut(session, now.text):
        raise DraftRefused("too_long", CUT)
    if not now.text.strip():
        raise DraftRefused("empty", "there is no draft")
    text, content = editor.take(actor)
    return text, None, content


def _changed_since(version: int, told: int) -> str:
    return f"the draft has changed: its version is {version}, not {told}"


def _is_cut(session: Session, text: str) -> bool:
    """Whether a host was told less than all of it."""
    return escaped_size(text) > MAX_BYTES or session.bus.secrets.scrub(text) != text


class DraftCommands:
    """What one channel asks of the draft.

    Args:
        session: whose draft it is.
        actor: who asks.
        send: takes an event for this channel alone; None where it has no output.
    """

    def __init__(
        self, session: Session, actor: Actor, send: Callable[[Event], object] | None
    ) -> None:
        self._session = session
        self._actor = actor
        self._send = send
        self._channel = Channel(session, actor, send if actor.kind == "host" else None)
        self._watch: DraftWatch | None = None
        self._sent = -1
        self._closed = False

    def carry_out(self, command: GetDraft | SetDraft | Watch) -> None:
        """Carries out one of the commands, and gives its receipt."""
        self._session.draft.when_known(partial(self._carry_out, command))

    def _carry_out(self, command: GetDraft | SetDraft | Watch) -> None:
        editor = self._session.draft.editor
        if self._closed:  # it left before there was an editor
            return
        if editor is None:
            self._refuse(command, "unavailable", NO_EDITOR)
        elif command.type == "set_draft":
            self._set(command, editor)
        elif self._send is None:
            self._refuse(command, "unavailable", NO_OUTPUT)
        else:
            self._receipt(command)
            if command.type == "get_draft":
                self._send_now()
            else:
                self._follow(draft=command.draft)

    def close(self) -> None:
        """The channel is gone: nothing is told any more."""
        self._closed = True
        self._follow(draft=False)

    def _follow(self, *, draft: bool) -> None:
        if draft:
            self._send_now()
        if draft and self._watch is None:
            self._watch = DraftWatch(self._send_change, self._session.services.spawn)
            self._session.draft.add(self._watch)
        elif not draft and self._watch is not None:
            self._watch.ended = True
            self._session.draft.remove(self._watch)
            self._watch = None

    def _set(self, command: SetDraft, editor: DraftEditor) -> None:
        now = editor.draft()
        if command.if_version != now.version:
            told = _changed_since(now.version, command.if_version)
            self._refuse(command, "version_conflict", told)
        elif _is_cut(self._session, now.text):
            self._refuse(command, "too_long", CUT)
        elif escaped_size(command.text) > MAX_BYTES:
            self._refuse(
                command, "too_long", f"a draft that is set has {MAX_BYTES:,} bytes at most"
            )
        elif command.cursor is not None and command.cursor > len(command.text):
            told = f"cursor {command.cursor} is behind the end: {len(command.text)} code points"
            self._refuse(command, "invalid", told)
        else:
            try:
                editor.set_draft(command.text, command.cursor, self._actor)
            except DraftRefused as refusal:
                self._refuse(command, refusal.code, str(refusal))
            else:
                self._receipt(command, version=editor.draft().version)

    def _send_change(self) -> None:
        editor = self._session.draft.editor
        if editor is not None and editor.draft().version != self._sent:
            self._send_now()

    def _send_now(self) -> None:
        editor, send = self._session.draft.editor, self._send
        if editor is None or send is None:
            return
        draft = editor.draft()
        self._sent = draft.version
        text = bound_text(self._session.bus.secrets.scrub(draft.text), MAX_BYTES)
        data: dict[str, Any] = {
            "text": text,
            "cursor": draft.cursor if text == draft.text else min(draft.cursor, len(text)),
            "version": draft.version,
            "mode": draft.mode,
        }
        if text != draft.text:
            data["cut"] = True
        send(self._session.bus.aside(events.system("draft", data)))

    def _receipt(self, command: GetDraft | SetDraft | Watch, **more: Any) -> None:
        # As frequent as keys: on the socket it is for who typed alone.
        self._channel.accept(command, **more)

    def _refuse(self, command: GetDraft | SetDraft | Watch, code: str, why: str) -> None:
        self._channel.refuse(command, code, why)
