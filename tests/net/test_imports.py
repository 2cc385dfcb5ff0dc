"""Modules that are imported later, bare or apart, each in a process of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.net.imported import IMPORTS, run

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_imported_later_is_there_once_it_is_used(library: Path) -> None:
    code = IMPORTS + "with Later('whole'): import needy\nprint('whole' in sys.modules, needy.use())"
    assert run(code, library) == ["imported", "False", "1"]


def test_what_is_imported_later_may_be_used_at_once(library: Path) -> None:
    code = IMPORTS + "with Later('whole'):\n import needy\n print(needy.use())\nimport whole"
    assert run(code, library) == ["imported", "1"]


def test_what_others_import_meanwhile_is_the_module_itself(library: Path) -> None:
    code = (
        IMPORTS
        + "with Later('whole'): import needy\nimport whole\nwhole.value = 2\nprint(needy.use())"
    )
    assert run(code, library) == ["imported", "2"]


def test_what_is_known_holds_until_the_module_is_imported(library: Path) -> None:
    known = "with Later(known={'whole': {'value': 0}}): import needy\n"
    code = IMPORTS + known + "print(needy.use())\nimport whole\nprint(needy.use())"
    assert run(code, library) == ["0", "imported", "1"]


GO_WHEN_WAITED_FOR = """
main = threading.get_ident()
def go():
    while sys._current_frames()[main].f_code.co_filename != "<frozen importlib._bootstrap>": pass
    gate.go.set()
threading.Thread(target=go).start()
"""


def test_a_name_that_is_only_called_is_imported_with_its_first_call(library: Path) -> None:
    (library / "caller.py").write_text("from maker import Maker\nmake = Maker[int]\n")
    (library / "maker.py").write_text(
        "print('imported')\nclass Maker(list):\n size = 3\n def __class_getitem__(cls, of): return cls\n"
    )
    code = (
        IMPORTS
        + "with Later(called={'maker': ['Maker']}): import caller\nprint('maker' in sys.modules)\n"
    )
    code += "print(caller.make('ab'), caller.Maker.size)\nfrom maker import Maker\nprint(type(caller.make()) is Maker)"
    assert run(code, library) == ["False", "imported", "['a',", "'b']", "3", "True"]


def test_what_another_thread_is_importing_is_waited_for(library: Path) -> None:
    (library / "slow.py").write_text(
        "import gate\ngate.reached.set()\ngate.go.wait()\nvalue = far = 1\n"
    )
    (library / "gate.py").write_text(
        "from threading import Event\nreached, go = Event(), Event()\n"
    )
    (library / "user.py").write_text("import slow\n")
    code = "import gate, threading; from qwen_dual.net.imports import Later\n"
    code += "with Later('slow', known={'slow': {'value': 'known'}}): import user\n"
    code += "threading.Thread(target=__import__, args=['slow']).start(); gate.reached.wait()\n"
    code += "print(user.slow.value)\n"
    code += GO_WHEN_WAITED_FOR + "print(user.slow.far, user.slow.value)"
    assert run(code, library) == ["known", "1", "1"]


def test_a_name_that_a_module_has_not_is_missing_as_ever(library: Path) -> None:
    code = IMPORTS + "with Later('whole'): import needy\nprint(hasattr(needy.whole, 'other'))"
    assert run(code, library) == ["imported", "False"]


def test_a_bare_package_gives_the_names_of_the_modules_that_are_looked_in(library: Path) -> None:
    code = (
        IMPORTS + "import_bare('library', 'missing', 'part')\nfrom library import near\nprint(near)"
    )
    assert run(code, library) == ["near"]


def test_a_bare_package_is_whole_once_another_name_is_asked_for(library: Path) -> None:
    code = IMPORTS + "import_bare('library', 'part')\nfrom library import far\nprint(far)"
    assert run(code, library) == ["imported", "far"]


def test_a_package_that_is_there_already_stays_as_it_is(library: Path) -> None:
    code = IMPORTS + "import library\nimport_bare('library')\nprint(library.far)"
    assert run(code, library) == ["imported", "far"]


def test_a_bare_package_has_the_modules_that_are_named_as_its_own(library: Path) -> None:
    code = (
        IMPORTS + "import_bare('library', inner=['part'])\nimport library\nprint(library.part.near)"
    )
    assert run(code, library) == ["near"]


def test_a_bare_package_may_have_all_modules_of_its_folder_as_its_own(library: Path) -> None:
    code = IMPORTS + "import_bare('library', 'part', inner=None)\nfrom library import big, near\n"
    assert run(code + "print(big.far, near)", library) == ["imported", "far", "near"]


def test_a_bare_package_gives_what_its_modules_say_they_have_and_nothing_besides(
    library: Path,
) -> None:
    (library / "library" / "first.py").write_text("import sys\nfar = 'mine'\n__all__ = ('near',)\n")
    code = IMPORTS + "import_bare('library', 'first', 'big')\nfrom library import far\nprint(far)"
    assert run(code, library) == ["imported", "far"]


def test_a_name_of_a_bare_package_is_looked_for_once(library: Path) -> None:
    code = IMPORTS + "import_bare('library', 'part')\nimport library\nlibrary.near\n"
    assert run(code + "print(vars(library)['near'])", library) == ["near"]


def test_a_pattern_of_a_library_is_compiled_with_its_first_use(tmp_path: Path) -> None:
    (tmp_path / "patterned.py").write_text("import re\nfound = re.compile('a(b+)')\n")
    code = """
import re
from qwen_dual.net.imports import PatternsLater
with PatternsLater("patterned"):
    import patterned
    own = re.compile("c")
print(type(own).__name__, type(patterned.found).__name__)
print(patterned.found.search("xabb")[1], patterned.found.pattern, patterned.found.fullmatch("b"))
print(type(re.compile("d")).__name__)
"""
    assert run(code, tmp_path) == ["Pattern", "_Pattern", "bb", "a(b+)", "None", "Pattern"]
