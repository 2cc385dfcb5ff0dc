"""``edit``: replaces exact text in a file and keeps everything around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.core.tools.tool import Display, InvalidArguments
from qwen_dual.tools.calls import SchemaTool
from qwen_dual.tools.change import Change, ChangeCall
from qwen_dual.tools.textfile import missing, pattern_for, prevailing_newline, with_newlines
from qwen_dual.tools.workspace import ToolFailure

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.core.tools.ports import Files
    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.tools.parameters import Edit
    from qwen_dual.tools.states import FileStates
    from qwen_dual.tools.textfile import TextFile
    from qwen_dual.tools.workspace import Folder, Location

SNIPPET_CONTEXT = 4
SNIPPET_LINES = 40
SNIPPET_LINE_CHARS = 500


class EditTool(SchemaTool):
    """Edits files.

    Args:
        workspace: resolves the paths.
        states: decides which files may be changed.
    """

    name = "edit"
    kind: Kind = "edit"
    aliases = ("Edit", "Write", "EditTool", "replace")
    rule_kind: RuleKind = "write"
    display = Display("Edit", "Editing", about="changes a part of a file")
    description = (
        "Replaces old_string by new_string in a file that was read with read_file before. "
        "old_string must match exactly, white space too, and be unique unless replace_all is set."
    )

    def __init__(self, workspace: Folder, states: FileStates) -> None:
        self._workspace = workspace
        self._states = states

    def prepare(self, arguments: Mapping[str, Any]) -> ChangeCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        from qwen_dual.tools import parameters

        given = parameters.check(parameters.Edit, arguments)
        if given.old_string == given.new_string:
            raise InvalidArguments(
                f"{self.name}: new_string: expected another text than old_string, not the same"
            )
        location = self._workspace.locate(given.file_path, f"{self.name}: file_path")

        def make(current: TextFile | None) -> Change:
            return _change(current, given, location, self._workspace.files)

        return ChangeCall(location, self._workspace, self._states, make, arguments)


class Replaced(Struct, frozen=True):
    """A text with ``count`` occurrences replaced, the first at ``start``."""

    text: str
    count: int
    start: int


def replace(text: str, old: str, new: str) -> Replaced:
    """Replaces every occurrence of ``old``, which is not empty, whatever the line ends are.

    New lines get the line end that prevails in ``text``; text outside the occurrences stays as
    it is. ``start`` is -1 without any.
    """
    if "\n" in text:
        new = with_newlines(new, prevailing_newline(text))
    pattern = pattern_for(old)
    first = pattern.search(text)
    if first is None:
        return Replaced(text, 0, -1)
    result, count = pattern.subn(lambda _: new, text)
    return Replaced(result, count, first.start())


def snippet(text: str, start: int, added: str) -> str:
    """The lines around ``added``, which stands at ``start`` of ``text``, under a line of numbers."""
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    at = text.count("\n", 0, start)
    first = max(at - SNIPPET_CONTEXT, 0)
    last = min(at + added.count("\n") + 1 + SNIPPET_CONTEXT, first + SNIPPET_LINES, len(lines))
    shown = [line.removesuffix("\r")[:SNIPPET_LINE_CHARS] for line in lines[first:last]]
    if not shown:
        return "The file is now empty."
    head = f"Showing lines {first + 1}-{last} of {len(lines)} total lines."
    return f"{head}\n\n---\n\n" + "\n".join(shown)


def _change(current: TextFile | None, given: Edit, location: Location, files: Files) -> Change:
    shown = location.path
    if current is None:
        if given.old_string:
            raise ToolFailure(missing(files, location.real, shown))
        said = f"Successfully created and wrote to new file: {shown}."
        return Change(given.new_string, said)
    if not given.old_string:
        if current.text:
            raise ToolFailure(
                f"{shown} exists already.",
                "Give old_string the text to replace, or use write_file.",
            )
        return Change(given.new_string, f"Edited {shown}.\n{snippet(given.new_string, 0, '')}")
    done = replace(current.text, given.old_string, given.new_string)
    if done.count == 0:
        return _near_change(current.text, given, shown)
    if done.count > 1 and not given.replace_all:
        raise ToolFailure(
            f"{done.count} occurrences found of old_string in {shown}, 1 expected.",
            "Add lines around it until it is unique, or set replace_all.",
            shown=f"The text to replace stands {done.count} times in {shown}.",
        )
    if done.text == current.text:
        raise ToolFailure(f"The edit would leave {shown} as it is.")
    times = f" {done.count} occurrences were replaced." if done.count > 1 else ""
    return Change(
        done.text, f"Edited {shown}.{times} {snippet(done.text, done.start, given.new_string)}"
    )


def _near_change(text: str, given: Edit, shown: str) -> Change:
    """The change where ``old_string`` stands once, but in other quotes, dashes, blanks or Unicode forms.

    Raises:
        ToolFailure: it does not, or more than once.
    """
    from qwen_dual.tools.relaxed import adapted, find_near

    near = find_near(text, given.old_string)
    if near.count > 1:
        raise ToolFailure(
            f"0 occurrences found of old_string in {shown}, and {near.count} of a text that differs "
            "only in quotes, dashes, blanks or Unicode forms.",
            "Add lines around it until one is meant.",
            shown=f"The text to replace stands {near.count} times in {shown}, in other characters.",
        )
    if near.count == 0:
        raise ToolFailure(
            f"0 occurrences found of old_string in {shown}.",
            "It must match exactly, white space and indentation too; read the file again with "
            "read_file.",
            shown=f"The text to replace is not in {shown}.",
        )
    new = with_newlines(given.new_string, prevailing_newline(text))
    there = text[near.start : near.end]
    new = adapted(new, with_newlines(given.old_string, prevailing_newline(text)), there)
    changed = text[: near.start] + new + text[near.end :]
    if changed == text:
        raise ToolFailure(f"The edit would leave {shown} as it is.")
    differences = " and ".join(near.differences)
    return Change(
        changed,
        f"Edited {shown}. old_string did not match exactly: the one place that differs from it "
        f"only in {differences} was taken. {snippet(changed, near.start, new)}",
    )
