"""Our reading of ignore files against git's own, and its bounds."""

from __future__ import annotations

import shutil
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwen_dual.core.text.gitignore import Rule, Rules
from qwen_dual.core.text.wildcard import name_pattern, stars

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ["a", "b", "ab", "a.b", "ba", "x", "[a]", "*", "a b", "!a", "#a", "\\"]
LINES = [
    *("a", "a/", "/a", "a/b", "/a/b/", "a/*", "a/**", "**/a", "**/a/b", "a/**/b", "*", "**", "/**"),
    *("*.b", "?", "??", "a*", "*a*", "[ab]", "[!a]", "[^a]b", "[a-b]*", "[[:alpha:]]", r"\[a\]"),
    *(r"\*", r"\!a", r"\#a", "#a", "!a", "!a/b", "!*/", "a ", r"a\ b", "a b", "", "/", "//", r"\\"),
    *(
        "[",
        "[a",
        "a\\",
        "[]a]",
        "[]-a]",
        "***",
        "a**b",
        "**a",
        "a//b",
        "[[:foo:]]",
        "x/**/",
    ),
    *("**/", "/*/b", "*/*", "!/a/**", "a/**/**/b", "[a-]", r"[\]a]", "a\r", r"a\  "),
]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is what it is compared with")
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=6),
    paths=st.lists(
        st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), min_size=1, max_size=25
    ),
    folders=st.lists(st.booleans(), min_size=25, max_size=25),
)
def test_git_says_the_same(
    tmp_path: Path, lines: list[str], paths: list[list[str]], folders: list[bool]
) -> None:
    if not (tmp_path / ".git").exists():
        subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    (tmp_path / ".gitignore").write_text("\n".join(lines) + "\n", newline="")
    # What has something in it is a folder to git, which looks at nothing on the disk.
    asked = ["/".join(path) + "/z" * folder for path, folder in zip(paths, folders, strict=False)]
    answer = subprocess.run(
        ["git", "-c", "core.excludesFile=/dev/null", "check-ignore", "--no-index", "-z", "--stdin"],
        cwd=tmp_path,
        input="\0".join(asked).encode(),
        capture_output=True,
        check=False,
    )
    ignored = set(answer.stdout.decode().split("\0")) - {""}
    rules = Rules.parse(lines)
    for path in asked:
        assert _ignored(rules, path) is (path in ignored), (lines, path, answer.stderr)


def _ignored(rules: Rules, path: str) -> bool:
    """As a walk asks: from the top, and nothing comes back from inside an ignored folder."""
    names = path.split("/")
    counts = range(1, len(names) + 1)
    return any(rules.check(names[:count], is_folder=count < len(names)) for count in counts)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("*a" * 20 + "b", "a" * 200),
        ("*?a" * 20 + "b", "a" * 200),
        ("*[a-z]" * 60 + "0", "a" * 250),
        ("**/a/" * 500 + "b", "a/" * 1500 + "a"),
        ("a/**/" * 500 + "b", "a/" * 1500 + "a"),
        ("*/" * 1500 + "b", "a/" * 1700 + "a"),
    ],
)
def test_no_line_takes_long(line: str, path: str) -> None:
    began = time.process_time()
    assert Rules.parse([line]).check(path.split("/"), is_folder=False) in (None, False)
    rule = Rule.parse(line)
    assert rule is not None
    assert not rule.covers(path.split("/"), is_folder=False)
    assert time.process_time() - began < 2  # years, with one expression for a line


def test_many_names_cost_what_one_costs() -> None:
    rules = Rules.parse([f"name{number}" for number in range(100_000)])
    began = time.process_time()
    for number in range(1000):
        assert rules.check([f"name{number}"], is_folder=False)
        assert rules.check([f"other{number}"], is_folder=False) is None
    assert time.process_time() - began < 2


@pytest.mark.parametrize("size", [1000, 200_000])
def test_stars_are_matched_in_one_pass(size: int) -> None:
    text = "a" * size
    began = time.process_time()
    assert not stars("*a" * 20 + "b").fullmatch(text)
    assert stars("*a" * 20).fullmatch(text)
    assert time.process_time() - began < 2


def test_a_set_that_is_none_is_told() -> None:
    for wrong in ("[a", "[", "[b-a]", "a\\", "[[:nothing:]]"):
        with pytest.raises(ValueError, match=r"closed|backwards|backslash|known"):
            name_pattern(wrong)
    assert name_pattern("[id]", sets=False).fullmatch("[id]")


@pytest.mark.parametrize("depth", [1, 50, 1700])
def test_a_folder_stands_for_what_is_in_it_however_deep(depth: int) -> None:
    rule = Rule.parse("secret")
    assert rule is not None
    assert rule.covers(["secret", *["x"] * depth], is_folder=False)
    assert not rule.covers(["x"] * depth, is_folder=True)
