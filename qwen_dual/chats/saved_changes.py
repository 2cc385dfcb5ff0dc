"""The change of a file as a saved chat has it: the reference's diff, with the same as data beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.protocol.change_shapes import FileDiff
    from qwen_dual.protocol.shapes import Preview


def saved_change(change: Preview) -> dict[str, Any]:
    """A change as the reference saves one of files whose contents it leaves out."""
    diff = change["text"]
    names = [line[4:] for line in diff.split("\n", 2)[:2] if line.startswith(("--- ", "+++ "))]
    path = names[-1].removeprefix("b/") if names else ""
    saved: dict[str, Any] = {
        "fileDiff": diff,
        "fileName": path.rpartition("/")[2],
        "originalContent": None if names[:1] == ["/dev/null"] else "",
        "newContent": "",
        "truncatedForSession": True,
        "fileDiffLength": len(diff),
        "fileDiffTruncated": False,
        "originalContentTruncated": True,
        "newContentTruncated": True,
    }
    return {**saved, "files": change["files"]} if "files" in change else saved


def change_in(record: Mapping[str, Any]) -> Preview | None:
    """The change that a ``tool_result`` record shows; None where it shows none."""
    result = record.get("toolCallResult")
    shown = result.get("resultDisplay") if isinstance(result, dict) else None
    if not isinstance(shown, dict):
        return None
    name, diff = shown.get("fileName"), shown.get("fileDiff")
    if not isinstance(name, str) or not isinstance(diff, str):
        return None
    start = diff.find("@@")
    if start < 0:
        return None
    text = f"--- a/{name}\n+++ b/{name}\n{diff[start:]}"
    change: Preview = {"kind": "diff", "title": "", "text": text}
    given = shown.get("files")
    if isinstance(given, list) and all(map(_is_file, given)):
        change["files"] = cast("list[FileDiff]", given)
    return change


def _is_file(value: Any) -> bool:
    """Whether it is a ``change_shapes.FileDiff``: a chat may be anybody's by now."""
    return (
        isinstance(value, dict)
        and value.keys() == {"path", "change", "added", "removed", "hunks", "cut"}
        and isinstance(value["path"], str)
        and value["change"] in ("add", "modify", "delete")
        and _are_counts(value, "added", "removed")
        and isinstance(value["cut"], bool)
        and isinstance(value["hunks"], list)
        and all(map(_is_hunk, value["hunks"]))
    )


def _is_hunk(value: Any) -> bool:
    counts = ("old_start", "old_lines", "new_start", "new_lines")
    return (
        isinstance(value, dict)
        and value.keys() == {*counts, "lines"}
        and _are_counts(value, *counts)
        and isinstance(value["lines"], list)
        and all(isinstance(line, str) for line in value["lines"])
    )


def _are_counts(value: Mapping[str, Any], *keys: str) -> bool:
    return all(type(value[key]) is int and value[key] >= 0 for key in keys)
