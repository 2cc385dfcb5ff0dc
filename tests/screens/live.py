"""Terminals that people use, live: a program runs in tmux, GNU screen or xterm.js, which is resized.

Owns the processes of each and what they show. Unlike ``tests.support.pty`` these wrap anew what
they show when their width changes, and answer what a program asks them.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tests.screens.xterm import HERE
from tests.support.pty import ROOT, start, terminal_environment
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.host.pty import Child

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


class _Hosted:
    """What reads its program from a PTY."""

    child: Child

    def _read(self) -> bool:
        """Takes what came; False where nothing will any more."""
        raise NotImplementedError

    def pump(self, seconds: float, until: int) -> None:
        """See ``LiveTerminal``."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            readable, _, _ = select.select([self.child.fd, until], [], [], left)
            if self.child.fd in readable:
                self._read()
            elif readable:
                return

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window."""
        self.child.resize(cols, rows)

    def type(self, text: str) -> None:
        """Sends keys."""
        os.write(self.child.fd, text.encode())

    def _drain(self) -> None:
        # The kernel takes a moment to pass on what the program has written.
        while select.select([self.child.fd], [], [], 0.01)[0] and self._read():
            pass

    def _end(self) -> None:
        wait_until(lambda: self.child.poll() is not None, "the end of the terminal")
        self.child.close()


class GnuScreen(_Hosted):
    """GNU screen, attached to a PTY that is only drained, with its defaults and a longer history."""

    def __init__(self, folder: Path, command: str, rows: int, cols: int) -> None:
        # A socket's path is short.
        self._sockets = Path(tempfile.mkdtemp(prefix="screen-"))
        self._copy = folder / "hardcopy"
        settings = folder / "screenrc"
        quiet = "startup_message off\nmsgwait 0\nmsgminwait 0\n"  # a message holds up what is shown
        settings.write_text(f"{quiet}defscrollback 10000\n")
        names = dict.fromkeys(("TMUX", "TMUX_PANE", "STY"))
        changes = {**names, "SCREENDIR": str(self._sockets)}
        self._environment = terminal_environment(changes)
        argv = ["screen", "-U", "-c", str(settings), "-S", _NAME, "sh", "-c", command]
        self.child = start(argv, changes, ROOT, rows, cols)

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window once it has shown what was written for the old one."""
        self._drain()
        super().resize(rows, cols)

    def lines(self) -> list[str]:
        """History and window as they stand there: it joins no rows."""
        self._drain()
        self._copy.unlink(missing_ok=True)
        self._run("-X", "hardcopy", "-h", str(self._copy))
        self._run("-Q", "title")  # answered once the copy is written
        text = self._copy.read_text("utf-8", "replace")
        return _without_end([line.rstrip() for line in text.split("\n")])

    def close(self) -> None:
        """Ends it with all that runs in it."""
        self._run("-X", "quit")
        self._end()
        shutil.rmtree(self._sockets)

    def _read(self) -> bool:
        return bool(self.child.read())

    def _run(self, *arguments: str) -> None:
        done = subprocess.run(
            ["screen", "-S", _NAME, *arguments],
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=30,
            check=False,
        )
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)


class XtermJs(_Hosted):
    """xterm.js in a process of Node, connected to a PTY."""

    def __init__(self, package: Path, command: str, rows: int, cols: int) -> None:
        arguments = [str(HERE / "host.mjs"), str(package), str(rows), str(cols)]
        self._node = subprocess.Popen(
            ["node", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        names = ("TMUX", "STY", "TERM_PROGRAM", "VTE_VERSION", "KITTY_WINDOW_ID", "XTERM_VERSION")
        self.child = start(["sh", "-c", command], dict.fromkeys(names), ROOT, rows, cols)

    def resize(self, rows: int, cols: int) -> None:
        """Changes the size of the window."""
        self._drain()
        self._ask(rows=rows, cols=cols)
        super().resize(rows, cols)

    def lines(self) -> list[str]:
        """See ``LiveTerminal``."""
        self._drain()
        return _without_end(self._ask(show=True)["lines"])

    def marked(self) -> tuple[dict[int, str], int]:
        """The row that the mark of each event stands in by now, and how many marks came."""
        self._drain()
        told = self._ask(show=True)
        return dict(told["marked"]), told["marks"]

    def close(self) -> None:
        """Ends the program and Node."""
        with self._node:
            self._node.kill()
        self.child.kill()
        self._end()

    def _read(self) -> bool:
        data = self.child.read()
        if not data:
            return False
        reply = self._ask(data=base64.b64encode(data).decode())["reply"]
        if reply:
            os.write(self.child.fd, reply.encode())
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
        module = "tests.tui.terminal.ui_program"
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
        self.begin(command)
        self.settle()

    def begin(self, command: str) -> None:
        """Sends a command and waits for nothing."""
        os.write(self._to, f"{command}\n".encode())

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
