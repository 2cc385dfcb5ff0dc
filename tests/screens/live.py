"""Terminals that people use, live: a program runs in tmux, GNU screen or xterm.js, which is resized.

Owns the processes of each and what they show. Unlike ``tests.support.pty`` these wrap anew what
they show when their width changes (screen cuts it off), and answer what a program asks them.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import ptyprocess

from tests.screens.xterm import HERE
from tests.support.pty import ROOT, terminal_environment

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAME = "test"


class LiveTerminal(Protocol):
    """A terminal with a program in it."""

    def pump(self, seconds: float, until: int) -> None:
        """Lets it read what the program writes, until a descriptor is readable or time is over."""
        ...

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window."""
        ...

    def type(self, text: str) -> None:
        """Sends keys."""
        ...

    def lines(self) -> list[str]:
        """History and window, with wrapped rows joined, without blank rows at the end."""
        ...

    def close(self) -> None:
        """Ends the program and the terminal."""
        ...


class Tmux:
    """A tmux server of its own with its defaults; a shell's lines stand above the program."""

    def __init__(self, folder: Path, command: str, rows: int, cols: int) -> None:
        self._socket = str(folder / "tmux")
        environment = terminal_environment({"TMUX": None, "TMUX_PANE": None, "STY": None})
        self._run(
            *("-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows)),
            *("-c", str(ROOT), command),
            env=environment,
        )
        self._run("set", "-g", "history-limit", "100000")

    def pump(self, seconds: float, until: int) -> None:
        """tmux reads by itself, and has what was written before it takes the next command."""
        select.select([until], [], [], seconds)

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window."""
        self._run("resize-window", "-x", str(cols), "-y", str(rows))

    def type(self, text: str) -> None:
        """Sends keys."""
        self._run("send-keys", "-l", text)

    def lines(self) -> list[str]:
        """See ``LiveTerminal``."""
        text = self._run("capture-pane", "-p", "-J", "-S", "-")
        return _without_end([line.rstrip() for line in text.split("\n")])

    def close(self) -> None:
        """Ends the server with all that runs in it."""
        self._run("kill-server")

    def _run(self, *arguments: str, env: dict[str, str] | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-S", self._socket, *arguments],
            capture_output=True,
            text=True,
            env=env,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stderr)
        return done.stdout


class GnuScreen:
    """GNU screen, attached to a PTY that is only drained, with its defaults and a longer history."""

    def __init__(self, folder: Path, command: str, rows: int, cols: int) -> None:
        # A socket's path is short.
        self._sockets = Path(tempfile.mkdtemp(prefix="screen-"))
        self._copy = folder / "hardcopy"
        settings = folder / "screenrc"
        settings.write_text("startup_message off\ndefscrollback 10000\n")
        names = dict.fromkeys(("TMUX", "TMUX_PANE", "STY"))
        self._environment = terminal_environment({**names, "SCREENDIR": str(self._sockets)})
        self._process = ptyprocess.PtyProcess.spawn(
            ["screen", "-U", "-c", str(settings), "-S", _NAME, "sh", "-c", command],
            env=self._environment,
            cwd=str(ROOT),
            dimensions=(rows, cols),
        )

    def pump(self, seconds: float, until: int) -> None:
        """See ``LiveTerminal``."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self._process.fd, until], [], [], left)
            if self._process.fd in readable:
                self._drain(0)
            elif readable:
                return

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window that it is attached to."""
        self._process.setwinsize(rows, cols)

    def type(self, text: str) -> None:
        """Sends keys."""
        os.write(self._process.fd, text.encode())

    def lines(self) -> list[str]:
        """History and window as they stand there: it joins no rows."""
        self._copy.unlink(missing_ok=True)
        self._run("hardcopy", "-h", str(self._copy))
        # It writes after the command is gone, and in pieces.
        deadline = time.monotonic() + 10
        before, text = "", ""
        while not text or text != before:
            assert time.monotonic() < deadline, "screen writes no copy of its window"
            self._drain(0.05)
            before, text = text, self._written()
        return _without_end([line.rstrip() for line in text.split("\n")])

    def close(self) -> None:
        """Ends it with all that runs in it."""
        self._run("quit")
        self._process.wait()
        self._process.close()
        shutil.rmtree(self._sockets)

    def _written(self) -> str:
        return self._copy.read_text("utf-8", "replace") if self._copy.exists() else ""

    def _drain(self, seconds: float) -> None:
        if select.select([self._process.fd], [], [], seconds)[0]:
            with suppress(OSError):
                os.read(self._process.fd, 65536)

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            ["screen", "-S", _NAME, "-X", *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)


class XtermJs:
    """xterm.js in a process of Node, connected to a PTY."""

    def __init__(self, package: Path, command: str, rows: int, cols: int) -> None:
        arguments = [str(HERE / "host.mjs"), str(package), str(rows), str(cols)]
        self._node = subprocess.Popen(
            ["node", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        names = ("TMUX", "STY", "TERM_PROGRAM", "VTE_VERSION", "KITTY_WINDOW_ID", "XTERM_VERSION")
        self._process = ptyprocess.PtyProcess.spawn(
            ["sh", "-c", command],
            env=terminal_environment(dict.fromkeys(names)),
            cwd=str(ROOT),
            dimensions=(rows, cols),
        )

    def pump(self, seconds: float, until: int) -> None:
        """See ``LiveTerminal``."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self._process.fd, until], [], [], left)
            if self._process.fd in readable:
                self._read()
            elif readable:
                return

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window."""
        self._drain()
        self._ask(rows=rows, cols=cols)
        self._process.setwinsize(rows, cols)

    def type(self, text: str) -> None:
        """Sends keys."""
        os.write(self._process.fd, text.encode())

    def lines(self) -> list[str]:
        """See ``LiveTerminal``."""
        self._drain()
        return _without_end(self._ask(show=True)["lines"])

    def close(self) -> None:
        """Ends the program and Node."""
        with self._node:
            self._node.kill()
        self._process.kill(signal.SIGKILL)
        self._process.wait()
        self._process.close()

    def _drain(self) -> None:
        # The kernel takes a moment to pass on what the program has written.
        while select.select([self._process.fd], [], [], 0.01)[0] and self._read():
            pass

    def _read(self) -> bool:
        try:
            data = os.read(self._process.fd, 65536)
        except OSError:
            return False
        reply = self._ask(data=base64.b64encode(data).decode())["reply"]
        if reply:
            os.write(self._process.fd, reply.encode())
        return True

    def _ask(self, **request: Any) -> Any:
        assert self._node.stdin is not None
        assert self._node.stdout is not None
        self._node.stdin.write(json.dumps(request) + "\n")
        self._node.stdin.flush()
        return json.loads(self._node.stdout.readline())


class LiveProgram:
    """The small program of the terminal tests in a live terminal, steered through FIFOs.

    Args:
        folder: an empty folder of this test.
        shell: lines that the shell prints before the program starts.
    """

    def __init__(self, folder: Path, shell: Sequence[str]) -> None:
        self._commands, self._answers = folder / "commands", folder / "answers"
        for fifo in (self._commands, self._answers):
            os.mkfifo(fifo)
        printed = "".join(f"echo {shlex.quote(line)}; " for line in shell)
        python = shlex.quote(sys.executable)
        module = "tests.tui_terminal.ui_program"
        self.command = (
            f"{printed}exec {python} -m {module} 5 6 "
            f"5<>{shlex.quote(str(self._commands))} 6<>{shlex.quote(str(self._answers))}"
        )
        self.terminal: LiveTerminal
        self._to = os.open(self._commands, os.O_RDWR)
        self._from = os.open(self._answers, os.O_RDWR | os.O_NONBLOCK)
        self._read = b""
        self._settled = 0

    def do(self, command: str) -> None:
        """Sends a command and waits until it is done and drawn."""
        os.write(self._to, f"{command}\n".encode())
        self.settle()

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size and waits until the program has drawn for it."""
        self.terminal.resize(rows, cols)
        self._ask("drawn", f"drawn {cols}x{rows}")
        self.settle()

    def settle(self) -> None:
        """Waits until the program has drawn all that it was told."""
        self._settled += 1
        self._ask(f"settle {self._settled}", f"settled {self._settled}")

    def _ask(self, command: str, answer: str) -> None:
        """Sends a command, again after each other answer, until this answer comes."""
        deadline = time.monotonic() + 30
        os.write(self._to, f"{command}\n".encode())
        while True:
            self.terminal.pump(0.5, self._from)
            try:
                self._read += os.read(self._from, 65536)
            except BlockingIOError:
                pass
            *lines, self._read = self._read.split(b"\n")
            if answer.encode() in lines:
                return
            assert time.monotonic() < deadline, (answer, self.terminal.lines()[-30:])
            if lines:
                os.write(self._to, f"{command}\n".encode())

    def close(self) -> None:
        """Ends everything."""
        self.terminal.close()
        os.close(self._to)
        os.close(self._from)


def _without_end(lines: list[str]) -> list[str]:
    while lines and not lines[-1]:
        lines.pop()
    return lines
