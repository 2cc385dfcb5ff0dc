from __future__ import annotations

import os
import shutil
import stat
import subprocess
import threading
import time
from functools import partial
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.tools.tool import InvalidArguments
from qwen_dual.fs.tree import Tree
from qwen_dual.tools.capture import Limits
from qwen_dual.tools.file_listing import list_paths
from qwen_dual.tools.filters import Filters
from qwen_dual.tools.globpattern import GlobPattern
from qwen_dual.tools.grep import GrepSearchTool
from qwen_dual.tools.ignore import Ignore, ignore_below, kept_back
from qwen_dual.tools.long_lines import MatchedLine
from qwen_dual.tools.walk import Walk
from qwen_dual.tools.workspace import Folder
from tests.support.contexts import context
from tests.tools.support import call, tool_of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.tools.tool import ToolResult
    from qwen_dual.tools.toolset import Toolset

listing = partial(call, name="list_directory")
glob = partial(call, name="glob")


def fill(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, newline="")


TREE = {
    ".gitignore": "*.log\nbuild/\n",
    ".git/config": "needle\n",
    "a.py": "Needle one\r\nother\nneedle two\n",
    "keep/.gitignore": "!kept.log\n",
    "keep/kept.log": "needle\n",
    "noise.log": "needle\n",
    "build/out.py": "needle\n",
    "sub/.qwenignore": "secret*\n",
    "sub/secret.txt": "needle\n",
    "sub/b.txt": "a needle é\n",
    "binary": "needle\0",
}


def test_a_folder_lists_folders_first_and_counts_what_is_ignored(
    tools: Toolset, workspace: Path
) -> None:
    fill(workspace, TREE)
    assert listing(tools, path=".", ignore=["bin*"]).text == (
        f"{workspace} holds (3 ignored by .gitignore or .qwenignore):\n"
        "[DIR] keep\n[DIR] sub\n.gitignore\na.py"
    )
    assert listing(tools, path="sub").text.endswith("\n.qwenignore\nb.txt")
    file = listing(tools, path="a.py")
    assert file.is_error and "is no folder" in file.text


def test_a_large_listing_is_bounded(tools: Toolset, workspace: Path) -> None:
    for number in range(1500):
        (workspace / f"{number:04}").touch()
    text = listing(tools, path=".").text
    assert text.count("\n") == 1001
    assert text.endswith("[… 500 more entries left out; narrow the search …]")


@pytest.mark.parametrize("ignore", ["[id]", "./[id]", "**/[id]", "[id]/", "[[]id]"])
def test_what_a_listing_leaves_out_may_have_brackets(
    tools: Toolset, workspace: Path, ignore: str
) -> None:
    for name in ("[id]", "other"):
        (workspace / name).mkdir()
    text = listing(tools, path=".", ignore=[ignore]).text
    assert "other" in text and "[id]" not in text


def test_slashes_within_a_pattern_hold_no_listing_up(tools: Toolset, workspace: Path) -> None:
    (workspace / "a").touch()
    began = time.process_time()
    text = listing(tools, path=".", ignore=["x" + "/" * 100_000 + "y"]).text
    assert text.endswith("\na") and time.process_time() - began < 5


def test_an_ignored_folder_is_shown_when_it_is_named(tools: Toolset, workspace: Path) -> None:
    fill(workspace, TREE)
    assert listing(tools, path="build").text.endswith("out.py")
    fill(workspace, {".qwenignore": "sub\n"})
    assert "kept from the agent by .qwenignore" in listing(tools, path="sub").text
    assert "kept from the agent by .qwenignore" in glob(tools, pattern="*", path="sub").text


def test_glob_finds_absolute_paths_newest_first(tools: Toolset, workspace: Path) -> None:
    fill(workspace, TREE)
    for seconds, name in enumerate(("sub/b.txt", "a.py", "keep/kept.log"), 1):
        os.utime(workspace / name, (seconds, seconds))
    text = glob(tools, pattern="**/*.{py,txt,log}").text
    assert text.splitlines()[1:] == [
        f"{workspace}/keep/kept.log",
        f"{workspace}/a.py",
        f"{workspace}/sub/b.txt",
    ]
    assert glob(tools, pattern=f"{workspace}/sub/*.txt").text.endswith("/sub/b.txt")
    assert "No files match" in glob(tools, pattern="*.rs").text


def test_patterns_that_are_none_are_refused(tools: Toolset) -> None:
    for pattern in ("../*", "/", "[z-a]", "x" * 5000, "{a,b}" * 20):
        with pytest.raises(InvalidArguments, match="glob: pattern: expected"):
            tool_of(tools, "glob").prepare({"pattern": pattern})


def test_glob_outside_asks(tools: Toolset, workspace: Path) -> None:
    prepare = tool_of(tools, "glob").prepare
    assert prepare({"pattern": "/etc/*.conf"}).outside == "/etc"
    assert prepare({"pattern": "*", "path": ".."}).outside == str(workspace.parent)


def test_the_rules_of_the_repository_above_hold(workspace: Path) -> None:
    (workspace.parent / ".git" / "info").mkdir(parents=True)
    fill(workspace.parent, {".gitignore": "*.tmp\n[\n", ".git/info/exclude": "mine\n"})
    fill(workspace, {"a.tmp": "", "b.txt": "", "mine": ""})
    ignore = Ignore(str(workspace), str(workspace))
    names = {"a.tmp": True, "b.txt": False, "mine": True}
    for name, ignored in names.items():
        assert ignore.ignores(str(workspace / name), is_dir=False) is ignored


def test_a_walk_ends_when_nobody_waits_any_more(workspace: Path) -> None:
    fill(workspace, {"a/b": "", "c": ""})
    gone = threading.Event()
    top = str(workspace)
    with Tree(top) as tree:
        walk = Walk(tree, top, Ignore(top, top), gone)
        files = walk.files()
        assert next(files).name == "c"
        gone.set()
        assert list(files) == []
    assert walk.note


def test_a_walk_follows_no_symlink(workspace: Path) -> None:
    fill(workspace, {"d/a": ""})
    (workspace / "loop").symlink_to(".")
    top = str(workspace)
    with Tree(top) as tree:
        walk = Walk(tree, top, Ignore(top, top), threading.Event())
        assert [entry.name for entry in walk.files()] == ["loop", "a"]


# -- grep_search -------------------------------------------------------------------------------


def searching(root: Path, ripgrep: str | None = None, seconds: float = 20.0) -> GrepSearchTool:
    return GrepSearchTool(Folder(root, os.environ), Limits(), lambda: ripgrep, seconds)


def found(tool: GrepSearchTool, **arguments: str | int) -> ToolResult:
    return anyio.run(tool.prepare(arguments).run, context())


ENGINES = [
    None,
    pytest.param(
        shutil.which("rg"),
        marks=pytest.mark.skipif(shutil.which("rg") is None, reason="ripgrep is not installed"),
    ),
]


@pytest.mark.parametrize("ripgrep", ENGINES)
def test_matches_are_listed_under_their_files(workspace: Path, ripgrep: str | None) -> None:
    fill(workspace, TREE)
    os.mkfifo(workspace / "pipe")
    tool = searching(workspace, ripgrep)
    assert found(tool, pattern=r"needle\b").text == (
        f"Found 4 matches for 'needle\\\\b' in {workspace}:\n"
        "---\nFile: a.py\nL1: Needle one\nL3: needle two\n"
        "---\nFile: keep/kept.log\nL1: needle\n"
        "---\nFile: sub/b.txt\nL1: a needle é\n---"
    )
    only = found(tool, pattern="needle", glob="*.txt").text
    assert "File: sub/b.txt" in only and "a.py" not in only
    assert "L1: Needle one" in found(tool, pattern="needle", path="a.py").text
    assert found(tool, pattern="absent").text == f"No matches for 'absent' in {workspace}."


@pytest.mark.parametrize("ripgrep", ENGINES)
def test_a_pattern_that_is_none_is_told(workspace: Path, ripgrep: str | None) -> None:
    result = found(searching(workspace, ripgrep), pattern="(")
    assert result.is_error and result.text.startswith("the pattern could not be searched for: ")
    assert "--" not in result.text  # no option of a program that the model does not call


@pytest.mark.parametrize("ripgrep", ENGINES)
@pytest.mark.parametrize("pattern", ["(?<=a )foo", r"foo(?!t)\b", r"foo\r?$", "foo{"])
def test_a_pattern_that_one_engine_does_not_take_is_searched_for(
    workspace: Path, ripgrep: str | None, pattern: str
) -> None:
    (workspace / "a.txt").write_bytes(b"a foo\r\nfoot\n(foo{\n")
    for path in (".", "a.txt"):
        text = found(searching(workspace, ripgrep), pattern=pattern, path=path).text
        assert ("L3: (foo{" if pattern == "foo{" else "L1: a foo\n") in text
        assert "L2" not in text


@pytest.mark.parametrize("ripgrep", ENGINES)
@pytest.mark.parametrize("pattern", [r"foo\n", "foo\nfoo", r"foo\r\nfoo"])
def test_a_pattern_over_several_lines_is_no_search_without_matches(
    workspace: Path, ripgrep: str | None, pattern: str
) -> None:
    (workspace / "a.txt").write_bytes(b"a foo\r\nfoo b\nfoo\nfoo\n")
    text = found(searching(workspace, ripgrep), pattern=pattern).text
    assert text.startswith("No matches") and "lines are searched one by one" in text
    text = found(searching(workspace, ripgrep), pattern=r"nothing\\new").text
    assert text.startswith("No matches") and "one by one" not in text


def test_matches_left_out_are_counted(workspace: Path) -> None:
    fill(workspace, {"a": "x\n" * 5000})
    text = found(searching(workspace), pattern="x", limit=2).text
    assert text.startswith("Found 5,000 matches") and "[… 4,998 more matches left out …]" in text
    assert "[… 4,000 more" in found(searching(workspace), pattern="x").text


def test_a_catastrophic_pattern_is_ended(workspace: Path) -> None:
    fill(workspace, {"a": "x" * 100})
    begun = time.monotonic()
    text = found(searching(workspace, seconds=0.2), pattern="(x+x+)+y").text
    assert "ended after 0.2 s" in text
    assert time.monotonic() - begun < 20


def test_a_pattern_that_takes_too_long_in_one_file_is_given_up_there_alone(workspace: Path) -> None:
    fill(workspace, {"a": "a" * 5000 + "\n", "b": "aac\n"})
    text = found(searching(workspace), pattern="(a+)+c").text
    assert "not complete" in text and "File: b\nL1: aac" in text


@pytest.mark.parametrize("ripgrep", ENGINES)
def test_line_ends_are_no_part_of_a_line_and_no_line_follows_the_last(
    workspace: Path, ripgrep: str | None
) -> None:
    (workspace / "dos.txt").write_bytes(b"foo\r\n\r\nfoo bar\r\n")
    (workspace / "unix.txt").write_bytes(b"x\ny\n")
    tool = searching(workspace, ripgrep)
    assert found(tool, pattern="foo$").text.endswith("File: dos.txt\nL1: foo\n---")
    empty = found(tool, pattern="^$").text
    assert "Found 1 match " in empty and "File: dos.txt\nL2: \n---" in empty


@pytest.mark.parametrize("ripgrep", ENGINES)
def test_files_in_a_folder_named_in_brackets_are_searched(
    workspace: Path, ripgrep: str | None
) -> None:
    fill(workspace, {"app/[id]/page.tsx": "needle", "app/i/page.tsx": "needle"})
    text = found(searching(workspace, ripgrep), pattern="needle", glob="app/[id]/*.tsx").text
    assert "File: app/[id]/page.tsx" in text and "File: app/i/page.tsx" in text


@pytest.mark.parametrize("ripgrep", ENGINES)
def test_of_a_long_line_the_match_and_what_is_around_it_is_shown(
    workspace: Path, ripgrep: str | None
) -> None:
    long = "é" * 300_000 + "<needle>" + "ö" * 300_000
    fill(workspace, {"min.js": f"{long}\nneedle\n", "end.js": "x" * 900 + "needle\n"})
    text = found(searching(workspace, ripgrep), pattern="needle").text
    assert "é<needle>ö" in text and "L2: needle\n" in text
    assert "xneedle\n" in text
    assert max(map(len, text.split("\n"))) < 520


@given(st.binary(max_size=60), st.integers(1, 9))
def test_a_matched_line_reads_the_same_however_it_is_cut(data: bytes, size: int) -> None:
    raw = b"/a:b\0" + b"12:3:" + data.replace(b"\n", b"")
    whole, cut = MatchedLine(), MatchedLine()
    whole.add(raw)
    for start in range(0, len(raw), size):
        cut.add(raw[start : start + size])
    assert (whole.name, whole.number) == (cut.name, cut.number) == (b"/a:b", "12")
    assert (
        whole.shown()
        == cut.shown()
        == data.replace(b"\n", b"").decode(errors="replace").rstrip("\r")
    )


def test_a_cancelled_search_ends_its_process(workspace: Path) -> None:
    fill(workspace, {"a": "x" * 100})

    async def main() -> None:
        prepared = searching(workspace).prepare({"pattern": "(x+x+)+y"})
        with anyio.move_on_after(0.2):
            await prepared.run(context())

    begun = time.monotonic()
    anyio.run(main)
    assert time.monotonic() - begun < 20


def test_ripgrep_output_is_read_and_filtered(workspace: Path) -> None:
    """A stand-in prints what ripgrep prints, also of a file that .qwenignore names."""
    fill(workspace, TREE)
    fake = workspace.parent / "rg"
    fake.write_text(
        "#!/bin/sh\n"
        "printf './a.py\\0001:1:Needle one\\r\\n'\n"
        "printf './a.py\\0003:1:no such line\\n'\n"
        "printf './sub/secret.txt\\0001:1:needle\\n'\n"
    )
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    text = found(searching(workspace, str(fake)), pattern="needle").text
    assert text.endswith("---\nFile: a.py\nL1: Needle one\n---")
    assert "Found 1 match " in text


def test_ignore_files_that_the_settings_switch_off_hide_nothing(tmp_path: Path) -> None:
    (tmp_path / "b.log").write_text("needle")
    (tmp_path / "c.key").write_text("needle")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / ".qwenignore").write_text("*.key\n")
    workspace = Folder(tmp_path, os.environ)
    hidden = {path for path in ("b.log", "c.key") if _hides(workspace, tmp_path / path)}
    assert hidden == {"b.log", "c.key"}
    workspace.filters = Filters(gitignore=False, qwenignore=False)
    assert not any(_hides(workspace, tmp_path / path) for path in ("b.log", "c.key"))
    assert not kept_back(str(tmp_path / "c.key"), workspace)


def _hides(workspace: Folder, path: Path) -> bool:
    return ignore_below(str(workspace.root), workspace).hides(os.path.realpath(path))


def test_a_folder_named_in_brackets_is_found_as_well_as_what_they_mean(
    tools: Toolset, workspace: Path
) -> None:
    fill(workspace, {"app/[id]/page.tsx": "x", "app/i/page.tsx": "y", "[id].tsx": "z"})
    literal = glob(tools, pattern="app/[id]/page.tsx").text
    assert "/app/[id]/page.tsx" in literal and "/app/i/page.tsx" in literal
    assert f"{workspace}/[id].tsx" in glob(tools, pattern="**/[id].tsx").text
    assert "/app/[id]/page.tsx" in glob(tools, pattern=f"{workspace}/app/[id]/*").text


@pytest.mark.parametrize(
    "pattern", ["{" + "," * 100_000, "{a,b}" * 3000, "{" * 100_000, "{a,b}" * 500, "{a," * 1300]
)
def test_a_pattern_of_braces_comes_to_an_error_or_to_nothing_at_once(
    tools: Toolset, workspace: Path, pattern: str
) -> None:
    began = time.process_time()
    try:
        assert "No files match" in glob(tools, pattern=pattern).text
    except InvalidArguments as error:
        assert "expected at most" in str(error)
    assert time.process_time() - began < 2


def test_braces_within_braces_are_each_choice_of_each(workspace: Path) -> None:
    pattern = GlobPattern("{a,{b,c}x}.{py,ts}")
    fitting = {"a.py", "a.ts", "bx.py", "bx.ts", "cx.py", "cx.ts"}
    assert {name for name in [*fitting, "b.py", "x.py", "a"] if pattern.matches(name)} == fitting
    assert GlobPattern("{a}").matches("{a}")


def test_a_tree_deeper_than_the_interpreter_recurses_is_searched_and_listed(
    tools: Toolset, workspace: Path
) -> None:
    folder = os.open(workspace, os.O_RDONLY)
    for _ in range(1100):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("needle.txt", os.O_CREAT, dir_fd=folder))
    os.close(folder)
    fill(workspace, {".qwenignore": "hidden\n", "hidden": "x"})
    paths = list_paths(str(workspace), threading.Event(), env=os.environ)
    assert "hidden" not in paths and len(paths) > 1100
    assert "1 files match" in glob(tools, pattern="**/needle.txt").text
    for ripgrep in (None, shutil.which("rg")):
        assert found(searching(workspace, ripgrep), pattern="nothing").is_error is False
    subprocess.run(["rm", "-rf", str(workspace / "d")], check=True)  # pytest's own way recurses
