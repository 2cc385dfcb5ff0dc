"""What is reached beyond the core: the contents of files, processes, MCP servers.

There is a local default for each in ``tools``. A front end may put something else behind them: an
editor the buffers that are not saved yet. What decides whether a call may run (where a path leads,
what ignore files and rules say) looks at the disk itself, whatever is put here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from signal import Signals
    from typing import BinaryIO

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.tools.tool import Call
    from qwen_dual.fs.tree import Tree
    from qwen_dual.protocol.events import Event


class ServerControl(Protocol):
    """The MCP servers of a session, as who steers it sees them."""

    def add(self, name: str, entry: Mapping[str, Any], actor: Actor) -> None:
        """Adds a server, and begins to connect it.

        Raises:
            ValueError: there is one of that name, or the entry is none.
        """
        ...

    def remove(self, name: str, actor: Actor) -> None:
        """Begins to end a server.

        Raises:
            ValueError: there is none of that name.
        """
        ...

    def report(self, command_id: str | None, send: Callable[[Event], object] | None = None) -> None:
        """Publishes what all of them are, now, for a command that asked for it.

        Args:
            command_id: its id.
            send: is given the body in place of that.
        """
        ...


GRACE = 1.0
"""Seconds between SIGTERM and SIGKILL, when a process is ended."""


class NotRegular(OSError):
    """What is to be opened is no regular file.

    Attributes:
        mode: what it is, as ``stat`` has it.
    """

    def __init__(self, path: str, mode: int) -> None:
        super().__init__(f"{path} is no regular file")
        self.mode = mode


class Files(Protocol):
    """The contents of files. Paths are absolute and real: whoever asks has followed their links.

    All of it may block, and is called in threads.
    """

    def exists(self, path: str) -> bool:
        """Whether there is anything at ``path``."""
        ...

    def open(self, path: str) -> BinaryIO:
        """The regular file at ``path`` for reading; never waits for a pipe or a device.

        Raises:
            FileNotFoundError: there is none.
            NotRegular: it is something else.
            OSError: it may not be read, or a link is on the way by now.
        """
        ...

    def may_write(self, path: str) -> bool:
        """Whether the file that is there may be written."""
        ...

    def check_new(self, path: str) -> None:
        """Looks, before anybody is asked, whether a file can be made where there is none.

        Raises:
            OSError: it cannot, as far as that can be told without making it.
        """
        ...

    def write(self, path: str, data: bytes, *, copies: str | None = None) -> None:
        """Gives the file this content, in one step where that is possible; makes folders it needs.

        Args:
            path: the file.
            data: all of its content.
            copies: a folder for what it held while it is written in place; None for none.

        Raises:
            OSError: it cannot be written; it is as it was, or the error says what became of it.
        """
        ...

    def names(self, folder: str) -> list[str]:
        """What is in a folder.

        Raises:
            OSError: it may not be read, or is none.
        """
        ...

    def tree(self, top: str) -> Tree:
        """The folder ``top`` and all below it, held open to be searched.

        Raises:
            OSError: there is none, it may not be read, or a link is on the way by now.
        """
        ...


class Keeper(Protocol):
    """Keeps what calls may change, such that it can be taken back."""

    def keeping(self, call: Call) -> AbstractAsyncContextManager[object]:
        """Within, ``call`` runs, which may change something; nothing of it fails the call."""
        ...


class Ending(Struct, frozen=True):
    """How a command ended; ``returncode`` is minus the signal's number as in ``subprocess``.

    ``began`` is False when its sandbox could not be set up; the output says why.
    """

    returncode: int | None
    timed_out: bool
    stopped: bool
    began: bool = True


class Process(Protocol):
    """A running command and all that it started.

    Attributes:
        pgid: the number of its process group.
        made: says, once it has ended, which guarded files in the workspace it made.
    """

    pgid: int
    made: Callable[[], list[str]]

    def pump(
        self,
        feed: Callable[[bytes], None],
        tick: Callable[[], float | None],
        timeout: float | None,
    ) -> Ending:
        """Reads the output until the command has ended; blocks, so in a thread.

        Args:
            feed: takes each piece of output: of stdout and stderr, unless ``start`` was given
                ``errors``.
            tick: called between pieces; returns seconds until it wants to be called again.
            timeout: seconds after which it is ended.
        """
        ...

    def stop(self) -> None:
        """Begins to end all of it, from any thread; ``pump`` returns when that is done."""
        ...

    def keep_running(self) -> None:
        """Lifts the timeout."""
        ...

    def alive(self) -> bool:
        """Whether any of it still runs; right once ``pump`` has returned."""
        ...

    def end_leftovers(self, *, force: bool) -> None:
        """Sends what is left SIGKILL, or SIGTERM unless ``force``."""
        ...

    def send(self, number: Signals) -> None:
        """Sends a signal to all of it."""
        ...


class Processes(Protocol):
    """Starts commands, each in a process group of its own."""

    def start(
        self,
        argv: Sequence[str],
        cwd: str,
        env: Mapping[str, str],
        stdin: BinaryIO | bytes | None = None,
        errors: Callable[[bytes], object] | None = None,
    ) -> Process:
        """Starts a command; blocks while it is executed, a few milliseconds.

        Args:
            argv: the program and its arguments.
            cwd: the folder it starts in.
            env: its whole environment.
            stdin: what it may read, from where an open file stands; nothing unless given.
            errors: takes each piece of stderr, in the thread of ``pump``; it goes with the output
                unless given.

        Raises:
            OSError: it cannot be started.
            SandboxUnavailable: it is to be confined, and the sandbox cannot be had.
        """
        ...
