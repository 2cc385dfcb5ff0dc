"""What the start leaves behind."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from qwen_dual.git.run import CONFIG_SECONDS
from tests.headless.program import Runner
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


def test_a_long_run_without_a_screen_looks_for_garbage_too(tmp_path: Path) -> None:
    folder, told = tmp_path / "path", tmp_path / "told"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SPY)
    env = {"PYTHONPATH": os.pathsep.join([str(folder), ROOT]), "TOLD": str(told)}
    ended = Runner(tmp_path, env).run("-p", "hello", "--offline")
    assert (ended.status, told.read_text().split()[0]) == (0, "False")


def test_a_signal_while_the_first_prompt_waits_for_the_start_interrupts_it_at_once(
    tmp_path: Path,
) -> None:
    programs, begun = tmp_path / "programs", tmp_path / "begun"
    programs.mkdir()
    git = programs / "git"
    git.write_text(f"#!/bin/sh\ntouch {begun}\nexec sleep 30\n")
    git.chmod(0o755)
    (tmp_path / "work" / ".git").mkdir(parents=True)
    for name, content in (("HEAD", "ref: refs/heads/main\n"), ("config", "")):
        (tmp_path / "work" / ".git" / name).write_text(content)
    for name in ("objects", "refs"):
        (tmp_path / "work" / ".git" / name).mkdir()
    env = {"PATH": f"{programs}:{os.environ['PATH']}"}
    with Program(tmp_path, ["--trust", "-i", "go"], env=env) as program:
        program.terminal.wait_for(lambda _: begun.exists())
        began = time.monotonic()
        program.terminal.signal(signal.SIGTERM)
        program.terminal.wait_exit()
        took = time.monotonic() - began
        results = program.of("result")
        assert [result["stop_reason"] for result in results] == ["interrupted"]
        assert program.refresh()[-1]["subtype"] == "session_end"
    assert took < CONFIG_SECONDS - 0.5, "git was waited for"
