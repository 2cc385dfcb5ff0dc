"""Files that the model writes and edits."""

from __future__ import annotations

import os
import stat
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.tools.tool import CannotBeDone
from qwen_dual.protocol.codec import encode
from qwen_dual.tools.toolset import toolset
from tests.support.contexts import context
from tests.support.users import NOBODY, as_root, in_child, shared_folder
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.tools.toolset import Toolset


read = partial(call, name="read_file")
write = partial(call, name="write_file")
edit = partial(call, name="edit")


# -- write_file --------------------------------------------------------------------------------


def test_a_new_file_is_created_with_its_folders(tools: Toolset, workspace: Path) -> None:
    before = os.umask(0o027)
    try:
        result = write(tools, file_path="a/b/new.txt", content="one\ntwo\n")
    finally:
        os.umask(before)
    made = workspace / "a/b/new.txt"
    assert result.text == f"Successfully created and wrote to new file: {made}."
    assert made.read_text() == "one\ntwo\n"
    assert stat.S_IMODE(made.stat().st_mode) == 0o640
    assert os.listdir(made.parent) == ["new.txt"]


def test_the_ways_to_answer_are_the_recorded_ones(tools: Toolset, workspace: Path) -> None:
    given = {"file_path": str(workspace / "new.txt"), "content": "one\ntwo\n"}
    prepared = tool_of(tools, "write_file").prepare(given)
    assert list(prepared.suggestions) == [
        {"type": "allow", "label": "Allow Edit", "description": "Edit file: new.txt"},
        {"type": "deny", "label": "Deny", "description": "Block this file edit"},
        {
            "type": "modify",
            "label": "Review Changes",
            "description": "Review the proposed changes before applying",
        },
    ]
    preview = anyio.run(prepared.preview)
    assert preview is not None and preview["kind"] == "diff"
    assert preview["text"] == "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+one\n+two"


def test_an_existing_file_must_have_been_read(tools: Toolset, workspace: Path) -> None:
    path = workspace / "a.txt"
    path.write_text("old")
    refused = write(tools, file_path="a.txt", content="new")
    assert refused.is_error and "Read it with read_file first" in refused.text
    read(tools, file_path="a.txt")
    assert write(tools, file_path="a.txt", content="new").text == (
        f"Successfully overwrote file: {path}."
    )
    assert path.read_text() == "new"


def test_a_file_changed_by_somebody_else_must_be_read_again(
    tools: Toolset, workspace: Path
) -> None:
    path = workspace / "a.txt"
    path.write_text("old")
    read(tools, file_path="a.txt")
    path.write_text("foreign")
    for result in (
        write(tools, file_path="a.txt", content="new"),
        edit(tools, file_path="a.txt", old_string="foreign", new_string="new"),
    ):
        assert result.is_error and "was changed since it was read" in result.text
    assert path.read_text() == "foreign"


def test_a_touched_file_is_not_changed(tools: Toolset, workspace: Path) -> None:
    path = workspace / "a.txt"
    path.write_text("old")
    read(tools, file_path="a.txt")
    os.utime(path, (1, 1))
    assert not write(tools, file_path="a.txt", content="new").is_error


def test_a_change_between_preview_and_run_is_refused(tools: Toolset, workspace: Path) -> None:
    path = workspace / "a.txt"
    path.write_text("old")
    read(tools, file_path="a.txt")
    new = tool_of(tools, "write_file").prepare({"file_path": "b.txt", "content": "new"})
    changed = tool_of(tools, "edit").prepare(
        {"file_path": "a.txt", "old_string": "old", "new_string": "new"}
    )

    async def main() -> list[ToolResult]:
        await new.preview()
        await changed.preview()
        path.write_text("old but other")
        (workspace / "b.txt").write_text("made by somebody")
        for name in ("a.txt", "b.txt"):  # that the model has read it does not make it approved
            await tool_of(tools, "read_file").prepare({"file_path": name}).run(context())
        return [await prepared.run(context()) for prepared in (new, changed)]

    for result in anyio.run(main):
        assert result.is_error and "changed on disk after the change was shown" in result.text
    assert path.read_text() == "old but other"
    assert (workspace / "b.txt").read_text() == "made by somebody"


def test_mode_line_ends_and_bom_are_kept(tools: Toolset, workspace: Path) -> None:
    path = workspace / "run.bat"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    path.chmod(0o755)
    read(tools, file_path="run.bat")
    write(tools, file_path="run.bat", content="three\nfour\n")
    assert path.read_bytes() == b"\xef\xbb\xbfthree\r\nfour\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o755
    edit(tools, file_path="run.bat", old_string="three\nfour", new_string="five\nsix\nseven")
    assert path.read_bytes() == b"\xef\xbb\xbffive\r\nsix\r\nseven\r\n"


def test_a_symlink_is_written_through(tools: Toolset, workspace: Path) -> None:
    (workspace / "real.txt").write_text("old")
    (workspace / "link.txt").symlink_to("real.txt")
    read(tools, file_path="link.txt")
    assert not write(tools, file_path="link.txt", content="new").is_error
    assert (workspace / "link.txt").is_symlink()
    assert (workspace / "real.txt").read_text() == "new"


def test_all_names_of_a_file_see_a_change(tools: Toolset, workspace: Path) -> None:
    (workspace / "one.txt").write_text("old")
    os.link(workspace / "one.txt", workspace / "two.txt")
    read(tools, file_path="one.txt")
    edit(tools, file_path="one.txt", old_string="old", new_string="newer")
    assert (workspace / "two.txt").read_text() == "newer"
    read(tools, file_path="two.txt")
    write(tools, file_path="two.txt", content="last")
    assert (workspace / "one.txt").read_text() == "last"


@as_root
def test_a_file_in_a_folder_without_write_permission_is_changed() -> None:
    with shared_folder() as base:
        (base / "a.txt").write_text("old")
        (base / "home").mkdir()
        for path in ("a.txt", "home"):
            os.chown(base / path, NOBODY, NOBODY)

        def as_nobody() -> str:
            made = toolset(base, os.environ)
            made.workspace.state = str(base / "home")
            read(made, file_path="a.txt")
            text = write(made, file_path="a.txt", content="new").text
            made.close()
            return text

        assert in_child(NOBODY, as_nobody).startswith("Successfully overwrote")
        assert (base / "a.txt").read_text() == "new"


def test_what_cannot_be_written_is_told(tools: Toolset, workspace: Path) -> None:
    (workspace / "file").touch()
    below = write(tools, file_path="file/below", content="x")
    assert below.is_error and f"Could not write {workspace}/file/below: " in below.text
    folder = write(tools, file_path=".", content="x")
    assert folder.is_error and "is a folder" in folder.text


@pytest.mark.parametrize("path", ["file/below", "file/below/more", "x" * 256, "new/" + "x" * 256])
def test_nobody_is_asked_for_a_file_that_cannot_be_made(
    tools: Toolset, workspace: Path, path: str
) -> None:
    (workspace / "file").touch()
    for name, given in (
        ("write_file", {"content": "x"}),
        ("edit", {"old_string": "", "new_string": "x"}),
    ):
        with pytest.raises(CannotBeDone, match="Could not write"):
            anyio.run(tool_of(tools, name).prepare({"file_path": path, **given}).preview)


@as_root
def test_nobody_is_asked_for_a_file_in_a_folder_without_write_permission() -> None:
    with shared_folder() as base:
        (base / "locked").mkdir()
        base.chmod(0o777)

        def as_nobody() -> str:
            made = toolset(base, os.environ)
            told = []
            for path in ("locked/a", "locked/b/c", "open/a"):
                call_ = tool_of(made, "write_file").prepare({"file_path": path, "content": "x"})
                try:
                    anyio.run(call_.preview)
                except CannotBeDone as failure:
                    told.append(str(failure))
            made.close()
            return "\n".join(told)

        denied = "Permission denied (the agent runs as user id 65534)."
        assert in_child(NOBODY, as_nobody).split("\n") == [
            f"Could not write {base}/locked/a: {denied}",
            f"Could not write {base}/locked/b/c: {denied}",
        ]


# -- edit --------------------------------------------------------------------------------------


def test_an_edit_shows_the_lines_around_it(tools: Toolset, workspace: Path) -> None:
    path = workspace / "a.txt"
    path.write_text("".join(f"line {n}\n" for n in range(1, 21)))
    read(tools, file_path="a.txt")
    result = edit(tools, file_path="a.txt", old_string="line 10\n", new_string="new\nmore\n")
    assert result.text.startswith(f"Edited {path}. Showing lines 6-16 of 21 total lines.\n")
    assert "\nline 9\nnew\nmore\nline 11\n" in result.text
    assert "line 9\nnew\nmore\nline 11\n" in path.read_text()


def test_occurrences_are_counted(tools: Toolset, workspace: Path) -> None:
    path = workspace / "a.txt"
    path.write_text("x = 1\nx = 1\n")
    read(tools, file_path="a.txt")
    none = edit(tools, file_path="a.txt", old_string="y", new_string="z")
    assert none.is_error and none.text.startswith("0 occurrences found")
    two = edit(tools, file_path="a.txt", old_string="x = 1", new_string="x = 2")
    assert two.is_error and two.text.startswith("2 occurrences") and "replace_all" in two.text
    both = edit(tools, file_path="a.txt", old_string="x = 1", new_string=r"\1 $&", replace_all=True)
    assert "2 occurrences were replaced" in both.text
    assert path.read_text() == "\\1 $&\n\\1 $&\n"


def test_an_empty_old_string_creates_a_file(tools: Toolset, workspace: Path) -> None:
    result = edit(tools, file_path="new.txt", old_string="", new_string="hello\n")
    assert result.text.startswith("Successfully created")
    again = edit(tools, file_path="new.txt", old_string="", new_string="again")
    assert again.is_error and "exists already" in again.text
    assert (workspace / "new.txt").read_text() == "hello\n"


def test_an_edit_that_cannot_be_made_is_not_asked_for(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_text("old")
    given = {"file_path": "a.txt", "old_string": "old", "new_string": "new"}
    with pytest.raises(CannotBeDone, match="was not read"):
        anyio.run(tool_of(tools, "edit").prepare(given).preview)


def test_what_lies_outside_is_not_told_by_an_edit_that_cannot_be(
    tools: Toolset, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "there.txt").write_text("old")
    told = []
    for name in ("there.txt", "gone.txt"):
        given = {"file_path": f"{elsewhere}/{name}", "old_string": "old", "new_string": "new"}
        with pytest.raises(CannotBeDone) as failure:
            anyio.run(tool_of(tools, "edit").prepare(given).preview)
        told.append(str(failure.value).replace(name, "X"))
    assert told[0] == told[1]


def test_the_preview_of_a_change_is_exact(tools: Toolset, workspace: Path) -> None:
    given = {"file_path": "odd\n+name\u202e", "content": 'import os; CMD\r+0\nx = "\t "\n'}
    preview = anyio.run(tool_of(tools, "write_file").prepare(given).preview)
    assert preview is not None
    assert preview["title"] == "odd⟨LF⟩+name⟨U+202E⟩"
    names, body = preview["text"].split("\n@@")
    assert names == "--- /dev/null\n+++ b/odd⟨LF⟩+name⟨U+202E⟩"
    assert body.split("\n")[1:] == ["+import os; CMD\r+0", '+x = "\t "']


def test_a_change_is_shown_as_data_too(tools: Toolset, workspace: Path) -> None:
    new = tool_of(tools, "write_file").prepare({"file_path": "new.txt", "content": "a\r\nb"})
    preview = anyio.run(new.preview)
    assert preview is not None
    added = ["+a\r", "+b", "\\ No newline at end of file"]
    hunk = {"old_start": 0, "old_lines": 0, "new_start": 1, "new_lines": 2, "lines": added}
    file = {"path": str(workspace / "new.txt"), "change": "add", "added": 2, "removed": 0}
    assert preview["files"] == [{**file, "hunks": [hunk], "cut": False}]
    (workspace / "a.txt").write_text("".join(f"{n}\n" for n in range(30)))
    read(tools, file_path="a.txt")
    given = {"file_path": "a.txt", "old_string": "9\n", "new_string": "nine\n", "replace_all": True}
    preview = anyio.run(tool_of(tools, "edit").prepare(given).preview)
    assert preview is not None
    (file_diff,) = preview["files"]
    assert (file_diff["change"], file_diff["added"], file_diff["removed"]) == ("modify", 3, 3)
    heads = [row for row in preview["text"].split("\n") if row.startswith("@@")]
    assert heads == [
        f"@@ -{one['old_start']},{one['old_lines']} +{one['new_start']},{one['new_lines']} @@"
        for one in file_diff["hunks"]
    ]
    assert [row for one in file_diff["hunks"] for row in one["lines"]] == [
        row for row in preview["text"].split("\n")[2:] if not row.startswith("@@")
    ]


@pytest.mark.parametrize("lines", [500, 1_000, 1_500, 2_000, 3_000, 20_000])
def test_data_never_makes_a_line_longer_than_readers_take(
    tools: Toolset, workspace: Path, lines: int
) -> None:
    given = {"file_path": "new.txt", "content": '\t"row"\n' * lines}
    preview = anyio.run(tool_of(tools, "write_file").prepare(given).preview)
    assert preview is not None
    size = len(encode({"input": given, "preview": preview}))
    (file,) = preview["files"]
    without = {**preview, "files": [{**file, "hunks": []}]}
    assert size < 62_000 or preview["files"] == without["files"]
    assert file["added"] == lines
    assert file["cut"] is (sum(hunk["new_lines"] for hunk in file["hunks"]) < lines)
    assert file["cut"] is (lines > 1_500)


def test_files_that_are_not_utf8_are_not_edited(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_bytes(b"caf\xe9")
    read(tools, file_path="a.txt")
    for result in (
        edit(tools, file_path="a.txt", old_string="caf", new_string="tea"),
        write(tools, file_path="a.txt", content="tea"),
    ):
        assert result.is_error and "only UTF-8 text can be changed" in result.text
    assert (workspace / "a.txt").read_bytes() == b"caf\xe9"


def test_edits_at_once_do_not_lose_each_other(tools: Toolset, workspace: Path) -> None:
    path = workspace / "a.txt"
    path.write_text("".join(f"<{n}>\n" for n in range(20)))
    read(tools, file_path="a.txt")

    async def main() -> None:
        async with anyio.create_task_group() as group:
            for n in range(20):
                given = {"file_path": "a.txt", "old_string": f"<{n}>", "new_string": f"({n})"}
                prepared = tool_of(tools, "edit").prepare(given)
                await prepared.preview()
                group.start_soon(prepared.run, context())

    anyio.run(main)
    assert path.read_text() == "".join(f"({n})\n" for n in range(20))
