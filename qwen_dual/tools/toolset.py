"""Puts the tools of one workspace together, and ends what they started when the session ends."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.threads import in_thread
from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.fs.home import temporary_of
from qwen_dual.tools.ask import AskUserQuestionTool
from qwen_dual.tools.capture import Limits, Scratch
from qwen_dual.tools.download import Downloader, proxy_of
from qwen_dual.tools.edit import EditTool
from qwen_dual.tools.fetch import WebFetchTool
from qwen_dual.tools.globbing import GlobTool
from qwen_dual.tools.grep import GrepSearchTool
from qwen_dual.tools.jobs import Jobs
from qwen_dual.tools.listing import ListDirectoryTool
from qwen_dual.tools.local_processes import LocalProcesses
from qwen_dual.tools.plan import ExitPlanModeTool
from qwen_dual.tools.read import ReadFileTool
from qwen_dual.tools.shell import RunShellCommandTool
from qwen_dual.tools.shell_environment import environment
from qwen_dual.tools.states import FileStates
from qwen_dual.tools.todo import TodoWriteTool
from qwen_dual.tools.workspace import Folder, within
from qwen_dual.tools.write import WriteFileTool

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.tools.ports import Files, Processes
    from qwen_dual.core.tools.tool import Subject, Tool
    from qwen_dual.protocol.shapes import Message
    from qwen_dual.sandbox.confine import Sandbox
    from qwen_dual.tools.filters import Filters
    from qwen_dual.tools.job import Task
    from qwen_dual.tools.mentions import Mentioned
    from qwen_dual.tools.parameters import Todo

SHELL_TIMEOUT_MS = 120_000


class Toolset:
    """The tools of a session; ``toolset`` makes one.

    Attributes:
        workspace: the folder they work in.
        tools: in the order in which a model is told of them.
        plans: the one of them that ends plan mode.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        env: Mapping[str, str],
        limits: Limits,
        shell_timeout_ms: int,
        proxy: str | None,
        sandbox: Sandbox | None = None,
        files: Files | None = None,
        processes: Processes | None = None,
    ) -> None:
        self._limits = limits
        self._states = FileStates()
        self._scratch = Scratch(temporary_of(env))
        self._let_read: set[str] = set()
        self.workspace = Folder(root, env, self._may_read, files, processes)
        processes = self.workspace.processes
        confined = None if sandbox is None else LocalProcesses(sandbox)
        self._jobs = Jobs(self._scratch, limits, processes, sandbox, confined)
        self._sandbox = sandbox
        if sandbox is not None:  # commands may read what the output of others was saved in
            sandbox.readable = lambda: filter(None, (self._scratch.folder, *self._let_read))
        self._todo = TodoWriteTool()
        self.plans = ExitPlanModeTool()
        downloader = Downloader(
            proxy_for=lambda url: proxy_of(url, proxy, self.workspace.env),
            env=lambda: self.workspace.env,
        )
        self.tools: Sequence[Tool] = (
            RunShellCommandTool(self.workspace, self._jobs, shell_timeout_ms),
            ReadFileTool(self.workspace, self._states, limits),
            WriteFileTool(self.workspace, self._states),
            EditTool(self.workspace, self._states),
            ListDirectoryTool(self.workspace, limits),
            GlobTool(self.workspace, limits),
            GrepSearchTool(self.workspace, limits),
            self._todo,
            WebFetchTool(downloader, limits, processes),
            AskUserQuestionTool(),
            self.plans,
        )

    @property
    def todos(self) -> Sequence[Todo]:
        """The agent's list as it was last written."""
        return self._todo.todos

    def hide(self, hides: Callable[[Subject], bool]) -> None:
        """Leaves out of searches, listings and mentions what ``hides`` (``Policy.hides``) says."""
        self.workspace.hides = hides

    def filter(self, filters: Filters) -> None:
        """Says which ignore files count."""
        self.workspace.filters = filters

    def trust(self, trusted: bool) -> None:
        """Says whether the person trusts the folder, now."""
        self.workspace.trusted = trusted

    def warm_up(self) -> None:
        """Imports what the first call would wait for; blocks some 100 ms, so in a thread."""
        from qwen_dual.tools import (  # noqa: F401
            grep_search,
            local_processes,
            mentions,
            parameters,
            shellwords,
            terminal_rows,
        )

        for tool in self.tools:
            _ = tool.parameters
        shellwords.warm_up()
        local_processes.warm_up()

    def tasks(self) -> list[Task]:
        """The commands in the background: those that run, then those that ended, latest first."""
        return self._jobs.tasks()

    def running_tasks(self) -> int:
        """How many commands run in the background."""
        return self._jobs.running_tasks()

    def stop_task(self, task_id: int) -> bool:
        """Begins to end a command in the background; False when none with this id runs."""
        return self._jobs.stop_task(task_id)

    def forget(self) -> None:
        """A new conversation begins: the list is empty, and no file counts as read."""
        self._todo.todos = ()
        self._states.forget()

    def go_back(self, messages: Sequence[Message]) -> None:
        """The conversation is an earlier one: the list is what it was in that, no file counts as read."""
        self._todo.go_back(messages)
        self._states.forget()

    async def expand_mentions(self, text: str) -> Mentioned:
        """A block for each file or folder of the workspace that ``text`` names with ``@``."""
        from qwen_dual.tools.mentions import expand_mentions

        return await expand_mentions(text, self.workspace, self._states, self._limits)

    def detach_commands(self) -> int:
        """Moves every foreground command to the background, where no timeout ends it.

        Its call returns at once with the group's number and the file of its output.

        Returns:
            How many commands there were.
        """
        return self._jobs.detach_all()

    def entered_command(self, command: str) -> tuple[str, dict[str, object]]:
        """The call that runs a command line, as a model would make it: the tool and its arguments."""
        return RunShellCommandTool.name, {"command": command}

    def entered_file(self, path: str) -> tuple[str, dict[str, object]] | None:
        """The call that reads the file, or lists the folder, at ``path``; None where none is."""
        try:
            location = self.workspace.locate(path)
        except InvalidArguments:
            return None
        if os.path.isdir(location.real):
            return ListDirectoryTool.name, {"path": location.path}
        if not os.path.exists(location.real):
            return None
        return ReadFileTool.name, {"file_path": location.path}

    def keeps_back(self, real: str) -> bool:
        """Whether a .qwenignore keeps the file ``real``, a real path, from the model."""
        from qwen_dual.tools.ignore import kept_back

        return kept_back(real, self.workspace)

    def let_read(self, folder: str) -> None:
        """Lets all below ``folder``, a real path, be read as if it lay in the workspace."""
        self._let_read.add(folder)

    def _may_read(self, path: str) -> bool:
        return self._scratch.holds(path) or any(within(path, one) for one in self._let_read)

    def get_ready(self) -> None:
        """Sets up what the first command would wait for; blocks, for some 15 ms in a sandbox."""
        if self._sandbox is not None:
            self._sandbox.keep_ready(environment(self.workspace.env))

    def close(self) -> None:
        """Ends all commands that still run and deletes saved output; blocks up to five seconds."""
        self._jobs.end_all()
        self._scratch.remove()
        if self._sandbox is not None:
            self._sandbox.close()

    async def aclose(self) -> None:
        """Does what ``close`` does without blocking the loop; not cut short by cancellation."""
        used = self._sandbox is not None or self._scratch.folder is not None
        used = used or not self._jobs.idle()  # else there is nothing that would take time
        with anyio.CancelScope(shield=True):
            await in_thread(self.close, only_if=used, abandon=False)


def toolset(
    root: str | os.PathLike[str],
    env: Mapping[str, str],
    *,
    limits: Limits | None = None,
    shell_timeout_ms: int = SHELL_TIMEOUT_MS,
    proxy: str | None = None,
    sandbox: Sandbox | None = None,
    files: Files | None = None,
    processes: Processes | None = None,
) -> Toolset:
    """The tools for the workspace ``root``.

    Args:
        root: an existing folder.
        env: the session's environment, which children get; ``Toolset.workspace`` may be given another.
        limits: how much of a long text a model gets.
        shell_timeout_ms: for commands that name no timeout.
        proxy: for the web; what the environment names unless given.
        sandbox: what commands are confined by; nothing unless given.
        files: where the contents of files come from and go to; the disk unless given.
        processes: start what is not confined; local ones unless given.
    """
    limits = limits or Limits()
    return Toolset(root, env, limits, shell_timeout_ms, proxy, sandbox, files, processes)
