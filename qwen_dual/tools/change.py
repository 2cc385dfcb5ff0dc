"""What ``write_file`` and ``edit`` share: the diff before, and the safe way to the disk after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from msgspec import Struct

from qwen_dual.core.tools.tool import CannotBeDone, ToolResult
from qwen_dual.protocol.visible import visible_line
from qwen_dual.tools.calls import failed, failure_result, in_thread, one_line
from qwen_dual.tools.textfile import BOM, load, version_of
from qwen_dual.tools.workspace import ToolFailure, printable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.change_shapes import FileDiff
    from qwen_dual.protocol.shapes import Preview, Suggestion
    from qwen_dual.tools.diff import Diff
    from qwen_dual.tools.states import FileStates
    from qwen_dual.tools.textfile import TextFile, Version
    from qwen_dual.tools.workspace import Folder, Location


class Change(Struct, frozen=True):
    """The new text of a file, its BOM apart, and what the model is told when it is written."""

    text: str
    summary: str


class ChangeCall:
    """A call that gives one file a new text.

    Args:
        location: the file.
        workspace: checks again, before writing, that the path leads there.
        states: decides whether the file may be changed.
        make: the change for what is there (None: no file); raises ``ToolFailure``.
        arguments: of the call, which stand in one line with what it shows.
    """

    def __init__(
        self,
        location: Location,
        workspace: Folder,
        states: FileStates,
        make: Callable[[TextFile | None], Change],
        arguments: Mapping[str, Any],
    ) -> None:
        name = visible_line(printable(location.name))
        self.title = one_line(name)
        self.outside = workspace.outside(location, writing=True)
        self.subject = workspace.subject(location, writes=True)
        self.suggestions: Sequence[Suggestion] = (
            {"type": "allow", "label": "Allow Edit", "description": f"Edit file: {name}"},
            {"type": "deny", "label": "Deny", "description": "Block this file edit"},
            {
                "type": "modify",
                "label": "Review Changes",
                "description": "Review the proposed changes before applying",
            },
        )
        self._location = location
        self._workspace = workspace
        self._states = states
        self._make = make
        self._arguments = arguments
        self._previewed = False
        self._seen: Version | None = None

    async def preview(self) -> Preview | None:
        """The diff against what is there now; ``run`` refuses if that changes meanwhile.

        Raises:
            CannotBeDone: there is no such change.
        """
        try:
            # Not in the middle of a change of ours, which would look like somebody else's.
            async with self._states.lock:
                diff, file = await in_thread(self._diff)
        except ToolFailure as failure:
            raise self._refusal(failure) from failure
        title = visible_line(printable(self._location.name))
        preview: Preview = {"kind": "diff", "title": title, "text": diff.text, "files": [file]}
        if diff.left_out:
            message = f"Cut: {diff.left_out:,} more lines of the change are not shown."
            preview["warnings"] = [{"kind": "cut", "message": message}]
        return preview

    async def run(self, context: ToolContext) -> ToolResult:
        """Writes the file; ``context`` is not used. Not cut short by cancellation."""
        async with self._states.lock:
            try:
                return ToolResult(printable(await to_thread.run_sync(self._apply)))
            except ToolFailure as failure:
                return failure_result(failure)

    def _refusal(self, failure: ToolFailure) -> CannotBeDone:
        """What the model is told of a failure before anybody allowed it to look there."""
        if self.outside is not None and not self._states.knows(self._location.real):
            unread = f"{printable(self._location.path)} was not read."
            return CannotBeDone(f"{unread} Read it with read_file first.", unread)
        return CannotBeDone(printable(str(failure)), printable(failure.shown))

    def _diff(self, _: threading.Event) -> tuple[Diff, FileDiff]:
        current, change = self._plan()
        self._seen = None if current is None else current.version
        self._previewed = True
        old = None if current is None else current.text
        from qwen_dual.protocol.long_json import encode_long
        from qwen_dual.tools.diff import diff_of  # difflib is slow to import

        diff = diff_of(old, change.text, printable(self._location.name))
        path = printable(self._location.path)
        hunks, cut = diff.within(sum(map(len, encode_long([self._arguments, path]))))
        return diff, {
            "path": path,
            "change": "add" if old is None else "modify",
            "added": diff.added,
            "removed": diff.removed,
            "hunks": hunks,
            "cut": cut,
        }

    def _plan(self) -> tuple[TextFile | None, Change]:
        self._workspace.check(self._location)
        real, shown = self._location.real, self._location.path
        current = load(self._workspace.files, real, shown)
        if current is not None:
            self._states.require_known(real, shown, current.version)
            if not self._workspace.files.may_write(real):
                raise ToolFailure(f"{shown} is read-only.")
        elif self.outside is None:  # what is outside is looked at once that is allowed
            try:
                self._workspace.files.check_new(real)
            except OSError as error:
                raise failed("write", shown, error) from error
        return current, self._make(current)

    def _apply(self) -> str:
        real, shown = self._location.real, self._location.path
        if self._previewed:
            self._workspace.check(self._location)
            current = load(self._workspace.files, real, shown)
            now = None if current is None else current.version
            self._states.require_unmoved(real, shown, self._seen, now)
        current, change = self._plan()
        data = change.text.encode()
        if current is not None and current.bom:
            data = BOM + data
        try:
            self._workspace.files.write(real, data, copies=self._workspace.copies)
        except OSError as error:
            raise failed("write", shown, error) from error
        self._states.note_written(real, version_of(data))
        return change.summary
