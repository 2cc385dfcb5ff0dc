"""``read_file``: a window of lines of a text file, in bounded memory however large the file is.

Of an image, and of the pages of a PDF, a model gets to see pictures (``images``).
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.core.tools.tool import Display, InvalidArguments, Shown, ToolResult
from qwen_dual.protocol.blocks import MAX_IMAGE_CHARS
from qwen_dual.tools.calls import ReadCall, SchemaTool, counted, failed
from qwen_dual.tools.ignore import kept_back
from qwen_dual.tools.textfile import Version, not_utf8, open_regular, recognise, size_of
from qwen_dual.tools.workspace import ToolFailure, printable

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Mapping
    from typing import BinaryIO

    from qwen_dual.core.tools.ports import Files
    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.protocol.shapes import ImageBlock, ResultContent, TextBlock
    from qwen_dual.tools.calls import Work
    from qwen_dual.tools.capture import Limits
    from qwen_dual.tools.states import FileStates
    from qwen_dual.tools.workspace import Folder, Location

    Show = Callable[[str, bytes, BinaryIO], str | None]

MAX_LINE_CHARS = 2000
MAX_RESULT_IMAGE = MAX_IMAGE_CHARS // 4 * 3
"""Bytes that an image in a result may have: its base64 is all there is room for."""

MAX_SCAN_BYTES = 1 << 30
"""Bytes after which the lines of a huge file are no longer counted."""

CHUNK = 1 << 18
CUT = "… [line cut]"


class ReadFileTool(SchemaTool):
    """Reads text files.

    Args:
        workspace: resolves the paths.
        states: learns what was read.
        limits: of one result; a call may ask for more lines, not for more characters.
    """

    name = "read_file"
    kind: Kind = "read"
    aliases = ("Read", "ReadFile", "ReadFileTool")
    rule_kind: RuleKind = "read"
    display = Display(
        "Read", "Reading", ("line", "lines"), about="reads a file", question="Read this file?"
    )
    description = (
        "Reads a text file. A long one is read in parts: offset says how many lines to skip, "
        "limit how many to read. Of an image (PNG, JPEG, GIF, WebP) you get to see the image, of a PDF "
        "the text and the pages; other binary files are named, not shown."
    )

    def __init__(self, workspace: Folder, states: FileStates, limits: Limits) -> None:
        self._workspace = workspace
        self._states = states
        self._limits = limits

    def prepare(self, arguments: Mapping[str, Any]) -> ReadCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.ReadFile, arguments)
        if given.pages:
            from qwen_dual.tools.pdf import parse_pages

            try:
                parse_pages(given.pages)
            except ValueError as error:
                raise InvalidArguments(f"{self.name}: {error}") from None
        location = self._workspace.locate(given.file_path, f"{self.name}: file_path")
        offset, limit = given.offset or 0, given.limit or self._limits.lines

        def work(gone: threading.Event) -> ResultContent | ToolResult:
            self._workspace.check(location)
            if kept_back(location.real, self._workspace):
                raise ToolFailure(f"{location.path} is kept from the agent by .qwenignore.")
            window = Window(offset, limit, self._limits.chars)
            seen: list[TextBlock | ImageBlock] = []

            def show(shown: str, start: bytes, file: BinaryIO) -> str | None:
                from qwen_dual.tools.images import Pictures

                pictures = Pictures(self._workspace, gone, MAX_RESULT_IMAGE, given.pages or "")
                told = pictures(shown, start, file)
                seen.extend(pictures.blocks)
                return told

            text = read_location(self._workspace.files, location, window, self._states, gone, show)
            return seen or _shown(text, window)

        return self._call(location, work)

    def prepare_image(self, path: str) -> ReadCall:
        """The call that reads an image of a person's prompt; raises ``InvalidArguments``."""
        location = self._workspace.locate(path, "image")

        def work(_: threading.Event) -> ResultContent:
            from qwen_dual.imaging.fit import MAX_PROMPT_BYTES
            from qwen_dual.tools.images import read_image

            return [read_image(self._workspace, location, MAX_PROMPT_BYTES)]

        return self._call(location, work)

    def fit_image(self, image: ImageBlock) -> ImageBlock:
        """An image of a person's prompt as one that a model can be shown; ValueError says why not."""
        from qwen_dual.imaging.fit import fitted_block

        return fitted_block(image)

    def _call(self, location: Location, work: Work) -> ReadCall:
        outside = self._workspace.outside(location)
        subject = self._workspace.subject(location)
        return ReadCall(location.name, f"Read file: {location.name}", outside, subject, work)


def _shown(text: str, window: Window) -> ToolResult:
    """What was read, and for a person how many lines of the file that is."""
    if window.is_text:
        return counted(text, len(window.lines), "line", "lines")
    return ToolResult(printable(text), shown=Shown(printable(text), note="no text"))


class Window(Struct):
    """Collects some lines of a text that comes in pieces, and counts all of them.

    Args:
        offset: lines to skip.
        limit: lines to collect at most.
        chars: characters to collect at most; lines stay whole.

    Attributes:
        is_text: whether the file turned out to be what can be shown in lines.
    """

    offset: int
    limit: int
    chars: int
    lines: list[str] = field(default_factory=list)
    total: int = 0
    any_cut: bool = False
    ends_open: bool = False
    full: bool = False
    is_text: bool = True
    _line: str = ""
    _room: int = 0

    def __post_init__(self) -> None:
        self._room = self.chars

    def feed(self, piece: str) -> None:
        """Takes the next piece, which may begin and end anywhere."""
        if not piece:
            return
        count = piece.count("\n")
        self.ends_open = not piece.endswith("\n")
        if self.full or self.total + count < self.offset:
            self.total += count
            return
        parts = piece.split("\n")
        for part in parts[:-1]:
            self._extend(part)
            self._end_line()
            self.total += 1
        self._extend(parts[-1])

    def finish(self) -> None:
        """The text is over: its last line may have no end."""
        if self.ends_open:
            self._end_line()
            self.total += 1

    @property
    def partial(self) -> bool:
        """Whether it shows less than the whole text."""
        return self.offset > 0 or len(self.lines) < self.total or self.any_cut

    def _extend(self, part: str) -> None:
        if part and not self.full and self.total >= self.offset:
            self._line += part[: MAX_LINE_CHARS + 2 - len(self._line)]

    def _end_line(self) -> None:
        line, self._line = self._line, ""
        if self.full or self.total < self.offset:
            return
        line = line.removesuffix("\r")
        if len(line) > MAX_LINE_CHARS:
            line = line[:MAX_LINE_CHARS] + CUT
            self.any_cut = True
        self._room -= len(line) + 1
        if self._room < 0 and self.lines:
            self.full = True
            return
        self.lines.append(line)
        self.full = len(self.lines) >= self.limit


def read_location(
    files: Files,
    location: Location,
    window: Window,
    states: FileStates,
    gone: threading.Event,
    show: Show | None = None,
) -> str:
    """The lines of ``window`` as a model gets them; the session then knows the file.

    Args:
        files: has the file.
        location: the file.
        window: takes its lines.
        states: learns what was read.
        gone: ends it early when set.
        show: shows what is no text (``Pictures``); without it that is named.

    Raises:
        ToolFailure: there is no file that can be read.
    """
    from hashlib import blake2b

    shown = location.path
    hasher = blake2b()
    decoder = codecs.getincrementaldecoder("utf-8")()
    scanned = 0
    with open_regular(files, location.real, shown) as file:
        while scanned < MAX_SCAN_BYTES and not gone.is_set():
            try:
                data = file.read(CHUNK) or b""
            except OSError as error:
                raise failed("read", shown, error) from error
            what = recognise(data[:8192]) if scanned == 0 else None
            if what is not None:
                window.is_text = False
                if show is not None and (told := show(shown, data, file)) is not None:
                    return told
                size = size_of(file)
                return f"{shown} is {what}, {size:,} bytes; only UTF-8 text is shown."
            pending = len(decoder.getstate()[0])
            try:
                text = decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                byte = error.object[error.start]
                window.is_text = False
                found = not_utf8(byte, scanned - pending + error.start)
                return f"{shown} is {found}. Only UTF-8 text is shown."
            window.feed(text.removeprefix("\ufeff") if scanned == 0 else text)
            if not data:
                window.finish()
                states.note_read(location.real, Version(scanned, hasher.digest()))
                return describe(shown, window, complete=True)
            hasher.update(data)
            scanned += len(data)
    return describe(shown, window, complete=False)


def describe(shown: str, window: Window, *, complete: bool) -> str:
    """The text of ``window``, under a line that says which part it is if it is one."""
    if complete and window.total == 0:
        return f"{shown} is empty."
    total = f"{window.total} total lines" if complete else f"more than {window.total} lines"
    if not window.lines:
        return f"{shown} has {total}; offset {window.offset} is beyond its end."
    text = "\n".join(window.lines)
    if not window.partial and complete:
        return text if window.ends_open else text + "\n"
    last = window.offset + len(window.lines)
    note = " Long lines are cut." if window.any_cut else ""
    return f"Showing lines {window.offset + 1}-{last} of {total}.{note}\n\n---\n\n{text}"
