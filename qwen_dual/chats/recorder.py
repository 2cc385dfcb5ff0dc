"""Writes a session down as it happens: an observer of the bus.

Whole things (a prompt, a message, a result) become records of the chat at once; what is not whole
yet goes to the side file, once a pass of the loop or whenever ``flush`` is called before a frame is
drawn. It waits as long as the disk does; the first error ends the recording, not the session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.chats.call_records import CallRecords
from qwen_dual.chats.command_records import CommandRecords, outcome_of
from qwen_dual.chats.journal import ChatBusy
from qwen_dual.chats.message import IncomingMessage
from qwen_dual.chats.prompt_records import PromptRecords
from qwen_dual.chats.records import compaction, turn_result
from qwen_dual.chats.session_chat import SessionChat
from qwen_dual.chats.slash_records import RETRY, SlashRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qwen_dual.chats.chain import OpenChat, Stamp
    from qwen_dual.chats.command_records import OpenPrompts
    from qwen_dual.chats.load import Chat
    from qwen_dual.chats.sub_agents import SubAgents
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ContentBlock, Message


class Recorder:
    """Keeps one session, and those that follow it in the same process.

    Args:
        home: ``~/.qwen`` or what ``QWEN_HOME`` says.
        session_id: the one that the first events carry.
        stamp: what every record says.
        history: the conversation as the model is sent it; read when it was compacted.
        schedule: runs a callable in a later pass of the loop, such as ``loop.call_soon``.
        on_failure: called once, through ``schedule``, with a text for a person when nothing more
            is saved.
        queue: the prompts that wait, whole; without it the beginnings that events tell.
        resume: the chat to go on with; its id must be ``session_id``.
        open_prompts: gives what knows the prompts of commands that have no end yet.

    Attributes:
        failure: why nothing is saved any more; None while all is.
        agents: what is saved of sub-agents; None before there is one.

    Raises:
        BadSessionId: ``session_id`` is no UUID.
        ChatBusy: another process has the chat to resume open.
        OSError: it cannot be opened.
    """

    def __init__(
        self,
        home: str,
        session_id: str,
        stamp: Stamp,
        *,
        history: Callable[[], Sequence[Message]],
        schedule: Callable[[Callable[[], None]], object],
        on_failure: Callable[[str], object],
        queue: Callable[[], Sequence[str]] | None = None,
        resume: Chat | None = None,
        open_prompts: Callable[[], OpenPrompts] | None = None,
    ) -> None:
        self._home = home
        self._stamp = stamp
        self._chats = SessionChat(home, session_id, stamp)
        self._history = history
        self._schedule = schedule
        self._on_failure = on_failure
        self._queue = queue
        self._queue_told = False  # and not written yet
        self._listed: Sequence[str] = ()
        self._scheduled = False
        self._stopped = False
        self.failure: str | None = None
        self._message = IncomingMessage()
        self._in_turn = False
        self._retry_from: str | None = None
        self._slash = SlashRecords()
        self._prompts, self._commands = PromptRecords(), CommandRecords(open_prompts)
        self._calls = CallRecords(self._prompts)
        self.agents: SubAgents | None = None  # once one is called
        if resume is not None:
            self.resume(resume)

    @property
    def _chat(self) -> OpenChat | None:
        return self._chats.open

    @property
    def file(self) -> str | None:
        """The file of the session, by name; None before its first prompt, or once nothing is saved."""
        return None if self._chat is None else self._chat.file

    @property
    def path(self) -> Path | None:
        """The same, as a path."""
        return None if self._chat is None else self._chat.path

    def __call__(self, event: Event) -> None:
        """Takes one stamped event; those of sub-agents go to files of their own."""
        if self.failure is not None and event.get("subtype") == "session_changed":
            self._stopped, self.failure = False, None  # another file may well be written
        if self._stopped:
            return
        agent = event.get("parent_tool_use_id")
        if agent is not None:
            self._sub_agents.take(event, agent, self._chat)
            return
        try:
            handler = _HANDLERS.get(event["type"])
            if handler is not None:
                handler(self, event)
        except (OSError, ChatBusy) as error:
            self.fail(error)

    @property
    def behind(self) -> bool:
        """Whether it still writes a message of megabytes, a part in each pass of the loop."""
        return self._chat is not None and self._chat.holds

    def flush(self, *, whole: bool = False) -> None:
        """Writes what has come in of what is not whole; call it before a frame is drawn.

        Args:
            whole: not only the next part of a message of megabytes.
        """
        self._scheduled = False
        if self._chat is None or self._stopped:
            return
        try:
            self._chat.write_held(whole=whole)
            if self._chat.holds:
                self._flush_soon()
            if self._queue_told:
                # Not at each change: that would be quadratic where a thousand prompts come at once.
                self._queue_told = False
                self._chat.partial.queue(self._queue() if self._queue else self._listed)
            self._chat.partial.flush()
        except OSError as error:
            self.fail(error)

    def resume(self, chat: Chat) -> None:
        """Goes on with ``chat``: at once, or when the session changes to its id.

        Call it before the session does. The chat is locked from now on.

        Raises:
            ChatBusy: another process has it open; nothing has changed.
            OSError: it cannot be opened; nothing has changed.
        """
        if not self._chats.resume(chat):
            return
        self._prompts.resumes(chat)
        if chat.session_id == self._chats.session_id:
            self._change_to(chat.session_id)

    def expanded(self, blocks: Sequence[ContentBlock]) -> None:
        """Notes all that the model is sent for the prompt that runs, with the files it mentions.

        Nothing where the prompt was not let through, so that no later request holds it either.
        """
        if self._stopped or self._chat is None:
            return
        try:
            self._prompts.expanded(self._chat, blocks)
        except OSError as error:
            self.fail(error)

    def going_back(self, event: Event) -> None:
        """Writes a ``rewound`` event that is about to be told, by which the conversation goes back.

        Raises:
            OSError: it cannot be written, and nothing is any more.
        """
        if self._stopped or self._chat is None:
            return
        try:
            by = self._commands.went_back(event["data"])
            self._prompts.go_back(self._chat, event, by)
        except OSError as error:
            self.fail(error)
            raise

    def command_begins(self, host: str, command_id: str, kind: str) -> None:
        """Notes that a command which is no prompt is about to be carried out, where there is a chat."""
        if self._stopped or self._chat is None:
            return
        try:
            self._commands.begins(self._chat, {"host": host, "id": command_id}, kind)
        except OSError as error:
            self.fail(error)

    def close(self) -> None:
        """Writes what is left and gives the chat free; idempotent."""
        self.flush(whole=True)
        if self.agents is not None:
            self.agents.close()
        self._stopped = True
        self._chats.close()

    # -- events ----------------------------------------------------------------------------

    def _stream(self, event: Event) -> None:
        if self._chat is not None and self._message.stream(self._chat, event["event"]):
            self._flush_soon()

    def _assistant(self, event: Event) -> None:
        self._message.run(event)
        blocks = event["message"]["content"]
        if any("prompt" in block.get("input", ()) for block in blocks):
            self._sub_agents.called(blocks)

    @property
    def _sub_agents(self) -> SubAgents:
        from qwen_dual.chats.sub_agents import SubAgents

        self.agents = self.agents or SubAgents(self._stamp, self._report_failure)
        return self.agents

    def _flush_soon(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._schedule(self.flush)

    def _user(self, event: Event) -> None:
        for block in event["message"]["content"]:
            if block["type"] == "tool_result":
                if self._chat is not None:
                    outcome, names = event.get("tool_use_result") or {}, self._message.names
                    self._calls.came_to(self._chat, block, outcome, names, self.agents)
            elif block["type"] == "text":  # its images come with what the model is sent
                self._submitted(event)

    def _submitted(self, event: Event) -> None:
        self._prompts.submitted(self._chats.opened(), event, self._commands.begun_by(event))
        if "steered" not in event:
            self._retry_from, self._in_turn = None, True

    def _request(self, event: Event) -> None:
        request = event["request"]
        self._calls.previewed(request["tool_use_id"], request.get("preview"))

    def _result(self, event: Event) -> None:
        self._slash.running = ""
        self._calls.turn_ended()
        if self.agents is not None:
            self.agents.turn_ended()
        chat, ended = self._chat, self._commands.ended()
        if chat is None or not self._in_turn:
            self._commands.end(chat, ended, event)
            return
        self._in_turn = False
        self._prompts.ended()
        if event["stop_reason"] == "error":
            self._retry_from = self._message.before
        payload = turn_result(event, round(chat.now * 1000))
        if ended:
            payload["result"] = outcome_of(event)
        by = ended or None
        chat.add("system", subtype="turn_result", systemPayload=payload, hostCommands=by)

    # -- what the system tells ---------------------------------------------------------------

    def _system(self, event: Event) -> None:
        subtype, data = event["subtype"], event["data"]
        if (handler := _SYSTEM_HANDLERS.get(subtype)) is not None:
            handler(self, data)
        elif self._chat is None:
            return
        elif (kept := _IN_CHAT_HANDLERS.get(subtype)) is not None:
            kept(self, self._chat, event)
        elif self.agents is not None:
            self.agents.system_event(subtype, data)

    def _slash_command(self, data: Event) -> None:
        command = f"/{data['command']} {data['args']}".rstrip()
        by = self._commands.begun_by(data)
        if command == RETRY and self._retry_from is not None:
            assert self._chat is not None
            self._chat.last = self._retry_from
            self._in_turn = True
            if by is not None:
                self._commands.begins(self._chat, by, "submit")
            return
        chat = self._chat if by is None else self._chats.opened()
        self._slash.given(chat, command, in_turn=self._in_turn, by=by)

    def _session_changed(self, data: Event) -> None:
        self._change_to(data["to"])

    def _session_end(self, data: Event) -> None:
        self.close()

    def _receipt(self, data: Event) -> None:
        self._commands.answered(self._chats.opened, data)

    def _progress(self, chat: OpenChat, event: Event) -> None:
        self._calls.progress(chat, event["data"], self._message.names)
        self._flush_soon()

    def _state(self, chat: OpenChat, event: Event) -> None:
        self._waiting(event["data"].get("queue"))

    def _queue_changed(self, chat: OpenChat, event: Event) -> None:
        self._waiting(event["data"].get("prompts"))

    def _waiting(self, prompts: Sequence[Event] | None) -> None:
        self._listed = [item["text"] for item in prompts or ()]
        self._queue_told = True
        self._flush_soon()

    def _notice(self, chat: OpenChat, event: Event) -> None:
        self._slash.answered(chat, event["data"])

    def _compacted(self, chat: OpenChat, event: Event) -> None:
        chat.system("chat_compression", compaction(event["data"], self._history()))

    def _rewound(self, chat: OpenChat, event: Event) -> None:
        if event["data"]["conversation"]:
            self._message, self._retry_from = IncomingMessage(), None
            self._prompts.go_back(chat, event)

    def _change_to(self, session_id: str) -> None:
        self.flush(whole=True)
        if self.agents is not None:
            self.agents.close()
        before, self._message = self._chats.session_id, IncomingMessage()
        self._retry_from, self._in_turn = None, False
        self._prompts.begin(session_id)
        self._chats.change_to(session_id)
        if self._commands.used and session_id != before:
            self._commands.follow(self._chats.opened(), before)

    def fail(self, error: Exception) -> None:
        """Ends the recording, and tells the person once what failed and what they can do."""
        if self._stopped:
            return
        from qwen_dual.chats.failures import not_saved

        self._stopped = True
        self.failure = text = not_saved(error, self.path, self._home)
        self._chats.drop()
        self._report_failure(text)

    def _report_failure(self, text: str) -> None:
        # Not from within: the owner may publish it, and this may be the middle of a publication.
        def tell() -> None:
            self._on_failure(text)

        self._schedule(tell)


_HANDLERS: dict[str, Callable[[Recorder, Event], None]] = {
    "stream_event": Recorder._stream,
    "assistant": Recorder._assistant,
    "control_request": Recorder._request,
    "user": Recorder._user,
    "result": Recorder._result,
    "system": Recorder._system,
}

_SYSTEM_HANDLERS: dict[str, Callable[[Recorder, Event], None]] = {
    "slash_command": Recorder._slash_command,
    "session_changed": Recorder._session_changed,
    "session_end": Recorder._session_end,
    "command_receipt": Recorder._receipt,
}
"""By subtype; each takes the data."""

_IN_CHAT_HANDLERS: dict[str, Callable[[Recorder, OpenChat, Event], None]] = {
    "tool_progress": Recorder._progress,
    "state": Recorder._state,
    "queue": Recorder._queue_changed,
    "notice": Recorder._notice,
    "compact_boundary": Recorder._compacted,
    "rewound": Recorder._rewound,
}
"""What is noted only where there is a chat already; what is in neither may be about an agent."""
