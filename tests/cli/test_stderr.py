"""What the command line says of names that mean to steer the terminal, as files of a folder may have them."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.pty import ROOT

if TYPE_CHECKING:
    from pathlib import Path

NAME = "\x1b]0;title\x07\x9b2J\u202ex"


@pytest.mark.parametrize(
    "arguments",
    [
        ("audit", NAME),
        ("attach", NAME),
        ("check", "--", NAME),
        ("mcp", NAME),
        ("mcp", "test", NAME),
        ("observe", NAME),
        ("record", "--", NAME),
        ("replay", NAME),
        ("settings", "get", NAME),
        ("-p", "hi", "--offline", "--json-file", f"{NAME}/events"),
        ("-p", "hi", "--offline", "--input-file", f"{NAME}/input"),
        ("-p", "hi", "--offline-script", NAME),
        ("-p", "hi", "--resume", NAME),
        (f"--{NAME}",),
    ],
    ids=lambda arguments: " ".join(arguments).replace(NAME, "NAME"),
)
def test_a_name_in_an_error_is_shown_and_not_obeyed(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    env = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-m", "qwen_dual", *arguments],
        cwd=tmp_path,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
        text=True,
    )
    assert not set(done.stdout) & set("\x1b\x07\x9b\u202e"), done.stdout
    assert done.stdout
    assert "Traceback" not in done.stdout
