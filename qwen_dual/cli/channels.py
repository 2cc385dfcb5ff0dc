"""Opens the channels that options and settings ask for, and says what became of each.

The one place that knows which option wins, what a failure to open means (a warning, never the end)
and what ``/channels`` shows. Reading and writing belong to ``bridge``.
"""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING, Any

from qwen_dual.cli.places import DISABLED, wanted
from qwen_dual.protocol import MAX_LINE_BYTES
from qwen_dual.runtime.launch import Outside, StartError
from qwen_dual.settings import keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import anyio

    from qwen_dual.bridge.hosts import Hosts
    from qwen_dual.bridge.reader import CommandReader
    from qwen_dual.bridge.sources import Source, Step
    from qwen_dual.bridge.tee import Tee
    from qwen_dual.cli.parser import Options
    from qwen_dual.cli.places import Wanted
    from qwen_dual.core.bus import Bus
    from qwen_dual.protocol.command_shapes import Command, Submit
    from qwen_dual.runtime.launch import Launch

MAX_BUFFER_BYTES = 1 << 20
"""What waits for a slow or absent reader at the most."""

COPIED_COLUMNS = 77
"""How long a line may be that is shown to be copied: a window's 80 without the margin."""


class Channels:
    """The open channels of a session; both absent where none was asked for.

    Attributes:
        tee: the observer that writes events, None without an output channel.
        source: where commands come from, None without an input channel.
        reader: what reads ``source`` once the event loop runs.
        first: what was read of it before.
        warnings: what could not be opened, ready to be shown.
        paths: the files that were asked for.
        passing: those of them that go with the session.
        hosts: on the socket; None without one.
    """

    def __init__(self) -> None:
        self.tee: Tee | None = None
        self.source: Source | None = None
        self.reader: CommandReader | None = None
        self.first: Step | None = None
        self.warnings: list[str] = []
        self.paths: tuple[str, ...] = ()
        self.passing: tuple[str, ...] = ()
        self.hosts: Hosts | None = None

    @property
    def count(self) -> int:
        """How many are open."""
        return sum(each is not None for each in (self.tee, self.source, self.hosts))

    def follow(self, bus: Bus) -> None:
        """Has the events of ``bus`` written; what cannot be written is told and closes the channel."""
        if self.tee is not None:
            bus.subscribe(self.tee, name="The output channel", on_failure=self.tee.fail)
        if self.hosts is not None:
            bus.subscribe(self.hosts, name="The socket", on_failure=self.hosts.fail)

    def remove_passing(self) -> None:
        """Takes away what nobody asked to keep; call it when both channels are closed."""
        for path in self.passing:
            with contextlib.suppress(OSError):
                os.unlink(path)

    def outside(self) -> Outside:
        """What the session is told of them."""
        return Outside(self._greeting(), self.paths, self.addresses(), self.describe)

    def addresses(self) -> dict[str, str]:
        """Where other programs reach those that are open and have a name."""
        events = None if self.tee is None else self.tee.status().target
        commands = None if self.source is None else self.source.target
        socket = None if self.hosts is None else self.hosts.path
        named = {"socket": socket, "events": events, "input": commands}
        return {
            name: path
            for name, path in named.items()
            if path is not None and not path.startswith(("fd ", "/dev/fd/"))
        }

    def _greeting(self) -> dict[str, Any]:
        """What ``session_start`` says of the channels."""
        source = self.source
        where = None if source is None else {"path": source.target, "offset": source.offset}
        limits = {"max_line_bytes": MAX_LINE_BYTES, "max_buffer_bytes": MAX_BUFFER_BYTES}
        socket = {} if self.hosts is None else {"socket": self.hosts.path}
        return {"input": where, "limits": limits, **socket}

    def read_commands(
        self,
        on_command: Callable[[Command], None],
        on_error: Callable[[str, str, int, str | None], None],
        on_warning: Callable[[str], None],
        watch_from: anyio.Event,
    ) -> CommandReader | None:
        """The reader of the input channel, to be run in the owner's task group.

        A file is watched once ``watch_from`` is set, and looked at from time to time before.
        """
        if self.source is None:
            return None
        from qwen_dual.bridge.path_source import PathSource
        from qwen_dual.bridge.reader import CommandReader
        from qwen_dual.bridge.watch import FileWatcher

        watcher = None
        if isinstance(self.source, PathSource):
            watcher = FileWatcher(self.source.target, begin=watch_from)
        self.reader = CommandReader(
            self.source,
            watcher,
            on_command=on_command,
            on_error=lambda bad: on_error(bad.code, bad.message, bad.offset, bad.command_id),
            on_warning=on_warning,
            first=self.first,
        )
        return self.reader

    def first_prompt(self) -> Submit | None:
        """The command that is there already, if it is a prompt of text alone; the reader gets it too."""
        step = None if self.source is None else self.source.step()
        if step is None or not (step.items or step.warning):
            return None
        self.first = step
        from qwen_dual.bridge.lines import Line
        from qwen_dual.protocol.commands import CommandError, parse_command

        line = step.items[0] if step.items else None
        try:
            command = parse_command(line.data) if isinstance(line, Line) else None
        except CommandError:
            return None
        if command is None or command.type != "submit" or command.content is not None:
            return None
        if command.review:
            return None
        # A slash command is told of otherwise, and waits for whoever knows it.
        return None if command.text.startswith("/") else command

    def describe(self) -> str:
        """The text of ``/channels``."""
        lines = []
        if self.tee is not None:
            out = self.tee.status()
            lines.append(f"out  {out.target} ({out.kind}): {out.state}")
            lines.append(
                f"     readers {out.readers}, written {out.written}, dropped {out.dropped}, "
                f"waiting {out.waiting_bytes} bytes"
            )
        if self.reader is not None:
            into = self.reader.status()
            lines.append(f"in   {into.target} ({into.kind}): {into.state}, {into.mode}")
            lines.append(
                f"     lines {into.lines}, unusable {into.errors}, read to byte {into.offset}"
            )
            if into.last_error:
                from qwen_dual.protocol.visible import visible_line

                lines.append(f"     the last unusable one: {visible_line(into.last_error)}")
        if self.hosts is not None:
            lines += self.hosts.describe()
        lines += self.warnings
        return (
            "\n".join(lines)
            or "No channel is open: --json-file, --input-file and --socket open them."
        )

    def try_it(self) -> list[str]:
        """Two commands to try in another terminal; empty without file channels."""
        if self.tee is None or self.source is None or self.tee.status().kind != "file":
            return []
        import shlex

        submit = """  echo '{"type":"submit","text":"list"}'"""
        into = f">> {shlex.quote(self.source.target)}"
        # In lines of 80 columns, so that they can be copied: the shell joins what ends in a backslash.
        fits = len(submit) + len(into) < COPIED_COLUMNS
        return [
            "⇄ In another terminal, follow the session or submit a prompt:",
            f"  tail -n +1 -f {shlex.quote(self.tee.status().target)}",
            *([f"{submit} {into}"] if fits else [f"{submit} \\", f"    {into}"]),
        ]


def open_asked(
    options: Options, launch: Launch, inputs: Mapping[str, os.stat_result | None]
) -> Channels:
    """Opens what the command line and the settings ask for.

    Args:
        options: the command line.
        launch: of the session.
        inputs: input files as they were when the process started.

    Raises:
        StartError: the directory of ``--channel-dir`` cannot be used.
    """
    settings = launch.settings
    try:
        asked = wanted(options, settings.json_file, settings.input_file)
    except OSError as error:
        from qwen_dual.core.failures import describe

        raise StartError(f"--channel-dir: {describe(error)}") from None
    named = {
        path: f"{key} in {settings.sources[key]}"
        for key, path in (
            ("dualOutput.jsonFile", settings.json_file),
            ("dualOutput.inputFile", settings.input_file),
        )
        if path is not None
    }
    channels = open_channels(
        asked, inputs, from_start=options.input_from == "start", named_by=named
    )
    if options.socket is not None or settings.get(keys.SOCKET):
        from qwen_dual.cli.hosts import open_socket

        open_socket(channels, options.socket or "", launch.session_id)
    return channels


def open_channels(
    asked: Wanted,
    inputs: Mapping[str, os.stat_result | None],
    *,
    from_start: bool,
    named_by: Mapping[str, str],
) -> Channels:
    """Opens what was asked for; what cannot be opened becomes a warning.

    Args:
        asked: which channels, and where.
        inputs: input files as they were when the process started.
        from_start: read the input file from its first byte instead of from its noted size.
        named_by: for a path that comes from the settings, the key and the file that name it.
    """
    channels = Channels()
    channels.paths = tuple(filter(None, (asked.json_file, asked.input_file)))
    channels.passing = asked.passing
    for path, kind in ((asked.json_file, "events"), (asked.input_file, "input")):
        if path == "":  # of a script whose variable is not set
            channels.warnings.append(f"{DISABLED}the path of the {kind} file is empty")
    if asked.json_fd is not None or asked.json_file:
        _open_output(channels, asked)
    if asked.input_fd is not None or asked.input_file:
        _open_input(channels, asked, inputs, from_start)
    for path, name in named_by.items():
        channels.warnings = [
            f"{warning} ({name})" if warning.startswith(f"{DISABLED}{path}:") else warning
            for warning in channels.warnings
        ]
    return channels


def _open_output(channels: Channels, asked: Wanted) -> None:
    from qwen_dual.bridge.errors import ChannelError
    from qwen_dual.bridge.sinks import open_sink
    from qwen_dual.bridge.tee import Tee

    try:
        sink = open_sink(fd=asked.json_fd, path=asked.json_file)
    except ChannelError as error:
        channels.warnings.append(f"{DISABLED}{error}")
    else:
        channels.warnings += [f"Warning: {text}" for text in sink.warnings]
        sink.warnings.clear()
        channels.tee = Tee(sink, max_buffer_bytes=MAX_BUFFER_BYTES)


def _open_input(
    channels: Channels,
    asked: Wanted,
    inputs: Mapping[str, os.stat_result | None],
    from_start: bool,
) -> None:
    from qwen_dual.bridge.checks import is_socket
    from qwen_dual.bridge.errors import ChannelError
    from qwen_dual.bridge.path_source import PathSource
    from qwen_dual.bridge.sources import FdSource

    try:
        if asked.input_fd is not None:
            both = asked.input_fd == asked.json_fd and channels.tee is not None
            if both and not is_socket(asked.input_fd):
                reason = "only a socket can carry both directions; give two pipes"
                raise ChannelError(f"fd {asked.input_fd}", reason)
            channels.source = FdSource(asked.input_fd)
        elif asked.input_file is not None:
            if asked.json_file is not None and _same(asked.json_file, asked.input_file):
                reason = (
                    "is where the events go, and each would be read as a command; give two files"
                )
                raise ChannelError(asked.input_file, reason)
            noted = _noted(asked.input_file, inputs)
            channels.source = PathSource(
                asked.input_file,
                start_offset=0 if from_start else _start_offset(asked.input_file, noted),
                start_identity=None if noted is None else (noted.st_dev, noted.st_ino),
            )
    except ChannelError as error:
        channels.warnings.append(f"{DISABLED}{error}")


def _same(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.realpath(one) == os.path.realpath(other)


def _noted(path: str, inputs: Mapping[str, os.stat_result | None]) -> os.stat_result | None:
    """The file as it was found when its name was known: at once for a flag, now for a setting."""
    if path in inputs:
        return inputs[path]
    try:
        return os.stat(path)
    except OSError:
        return None


def _start_offset(path: str, noted: os.stat_result | None) -> int:
    """Where reading begins: behind what stood there when the process was made."""
    if noted is None or not stat.S_ISREG(noted.st_mode):
        return 0
    from qwen_dual.bridge.start_time import divide, new_from

    return new_from(path, noted, divide())
