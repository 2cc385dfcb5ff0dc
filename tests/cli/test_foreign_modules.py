"""Started in a folder that holds modules and programs, it runs none of them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from qwen_dual import __version__
from qwen_dual.runtime.process import own_command

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_STARTS = ([sys.executable, "-m", "qwen_dual"], own_command())


def version(command: Sequence[str], folder: Path, **more: str) -> str:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | more
    done = subprocess.run(
        [*command, "--version"], check=False, cwd=folder, env=env, capture_output=True, text=True
    )
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("command", _STARTS, ids=["python -m", "anew"])
def test_no_module_of_the_folder_is_imported(command: Sequence[str], tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for name in ("signal", "argparse", "msgspec", "gettext"):
        (tmp_path / f"{name}.py").write_text(f"open({str(mark)!r}, 'w')\n")
    assert version(command, tmp_path) == __version__
    assert version(command, tmp_path, PYTHONPATH=":/nowhere") == __version__
    assert not mark.exists()


def test_started_anew_it_is_not_a_package_of_the_folder_that_has_its_name(tmp_path: Path) -> None:
    (tmp_path / "qwen_dual").mkdir()
    (tmp_path / "qwen_dual" / "__main__.py").write_text("print('another')\n")
    (tmp_path / "qwen_dual" / "__init__.py").touch()
    assert version([sys.executable, "-m", "qwen_dual"], tmp_path) == "another"  # Python's own doing
    assert version(own_command(), tmp_path) == __version__
