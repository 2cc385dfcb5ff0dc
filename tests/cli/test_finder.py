"""The program's own finder: the same modules as Python's finds, in fewer steps, and Python's where unsure."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from pathlib import Path
from py_compile import PycInvalidationMode

import pytest

ROOT = Path(__file__).parents[2]


def run(code: str, folder: Path) -> list[str]:
    """What ``code`` prints in a Python with the finder, and ``folder`` on its path."""
    head = "from qwen_dual.cli.finder import find_quickly\nfind_quickly()\n"
    env = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    ran = subprocess.run(
        [sys.executable, "-c", head + code], env=env, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.split()


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A package, a module beside it, and a folder that is no package."""
    (tmp_path / "pack" / "inner").mkdir(parents=True)
    (tmp_path / "pack" / "__init__.py").write_text("value = 'pack'\n")
    (tmp_path / "pack" / "part.py").write_text("value = 'part'\n")
    (tmp_path / "pack" / "inner" / "leaf.py").write_text("value = 'leaf'\n")
    (tmp_path / "single.py").write_text("value = 'single'\n")
    for path in tmp_path.rglob("*.py"):
        py_compile.compile(str(path), doraise=True)
    return tmp_path


FACTS = """
import pack, pack.part, pack.inner.leaf, single
for module in (pack, pack.part, pack.inner.leaf, single):
    spec = module.__spec__
    print(module.value, module.__file__, module.__cached__, spec.origin, spec.name, spec.parent,
          list(module.__path__) if hasattr(module, "__path__") else None)
"""


def test_modules_are_what_they_are_for_pythons_own_finder(library: Path) -> None:
    usual = subprocess.run(
        [sys.executable, "-c", FACTS],
        env={**os.environ, "PYTHONPATH": str(library)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run(FACTS, library) == usual.stdout.split()


def test_a_changed_source_counts_and_not_what_was_compiled_of_it(library: Path) -> None:
    (library / "single.py").write_text("value = 'changed'\n")
    assert run("import single; print(single.value)", library) == ["changed"]


def test_a_source_of_the_same_size_counts_by_its_time(library: Path) -> None:
    source = library / "single.py"
    source.write_text("value = 'sInGlE'\n")
    os.utime(source, (1_000_000_000, 1_000_000_000))
    assert run("import single; print(single.value)", library) == ["sInGlE"]


def test_a_source_without_compiled_code_is_compiled_and_kept(library: Path) -> None:
    (library / "new.py").write_text("value = 'new'\n")
    code = "import sys; sys.dont_write_bytecode = False\nimport new; print(new.value)"
    assert run(code, library) == ["new"]
    assert list((library / "__pycache__").glob("new.*.pyc"))


@pytest.mark.parametrize("damage", [b"", b"short", bytes(64)])
def test_damaged_compiled_code_is_not_used(library: Path, damage: bytes) -> None:
    (compiled,) = (library / "__pycache__").glob("single.*.pyc")
    compiled.write_bytes(damage)
    assert run("import single; print(single.value)", library) == ["single"]


def test_code_cut_off_behind_a_good_head_is_no_module(library: Path) -> None:
    (compiled,) = (library / "__pycache__").glob("single.*.pyc")
    compiled.write_bytes(compiled.read_bytes()[:24])
    code = "try:\n import single\nexcept (EOFError, ImportError, ValueError): print('no')"
    assert run(code, library) == ["no"]  # as Python has it


def test_code_that_counts_by_a_hash_of_its_source_is_left_to_python(library: Path) -> None:
    source = library / "single.py"
    py_compile.compile(str(source), invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    source.write_text("value = 'hashed'\n")
    assert run("import single; print(single.value)", library) == ["hashed"]


@pytest.mark.parametrize(
    "then", ["import importlib; importlib.invalidate_caches()", "finder.monotonic = lambda: 1e9"]
)
def test_a_module_that_comes_later_is_found(library: Path, then: str) -> None:
    code = f"""
import qwen_dual.cli.finder as finder
import single
try:
    import late
except ModuleNotFoundError:
    print("none")
open({str(library / "late.py")!r}, "w").write("value = 'late'")
{then}
import late
print(late.value)
"""
    assert run(code, library) == ["none", "late"]


def test_a_folder_that_goes_away_has_no_modules_and_is_no_failure(library: Path) -> None:
    code = f"""import shutil, sys
import single
shutil.rmtree({str(library)!r})
import json, bisect
try:
    import pack
except ModuleNotFoundError as error:
    print(error.name)
"""
    assert run(code, library) == ["pack"]


def test_an_extension_goes_before_a_source_of_its_name(library: Path) -> None:
    from importlib.machinery import EXTENSION_SUFFIXES

    (library / f"single{EXTENSION_SUFFIXES[0]}").write_bytes(b"no library")
    code = "try:\n import single\nexcept ImportError as error: print(error.path)"
    assert run(code, library) == [str(library / f"single{EXTENSION_SUFFIXES[0]}")]


def test_a_traceback_names_the_file_where_it_is_now(library: Path) -> None:
    moved = library.with_name("moved")
    library.rename(moved)
    code = (
        "import pack.part, sys; print(pack.part.__spec__.loader.get_code('pack.part').co_filename)"
    )
    assert run(code, moved) == [str(moved / "pack" / "part.py")]


def test_what_was_compiled_by_another_name_of_the_folder_is_read_once(library: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "compileall", "-qf", library.name], cwd=library.parent, check=True
    )
    code = """
import sys
opened = []
sys.addaudithook(lambda name, args: opened.append(str(args[0])) if name == "open" else None)
import pack.part
print(sum("part" in path for path in opened), pack.part.__spec__.loader.get_code("pack.part").co_filename)
"""
    assert run(code, library) == ["1", f"{library}/pack/part.py"]


def test_what_lists_modules_and_reads_sources_and_data_goes_on(library: Path) -> None:
    (library / "pack" / "data.txt").write_text("data")
    code = """
import importlib.resources, inspect, pkgutil, pack, single
print(*sorted(found.name for found in pkgutil.iter_modules(pack.__path__)))
print(inspect.getsource(single).split("=")[0], importlib.resources.files(pack).joinpath("data.txt").read_text())
"""
    assert run(code, library) == ["part", "value", "data"]


def test_a_module_takes_one_file_to_open_and_its_folder_is_listed_once() -> None:
    code = f"""
import sys
seen = []
def hook(name, args):
    if name in ("open", "os.listdir", "os.scandir"):
        seen.append((name, str(args[0])))
sys.path.insert(0, {str(ROOT)!r})
from qwen_dual.cli.finder import find_quickly
find_quickly()
sys.addaudithook(hook)
import qwen_dual.protocol.events, qwen_dual.core.permissions.policy, qwen_dual.settings.keys
ours = [path for name, path in seen if name == "open" and "qwen_dual" in path]
loaded = [name for name in sys.modules if name.startswith("qwen_dual") and "cli" not in name]
listed = [path for name, path in seen if name != "open" and "qwen_dual" in path]
print(len(ours) <= len(loaded), all(path.endswith(".pyc") for path in ours), len(listed) - len(set(listed)))
"""
    environment = {
        key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"
    }
    for _ in range(2):  # the first may have to compile
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
    assert ran.stdout.split() == ["True", "True", "0"]
