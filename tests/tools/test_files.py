"""Files that the model reads, and the paths it may name."""

from __future__ import annotations

import errno
import os
import socket
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.protocol.blocks import why_unusable
from tests.support.contexts import context
from tests.support.images import image, png
from tests.support.pictures import picture
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

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
        (b"%PDF-1.7\n\xe2\xe3", "is a PDF"),
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


def test_an_image_is_shown_to_the_model(tools: Toolset, workspace: Path) -> None:
    (workspace / "a.txt").write_bytes(png(20, 10))  # whatever its name
    assert read(tools, file_path="a.txt").content == [image(png(20, 10))]
    larger_than_one_piece = png(filler=500_000)
    (workspace / "b.png").write_bytes(larger_than_one_piece)
    assert read(tools, file_path="b.png").content == [image(larger_than_one_piece)]
    assert read(tools, file_path="b.png", offset=5, limit=1).content == [
        image(larger_than_one_piece)
    ]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (png()[:-9], "is an image that cannot be shown: it is damaged: its end is missing"),
        (png(9000, 9000), "pixels; more than 50,000,000 are not decoded"),
        (png(0, 9), "it is damaged, or has no pixels"),
    ],
    ids=["torn", "bomb", "none"],
)
def test_an_image_that_no_service_takes_is_named(
    tools: Toolset, workspace: Path, data: bytes, why: str
) -> None:
    (workspace / "a.png").write_bytes(data)
    result = read(tools, file_path="a.png")
    assert result.is_error and why in result.text


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
    result = anyio.run(prepared.run, context())
    assert result.is_error and f"leads to {workspace.parent}/new" in result.text
    assert not (workspace.parent / "new").exists()


def test_paths_that_are_none_are_refused(tools: Toolset) -> None:
    for path in ("", " ", "a\0b"):
        with pytest.raises(InvalidArguments, match="file_path"):
            tool_of(tools, "read_file").prepare({"file_path": path})


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


def test_a_large_image_is_made_as_small_as_a_result_holds(tools: Toolset, workspace: Path) -> None:
    (workspace / "large.png").write_bytes(picture(1000, 800, noise=True))
    content = call(tools, "read_file", file_path="large.png").content
    assert not isinstance(content, str)
    [block] = content
    assert block["type"] == "image" and not why_unusable(block)


def test_a_text_that_is_called_an_image_is_read_and_an_image_called_a_text_is_shown(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "a.png").write_text("words")
    (workspace / "b.txt").write_bytes(png())
    (workspace / "c.svg").write_text("<svg/>")
    assert read(tools, file_path="a.png").text.rstrip() == "words"
    assert "[image: PNG, 800×600" in read(tools, file_path="b.txt").text
    assert read(tools, file_path="c.svg").text.rstrip() == "<svg/>"
