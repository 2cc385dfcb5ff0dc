"""Points to go back to, what that would change, what it changed. Records only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from qwen_dual.protocol.change_shapes import Hunk

Change = Literal["add", "modify", "delete"]

Conflict = Literal["changed_since", "changed_between", "other_session", "uncertain"]
"""Why restoring a file would lose what is not this session's: it is not as the session left it; it was
changed by somebody else between two changes of the session; another session was at work in the folder
when it changed; the program was ended in the middle of a call, and nobody knows who changed it."""

CONFLICTS: dict[Conflict, str] = {
    "changed_since": "changed since by somebody else",
    "changed_between": "changed by somebody else in between",
    "other_session": "another session may have changed it",
    "uncertain": "may have been changed by somebody else: the program was ended in the middle of a call",
}
"""Conflicts in words, behind the name of a file."""

MAX_LISTED = 50
"""Files that a point names."""

_MAX_LEFT = 5
_TEXT_CHARS = 60


class Point(Struct, frozen=True):
    """Where one can go back to: before a prompt whose turn changed files, or before a going back.

    Attributes:
        uuid: of the ``user`` event of the prompt; of its own for one before a going back.
        session_id: whose it is.
        turn_id: of its turn; None for a person's own command, and before a going back.
        text: of the prompt, its beginning.
        time: when it was kept, seconds since 1970.
        files: what changed after it and before the next one, absolute, sorted, the first of them.
        count: how many these are in all.
        undo: whether it is the state before a going back.
    """

    uuid: str
    session_id: str
    turn_id: str | None
    text: str
    time: float
    files: tuple[str, ...] = ()
    count: int = 0
    undo: bool = False


class FileChange(Struct, frozen=True):
    """What becomes, or became, of one file or symbolic link.

    Attributes:
        path: absolute.
        change: what is done to it.
        added: lines; 0 for a binary one or a link, and where it is too large to tell.
        removed: likewise.
        binary: whether it holds no text, before or after.
        conflicts: why it is left alone unless the caller says otherwise.
        blocked: why it cannot be changed at all; empty where it can.
        link: whether it is, or was, a symbolic link.
        modes: the permission bits before and after, where they change.
    """

    path: str
    change: Change
    added: int = 0
    removed: int = 0
    binary: bool = False
    conflicts: tuple[Conflict, ...] = ()
    blocked: str = ""
    link: bool = False
    modes: tuple[int, int] | None = None


class Preview(Struct, frozen=True):
    """What going back would change, or what a session has changed, at one moment.

    Attributes:
        point: where to.
        files: sorted by path; what is as it was is not among them.
        remarks: what is not covered, and why, for a person.
        made: when it was made, monotonic nanoseconds; tells one preview from another.
    """

    point: Point
    files: tuple[FileChange, ...] = ()
    remarks: tuple[str, ...] = ()
    made: int = 0

    @property
    def conflicts(self) -> tuple[FileChange, ...]:
        """Those that are left alone unless the caller says otherwise."""
        return tuple(file for file in self.files if file.conflicts and not file.blocked)


class Left(Struct, frozen=True):
    """A file that was not restored, and why."""

    path: str
    why: str


class Commit(Struct, frozen=True):
    """The one write by which a going back of files and of a conversation counts.

    It is a record of the saved chat. Where the program was ended before, the files are taken back;
    behind it they stay.

    Attributes:
        chat: the path of the chat.
        event: the uuid of the ``rewound`` event that the record tells of.
    """

    chat: str
    event: str


class Restored(Struct, frozen=True):
    """What going back has come to.

    Attributes:
        files: what was done.
        left: what was not, and why.
        undo: the point that takes all of it back; None where nothing was done.
        unfinished: what ``finish`` is to be called with, once the commit is written; None where
            there is none to wait for.
    """

    files: tuple[FileChange, ...] = ()
    left: tuple[Left, ...] = ()
    undo: Point | None = None
    unfinished: str | None = None


class Recovered(Struct, frozen=True):
    """A going back that was broken off by the end of the program, and was taken back, or finished.

    Attributes:
        text: of the prompt that it was to go back to.
        files: how many are again as they were before it; or were restored.
        left: what could not be put back, and why.
        finished: whether the conversation had gone back, so that the files stay as they were then.
    """

    text: str
    files: int
    left: tuple[Left, ...] = ()
    finished: bool = False

    @property
    def message(self) -> str:
        """All of that, for a person."""
        if self.finished:
            return (
                "A /rewind was done when the program ended, and is finished now: the conversation and "
                f"{self.files} files are as they were before {self.text[:_TEXT_CHARS]!r}."
            )
        said = (
            f"A /rewind was broken off when the program ended: {self.files} files are again as "
            "they were before it."
        )
        for left in self.left[:_MAX_LEFT]:
            said += f" {left.path} was left as it is: {left.why}."
        return said


class Difference(Struct, frozen=True):
    """How one file changes.

    Attributes:
        file: which, and what is done to it.
        hunks: the lines; none for a binary one, a link, or a mere change of the mode.
        cut: whether there is more than is told.
        note: what the hunks do not say, such as a change of the mode; empty as a rule.
    """

    file: FileChange
    hunks: tuple[Hunk, ...] = ()
    cut: bool = False
    note: str = ""


class Rewinding(Protocol):
    """The kept states of one session, as commands and front ends use them.

    All of it works in threads and keeps the loop free. ``OSError`` says what could not be done;
    while it is switched off there are no points, and ``unavailable`` says why.
    """

    @property
    def unavailable(self) -> str:
        """Why nothing is kept, for a person; empty as a rule."""
        ...

    async def points(self) -> Sequence[Point]:
        """Where one can go back to, the oldest first; those of a resumed session too."""
        ...

    async def preview(self, since: Sequence[str]) -> Preview | None:
        """What going back would do; None where nothing was changed since, or none of it is known.

        Args:
            since: the uuids of ``user`` events from the one to go back to until now, in their order.
                The first of them that has a point counts: turns that changed nothing have none. The
                uuid of an undo point alone takes back the going back that it stands before.
        """
        ...

    async def restore(
        self, preview: Preview, overwrite: Collection[str] = (), commit: Commit | None = None
    ) -> Restored:
        """Goes back, as the preview says; a file that is another by now is left, and told.

        To be called while no turn runs.

        Args:
            preview: of this session.
            overwrite: the paths with conflicts that shall be restored all the same.
            commit: by which it counts; None where no conversation goes back with the files.
        """
        ...

    async def finish(self, unfinished: str, *, stands: bool) -> None:
        """Notes that a going back counts, since its commit is written; or takes it back."""
        ...

    async def changes(self) -> Preview | None:
        """What the session has changed, from before its first change until now; None for nothing.

        The changes are told as they were made: ``add`` is a file that the session made.
        """
        ...

    async def difference(self, preview: Preview, path: str) -> Difference:
        """How one file of a preview changes, line by line, as it was when the preview was made.

        Raises:
            KeyError: it is not of the preview.
        """
        ...
