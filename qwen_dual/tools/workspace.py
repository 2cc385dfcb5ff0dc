"""Where the tools work: turns the paths a model gives into real ones and says which lie outside.

Symlinks are resolved before the check, so that a link inside cannot lead out unnoticed. Nothing
here reads or writes files; folders are looked at for what makes a file in them delicate.
"""

from __future__ import annotations

import errno
import os
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.tools.tool import FileAccess, InvalidArguments, Subject
from qwen_dual.fs.guarded import guard_of, guard_of_what_is_there
from qwen_dual.fs.home import expanded, home_of
from qwen_dual.fs.reasons import reason
from qwen_dual.tools.filters import ALL
from qwen_dual.tools.local_files import LocalFiles
from qwen_dual.tools.local_processes import LocalProcesses

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.core.tools.ports import Files, Processes
    from qwen_dual.tools.run_by_git import RunByGit


class ToolFailure(Exception):
    """A call that could not do its work; the text goes back to the model.

    Attributes:
        shown: what a person is shown of it.
    """

    def __init__(self, what: str, advice: str = "", *, shown: str = "") -> None:
        """Says ``what`` failed; ``advice`` is for the model alone, ``shown`` for a person alone."""
        super().__init__(f"{what} {advice}" if advice else what)
        self.shown = shown or what


class Location(Struct, frozen=True):
    """One path that a call names.

    Attributes:
        given: as the model wrote it.
        path: absolute, symlinks kept: what results show.
        real: absolute, symlinks resolved: what is opened.
        name: relative to the workspace where it lies inside, else absolute.
        inside: whether ``real`` lies in the workspace.
    """

    given: str
    path: str
    real: str
    name: str
    inside: bool


class Folder:
    """The folder of a session.

    Args:
        root: an existing folder; kept as its real path.
        env: the session's environment: what children are given, and where ``~`` is.
        readable: says which real paths outside may be read as if they were inside, such as the
            session's own saved output.
        files: where the contents of files come from and go to; the disk unless given.
        processes: start what is not confined; local ones unless given.

    Attributes:
        root: the folder, its real path.
        home: the person's, its real path.
        hides: says which files rules keep from the agent, so that no search looks into them.
        filters: which ignore files count.
        trusted: whether the person trusts the folder; kept up to date while the session runs.
        state: the agent's own folder, its real path; None for none. What is in it is guarded, and
            a file that is written in place has its copy there where its own folder takes none.
        channels: the session's own channels, their real paths: what is written to them is obeyed. Guarded.
        run_files: real paths of what hooks and MCP servers run by themselves, by which of both. Guarded.
        env: the session's environment, kept up to date while it runs.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        env: Mapping[str, str],
        readable: Callable[[str], bool] = lambda _: False,
        files: Files | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.root = os.path.realpath(root)
        self._readable = readable
        self.env = env
        self._home = home_of(env)
        self.home = os.path.realpath(self._home)
        self.hides: Callable[[Subject], bool] = lambda _: False
        self.filters = ALL
        self.trusted = False
        self.state: str | None = None
        self.channels: frozenset[str] = frozenset()
        self.run_files: dict[str, frozenset[str]] = {}
        self.files: Files = LocalFiles() if files is None else files
        self.processes: Processes = LocalProcesses() if processes is None else processes

    @property
    def path(self) -> str:
        """The folders that programs are looked for in, as ``PATH`` has them."""
        return self.env.get("PATH", os.defpath)

    @property
    def copies(self) -> str | None:
        """A folder for what a file held while it is written in place; None for none."""
        return None if self.state is None else os.path.join(self.state, "copies")

    def subject(
        self, location: Location, *, writes: bool = False, is_folder: bool = False
    ) -> Subject:
        """What a call that touches nothing but ``location`` is about."""
        guard = self._guard(location) if writes else ""
        file = FileAccess(location.path, location.real, writes, is_folder, guard)
        return Subject(files=(file,), root=self.root, home=self.home)

    def _guard(self, location: Location) -> str:
        """By the real path, and by the given one: a link there may be turned elsewhere."""
        root = self.root
        return (
            self.own_guard(location.real)
            or guard_of(location.real, self.home, root)
            or guard_of(location.path, self.home, root)
            or guard_of_what_is_there(location.real, self.path, root)
        )

    def own_guard(self, real: str) -> str:
        """What makes a file one that the agent obeys or runs; empty for any other. As ``guard_of`` says it."""
        if self.state is not None and within(real, self.state):
            return os.path.basename(self.state)
        obeyed = real in self.channels or any(real in files for files in self.run_files.values())
        if obeyed or (within(real, self.root) and self._by_git.has(real)):
            return os.path.basename(real).lower()
        return ""

    @cached_property
    def _by_git(self) -> RunByGit:
        # Imported here, since the start writes nothing.
        from qwen_dual.tools.run_by_git import RunByGit

        return RunByGit(self.root, self.home, self.env)

    def hidden(self, real: str, *, is_folder: bool) -> bool:
        """Whether rules keep ``real``, a real path, from the agent."""
        return self.hides(self._reading(FileAccess(real, real, is_folder=is_folder)))

    def hides_either(self, path: str, real: str) -> bool:
        """Whether rules keep a file from the agent, by its name or by where it really is."""
        return self.hides(self._reading(FileAccess(path, real)))

    def _reading(self, file: FileAccess) -> Subject:
        return Subject(files=(file,), root=self.root, home=self.home)

    def locate(self, given: str, argument: str = "path") -> Location:
        """Resolves ``given`` against the workspace; the path need not exist.

        Args:
            given: absolute, relative to the root, or starting with ``~``.
            argument: names the argument in the error.

        Raises:
            InvalidArguments: ``given`` cannot be a path.
        """
        if not given.strip() or "\0" in given:
            raise InvalidArguments(f"{argument}: expected a path, not {given!r}")
        try:
            os.fsencode(given)
        except UnicodeEncodeError:
            raise InvalidArguments(f"{argument}: expected a path in UTF-8, not {given!r}") from None
        joined = os.path.join(self.root, expanded(given, self._home))
        path = os.path.normpath(joined)
        # Not from ``path``: normpath drops "link/.." as if the link were a plain folder.
        try:
            real = _real(joined)
        except OSError as error:
            why = reason(error)
            raise InvalidArguments(f"{argument}: cannot follow {given!r}: {why}") from None
        inside = within(real, self.root)
        name = os.path.relpath(real, self.root) if inside else path
        return Location(given, path, real, name, inside)

    def outside(self, location: Location, *, writing: bool = False) -> str | None:
        """The real path when a call there needs leave because of where it is, else None."""
        if location.inside or (not writing and self._readable(location.real)):
            return None
        return location.real

    def check(self, *locations: Location) -> None:
        """Makes sure, right before the work, that what was approved is still what is there.

        Raises:
            ToolFailure: the workspace is gone, or a symlink was turned elsewhere meanwhile.
        """
        if not os.path.isdir(self.root):
            raise ToolFailure(
                f"The workspace folder {self.root} no longer exists; "
                "restore it, or start again in another folder."
            )
        for location in locations:
            now = self.locate(location.given).real
            if now != location.real:
                raise ToolFailure(
                    f"{location.path} now leads to {now} instead of {location.real}; "
                    "nothing was done. Call the tool again if that is meant."
                )


def _real(path: str) -> str:
    """``path`` with its links followed, whether it exists or not.

    Raises:
        OSError: a link may not be read, as those of another user's process in ``/proc``, or there
            are more than the kernel follows: ``realpath`` would recurse once for each.
    """
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise
    return os.path.realpath(path)


def within(path: str, folder: str) -> bool:
    """Whether the real path ``path`` is ``folder`` or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def printable(text: str) -> str:
    """``text`` fit for JSON: bytes of a file name that are not UTF-8 become ``?``."""
    return text.encode("utf-8", "replace").decode()
