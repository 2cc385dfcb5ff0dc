"""Fuzzy search: what is found, in which order, in slices and narrowed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.text.fuzzy import MAX_LOOSE, SLICE, Corpus, Search

PATHS = [
    "README.md",
    "pyproject.toml",
    "qwen_dual/",
    "qwen_dual/tui/",
    "qwen_dual/tui/render.py",
    "qwen_dual/tui/rich_markdown.py",
    "qwen_dual/tui/theme.py",
    "qwen_dual/core/session.py",
    "qwen_dual/tools/file_index.py",
    "docs/normal.md",
    "docs/Überblick.md",
    "src/FileIndex.ts",
    "a file.txt",
]


def best(query: str, limit: int = 20, paths: list[str] = PATHS) -> list[str]:
    search = Search(Corpus(paths), query)
    assert search.run()
    return search.best(limit)


def in_order(query: str, path: str) -> bool:
    letters = iter(path.lower())
    return all(letter in letters for letter in query.lower())


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("render", "qwen_dual/tui/render.py"),
        ("rmp", "qwen_dual/tui/rich_markdown.py"),
        ("tui", "qwen_dual/tui/"),
        ("tui/re", "qwen_dual/tui/render.py"),
        ("tuiren", "qwen_dual/tui/render.py"),
        ("session.py", "qwen_dual/core/session.py"),
        ("README", "README.md"),
        ("readme", "README.md"),
        ("überblick", "docs/Überblick.md"),
        ("file_index", "qwen_dual/tools/file_index.py"),
        ("fileindex", "src/FileIndex.ts"),
        ("qwen_dual/", "qwen_dual/"),
        ("a f", "a file.txt"),
        (".toml", "pyproject.toml"),
        ("the", "qwen_dual/tui/theme.py"),
    ],
)
def test_what_is_meant_comes_first(query: str, first: str) -> None:
    assert best(query)[0] == first


def test_initials_come_before_letters_within_a_word() -> None:
    assert best("rm", 3) == ["README.md", "qwen_dual/tui/rich_markdown.py", "docs/normal.md"]


def test_letters_out_of_order_are_not_found() -> None:
    assert best("rerdne") == []
    assert best("zzz") == []


def test_the_case_that_was_typed_comes_first() -> None:
    paths = ["lib/makefile", "lib/Makefile", "lib/MAKEFILE"]
    assert best("Make", paths=paths)[0] == "lib/Makefile"
    assert sorted(best("make", paths=paths)) == sorted(paths)


def test_a_path_that_is_there_twice_is_found_once() -> None:
    assert best("a", paths=["a.py", "a.py"]) == ["a.py"]


LETTERS = st.text(st.sampled_from("abcAB_/.ß é"), max_size=12)
TREE = st.lists(LETTERS.filter(bool), max_size=30)
QUERY = st.text(st.sampled_from("abcA_/.ß"), min_size=1, max_size=4)


@given(TREE, QUERY)
def test_in_a_small_tree_exactly_what_fits_is_found(paths: list[str], query: str) -> None:
    found = best(query, 100, paths)
    whole = {path for path in paths if query.lower() in path.lower()}
    assert whole <= set(found) <= {path for path in paths if in_order(query, path)}
    if len(whole) == 0:
        assert set(found) == {path for path in paths if in_order(query, path)}
    assert len(found) == len(set(found))


@given(TREE, QUERY, st.text(st.sampled_from("abc/"), max_size=3))
def test_a_narrowed_search_finds_what_a_new_one_does(
    paths: list[str], query: str, more: str
) -> None:
    corpus = Corpus(paths)
    before = Search(corpus, query)
    before.run()
    narrowed, new = Search(corpus, query + more, before), Search(corpus, query + more)
    assert narrowed.run() and new.run()
    assert narrowed.best(100) == new.best(100)


def test_a_search_in_slices_comes_to_the_same() -> None:
    paths = [f"folder{number % 97}/file{number}.py" for number in range(3 * SLICE)]
    corpus = Corpus(paths)
    whole, sliced = Search(corpus, "fo9fi77"), Search(corpus, "fo9fi77")
    whole.run()
    slices = 1
    while not sliced.run(0):
        slices += 1
    assert slices > 3
    assert sliced.best(20) == whole.best(20) != []


def test_a_search_that_did_not_come_to_its_end_can_be_narrowed() -> None:
    paths = [f"folder{number % 97}/file{number}.py" for number in range(3 * SLICE)]
    corpus = Corpus(paths)
    for query, more in (("file11", "22"), ("fr9e77", "7")):
        before = Search(corpus, query)
        assert not before.run(0)
        narrowed, new = Search(corpus, query + more, before), Search(corpus, query + more)
        assert narrowed.run() and new.run()
        assert narrowed.best(20) == new.best(20) != []


def test_many_poor_matches_do_not_hide_a_good_one() -> None:
    paths = [f"x/r{number}mmm.py" for number in range(2 * MAX_LOOSE)]
    paths.append("a/very/long/way/down/to/where/it/lies/rich_markdown.py")
    assert best("richmark", paths=paths)[0].endswith("rich_markdown.py")
    assert any(path.endswith("rich_markdown.py") for path in best("rm", 400, paths))


def test_a_search_of_another_corpus_is_not_narrowed() -> None:
    before = Search(Corpus(["a"]), "a")
    before.run()
    search = Search(Corpus(["ab"]), "ab", before)
    search.run()
    assert search.best(5) == ["ab"]
