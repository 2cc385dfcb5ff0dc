"""Gives what goes back to an earlier prompt what it needs: the saved chat, the tools, the kept files."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from qwen_dual.core.conversation.going_back import FileChange, FilePreview, FilesBack
from qwen_dual.core.conversation.rewinding import Earlier
from qwen_dual.rewind.records import CONFLICTS, Commit, Preview

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from qwen_dual.chats.recorder import Recorder
    from qwen_dual.core.conversation.rewinding import Rewinding
    from qwen_dual.protocol.shapes import Message
    from qwen_dual.rewind import records
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

MAX_DIFF_CHARS = 4_000_000
"""Of a diff that is shown; files beyond are named."""


def prepare(rewinding: Rewinding, launch: Launch, parts: Parts) -> None:
    """Connects ``rewinding`` to what belongs to the session."""

    def went_back(messages: Sequence[Message]) -> None:
        parts.tools.go_back(messages)
        if parts.agents is not None:
            parts.agents.crew.go_back()

    rewinding.went_back = went_back
    if parts.recorder is not None:
        rewinding.flush = partial(parts.recorder.flush, whole=True)
        rewinding.earlier = partial(_earlier, parts.recorder)
        rewinding.save = parts.recorder.going_back
    from qwen_dual.runtime.kept_files import OFF, files_of

    files = files_of(launch, parts)
    if files is None:
        rewinding.why_no_files = OFF
    else:
        recorder = parts.recorder

        def chat() -> Path | None:
            return None if recorder is None else recorder.path

        rewinding.files = StoredFiles(files, launch.cwd, chat)


def _earlier(recorder: Recorder, uuid: str) -> Earlier | None:
    """The conversation before a prompt, from the chat; for a thread."""
    path = recorder.path
    if path is None:
        return None
    from qwen_dual.chats.load import tokens_at_end
    from qwen_dual.chats.prompts import history_before

    found = history_before(path, uuid)
    return None if found is None else Earlier(found[0], tokens_at_end(found[1]))


class StoredFiles:
    """``core.tools.ports.KeptFiles`` by the store of kept states.

    Args:
        store: of the session.
        cwd: its folder; a diff calls what is below it by its name there.
        chat: the file that its conversation is saved in; None where it is not saved, so that there is
            none to go back with the files when the program is ended.
    """

    def __init__(
        self, store: records.Rewinding, cwd: str, chat: Callable[[], Path | None] = lambda: None
    ) -> None:
        self._store = store
        self._cwd = cwd
        self._chat = chat

    @property
    def unavailable(self) -> str:
        """Why nothing is kept."""
        return self._store.unavailable

    async def counts(self) -> Mapping[str, int]:
        """How many files each prompt changed that changed any."""
        return {point.uuid: point.count for point in await self._store.points() if not point.undo}

    async def preview(self, since: Sequence[str]) -> FilePreview:
        """What going back would do."""
        return _preview(await self._store.preview(since))

    async def changed(self) -> FilePreview:
        """What the session has changed."""
        return _preview(await self._store.changes())

    async def restore(
        self, preview: FilePreview, overwrite: Sequence[str] = (), event: str | None = None
    ) -> FilesBack:
        """Goes back as a preview says."""
        if not isinstance(preview.made, Preview):
            return FilesBack()
        chat = self._chat()
        commit = None if event is None or chat is None else Commit(str(chat), event)
        done = await self._store.restore(preview.made, overwrite, commit)
        return FilesBack(
            tuple(map(_change, done.files)),
            tuple((left.path, left.why) for left in done.left),
            None if done.undo is None else done.undo.uuid,
            done.unfinished,
        )

    async def finish(self, unfinished: str, *, stands: bool) -> None:
        """Notes that a going back of both is done, or takes it back."""
        await self._store.finish(unfinished, stands=stands)

    async def diff(self, preview: FilePreview) -> str:
        """The changes of a preview as a unified diff."""
        if not isinstance(preview.made, Preview):
            return ""
        parts: list[str] = []
        size = 0
        for change in preview.files:
            name = self._named(change.path)
            if size > MAX_DIFF_CHARS:
                parts.append(f"{change.change} {name} (left out: the diff is too long)\n")
                continue
            found = await self._store.difference(preview.made, change.path)
            parts.append("".join(_unified(name, found)))
            size += len(parts[-1])
        return "\n".join(parts)

    def _named(self, path: str) -> str:
        below = path.startswith(f"{self._cwd.rstrip('/')}/")
        return os.path.relpath(path, self._cwd) if below else path


def _preview(found: Preview | None) -> FilePreview:
    if found is None:
        return FilePreview()
    return FilePreview(tuple(map(_change, found.files)), found.remarks, found)


def _change(file: records.FileChange) -> FileChange:
    conflict = "; ".join(CONFLICTS[one] for one in file.conflicts)
    return FileChange(
        file.path, file.change, file.added, file.removed, conflict, file.blocked, _note(file)
    )


def _note(file: records.FileChange) -> str:
    """What changes of a file beside its lines."""
    notes = ["symbolic link"] if file.link else []
    notes += ["binary"] if file.binary else []
    if file.modes is not None:
        before, after = file.modes
        notes.append(f"mode {before:o} → {after:o}")
    return ", ".join(notes)


def _unified(name: str, found: records.Difference) -> Iterator[str]:
    change = found.file.change
    yield f"--- {'/dev/null' if change == 'add' else name}\n"
    yield f"+++ {'/dev/null' if change == 'delete' else name}\n"
    if found.file.binary:
        yield "(a binary file)\n"
    if found.note:
        yield f"({found.note})\n"
    for hunk in found.hunks:
        old = f"{hunk['old_start']},{hunk['old_lines']}"
        yield f"@@ -{old} +{hunk['new_start']},{hunk['new_lines']} @@\n"
        yield from (f"{line}\n" for line in hunk["lines"])
    if found.cut:
        yield "(… there is more)\n"
