from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.tools.mentions import candidates
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
    assert anyio.run(tools.expand_mentions, text) == [
        f"File {workspace}/a.txt:\n\nhello\n",
        f"File {workspace}/b c.txt:\n\nwith space\n",
        f"Folder {workspace}/sub:\n\n{workspace}/sub holds:\nx",
    ]
    assert not call(tools, "write_file", file_path="a.txt", content="read by mention").is_error


def test_mentions_are_bounded(tools: Toolset, workspace: Path) -> None:
    for number in range(25):
        (workspace / f"f{number}").write_text("x" * 10_000 + "\n")
    text = " ".join(f"@f{number}" for number in range(25))
    blocks = anyio.run(tools.expand_mentions, text)
    assert len(blocks) == 21
    assert blocks[-1].startswith("Mentioned too") and "f20, f21" in blocks[-1]


def test_a_prompt_without_mentions_costs_nothing(tools: Toolset) -> None:
    assert anyio.run(tools.expand_mentions, "nothing here") == []
