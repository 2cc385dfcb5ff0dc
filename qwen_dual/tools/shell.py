"""``run_shell_command``: asks, runs, follows and words the result of a command line.

Processes are ``process``'s, output is ``capture``'s, and both meet in ``job``; ``jobs`` has them all.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread

from qwen_dual.core.tools.tool import (
    UNKNOWN,
    Command,
    Display,
    InvalidArguments,
    Shown,
    Subject,
    ToolResult,
)
from qwen_dual.fs.reasons import reason
from qwen_dual.protocol.visible import visible_line
from qwen_dual.sandbox.policy import SandboxUnavailable
from qwen_dual.tools import confined
from qwen_dual.tools.background import in_background
from qwen_dual.tools.calls import SchemaTool, one_line
from qwen_dual.tools.commandline import check_command
from qwen_dual.tools.job import END_TIMEOUT, signal_name
from qwen_dual.tools.shell_environment import environment, reads_as_told, shell_arguments
from qwen_dual.tools.workspace import ToolFailure, printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion
    from qwen_dual.shell.reader import Line
    from qwen_dual.tools.job import Job
    from qwen_dual.tools.jobs import Jobs
    from qwen_dual.tools.parameters import RunShellCommand
    from qwen_dual.tools.workspace import Folder, Location


INTERRUPTED = "interrupted before it finished"


class RunShellCommandTool(SchemaTool):
    """Runs command lines in the workspace.

    Args:
        workspace: where.
        jobs: start and keep the processes.
        timeout_ms: for calls that name none.
    """

    name = "run_shell_command"
    kind: Kind = "execute"
    aliases = ("Bash", "Shell", "ShellTool")
    rule_kind: RuleKind = "command"
    display = Display("Shell", "Running", can_detach=True, about="runs a command line")
    description = (
        "Runs a command line with `bash -c` in a process group of its own. Nothing can be typed "
        "into it. Returns its output, stdout and stderr as they came; for a failure also the exit "
        "code. Long output is cut in the middle and saved to a file that the result names. For a "
        "server or watcher set is_background; end it with `kill -- -PGID`."
    )

    def __init__(self, workspace: Folder, jobs: Jobs, timeout_ms: int) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._timeout_ms = timeout_ms
        if jobs.sandbox is not None:
            self.description = f"{self.description}{confined.description(jobs.sandbox)}"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema; what is about the sandbox only where there is one."""
        whole = super().parameters
        if self._jobs.sandbox is not None:
            return whole
        shown = {
            name: about
            for name, about in whole["properties"].items()
            if name not in ("outside_sandbox", "reason")
        }
        return {**whole, "properties": shown}

    def prepare(self, arguments: Mapping[str, Any]) -> ShellCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.RunShellCommand, arguments)
        return self._call(given)

    def prepare_entered(self, command: str) -> ShellCall:
        """The same for a person's own command line: a sandbox is for what the model asks for."""
        from qwen_dual.tools import parameters

        check_command(command, "The command")
        arguments: dict[str, Any] = {"command": command}
        if self._jobs.sandbox is not None:
            arguments |= {"outside_sandbox": True, "reason": "entered by the person"}
        return self._call(parameters.check(parameters.RunShellCommand, arguments))

    def _call(self, given: RunShellCommand) -> ShellCall:
        check_command(given.command, f"{self.name}: command")
        leaves = given.outside_sandbox and self._jobs.sandbox is not None
        if leaves and not (given.reason or "").strip():
            raise InvalidArguments(
                f"{self.name}: reason: say why the command has to run outside the sandbox"
            )
        where = self._workspace.locate(given.directory or ".", f"{self.name}: directory")
        timeout_ms = given.timeout or self._timeout_ms
        return ShellCall(given, where, timeout_ms, self._workspace, self._jobs)


class ShellCall:
    """One command line."""

    def __init__(
        self,
        given: RunShellCommand,
        where: Location,
        timeout_ms: int,
        workspace: Folder,
        jobs: Jobs,
    ) -> None:
        self.title = one_line(given.command)
        self._line = _read(given.command, workspace.env)
        # What begins with `cd FOLDER &&` runs there.
        self._enters = _entered(self._line, where, workspace)
        self.outside = workspace.outside(self._enters or where, writing=True)
        self.suggestions: Sequence[Suggestion] = (
            {"type": "allow", "label": "Allow Command", "description": f"Execute: {given.command}"},
            {"type": "deny", "label": "Deny", "description": "Block this command execution"},
        )
        self._given = given
        self._where = where
        self._timeout_ms = timeout_ms
        self._workspace = workspace
        self._jobs = jobs
        self._leaves = jobs.sandbox is not None and bool(given.outside_sandbox)
        self._sandbox = None if self._leaves else jobs.sandbox
        self._subject: Subject | None = None
        self._folders: Sequence[str] = ()
        self.partial: ToolResult | None = None

    @property
    def subject(self) -> Subject:
        """What it runs in both readings, and the files that its redirects write."""
        if self._subject is None:
            self._subject = self._read_command()
        return self._subject

    def _read_command(self) -> Subject:
        from qwen_dual.tools.reading import reads_of
        from qwen_dual.tools.shellwords import parse
        from qwen_dual.tools.writing import MAX_COMMANDS, changes_of

        parsed = parse(self._given.command)
        trusted = self._workspace.trusted or self._sandbox is not None
        reads = reads_of(self._line, self._where.real, self._workspace, trusted=trusted)
        self._folders = reads.folders
        changes = changes_of(parsed, self._where.real, self._workspace, reads.files)
        commands = tuple(parsed.commands)
        too_many = changes.full or len(commands) > MAX_COMMANDS
        if too_many:
            commands = (*commands[:MAX_COMMANDS], Command((UNKNOWN,)))
        return Subject(
            commands,
            parsed.whole and not too_many,
            changes.files,
            self._workspace.root,
            self._workspace.home,
            line=self._line,
            leaves_sandbox=self._leaves,
            reads=reads.files,
            unasked=reads.unasked,
            steered=reads.steered,
            named=changes.named,
            writes_unknown=changes.unknown,
            confined=self._sandbox is not None,
            place=(self._enters or self._where).real,
        )

    async def preview(self) -> Preview | None:
        """The command as it will run, and where."""
        place = "the workspace" if self._where.name == "." else self._where.name
        how = " in the background" if self._given.is_background else ""
        place = visible_line(place)
        title = f"Run{how} in {place}"
        if self._leaves:
            title = confined.title(place, how, self._given.reason or "")
        return {"kind": "command", "title": title, "text": self._given.command}

    async def run(self, context: ToolContext) -> ToolResult:
        """Runs the command; cancelled, it ends the whole process group first."""
        if self._sandbox is not None:
            kill = confined.asked_to_kill(self._given.command)
            if kill is not None and self._jobs.signal(*kill):
                told = f"Sent {kill[1].name} to the process group {kill[0]}."
                return ToolResult(told, shown=Shown("", note=f"sent {kill[1].name}"))
        try:
            job = await self._start()
        except ToolFailure as failure:
            text = self._form(None, "", str(failure))
            return ToolResult(text, is_error=True, shown=Shown(printable(failure.shown)))
        if self._given.is_background:
            return in_background(job, context)
        if self._jobs.detached_at >= context.began:  # asked for while it was being started
            job.detach()
        try:
            await job.follow(context.report)
        finally:
            if job.running and not job.detached:
                job.stop()
                with anyio.CancelScope(shield=True):
                    ended = await to_thread.run_sync(job.wait, END_TIMEOUT)
                    if ended:
                        self.partial = await to_thread.run_sync(self._result, job, INTERRUPTED)
        if job.detached:
            return in_background(job, context)
        return await to_thread.run_sync(self._result, job)

    async def _start(self) -> Job:
        loop = asyncio.get_running_loop()
        gone = threading.Event()
        try:
            # A thread, since a fork may take long; waited for, so that what it starts is known.
            return await to_thread.run_sync(self._start_blocking, loop, gone)
        except asyncio.CancelledError:
            gone.set()
            raise

    def _start_blocking(self, loop: asyncio.AbstractEventLoop, gone: threading.Event) -> Job:
        self._workspace.check(self._where, *([self._enters] if self._enters else []))
        if not os.path.isdir(self._where.real):
            raise ToolFailure(f"The directory {self._where.path} does not exist or is no folder")
        variables = environment(self._workspace.env)
        self._check_grep()
        # In the sandbox whatever git runs is confined; outside of it not even this look runs git.
        if self._sandbox is None and self._only_looks_with_git():
            from qwen_dual.git.run import UnknownConfiguration, harmless_variables

            try:
                variables |= harmless_variables([self._where.real, *self._folders], variables)
            except UnknownConfiguration as error:
                raise ToolFailure(f"The command was not run: {error}.") from error
        try:
            job = self._jobs.start(
                [*shell_arguments(variables), self._given.command],
                self._where.real,
                variables,
                command=self._given.command,
                timeout=self._timeout_ms / 1000,
                loop=loop,
                background=bool(self._given.is_background),
                confined=not self._leaves,
            )
        except SandboxUnavailable as error:
            raise confined.unavailable(str(error)) from error
        except OSError as error:
            raise ToolFailure(f"The command could not be started: {reason(error)}") from error
        if gone.is_set():
            job.stop()
        return job

    def _check_grep(self) -> None:
        """Makes sure that no `git grep` which ran unasked goes through a link, as it does unlike others."""
        from qwen_dual.shell.commands import readings

        commands = enumerate(self._line.commands if self._line is not None else ())
        found = [
            readings(command.words)[-1] for at, command in commands if at in self.subject.reads
        ]
        if not any(it[0] == "git" and "grep" in it and "--cached" not in it for it in found):
            return
        from qwen_dual.git.index import UnknownIndex, links_among

        for folder in dict.fromkeys([self._where.real, *self._folders]):
            try:
                links = links_among(folder)
            except UnknownIndex as error:
                raise ToolFailure(f"git grep was not run: {error}", "Use grep_search.") from error
            if links:
                raise ToolFailure(
                    f"git grep was not run: {links[0]}, in which the repository has files, is a link, and "
                    "it would read what that leads to",
                    "Use grep_search, or git grep --cached.",
                )

    def _only_looks_with_git(self) -> bool:
        """Whether git is in the line and nowhere does anything but read."""
        from qwen_dual.shell.commands import readings

        commands = enumerate(self._line.commands if self._line is not None else ())
        git = [at for at, command in commands if readings(command.words)[-1][0] == "git"]
        return bool(git) and all(at in self.subject.reads for at in git)

    def _result(self, job: Job, problem: str = "") -> ToolResult:
        output = job.capture.text()
        job.capture.close()
        ending = job.ending
        note = problem.partition(" ")[0]
        if problem:
            pass
        elif ending is None:
            problem = "the command's output could not be read to its end"
        elif ending.timed_out:
            problem = f"timed out after {self._timeout_ms} ms; the whole process group was ended"
            note = "timed out"
        elif ending.stopped:
            problem = "the command was stopped"
            note = "stopped"
        elif not ending.began:
            problem = "the sandbox could not be set up; the output says why"
            note = "no sandbox"
        failed = bool(problem) or ending is None or ending.returncode != 0
        hint, told = self._notes(job, output, failed=failed)
        code = None if ending is None else ending.returncode
        shown = Shown(
            printable((job.capture.coloured() or output) + told),
            exit_code=code if code is not None and code >= 0 else None,
            signal=signal_name(-code) if code is not None and code < 0 else "",
            note=note,
        )
        if output and not failed:
            return ToolResult(printable(output + hint), shown=shown)
        return ToolResult(self._form(job, output, problem) + hint, is_error=failed, shown=shown)

    def _notes(self, job: Job, output: str, *, failed: bool) -> tuple[str, str]:
        """What the sandbox has to say of a command that ran in it: to the model, to a person."""
        if self._sandbox is None:
            return "", ""
        kept = confined.denial(output, self._sandbox.policy) if failed else ("", "")
        made = confined.made_notice(job.group.made())
        return kept[0] + made[0], kept[1] + made[1]

    def _form(self, job: Job | None, output: str, problem: str) -> str:
        code = job.ending.returncode if job is not None and job.ending is not None else None
        lines = (
            f"Command: {self._given.command}",
            f"Directory: {self._given.directory or '(root)'}",
            f"Output: {output or '(empty)'}",
            f"Error: {problem or '(none)'}",
            f"Exit Code: {'(none)' if code is None or code < 0 else code}",
            f"Signal: {'(none)' if code is None or code >= 0 else signal_name(-code)}",
            f"Process Group PGID: {'(none)' if job is None else job.group.pgid}",
        )
        return printable("\n".join(lines))


def _read(command: str, env: Mapping[str, str]) -> Line | None:
    """The strict reading of ``command``; None too where it would not hold."""
    from qwen_dual.shell.reader import read

    return read(command) if reads_as_told(command, environment(env)) else None


def _entered(line: Line | None, where: Location, workspace: Folder) -> Location | None:
    from qwen_dual.shell.commands import entered

    folder = entered(line) if line is not None else None
    if folder is None:
        return None
    try:
        return workspace.locate(os.path.join(where.real, folder))
    except InvalidArguments:
        return None  # no path at all: the command will say so
