from __future__ import annotations

import time

from hypothesis import example, given
from hypothesis import strategies as st

from qwen_dual.tools.diff import diff_of
from qwen_dual.tools.edit import replace
from qwen_dual.tools.globpattern import GlobPattern, split_absolute
from qwen_dual.tools.read import Window
from qwen_dual.tools.textfile import newline_of, with_newlines
from qwen_dual.tools.write import overwritten

lines = st.text(alphabet="ab\n", max_size=30)


@given(st.lists(st.sampled_from(["a", "b", "\r\n", "\n"]), max_size=30), lines, lines)
def test_text_around_an_edit_keeps_its_line_ends(before: list[str], old: str, new: str) -> None:
    text = "".join(before) + "|" + with_newlines(old, "\r\n") + "|" + "".join(before)
    done = replace(text, f"|{old}|", f"|{new}|")
    assert done.count == 1
    assert done.text.startswith("".join(before) + "|")
    assert done.text.endswith("|" + "".join(before))
    inner = done.text[len("".join(before)) : len(done.text) - len("".join(before))]
    assert with_newlines(inner, "\n") == f"|{new}|"


@example(["", ""], "\r\n", "\n")
@given(
    st.lists(st.text(alphabet="xy", max_size=3), min_size=2), st.sampled_from(["\n", "\r\n"]), lines
)
def test_an_overwritten_file_keeps_its_line_ends(old: list[str], newline: str, new: str) -> None:
    text = overwritten(newline.join(old), new, bom=False)
    assert with_newlines(text, "\n") == new
    if "\n".join(old) == new:
        assert text == new  # nothing but the line ends was to be changed
    else:
        assert newline_of(text) in (newline, None)


@given(
    st.text(alphabet="ab\r\n", max_size=60),
    st.integers(0, 10),
    st.integers(1, 10),
    st.integers(1, 7),
)
def test_a_window_shows_the_same_lines_however_the_text_is_cut(
    text: str, offset: int, limit: int, size: int
) -> None:
    window = Window(offset, limit, 1000)
    for start in range(0, len(text), size):
        window.feed(text[start : start + size])
    window.finish()
    whole = text.split("\n")
    if whole[-1] == "":
        whole.pop()
    assert window.total == len(whole)
    assert window.lines == [line.removesuffix("\r") for line in whole[offset : offset + limit]]


def apply(old: str, diff: str) -> str:
    """The new text that an unbounded diff describes."""
    before = old.splitlines(keepends=True)
    out: list[str] = []
    at = 0
    for line in diff.splitlines()[2:]:
        if line.startswith("@@"):
            start, count = map(int, line.split()[1][1:].split(","))
            until = start - 1 if count else start
            out += before[at:until]
            at = until
        elif line.startswith("\\"):
            out[-1] = out[-1].removesuffix("\n") if before[-1:] != out[-1:] else out[-1]
        elif line.startswith("+"):
            out.append(line[1:] + "\n")
        else:
            if line.startswith(" "):
                out.append(before[at])
            at += 1
    return "".join(out + before[at:])


@given(
    st.lists(st.sampled_from("abc"), max_size=40).map(
        lambda items: "".join(f"{i}\n" for i in items)
    ),
    st.lists(st.sampled_from("abc"), max_size=40).map(
        lambda items: "".join(f"{i}\n" for i in items)
    ),
)
def test_a_diff_leads_from_the_old_text_to_the_new(old: str, new: str) -> None:
    assert apply(old, diff_of(old, new, "x").text) == new


def test_a_diff_of_large_files_is_bounded_in_size_and_time() -> None:
    old = "".join(f"{n % 7}\n" for n in range(200_000))
    new = "".join(f"{n % 5}\n" for n in range(200_000))
    begun = time.monotonic()
    diff = diff_of(old, new, "x").text
    assert time.monotonic() - begun < 20
    assert diff.count("\n") <= 4001 and len(diff) < 201_000
    assert "more lines …]" in diff


def test_a_missing_last_newline_is_shown() -> None:
    diff = diff_of("a\n", "a", "x").text
    assert diff.splitlines()[-3:] == ["-a", "+a", "\\ No newline at end of file"]


def test_glob_patterns() -> None:
    cases = {
        "*.py": (["a.py", ".py"], ["d/a.py", "a.pyc"]),
        "**/*.py": (["a.py", "d/e/a.py"], ["a.ts"]),
        "src/**/test_*.{py,ts}": (["src/test_a.py", "src/x/y/test_b.ts"], ["test_a.py"]),
        "src/**": (["src/a", "src/b/c"], ["src", "other/src/a"]),
        "[a-c]?.txt": (["ax.txt"], ["dx.txt", "a/.txt"]),
        "[!a].txt": (["b.txt", "^.txt"], ["a.txt"]),
        "a[.txt": (["a[.txt"], ["a.txt"]),
        "{a,b}/{c,d}": (["a/c", "b/d"], ["a/b"]),
        "**/a/**/b": (["a/b", "x/a/y/z/b", "a/a/b"], ["a", "b", "a/b/c"]),
        "./a//b": (["a/b"], ["a"]),
    }
    for pattern, (yes, no) in cases.items():
        made = GlobPattern(pattern)
        assert [name for name in yes if not made.matches(name)] == [], pattern
        assert [name for name in no if made.matches(name)] == [], pattern


@given(st.text(alphabet="ab*?", max_size=8), st.text(alphabet="ab", max_size=10))
def test_a_name_matches_as_fnmatch_says(pattern: str, name: str) -> None:
    import fnmatch

    if not pattern or "**" in pattern or not name:
        return
    assert GlobPattern(pattern).matches(name) == fnmatch.fnmatchcase(name, pattern)


def test_a_hostile_glob_takes_no_time() -> None:
    made = GlobPattern("*a" * 60 + "b")
    begun = time.monotonic()
    assert not made.matches("a" * 255)
    assert not GlobPattern("**/a/" * 30 + "b").matches("a/" * 1000 + "c")
    assert time.monotonic() - begun < 20


def test_an_absolute_pattern_is_split_where_it_begins_to_vary() -> None:
    assert split_absolute("/a/b/*.py") == ("/a/b", "*.py")
    assert split_absolute("/*") == ("/", "*")
    assert split_absolute("/a/b.py") == ("/a", "b.py")
