"""Where to go back to, what that does to files, and the port of who knows what they were. Records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class GoingBack(Struct, frozen=True):
    """Where to go back to, and with what.

    Attributes:
        to: the uuid of a prompt's ``user`` event, or of the ``rewound`` event that is to be undone.
        conversation: whether the prompt and all after it leave the conversation.
        files: whether the files become what they were before the prompt.
        preview: nothing is done; what would be is told.
        overwrite: what becomes of files that somebody else has changed since: True overwrites
            them, False leaves them as they are, and with None nothing at all is done if there is one.
    """

    to: str
    conversation: bool = True
    files: bool = True
    preview: bool = False
    overwrite: bool | None = None


class FileChange(Struct, frozen=True):
    """What becomes, or became, of one file.

    Attributes:
        path: absolute.
        change: what is done to it.
        added: lines; 0 for one that is no text.
        removed: likewise.
        conflict: why it is left alone unless somebody says otherwise: it is not, or not surely, as
            the session left it. In words, behind the name of the file; empty as a rule.
        blocked: why it cannot be changed at all; empty where it can.
        note: what changes beside lines, or in their place; empty as a rule.
    """

    path: str
    change: Literal["add", "modify", "delete"]
    added: int = 0
    removed: int = 0
    conflict: str = ""
    blocked: str = ""
    note: str = ""


class FilePreview(Struct, frozen=True):
    """What going back would do to the files, or what a session did to them.

    Attributes:
        files: sorted by path.
        remarks: what is not covered, and why, for a person.
        made: whoever made it knows it by this again.
    """

    files: tuple[FileChange, ...] = ()
    remarks: tuple[str, ...] = ()
    made: Any = None


class FilesBack(Struct, frozen=True):
    """What going back has come to.

    Attributes:
        files: what was done.
        left: the paths of what was not, each with the reason.
        undo: what takes all of it back, as ``since`` of a preview; None where nothing was done.
        unfinished: what ``finish`` is to be called with, once the conversation has gone back too;
            None where nothing is left to do.
    """

    files: tuple[FileChange, ...] = ()
    left: tuple[tuple[str, str], ...] = ()
    undo: str | None = None
    unfinished: str | None = None


class KeptFiles(Protocol):
    """What the files of a session were before its prompts, each known by its event's uuid.

    ``OSError`` says what could not be done.
    """

    @property
    def unavailable(self) -> str:
        """Why nothing is kept, for a person; empty as a rule."""
        ...

    async def counts(self) -> Mapping[str, int]:
        """How many files each prompt changed that changed any."""
        ...

    async def preview(self, since: Sequence[str]) -> FilePreview:
        """What going back would do.

        Args:
            since: the prompts from the one to go back to until now, in their order; or, alone, what
                takes an earlier going back back.
        """
        ...

    async def restore(
        self, preview: FilePreview, overwrite: Sequence[str] = (), event: str | None = None
    ) -> FilesBack:
        """Goes back as a preview says.

        Args:
            preview: a file that is another by now is left alone.
            overwrite: paths with conflicts that are to go back all the same.
            event: the uuid of the ``rewound`` event where the conversation goes back too: unless that
                is saved, the next start takes the files back.
        """
        ...

    async def finish(self, unfinished: str, *, stands: bool) -> None:
        """Notes that a going back of both is done, since its event is saved; or takes it back."""
        ...

    async def changed(self) -> FilePreview:
        """What the session has changed, from before its first change until now."""
        ...

    async def diff(self, preview: FilePreview) -> str:
        """The changes of a preview as a unified diff."""
        ...
