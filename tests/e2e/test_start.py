"""What the start leaves behind."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.support.program import ROOT, Program

if TYPE_CHECKING:
    from pathlib import Path

SPY = """
import gc, os, sys

if "qwen_dual" in sys.orig_argv:
    enable = gc.enable

    def told():
        with open(os.environ["TOLD"] + ".new", "w") as file:
            file.write(f"{gc.isenabled()} {gc.get_freeze_count()}")
        os.rename(os.environ["TOLD"] + ".new", os.environ["TOLD"])
        enable()

    gc.enable = told
"""


def test_garbage_is_looked_for_again_once_all_is_loaded_and_only_in_what_is_new(
    tmp_path: Path,
) -> None:
    folder, told = tmp_path / "path", tmp_path / "told"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SPY)
    env = {"PYTHONPATH": os.pathsep.join([str(folder), ROOT]), "TOLD": str(told)}
    with Program(tmp_path, env=env) as program:
        program.ready()
        program.terminal.wait_for(lambda _: told.exists())
        was_enabled, frozen = told.read_text().split()
        assert was_enabled == "False"  # the imports were not held up by it
        assert int(frozen) > 20_000
        assert program.quit() == 0
