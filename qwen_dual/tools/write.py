"""``write_file``: the whole content of a file, new or known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.tools.tool import Display
from qwen_dual.tools.calls import SchemaTool
from qwen_dual.tools.change import Change, ChangeCall
from qwen_dual.tools.textfile import newline_of, with_newlines

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.tools.states import FileStates
    from qwen_dual.tools.textfile import TextFile
    from qwen_dual.tools.workspace import Folder

KEPT_CRLF = (
    "Its line ends are CRLF, as they were; writing the same content once more makes them LF."
)


class WriteFileTool(SchemaTool):
    """Writes files whole.

    Args:
        workspace: resolves the paths.
        states: decides which existing files may be overwritten.
    """

    name = "write_file"
    kind: Kind = "edit"
    aliases = ("Edit", "Write", "WriteFile", "WriteFileTool")
    rule_kind: RuleKind = "write"
    display = Display("Write", "Writing", about="writes a file whole")
    description = (
        "Writes a file, and the folders it needs. An existing file must have been read with "
        "read_file before; its mode and line ends are kept. To change a part, use edit."
    )

    def __init__(self, workspace: Folder, states: FileStates) -> None:
        self._workspace = workspace
        self._states = states

    def prepare(self, arguments: Mapping[str, Any]) -> ChangeCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.WriteFile, arguments)
        location = self._workspace.locate(given.file_path, f"{self.name}: file_path")

        def make(current: TextFile | None) -> Change:
            if current is None:
                said = f"Successfully created and wrote to new file: {location.path}."
                return Change(given.content, said)
            said = f"Successfully overwrote file: {location.path}."
            text = overwritten(current.text, given.content, bom=current.bom)
            if "\r\n" in text and "\r\n" not in given.content:
                said = f"{said} {KEPT_CRLF}"
            return Change(text, said)

        return ChangeCall(location, self._workspace, self._states, make, arguments)


def overwritten(old: str, new: str, *, bom: bool) -> str:
    """``new`` with the line ends of ``old``, where those agree; its own BOM goes if one is kept.

    A model writes LF whatever the file has, so that its LF is no wish; but it is one where nothing
    else is changed, and where CRLF would keep a script from being run.
    """
    newline = newline_of(old)
    text = new
    if newline is not None and not _wants_its_own(old, new):
        text = with_newlines(new, newline)
    return text.removeprefix("\ufeff") if bom else text


def _wants_its_own(old: str, new: str) -> bool:
    if newline_of(new) == "\r\n" or new.startswith("#!"):
        return True
    return with_newlines(old, "\n") == new
