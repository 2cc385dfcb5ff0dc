"""The reader against bash: the words it returns are the ones that bash passes to the programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qwen_dual.shell.reader import GLOB, Line, Simple, read
from qwen_dual.tools.shell_environment import environment
from tests.fuzz.shell import Lines, compare
from tests.shell.bash import BASH, BUILTINS, LOCALES, agrees, differences, ran, run_for_real
from tests.shell.corpus import LINES, ORDINARY

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not os.path.exists(BASH), reason="bash is not installed")


def test_every_line_of_the_corpus_that_is_understood_runs_as_told() -> None:
    understood = [(line, found) for line in LINES if (found := read(line)) is not None]
    assert len(LINES) > 7_000
    assert len(understood) > 3_500
    assert differences(understood) == []
    assert differences(understood[::5], "C") == []


def test_most_of_what_agents_run_is_understood() -> None:
    not_understood = [line for line in ORDINARY if read(line) is None]
    assert len(not_understood) < len(ORDINARY) * 0.1, not_understood


@pytest.mark.parametrize("locale", LOCALES)
def test_lines_made_at_random_run_as_told(locale: str) -> None:
    understood, wrong = compare(4_000, seed=1, locale=locale)
    assert wrong == []
    assert understood > 1_200


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.lists(
            st.sampled_from(
                [*"ab;|&<>()\\'\"`$#~{}[]*?!=:,-+%^@ \t\n2é", "git ", " -m ", "/dev/null", "''"]
            )
            | st.characters(codec="utf-8"),
            max_size=12,
        ).map(lambda pieces: "git " + "".join(pieces)),
        min_size=50,
        max_size=200,
    )
)
def test_any_line_at_all_runs_as_told(lines: list[str]) -> None:
    assert differences([(line, found) for line in lines if (found := read(line))]) == []


def test_a_line_started_like_the_tool_starts_it_runs_the_programs_with_these_words(
    tmp_path: Path,
) -> None:
    hostile = {
        "BASH_FUNC_git%%": "() { x; }",
        "BASH_ENV": "/etc/passwd",
        "SHELLOPTS": "histexpand:keyword:posix",
        "BASHOPTS": "extglob:nullglob:expand_aliases",
        "CDPATH": "/",
        "IFS": "i",
        "POSIXLY_CORRECT": "1",
    }
    checked = 0
    for line in Lines(7):
        found = read(line)
        if found is None or any(c.words[0] in (*BUILTINS, "builtin") for c in found.commands):
            continue
        expected = [words for words in ran(found, 0) if _is_there(words[0], tmp_path)]
        if found.background or any(
            word.startswith(GLOB) for c in found.commands for word in c.words
        ):
            continue
        actual = run_for_real(line, environment({**os.environ, **hostile}), tmp_path)
        assert sorted(actual) == sorted(expected), line
        checked += 1
        if checked == 150:
            break


def _is_there(program: str, folder: Path) -> bool:
    """Whether ``run_for_real`` has put a helper there; all is made by its first call."""
    if not (folder / "path").exists():
        run_for_real("git", {}, folder)
    where = folder / "sub" / "where" if "/" in program else folder / "path"
    return (where / program).is_file()


def test_a_pattern_stands_for_names_that_begin_like_it(tmp_path: Path) -> None:
    for name in ("a.py", "b.py", "-x.py", "c d.py", "src/e.py", "src/.f.py"):
        path = tmp_path / "sub" / "where" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for line in ("git *.py", "git src/*.py x", "git src/[a-z]* no*ne", "git 's'rc/?.py", "git ./*"):
        found = read(line)
        assert found is not None
        (actual,) = run_for_real(line, environment(os.environ), tmp_path)
        assert agrees(found.commands[0].words, actual), (line, actual)


def test_the_judge_sees_a_difference() -> None:
    wrong = Line((Simple(("git", "b")),))
    assert differences([("git a", wrong)])
    assert differences([("git $(x)", Line((Simple(("git",)),)))])
    assert differences([("git a; ls", Line((Simple(("git", "a")),)))])
    assert differences([("git a > made", Line((Simple(("git", "a")),)))])
    assert differences([("git 'a", Line((Simple(("git", "a")),)))])
    assert differences([("git a", Line((Simple(("git", "a")),)))]) == []
