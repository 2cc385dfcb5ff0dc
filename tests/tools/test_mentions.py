from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.tools.mentions import Mentioned, candidates
from tests.support.images import png
from tests.tools.support import call

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.tools.toolset import Toolset


def first(text: str) -> list[str]:
    return [choices[0] for choices in candidates(text)]


def test_what_a_mention_may_mean() -> None:
    assert first("see @a.py and @src/b") == ["a.py", "src/b"]
    assert first(r"@with\ space.txt now") == ["with space.txt"]
    assert first("@\"with space.txt\" and @'b c'") == ["with space.txt", "b c"]
    assert first("(@a.py)") == ["a.py)"]
    assert candidates("@a.py).") == [["a.py).", "a.py)", "a.py"]]


def test_addresses_are_left_alone() -> None:
    assert first("mail me@example.com, git@host:repo, a.@b, @") == []


@given(st.text(alphabet="ab@\\ \"'.,/\n", max_size=60))
def test_any_text_can_be_looked_through(text: str) -> None:
    for choices in candidates(text):
        assert choices and all("\n" not in choice for choice in choices[1:])


@given(st.text(alphabet="ab c'\"(),.@", min_size=1, max_size=20))
def test_an_escaped_path_comes_back(path: str) -> None:
    escaped = "".join(char if char.isalnum() else "\\" + char for char in path)
    assert first(f"look at @{escaped} please") == [path]


def test_mentioned_files_and_folders_come_with_their_content(
    tools: Toolset, workspace: Path
) -> None:
    (workspace / "a.txt").write_text("hello\n")
    (workspace / "b c.txt").write_text("with space\n")
    (workspace / "sub").mkdir()
    (workspace / "sub" / "x").touch()
    (workspace.parent / "secret").write_text("outside")
    (workspace / "link").symlink_to(workspace.parent / "secret")
    text = (
        "Compare @a.txt, @b\\ c.txt and @sub/. Ask a@a.txt or @nobody; @property\n"
        "not @../secret, not @link, and @a.txt only once."
    )
    mentioned = anyio.run(tools.expand_mentions, text)
    outside = "is outside the workspace and not attached: the model asks before it reads it."
    assert mentioned.remarks == [f"@{workspace.parent}/secret {outside}"]  # one file, both ways
    assert mentioned.blocks == [
        f"File {workspace}/a.txt:\n\nhello\n",
        f"File {workspace}/b c.txt:\n\nwith space\n",
        f"Folder {workspace}/sub:\n\n{workspace}/sub holds:\nx",
    ]
    assert not call(tools, "write_file", file_path="a.txt", content="read by mention").is_error


def test_a_mentioned_image_follows_the_text_that_names_it(tools: Toolset, workspace: Path) -> None:
    (workspace / "a [b].png").write_bytes(png(80, 60))
    (workspace / "c.png").write_bytes(png(8, 6))
    (workspace / "d.txt").write_text("text")
    found = anyio.run(tools.expand_mentions, '@"a [b].png" beside @c.png and @d.txt')
    kinds = [each if isinstance(each, str) else each["name"] for each in found.blocks]
    assert kinds == [
        f"File {workspace}/a [b].png:\n\n[image: PNG, 80×60, {len(png(80, 60))} bytes]",
        "a [b].png",
        f"File {workspace}/c.png:\n\n[image: PNG, 8×6, {len(png(8, 6))} bytes]",
        "c.png",
        f"File {workspace}/d.txt:\n\ntext",
    ]


def test_what_cannot_be_attached_is_said_to_the_person_too(tools: Toolset, workspace: Path) -> None:
    (workspace / "broken.png").write_bytes(png(80, 60)[:50])
    (workspace / ".qwenignore").write_text("kept.txt\n")
    (workspace / "kept.txt").write_text("words")
    found = anyio.run(tools.expand_mentions, "see @broken.png and @kept.txt")
    broken, kept = found.remarks
    assert broken.startswith(
        f"Not attached: {workspace}/broken.png is an image that cannot be shown: "
    )
    assert kept == f"Not attached: @{workspace}/kept.txt: It is kept from the agent by .qwenignore."
    assert [str(block).partition(":")[0] for block in found.blocks] == [
        f"Mentioned {workspace}/broken.png",
        f"Mentioned {workspace}/kept.txt",
    ]


def test_mentions_are_bounded(tools: Toolset, workspace: Path) -> None:
    for number in range(25):
        (workspace / f"f{number}").write_text("x" * 10_000 + "\n")
    text = " ".join(f"@f{number}" for number in range(25))
    blocks = anyio.run(tools.expand_mentions, text).blocks
    assert len(blocks) == 21
    last = str(blocks[-1])
    assert last.startswith("Mentioned too") and "f20, f21" in last


def test_a_prompt_without_mentions_costs_nothing(tools: Toolset) -> None:
    assert anyio.run(tools.expand_mentions, "nothing here") == Mentioned()


@pytest.mark.parametrize(
    "text",
    [
        "看 @a.txt。",
        "看@a.txt 这个",
        "@a.txt这个文件",
        "「@a.txt」",
        "（@a.txt）、それを",
        "파일@a.txt을 보세요",
        "@a.txt，还有",
        "“@a.txt”",
        "@ROOT/a.txt",
        "看@ROOT/a.txt。",
        "what @a.txt's first line says",
        "@a.txt’s end",
        "@a.txt:12 and @a.txt:3:7",
        "@a.txt#L1",
        "@a.txt,then (@a.txt);so",
    ],
)
def test_a_mention_ends_where_the_path_does(tools: Toolset, workspace: Path, text: str) -> None:
    (workspace / "a.txt").write_text("hello\n")
    mentioned = anyio.run(tools.expand_mentions, text.replace("ROOT", str(workspace)))
    assert mentioned == Mentioned([f"File {workspace}/a.txt:\n\nhello\n"])


@pytest.mark.parametrize("between", ["、", "，", ",", ";", "|", "&", "和", "」「"])
def test_mentions_without_a_blank_between_them_are_two(
    tools: Toolset, workspace: Path, between: str
) -> None:
    (workspace / "a.txt").write_text("hello\n")
    (workspace / "b.txt").write_text("you\n")
    found = anyio.run(tools.expand_mentions, f"@a.txt{between}@b.txt{between}@c.txt")
    assert found.blocks == [
        f"File {workspace}/a.txt:\n\nhello\n",
        f"File {workspace}/b.txt:\n\nyou\n",
    ]
    assert found.remarks == ["Not found, so not attached: @c.txt"]


def test_a_name_with_punctuation_is_the_whole_one(tools: Toolset, workspace: Path) -> None:
    for name in ("a", "a's", "a:1", "a#b", "x@2x.png.txt"):
        (workspace / name).write_text(name)
    for name in ("a's", "a:1", "a#b", "x@2x.png.txt"):
        found = anyio.run(tools.expand_mentions, f"see @{name} now")
        assert found.blocks == [f"File {workspace}/{name}:\n\n{name}"]


def test_the_longest_path_that_exists_is_meant(tools: Toolset, workspace: Path) -> None:
    (workspace / "说明").write_text("short\n")
    (workspace / "说明书.md").write_text("long\n")
    mentioned = anyio.run(tools.expand_mentions, "请看@说明书.md吧和@说明请")
    assert [str(block).splitlines()[-1] for block in mentioned.blocks] == ["long", "short"]


def test_what_is_not_there_is_told(tools: Toolset, workspace: Path) -> None:
    text = "@gone.txt @src/gone, 看@没有.md。 @someone @property a@b.example @\x1b[31mx.py"
    mentioned = anyio.run(tools.expand_mentions, text)
    assert mentioned.blocks == []
    (remark,) = mentioned.remarks
    assert remark.startswith("Not found, so not attached: @gone.txt, @src/gone, @没有.md")
    assert "\x1b" not in remark and "someone" not in remark


def test_what_is_outside_is_told_and_not_attached(tools: Toolset, workspace: Path) -> None:
    secret = workspace.parent / "secret"
    secret.write_text("outside")
    mentioned = anyio.run(tools.expand_mentions, f"see @{secret}")
    assert mentioned.blocks == []
    assert mentioned.remarks == [
        f"@{secret} is outside the workspace and not attached: the model asks before it reads it."
    ]


def test_a_text_without_blanks_costs_little(tools: Toolset) -> None:
    assert all(len(choices) <= 200 for choices in candidates("@a" + "这。" * 50_000))
