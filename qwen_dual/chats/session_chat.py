"""Which chat a session writes: none before its first prompt, and another once the session is another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.chats.chain import OpenChat
from qwen_dual.chats.paths import chat_file, give_up, reserve

if TYPE_CHECKING:
    from qwen_dual.chats.chain import Stamp
    from qwen_dual.chats.load import Chat


class SessionChat:
    """Opens and closes the chats of one process, one after the other.

    Args:
        home: ``~/.qwen`` or what ``QWEN_HOME`` says.
        session_id: the first session.
        stamp: what every record says.

    Attributes:
        session_id: the session by now.
        open: its chat; None before its first prompt, or once nothing is saved.

    Raises:
        BadSessionId: ``session_id`` is no UUID.
    """

    def __init__(self, home: str, session_id: str, stamp: Stamp) -> None:
        self.session_id = session_id
        self.open: OpenChat | None = None
        self._home = home
        self._stamp = stamp
        self._next: OpenChat | None = None
        self._file(session_id)

    def _file(self, session_id: str) -> str:
        return chat_file(self._home, self._stamp.cwd, session_id)

    def opened(self) -> OpenChat:
        """The chat of the session, begun now if it was not yet.

        Raises:
            OSError: it cannot be created.
        """
        if self.open is None:
            self.open = OpenChat(self._file(self.session_id), self.session_id, self._stamp)
        return self.open

    def resume(self, chat: Chat) -> bool:
        """Locks ``chat``, which ``change_to`` goes on with; False where it is the one that is open.

        Raises:
            ChatBusy: another process has it open; nothing has changed.
            OSError: it cannot be opened; nothing has changed.
        """
        if self.open is not None and chat.path == self.open.path:
            return False
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
        return True

    def change_to(self, session_id: str) -> None:
        """Leaves the chat for that of another session, or for the one to resume of the same.

        Raises:
            ChatBusy: another process has the file of that session.
            OSError: it cannot be made.
        """
        if self.open is not None:
            self.drop()
        elif session_id != self.session_id:
            self._give_up()
        self.session_id = session_id
        if self._next is not None and self._next.session_id == session_id:
            self.open, self._next = self._next, None
        else:
            reserve(self._file(session_id))

    def drop(self) -> None:
        """Closes the chat: nothing more is written to it."""
        if self.open is not None:
            self.open.close()
            self.open = None

    def close(self) -> None:
        """Gives all free; idempotent."""
        for chat in (self.open, self._next):
            if chat is not None:
                chat.close()
        self._give_up()

    def _give_up(self) -> None:
        """Takes away the file of a session that nothing was said in."""
        if self.open is None or self.open.last is None:
            give_up(self._file(self.session_id))
