"""Hosts the real program in a real PTY with channels, as an embedder would.

Owns the folder, the home and the channel files of one run; the screen is ``tests.support.pty``'s.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any, Self

from tests.support import pty
from tests.support.pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

COMMAND = [sys.executable, "-m", "qwen_dual"]
ROOT = str(pty.ROOT)


def in_terminal(
    command: Sequence[str] | str,
    cwd: Path,
    home: Path | None = None,
    *,
    env: Mapping[str, str | None] | None = None,
    rows: int = 24,
    cols: int = 80,
    pass_fds: Sequence[int] = (),
) -> Terminal:
    """What runs in a terminal as a person of its own runs it.

    Args:
        command: a program with its arguments, or a line for bash.
        cwd: where it runs.
        home: the person's; ``cwd`` unless given.
        env: further changes to the environment.
        rows: the height of the window.
        cols: the width of the window.
        pass_fds: descriptors that the program inherits.
    """
    argv = ["bash", "-c", command] if isinstance(command, str) else command
    own = {"HOME": str(home or cwd), "QWEN_HOME": None, "XDG_RUNTIME_DIR": None}
    return Terminal.spawn(argv, {**own, **(env or {})}, cwd, rows, cols, pass_fds)


class Program:
    """qwen-dual with an events file and an input file.

    Args:
        folder: an empty folder of this test; gets ``work``, ``home`` and the channel files.
        arguments: further arguments.
        output: the arguments of the output channel; the events file unless given.
        env: changes to the environment.
        rows: the height of the window.
        cols: the width of the window.
        pass_fds: descriptors that the program inherits.
        wrapper: a command that runs the program, such as one that limits something.
        work: where it runs, in place of ``work``.
    """

    def __init__(
        self,
        folder: Path,
        arguments: Sequence[str] = (),
        *,
        output: Sequence[str] | None = None,
        env: Mapping[str, str | None] | None = None,
        rows: int = 24,
        cols: int = 80,
        pass_fds: Sequence[int] = (),
        wrapper: Sequence[str] = (),
        work: Path | None = None,
    ) -> None:
        self.work, self.home = work or folder / "work", folder / "home"
        self.work.mkdir(exist_ok=True)
        self.home.mkdir(exist_ok=True)
        self.events_file, self.input_file = folder / "events.jsonl", folder / "input.jsonl"
        if not self.input_file.exists():  # one that is there keeps its age
            self.input_file.touch()
        self.events: list[dict[str, Any]] = []
        self._offset = 0
        self._half = b""
        if output is None:
            output = ["--json-file", str(self.events_file)]
        channels = [*output, "--input-file", str(self.input_file)]
        self.terminal = in_terminal(
            [*wrapper, *COMMAND, *channels, *arguments],
            self.work,
            self.home,
            env=env,
            rows=rows,
            cols=cols,
            pass_fds=pass_fds,
        )

    def send(self, **command: Any) -> None:
        """Appends one command to the input file."""
        with self.input_file.open("a") as file:
            file.write(json.dumps(command) + "\n")

    def submit(self, text: str, **more: Any) -> None:
        """Appends a ``submit``."""
        self.send(type="submit", text=text, **more)

    def answer(self, request_id: str, allowed: bool, **more: Any) -> None:
        """Appends a ``confirmation_response``."""
        self.send(type="confirmation_response", request_id=request_id, allowed=allowed, **more)

    def refresh(self) -> list[dict[str, Any]]:
        """Reads what was appended to the events file; a torn line waits for its end."""
        if self.events_file.exists():
            with self.events_file.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
            self._offset += len(data)
            *lines, self._half = (self._half + data).split(b"\n")
            self.events += [json.loads(line) for line in lines]
        return self.events

    def until(
        self, matches: Callable[[dict[str, Any]], object], count: int = 1, timeout: float = 30
    ) -> dict[str, Any]:
        """The ``count``-th event that matches, waiting for it while the screen is read."""
        found: list[dict[str, Any]] = []
        seen = 0

        def there(_: Terminal) -> bool:
            nonlocal seen
            new = self.refresh()[seen:]
            seen += len(new)
            found.extend(event for event in new if matches(event))
            return len(found) >= count

        self.terminal.wait_for(there, timeout)
        return found[count - 1]

    def result(self, count: int = 1, timeout: float = 30) -> dict[str, Any]:
        """The ``count``-th ``result``."""
        return self.until(lambda event: event["type"] == "result", count, timeout)

    def request(self, count: int = 1) -> str:
        """The id of the ``count``-th ``control_request``."""
        event = self.until(lambda event: event["type"] == "control_request", count)
        return str(event["request_id"])

    def of(self, kind: str, subtype: str | None = None) -> list[dict[str, Any]]:
        """All events of a type (and subtype) so far."""
        return [
            event
            for event in self.refresh()
            if event["type"] == kind and (subtype is None or event.get("subtype") == subtype)
        ]

    def ready(self) -> Self:
        """Waits until keys are accepted."""
        self.terminal.wait_for("Type a prompt")
        return self

    def quit(self) -> int:
        """Ends the session through the input file; returns the exit status."""
        self.submit("/quit")
        return self.terminal.wait_exit()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.terminal.close()
