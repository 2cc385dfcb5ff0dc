"""A path that leads elsewhere by the time it is used: nothing is read or changed there."""

from __future__ import annotations

import os
import shutil
import threading
from typing import TYPE_CHECKING

import anyio
import pytest

from qwen_dual.fs.tree import MAX_OPEN, Tree
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.change import Change, ChangeCall
from qwen_dual.tools.edit import EditTool
from qwen_dual.tools.globbing import GlobTool
from qwen_dual.tools.grep import GrepSearchTool
from qwen_dual.tools.listing import ListDirectoryTool
from qwen_dual.tools.local_files import LocalFiles
from qwen_dual.tools.read import Window, read_location
from qwen_dual.tools.states import FileStates
from qwen_dual.tools.textfile import TextFile, load
from qwen_dual.tools.workspace import Folder, Location, ToolFailure
from qwen_dual.tools.write import WriteFileTool
from tests.support.contexts import context
from tests.support.swapping import swapping_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from qwen_dual.core.tools.tool import Tool


class SwappingFolder(Folder):
    """Swaps a folder for a link right after the last check before the work."""

    swap: Callable[[], None] = staticmethod(lambda: None)

    def check(self, *locations: Location) -> None:
        super().check(*locations)
        self.swap()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    made = tmp_path / "outside"
    made.mkdir()
    (made / "f").write_text("outside")
    return made


@pytest.fixture
def workspace(tmp_path: Path, outside: Path) -> SwappingFolder:
    folder = tmp_path / "work" / "folder"
    folder.mkdir(parents=True)
    (folder / "f").write_text("inside")
    made = SwappingFolder(tmp_path / "work", os.environ)

    def swap() -> None:
        if not folder.is_symlink():
            folder.rename(tmp_path / "work" / "aside")
            folder.symlink_to(outside)

    made.swap = swap
    return made


@pytest.mark.parametrize("name", ["f", "new", "deeper/new"])
def test_a_write_lands_nowhere_once_its_folder_is_a_link(
    workspace: SwappingFolder, outside: Path, name: str
) -> None:
    tool = WriteFileTool(workspace, FileStates())
    call = tool.prepare({"file_path": f"folder/{name}", "content": "changed"})
    result = anyio.run(call.run, context())
    assert result.is_error and "symbolic link" in result.text
    assert [path.name for path in outside.iterdir()] == ["f"]
    assert (outside / "f").read_text() == "outside"


def test_an_edit_reads_nothing_through_the_link(workspace: SwappingFolder, outside: Path) -> None:
    tool = EditTool(workspace, FileStates())
    arguments = {"file_path": "folder/f", "old_string": "outside", "new_string": "changed"}
    result = anyio.run(tool.prepare(arguments).run, context())
    assert result.is_error and "symbolic link" in result.text
    assert (outside / "f").read_text() == "outside"


def test_a_folder_swapped_while_the_change_is_made_changes_nothing_outside(
    workspace: SwappingFolder, outside: Path
) -> None:
    location = workspace.locate("folder/new")
    swap, workspace.swap = workspace.swap, lambda: None

    def make(current: TextFile | None) -> Change:
        swap()
        return Change("changed", "done")

    result = anyio.run(ChangeCall(location, workspace, FileStates(), make, {}).run, context())
    assert result.is_error and "Could not write" in result.text
    assert [path.name for path in outside.iterdir()] == ["f"]


def test_no_read_shows_what_is_outside_however_often_the_folder_is_swapped(
    tmp_path: Path,
) -> None:
    gone, files = threading.Event(), LocalFiles()
    with swapping_folder(tmp_path) as (folder, outside):
        (outside / "f").write_text("outside")
        real = str(folder / "f")
        location = Location("f", real, real, "f", inside=True)
        read = refused = 0
        while read + refused < 2000 or not read or not refused:
            try:
                text = read_location(files, location, Window(0, 10, 1000), FileStates(), gone)
                loaded = load(files, real, real)
            except ToolFailure:
                refused += 1
            else:
                assert text.strip() == "inside"
                assert loaded is None or loaded.text == "inside"
                read += 1


ENGINES: list[Callable[[], str | None]] = [lambda: None, lambda: shutil.which("rg")]


def searches(workspace: Folder) -> list[tuple[str, Tool, dict[str, str]]]:
    """A name, a tool and its arguments for each way to look into the folder."""
    limits = Limits()
    greps = [GrepSearchTool(workspace, limits, engine) for engine in ENGINES]
    return [
        ("list", ListDirectoryTool(workspace, limits), {"path": "folder"}),
        ("glob", GlobTool(workspace, limits), {"path": "folder", "pattern": "*"}),
        *[("grep", grep, {"path": "folder", "pattern": "side"}) for grep in greps],
        *[("grep of a file", grep, {"path": "folder/f", "pattern": "side"}) for grep in greps],
    ]


def test_no_search_looks_into_a_folder_that_became_a_link(
    workspace: SwappingFolder, outside: Path
) -> None:
    (outside / "secret").write_text("outside")
    swap, workspace.swap = workspace.swap, lambda: None
    for name, tool, arguments in searches(workspace):
        before = anyio.run(tool.prepare(arguments).run, context())
        assert not before.is_error and ("inside" in before.text) == ("grep" in name), name
    calls = [tool.prepare(arguments) for _, tool, arguments in searches(workspace)]
    workspace.swap = swap
    for call in calls:
        result = anyio.run(call.run, context())
        assert result.is_error and "folder" in result.text and "secret" not in result.text
        swap()


def test_no_search_from_above_shows_what_is_outside_however_often_a_folder_is_swapped(
    tmp_path: Path,
) -> None:
    with swapping_folder(tmp_path) as (folder, outside):
        (outside / "f").write_text("outside")
        (outside / "secret").write_text("outside")
        workspace = Folder(folder.parent, os.environ)
        limits = Limits()
        tools: list[tuple[Tool, dict[str, str]]] = [
            (GlobTool(workspace, limits), {"pattern": "**/f"}),
            *[
                (GrepSearchTool(workspace, limits, engine), {"pattern": "side"})
                for engine in ENGINES
            ],
        ]
        for tool, arguments in tools:
            seen = [anyio.run(tool.prepare(arguments).run, context()).text for _ in range(12)]
            assert not any("outside\n" in text or "secret" in text for text in seen)


def test_a_tree_keeps_few_folders_open_however_deep_and_opens_none_through_a_link(
    tmp_path: Path,
) -> None:
    deep = tmp_path / "/".join(["d"] * (MAX_OPEN + 20))
    deep.mkdir(parents=True)
    (deep / "f").write_text("deep")
    (tmp_path / "d" / "g").write_text("high")
    before = len(os.listdir("/dev/fd"))
    with Tree(str(tmp_path)) as tree:
        for path, text in ((deep / "f", "deep"), (tmp_path / "d" / "g", "high")) * 2:
            with os.fdopen(tree.file(str(path))) as file:
                assert file.read() == text
            assert len(os.listdir("/dev/fd")) <= before + MAX_OPEN + 1
        (tmp_path / "d" / "link").symlink_to(deep)
        with pytest.raises(OSError, match="link"):
            tree.folder(str(tmp_path / "d" / "link"))
        with pytest.raises(OSError, match="link"):
            tree.file(str(tmp_path / "d" / "link" / "f"))
        assert os.listdir(tree.folder(str(deep))) == ["f"]
    assert len(os.listdir("/dev/fd")) == before


def test_a_link_in_place_of_the_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    os.symlink("secret", tmp_path / "link")
    with pytest.raises(ToolFailure, match="is a symbolic link by now"):
        load(LocalFiles(), str(tmp_path / "link"), "link")
