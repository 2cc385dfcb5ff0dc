"""Which language a file is in: what pygments says of its name, found without compiling its patterns."""

from __future__ import annotations

import pytest
from pygments.lexers import get_lexer_for_filename
from pygments.util import ClassNotFound

from qwen_dual.frontends.tui.markdown.highlight import _lexer_of_file

NAMES = ["a.py", "a.h", "a.txt", "a.html", "Makefile", "CMakeLists.txt", "a.php5", ".bashrc"]


@pytest.mark.parametrize("name", [*NAMES, "a.m", "PKGBUILD", "a.C", "a.1", "x.js.in", "Gemfile"])
def test_a_files_name_has_the_language_that_pygments_finds_for_it(name: str) -> None:
    assert type(_lexer_of_file(name)) is type(get_lexer_for_filename(name))


@pytest.mark.parametrize("name", ["", "a", "a.zzz", "py", "[a"])
def test_a_name_of_no_language_has_none(name: str) -> None:
    with pytest.raises(ClassNotFound):
        _lexer_of_file(name)
