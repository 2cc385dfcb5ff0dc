"""Writes a session down as it happens: an observer of the bus.

Whole things (a prompt, a message, a result) become records of the chat at once; what is not whole
yet goes to the side file, once a pass of the loop or whenever ``flush`` is called before a frame is
drawn. It waits as long as the disk does; the first error ends the recording, not the session.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.chats.call_records import CallRecords
from qwen_dual.chats.chain import OpenChat, Stamp
from qwen_dual.chats.command_records import CommandRecords, outcome_of
from qwen_dual.chats.journal import ChatBusy
from qwen_dual.chats.message import IncomingMessage
from qwen_dual.chats.paths import chat_file, give_up, reserve
from qwen_dual.chats.prompt_records import PromptRecords
from qwen_dual.chats.records import compaction, turn_result
from qwen_dual.chats.shellwords import SHELL_CALL
from qwen_dual.chats.slash_records import RETRY, SlashRecords

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from qwen_dual.chats.command_records import OpenPrompts
    from qwen_dual.chats.load import Chat
    from qwen_dual.chats.sub_agents import SubAgents
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ContentBlock, Message


class Recorder:
    """Keeps one session, and those that follow it in the same process.

    Args:
        home: ``~/.qwen`` or what ``QWEN_HOME`` says.
        cwd: the folder of the session.
        session_id: the one that the first events carry.
        version: of the program, for the records.
        history: the conversation as the model is sent it; read when it was compacted.
        schedule: runs a callable in a later pass of the loop, such as ``loop.call_soon``.
        on_failure: called once, through ``schedule``, with a text for a person when nothing more
            is saved.
        scrub: takes secrets out of what is written.
        git_branch: tells the branch; asked once for each chat.
        queue: the prompts that wait, whole; without it the beginnings that events tell.
        resume: the chat to go on with; its id must be ``session_id``.
        now: seconds since the epoch.
        window: tells how many tokens the model in force takes.
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
        cwd: str,
        session_id: str,
        *,
        version: str,
        history: Callable[[], Sequence[Message]],
        schedule: Callable[[Callable[[], None]], object],
        on_failure: Callable[[str], object],
        scrub: Callable[[str], str] = lambda text: text,
        git_branch: Callable[[], str | None] = lambda: None,
        queue: Callable[[], Sequence[str]] | None = None,
        resume: Chat | None = None,
        now: Callable[[], float] = time.time,
        window: Callable[[], int | None] = lambda: None,
        open_prompts: Callable[[], OpenPrompts] | None = None,
    ) -> None:
        self._home = home
        self._session_id = session_id
        self._stamp = Stamp(cwd, version, git_branch, scrub, now, window)
        self._history = history
        self._schedule = schedule
        self._on_failure = on_failure
        self._queue = queue
        self._chat: OpenChat | None = None
        self._next: OpenChat | None = None
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
        chat_file(home, cwd, session_id)
        if resume is not None:
            self.resume(resume)

    @property
    def path(self) -> Path | None:
        """The file of the session; None before its first prompt, or once nothing is saved."""
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
        if self._chat is not None and chat.path == self._chat.path:
            return
        opened = OpenChat(
            str(chat.path),
            chat.session_id,
            self._stamp,
            last=chat.last,
            owed=chat.owed,
            new=False,
            journal=chat.journal,
        )
        if self._next is not None:
            self._next.close()
        self._next = opened
        self._prompts.resumes(chat)
        if chat.session_id == self._session_id:
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
        for chat in (self._chat, self._next):
            if chat is not None:
                chat.close()
        self._give_up()

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
        self._prompts.submitted(self._opened(), event, self._commands.begun_by(event))
        if "steered" not in event:
            self._retry_from, self._in_turn = None, True

    def _opened(self) -> OpenChat:
        if self._chat is None:
            path = chat_file(self._home, self._stamp.cwd, self._session_id)
            self._chat = OpenChat(path, self._session_id, self._stamp)
        return self._chat

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
        data, chat = event["data"], self._chat
        subtype = event["subtype"]
        if subtype == "slash_command":
            self._slash_command(data)
        elif subtype == "session_changed":
            self._change_to(data["to"])
        elif subtype == "session_end":
            self.close()
        elif subtype == "command_receipt":
            self._commands.answered(self._opened, data)
        elif chat is None:
            return
        elif subtype == "tool_progress":
            started = data["status"] == "started"
            title, text = (data["text"], "") if started else ("", data["text"])
            self._calls.previewed(data["tool_use_id"], data.get("preview"))
            if started and data["tool_use_id"].startswith(SHELL_CALL):
                self._message.names[data["tool_use_id"]] = data["tool_name"]
            chat.partial.output(data["tool_use_id"], data["tool_name"], title, text)
            self._flush_soon()
        elif subtype == "state" or subtype == "queue":
            listed = data.get("prompts") if subtype == "queue" else data.get("queue")
            self._listed = [item["text"] for item in listed or ()]
            self._queue_told = True
            self._flush_soon()
        elif subtype == "notice":
            self._slash.answered(chat, data)
        elif subtype == "compact_boundary":
            chat.system("chat_compression", compaction(data, self._history()))
        elif subtype == "rewound" and data["conversation"]:
            self._message, self._retry_from = IncomingMessage(), None
            self._prompts.go_back(chat, event)
        elif self.agents is not None:
            self.agents.told(subtype, data)

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
        chat = self._chat if by is None else self._opened()
        self._slash.given(chat, command, in_turn=self._in_turn, by=by)

    def _change_to(self, session_id: str) -> None:
        self.flush(whole=True)
        if self.agents is not None:
            self.agents.close()
        if self._chat is not None:
            self._chat.close()
            self._chat = None
        elif session_id != self._session_id:
            self._give_up()
        before, self._session_id, self._message = self._session_id, session_id, IncomingMessage()
        self._retry_from, self._in_turn = None, False
        self._prompts.begin(session_id)
        if self._next is not None and self._next.session_id == session_id:
            self._chat, self._next = self._next, None
        else:
            reserve(chat_file(self._home, self._stamp.cwd, session_id))
        if self._commands.used and session_id != before:
            self._commands.follow(self._opened(), before)

    def _give_up(self) -> None:
        """Takes away the file of a session that nothing was said in."""
        if self._chat is None or self._chat.last is None:
            give_up(chat_file(self._home, self._stamp.cwd, self._session_id))

    def fail(self, error: Exception) -> None:
        """Ends the recording, and tells the person once what failed and what they can do."""
        if self._stopped:
            return
        from qwen_dual.chats.failures import not_saved

        self._stopped = True
        self.failure = text = not_saved(error, self.path, self._home)
        if self._chat is not None:
            self._chat.close()
            self._chat = None
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
