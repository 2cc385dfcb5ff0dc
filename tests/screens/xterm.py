"""xterm.js as a second opinion: what it shows of the bytes that a program has written.

Owns the installation of the package into a cache and the process that plays the bytes. It needs
Node and npm; without them, or without a network at the first time, the tests that ask are skipped.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
_INSTALL_SECONDS = 15
_PLAY_SECONDS = 15


class Unavailable(Exception):
    """There is no xterm.js here; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What xterm.js shows at one moment.

    Attributes:
        lines: scrollback and window, without the blank rows at the end.
        window: the rows of the window.
        cursor: row and column in the window, from 0.
    """

    lines: list[str]
    window: list[str]
    cursor: tuple[int, int]


@dataclass(slots=True)
class Film:
    """What a program wrote, cut at the moments that matter."""

    rows: int
    cols: int
    steps: list[dict[str, Any]] = field(default_factory=list)
    _taken: int = 0

    def cut(self, raw: bytes | bytearray) -> None:
        """Ends a piece at what ``raw``, everything written so far, holds by now."""
        piece = bytes(raw[self._taken :])
        self._taken = len(raw)
        self.steps.append({"data": base64.b64encode(piece).decode()})

    def resize(self, rows: int, cols: int) -> None:
        """The window changes its size here."""
        self.steps.append({"rows": rows, "cols": cols})


def install() -> Path:
    """The folder that holds the package; installs it where it is not there yet.

    Raises:
        Unavailable: Node or npm are missing, or the package could not be had.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise Unavailable("Node and npm are needed")
    wanted = (HERE / "package.json").read_bytes()
    name = f"qwen-dual-screens-{os.getuid()}-{hashlib.sha256(wanted).hexdigest()[:12]}"
    cache = Path(tempfile.gettempdir()) / name
    cache.mkdir(mode=0o700, exist_ok=True)
    done = cache / "installed"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # other test processes want the same
        if not done.exists():
            (cache / "package.json").write_bytes(wanted)
            _npm_install(cache)
            done.touch()
    return cache


def play(film: Film, cache: Path) -> list[Shown]:
    """What is shown at the end of each step of ``film``."""
    run = subprocess.run(
        ["node", str(HERE / "screen.mjs"), str(cache)],
        input=json.dumps({"rows": film.rows, "cols": film.cols, "steps": film.steps}),
        capture_output=True,
        text=True,
        timeout=_PLAY_SECONDS,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return [
        Shown(_without_end(told["lines"]), told["window"], (told["cursor"][0], told["cursor"][1]))
        for told in json.loads(run.stdout)
    ]


def _npm_install(cache: Path) -> None:
    quiet = ["--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    try:
        # What npm prints may name the registry, which is nobody's business here.
        subprocess.run(
            ["npm", "install", *quiet],
            cwd=cache,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_INSTALL_SECONDS,
            check=True,
        )
    except (subprocess.SubprocessError, OSError):
        raise Unavailable("npm could not install @xterm/headless") from None


def _without_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines
