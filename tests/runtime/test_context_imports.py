"""What context files name with ``@path``: read where it may be, bounded, and each once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from qwen_dual.runtime.context_files import context_files
from qwen_dual.runtime.context_imports import MAX_CHARS, MAX_DEPTH, MAX_FILES, named

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Read:
    """The context files of a folder, and what was said of those that are not used."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.told: list[str] = []
        home = folder.parent / "person" / ".qwen"
        self.files = context_files(
            str(folder),
            str(home),
            on_refused=self.told.append,
            **options,  # type: ignore[arg-type]
        )
        self.names = [file.path.removeprefix(f"{folder.parent}/") for file in self.files]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / ".git").mkdir(parents=True)
    return tmp_path / "work"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("See @README.md, and (@docs/a.md).", ["README.md", "docs/a.md"]),
        ("@./a.md\n- Git: @../b.md!", ["./a.md", "../b.md"]),
        ("mail me@example.com or @someone, **@a.md**", []),
        ("x ```@a.md`` @b.md ` @c.md``` @d.md ` @e.md", ["d.md", "e.md"]),
        ("`@a.md` and ``@b.md `x` `` but @c.md", ["c.md"]),
        ("```\n@a.md\n```\n@b.md\n~~~~\n@c.md\n~~~\n@d.md\n~~~~\n@e.md", ["b.md", "e.md"]),
        ("@my\\ notes.md twice @my\\ notes.md", ["my notes.md"]),
        ("@a.md\0", []),
    ],
)
def test_names_are_those_outside_of_code(text: str, names: list[str]) -> None:
    assert named(text) == names


def test_a_file_comes_behind_the_one_that_names_it(work: Path) -> None:
    write(work / "QWEN.md", "Read @docs/git.md and @README.md.")
    write(work / "docs/git.md", "Rebase. See @deep/more.md")
    write(work / "docs/deep/more.md", "More.")
    write(work / "README.md", "What it is.")
    write(work / "AGENTS.md", "Last. @README.md again.")
    read = Read(work)
    assert read.names == [
        "work/QWEN.md",
        "work/docs/git.md",
        "work/docs/deep/more.md",
        "work/README.md",
        "work/AGENTS.md",
    ]
    assert read.told == []
    assert read.files[0].text == "Read @docs/git.md and @README.md."


def test_a_circle_ends(work: Path) -> None:
    write(work / "QWEN.md", "@a.md @QWEN.md")
    write(work / "a.md", "@b.md @QWEN.md")
    write(work / "b.md", "@a.md")
    assert Read(work).names == ["work/QWEN.md", "work/a.md", "work/b.md"]


def test_nothing_outside_of_the_project_is_read(work: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside.md", "secret")
    write(tmp_path / "person/.qwen/mine.md", "mine")
    (work / "link.md").symlink_to(tmp_path / "outside.md")
    (work / "folder").symlink_to(tmp_path)
    (work / "inside.md").symlink_to("real.md")
    write(work / "real.md", "real")
    lines = ["@../outside.md", "@link.md", "@folder/outside.md", "@~/.qwen/mine.md", "@inside.md"]
    write(work / "QWEN.md", "\n".join([*lines, f"@{tmp_path}/outside.md", "@/etc/host.conf"]))
    read = Read(work)
    assert read.names == ["work/QWEN.md", "work/inside.md"]
    assert len(read.told) >= 2
    assert all("lies outside of" in told for told in read.told)


def test_what_is_kept_from_the_model_and_what_may_hold_secrets_is_left_out(work: Path) -> None:
    for name in (".env", "key.pem", "denied.md", "ignored.md", "ok.md"):
        write(work / name, "x")
    write(work / "QWEN.md", "@./.env @key.pem @denied.md @ignored.md @ok.md")
    read = Read(
        work,
        hidden=lambda path, real: real.endswith("denied.md"),
        may_import=lambda real: not real.endswith("ignored.md"),
    )
    assert read.names == ["work/QWEN.md", "work/ok.md"]
    said = ["may hold secrets", "may hold secrets", "kept from the model", "kept from the model"]
    assert [words in told for words, told in zip(said, read.told, strict=True)] == [True] * 4


def test_the_persons_own_file_may_name_what_is_theirs(work: Path, tmp_path: Path) -> None:
    write(tmp_path / "person/.qwen/QWEN.md", "@rules.md and @~/notes/style.md and @/etc/host.conf")
    write(tmp_path / "person/.qwen/rules.md", "rules")
    write(tmp_path / "person/notes/style.md", "style")
    read = Read(work, trusted=False)
    assert read.names == [
        "person/.qwen/QWEN.md",
        "person/.qwen/rules.md",
        "person/notes/style.md",
    ]


def test_depth_number_and_size_are_bounded(work: Path) -> None:
    write(work / "QWEN.md", "@0.md")
    for number in range(MAX_DEPTH + 3):
        write(work / f"{number}.md", f"@{number + 1}.md")
    read = Read(work)
    assert len(read.files) == 1 + MAX_DEPTH
    assert "more than 5 files deep" in read.told[0]
    for number in range(MAX_FILES + 5):
        write(work / f"n/{number}.md", "x")
    write(work / "QWEN.md", " ".join(f"@n/{number}.md" for number in range(MAX_FILES + 5)))
    assert len(Read(work).files) == 1 + MAX_FILES
    for number in range(9):
        write(work / f"n/{number}.md", "x" * 30_000)
    read = Read(work)
    assert sum(len(file.text) for file in read.files) < MAX_CHARS + 40_000


def test_a_hostile_text_costs_no_more_than_a_long_one() -> None:
    began = time.process_time()
    runs = " ".join("`" * length for length in range(1, 280))
    for text in (f"@ {runs}", "@" + "`" * 20_000 + "x" * 20_000):
        named(text)
    for text in ("`" * 40_000, "@" * 40_000, "@a\\ " * 10_000, "``x` " * 8_000, "@a.md " * 7_000):
        named(text)
    assert time.process_time() - began < 2
