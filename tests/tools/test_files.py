from __future__ import annotations

import errno
import os
import socket
import stat
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.tool import CannotBeDone, InvalidArguments
from qwen_dual.tools.toolset import toolset
from tests.support.users import NOBODY, as_root, in_child, shared_folder
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.tool import ToolResult
    from qwen_dual.tools.toolset import Toolset

read = partial(call, name="read_file")
write = partial(call, name="write_file")
edit = partial(call, name="edit")


# -- read_file ---------------------------------------------------------------------------------


def test_a_short_file_is_read_as_it_is(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_text("one\ntwo\n")
    assert read(tools, file_path="a.txt").text == "one\ntwo\n"
    assert read(tools, file_path=str(workspace / "a.txt")).text == "one\ntwo\n"


def test_a_part_says_which_lines_it_shows(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_text("".join(f"{n}\n" for n in range(1, 11)))
    part = read(tools, file_path="a.txt", offset=2, limit=3).text
    assert part == "Showing lines 3-5 of 10 total lines.\n\n---\n\n3\n4\n5"
    beyond = read(tools, file_path="a.txt", offset=10).text
    assert beyond.endswith("has 10 total lines; offset 10 is beyond its end.")


def test_a_long_file_is_cut_to_lines_that_fit(tools: Toolset, workspace: Path) -> None:
    (workspace / "many.txt").write_text("x\n" * 3000)
    many = read(tools, file_path="many.txt").text
    assert many.startswith("Showing lines 1-1000 of 3000 total lines.")
    (workspace / "wide.txt").write_text(("y" * 99 + "\n") * 3000)
    wide = read(tools, file_path="wide.txt").text
    assert wide.startswith("Showing lines 1-250 of 3000 total lines.")


def test_a_long_line_is_cut(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_text("z" * 1_000_000)
    text = read(tools, file_path="a.txt").text
    assert text.startswith("Showing lines 1-1 of 1 total lines. Long lines are cut.")
    assert len(text) < 2200


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0", "is a PNG image, 10 bytes"),
        (b"%PDF-1.7\n\xe2\xe3", "is a PDF document"),
        (b"abc\0def", "is a binary file"),
        ("héllo".encode("utf-16"), "is UTF-16 text"),
        (b"caf\xe9 au lait", "is no UTF-8 text (byte 0xE9 at offset 3)"),
        (b"x" * 300_000 + b"\xff", "(byte 0xFF at offset 300000)"),
        (b"", "is empty."),
    ],
)
def test_what_is_no_text_is_named(tools: Toolset, workspace: Path, data: bytes, named: str) -> None:
    (workspace / "thing").write_bytes(data)
    assert named in read(tools, file_path="thing").text


def test_bmp_like_text_is_text(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_text("BMW and ID3\n")
    assert read(tools, file_path="a.txt").text == "BMW and ID3\n"


def test_a_pipe_or_a_socket_blocks_nothing(tools: Toolset, workspace: Path) -> None:
    os.mkfifo(workspace / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.getcwd()
        os.chdir(workspace)  # the address of a socket has little room
        try:
            server.bind("sock")
        finally:
            os.chdir(here)
        for name, what in (("pipe", "a named pipe"), ("sock", "a socket")):
            for result in (
                read(tools, file_path=name),
                write(tools, file_path=name, content="x"),
                edit(tools, file_path=name, old_string="x", new_string="y"),
            ):
                assert result.is_error and f"{name} is {what}, not a file." in result.text
    device = read(tools, file_path="/dev/null")
    assert device.is_error and "character device" in device.text


def test_a_missing_file_names_the_nearest(tools: Toolset, workspace: Path) -> None:
    (workspace / "settings.json").touch()
    result = read(tools, file_path="setings.json")
    assert result.is_error
    assert result.text.endswith(f"Did you mean {workspace}/settings.json?")
    deeper = read(tools, file_path="no/such/file")
    assert f"There is no {workspace}/no." in deeper.text


def test_a_folder_is_told_from_a_file(tools: Toolset) -> None:
    result = read(tools, file_path=".")
    assert result.is_error and "is a folder. list_directory" in result.text


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_told(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").touch(0)
    result = read(tools, file_path="a.txt")
    assert result.is_error and "Permission denied" in result.text


# -- paths -------------------------------------------------------------------------------------


def test_a_symlink_out_of_the_workspace_is_outside(tools: Toolset, workspace: Path) -> None:
    secret = workspace.parent / "secret"
    secret.mkdir()
    (workspace / "link").symlink_to(secret)
    outside = str(secret / "key")
    prepare = tool_of(tools, "read_file").prepare
    assert prepare({"file_path": "link/key"}).outside == outside
    assert prepare({"file_path": "link/../secret/key"}).outside == outside
    assert prepare({"file_path": "../secret/key"}).outside == outside
    assert prepare({"file_path": "inside"}).outside is None
    assert prepare({"file_path": str(workspace) + "x"}).outside == str(workspace) + "x"


def test_a_symlink_turned_after_approval_is_not_followed(tools: Toolset, workspace: Path) -> None:
    (workspace / "inner").mkdir()
    (workspace / "link").symlink_to("inner")
    prepared = tool_of(tools, "write_file").prepare({"file_path": "link/new", "content": "x"})
    assert prepared.outside is None
    (workspace / "link").unlink()
    (workspace / "link").symlink_to(workspace.parent)
    result = anyio.run(prepared.run, lambda _: None)
    assert result.is_error and f"leads to {workspace.parent}/new" in result.text
    assert not (workspace.parent / "new").exists()


def test_paths_that_are_none_are_refused(tools: Toolset) -> None:
    for path in ("", " ", "a\0b"):
        with pytest.raises(InvalidArguments, match="file_path"):
            tool_of(tools, "read_file").prepare({"file_path": path})


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
            await tool_of(tools, "read_file").prepare({"file_path": name}).run(lambda _: None)
        return [await prepared.run(lambda _: None) for prepared in (new, changed)]

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
            made = toolset(base)
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
                group.start_soon(prepared.run, lambda _: None)

    anyio.run(main)
    assert path.read_text() == "".join(f"({n})\n" for n in range(20))


def test_schemas_are_plain_objects(tools: Toolset) -> None:
    for tool in tools.tools:
        schema = tool.parameters
        assert schema["type"] == "object"
        assert "title" not in str(schema) and "anyOf" not in str(schema)
    assert tool_of(tools, "edit").parameters["required"] == [
        "file_path",
        "old_string",
        "new_string",
    ]


def test_a_folder_of_links_that_lead_round_or_nowhere_is_listed(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "round").symlink_to("round")
    (workspace / "a").symlink_to("b")
    (workspace / "b").symlink_to("a")
    (workspace / "gone").symlink_to("nothing")
    (workspace / "folder").mkdir()
    text = call(tools, "list_directory", path=".").text
    assert text.splitlines()[1:] == ["[DIR] folder", "a", "b", "gone", "round"]


@pytest.mark.parametrize("tool", ["read_file", "list_directory", "glob"])
def test_a_path_that_cannot_be_followed_is_told(tools: Toolset, workspace: Path, tool: str) -> None:
    for number in range(50):
        (workspace / f"link{number}").symlink_to(f"link{number + 1}")
    given = {"read_file": {"file_path": "link0"}, "glob": {"path": "link0", "pattern": "*"}}
    with pytest.raises(InvalidArguments, match="Too many levels of symbolic links"):
        tool_of(tools, tool).prepare(given.get(tool, {"path": "link0"}))


def test_what_the_kernel_refuses_to_follow_is_told(
    tools: Toolset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As ``/proc/1/root/x`` of another user does; the superuser may follow that."""

    def refuse(path: str, **_: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr("os.path.realpath", refuse)
    with pytest.raises(
        InvalidArguments, match=r"cannot follow '/proc/1/root/x': Permission denied"
    ):
        tool_of(tools, "read_file").prepare({"file_path": "/proc/1/root/x"})
