"""Saved sessions, put together with the running one: what the command line asks for, and the recorder.

How a chat is written and read is the affair of ``chats``; which one, and when, is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual import __version__
from qwen_dual.protocol.events import new_uuid
from qwen_dual.runtime.spec import PICK_SESSION
from qwen_dual.settings import keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwen_dual.chats.load import Chat
    from qwen_dual.chats.recorder import Recorder
    from qwen_dual.core.commands.ledger import Ledger
    from qwen_dual.core.commands.saved_sessions import SavedSessions
    from qwen_dual.core.conversation.point import Point
    from qwen_dual.core.conversation.rewinding import Rewinding
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.tools.ports import Keeper
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.spec import SessionSpec


class NoSuchSession(ValueError):
    """A session that was asked for and cannot be gone on with; the text says why."""


def chat_to_resume(spec: SessionSpec, home: str, cwd: str, *, lock: bool) -> Chat | None:
    """The earlier session that the command line asks for; None where there is to be a new one.

    Args:
        spec: what is asked for.
        home: the user's settings folder.
        cwd: the folder of the session.
        lock: it is to be written, so that nobody else may.

    Raises:
        NoSuchSession: there is none, it cannot be read, or another process has it open.
    """
    if not spec.resume_last and not spec.resume and not spec.resume_or_new:
        return None
    from qwen_dual.chats.listing import find, latest

    if spec.resume_or_new:
        path = find(home, cwd, spec.resume_or_new)
        return None if path is None else load_chat(path, lock=lock)
    if spec.resume_last:
        newest = latest(home, cwd)
        if newest is None:
            if spec.fork_session:
                raise NoSuchSession(f"--fork-session: no session was saved in {cwd}")
            return None
        return _resumed(newest, spec, home, cwd, lock=lock)
    assert spec.resume is not None
    path = find(home, cwd, spec.resume)
    if path is None:
        raise NoSuchSession(
            f"--resume: no session {spec.resume!r} is saved; --resume alone lists them"
        )
    return _resumed(path, spec, home, cwd, lock=lock)


def _resumed(path: Path, spec: SessionSpec, home: str, cwd: str, *, lock: bool) -> Chat:
    """The chat in ``path``, or a new one that begins with all of it."""
    if not spec.fork_session:
        return load_chat(path, lock=lock)
    session_id = new_uuid()
    if not lock:
        return replace(load_chat(path, lock=False), session_id=session_id)
    from qwen_dual.chats.fork import fork
    from qwen_dual.chats.paths import chat_path

    copy = chat_path(home, cwd, session_id)
    try:
        fork(path, copy, session_id)
    except OSError as error:
        raise NoSuchSession(f"--fork-session: {path} cannot be copied: {error.strerror}") from error
    return load_chat(copy, lock=True)


def check_new_id(session_id: str | None, home: str, cwd: str) -> None:
    """Checks that ``--session-id`` names no session that is there already.

    Raises:
        NoSuchSession: it does.
    """
    if session_id is None:
        return
    from qwen_dual.chats.paths import chat_path

    try:
        begun = chat_path(home, cwd, session_id).stat().st_size > 0
    except OSError:
        return
    if begun:
        raise NoSuchSession(
            f"--session-id: the session {session_id} is there already; --resume goes on with it"
        )


def wants_picker(spec: SessionSpec) -> bool:
    """Whether the person is to pick a session first."""
    return spec.resume == PICK_SESSION


def load_chat(path: Path, *, lock: bool) -> Chat:
    """The chat in a file, as much of it as is needed to go on with it.

    Args:
        path: the file.
        lock: it is to be written: nobody else may from before it is read, until its recorder closes.

    Raises:
        NoSuchSession: it cannot be read, or another process has it open.
    """
    from qwen_dual.chats.journal import ChatBusy
    from qwen_dual.chats.load import BOUNDS, ChatUnreadable, load, open_chat

    try:
        return open_chat(path) if lock else load(path, BOUNDS)
    except (ChatBusy, ChatUnreadable) as error:
        raise NoSuchSession(str(error)) from error


def points_in(chat: Chat) -> list[Point]:
    """The prompts of an earlier session, as places to go back to."""
    from qwen_dual.core.conversation.point import Point

    return [Point(prompt.uuid, prompt.text, prompt.at) for prompt in chat.prompts]


def record_begun(launch: Launch) -> Recorder | None:
    """Saves what was told before there was a session, where none comes of the start.

    Returns:
        What saves it, to be closed after the last event; None where nothing is saved.
    """
    if not launch.settings.get(keys.CHAT_RECORDING):
        return None
    from qwen_dual.chats.chain import Stamp
    from qwen_dual.chats.recorder import Recorder

    recorder = Recorder(
        launch.home,
        launch.session_id,
        Stamp(launch.cwd, __version__, lambda: launch.branch.name, launch.bus.secrets.scrub),
        history=list,
        schedule=lambda work: None,
        on_failure=lambda why: None,
    )
    launch.bus.subscribe(
        recorder, name="The recorder", on_error="drop", on_failure=recorder.fail, missed=True
    )
    return recorder


def make_recorder(
    session: Session,
    home: str,
    schedule: Callable[[Callable[[], None]], object],
    git_branch: Callable[[], str | None],
    chat: Chat | None,
) -> Recorder:
    """The recorder of ``session``, to be subscribed; it goes on with ``chat`` where there is one.

    Raises:
        NoSuchSession: another process has the chat open, or it cannot be written.
    """
    from qwen_dual.chats.chain import Stamp
    from qwen_dual.chats.journal import ChatBusy
    from qwen_dual.chats.recorder import Recorder

    def failed(why: str) -> None:
        session.notice(why, "warning")
        if recorder.failure is not None:
            session.ledger.lost()

    stamp = Stamp(
        session.cwd,
        __version__,
        git_branch,
        session.bus.secrets.scrub,
        window=lambda: session.model.context_window,
    )
    try:
        recorder = Recorder(
            home,
            session.session_id,
            stamp,
            history=lambda: session.history,
            schedule=schedule,
            on_failure=failed,
            queue=lambda: session.waiting,
            resume=chat,
            open_prompts=lambda: session.ledger,
        )
    except (ChatBusy, OSError) as error:
        raise NoSuchSession(str(error)) from error
    return recorder


def resume_hint(recorder: Recorder | None, session_id: str) -> str | None:
    """The command that goes on with the session, for the last screen; None where nothing is saved.

    Where something should have been and was not, what failed.
    """
    if recorder is not None and recorder.failure is not None:
        return f"qwen-dual: {recorder.failure}"
    if recorder is None or recorder.file is None:
        return None
    return f"To go on: qwen-dual --resume {session_id}"


def reserve_chat(home: str, cwd: str, session_id: str) -> None:
    """Makes the session's file, so that ``--resume`` finds it whatever becomes of this process.

    A file that cannot be made is the recorder's to tell of.
    """
    from qwen_dual.chats.paths import chat_file, reserve

    reserve(chat_file(home, cwd, session_id))


def earlier(chat: Chat) -> str:
    """What a person should know of a session that they go on with; empty for one without a word."""
    if chat.last is None and not chat.owed:
        return ""
    told = ["● continued"]
    if chat.interrupted:
        told.append("Its last turn did not end: what had come of it by then is here.")
    if chat.interrupted_queue:
        told.append("These prompts waited and were not run:")
        told += [f"  {text}" for text in chat.interrupted_queue]
    if chat.before:
        told.append(
            f"It is too long to be held whole: the first {_megabytes(chat.before)} of its file are "
            f"left out. {chat.path} has all of it, and so has /export."
        )
    if chat.recovered:
        what, them = (
            ("A line", "it") if chat.recovered == 1 else (f"{chat.recovered} lines", "them")
        )
        told.append(f"{what} of it had been torn; what was whole in {them} was recovered.")
    if chat.skipped:
        what, are = ("A line", "is") if chat.skipped == 1 else (f"{chat.skipped} lines", "are")
        told.append(f"{what} of it could not be read and {are} left out.")
    return "\n".join(told)


def _megabytes(size: int) -> str:
    return f"{max(1, round(size / 1e6)):,} MB"


def offer_saved(launch: Launch, parts: Parts) -> None:
    """Lets hosts ask for saved sessions; nothing of them is imported before."""
    found: list[SavedSessions] = []

    def saved() -> SavedSessions:
        if not found:
            from qwen_dual.runtime.saved_sessions import HostedSavedSessions

            found.append(HostedSavedSessions(launch, parts))
        return found[0]

    parts.session.saved_sessions = saved


def keep_commands(launch: Launch, parts: Parts) -> None:
    """Has commands with ids known again by the next run of the program, once there is one.

    Before anything is recorded: a prompt may have begun already.
    """

    def prepare_ledger(ledger: Ledger) -> None:
        from qwen_dual.runtime.command_store import prepare

        prepare(ledger, launch, parts)

    parts.session.prepare_ledger = prepare_ledger


def keep_files(launch: Launch, parts: Parts) -> None:
    """Has what calls change kept, once one may change something; nothing is imported before.

    What goes back gets it, once somebody wants to.
    """

    def keeper() -> Keeper | None:
        from qwen_dual.runtime.kept_files import files_of

        return files_of(launch, parts)

    def note_prompt(event: Event) -> None:
        if event["type"] != "user" or "origin" not in event or "steered" in event:
            return  # what steers a turn belongs to the prompt that began it
        if event["parent_tool_use_id"] is None:
            parts.prompted = event

    def prepare_rewinding(rewinding: Rewinding) -> None:
        from qwen_dual.runtime.rewinding import prepare

        prepare(rewinding, launch, parts)

    parts.session.services.keeper = keeper
    parts.session.prepare_rewinding = prepare_rewinding
    launch.bus.subscribe(
        note_prompt, name="What notes prompts", on_error="keep", missed=True, streamed=False
    )
