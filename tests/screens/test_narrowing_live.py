"""An answer that streams while its window gets narrower and wider, in the terminals that people use.

What is live then is wrapped anew by the terminal; none of it may be left in the history, where the
finished answer comes to stand.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from tests.screens.live import GnuScreen, Tmux, XtermJs
from tests.support.program import COMMAND
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.screens.live import LiveTerminal

WORDS = [f"w{number:04d}" for number in range(600)]
PARAGRAPH = 150
BEGINNING = 120
"""Words that are there before the window changes; so many more come after each change."""

ALL_ROWS = 400
"""More than stand there at the end."""


class Model:
    """A service whose one answer goes on when it is told to."""

    def __init__(self) -> None:
        self._more = threading.Semaphore(0)
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.end_headers()
                for number, word in enumerate(WORDS):
                    if number and number % BEGINNING == 0:
                        model._more.acquire()
                    end = "\n\n" if number % PARAGRAPH == PARAGRAPH - 1 else " "
                    self._say({"delta": {"content": word + end}})
                self._say({"delta": {}, "finish_reason": "stop"})
                self.wfile.write(b"data: [DONE]\n\n")

            def _say(self, choice: dict[str, object]) -> None:
                data = {"choices": [{"index": 0, **choice}]}
                self.wfile.write(f"data: {json.dumps(data)}\n\n".encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def go_on(self) -> None:
        """Lets so many more words come."""
        self._more.release()

    def close(self) -> None:
        self._more.release(len(WORDS))
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def model() -> Iterator[Model]:
    made = Model()
    yield made
    made.close()


class Streaming:
    """The real program in a terminal, before its first prompt's answer."""

    def __init__(self, folder: Path, model: Model, shell: int) -> None:
        self.terminal: LiveTerminal
        self._dark, self._none = os.pipe()
        self._events, self._input = folder / "events", folder / "input"
        self._input.touch()
        settings = {"HOME": str(folder), "OPENAI_BASE_URL": model.url, "OPENAI_API_KEY": "k"}
        env = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings.items())
        channels = ["--json-file", str(self._events), "--input-file", str(self._input)]
        argv = [*COMMAND, "--auth-type", "openai", "--model", "m", *channels]
        printed = f"seq 5000 {4999 + shell}; " if shell else ""
        self.command = f"{printed}{env} exec {shlex.join(argv)}"

    def starts(self) -> None:
        """Waits for the first screen, which is not asked for before there is one."""

        def started() -> bool:
            self.terminal.pump(0.02, self._dark)
            return self._events.exists() and self._events.stat().st_size > 0

        wait_until(started, "its first event")
        self.shows("Typeaprompt")

    def shows(self, text: str) -> None:
        def seen() -> bool:
            self.terminal.pump(0.02, self._dark)
            return text in squeezed(self.terminal.lines())

        wait_until(seen, f"{text!r} on the screen")

    def drew(self, count: int) -> None:
        """Waits for so many words, the last finished paragraph among them where it stays.

        Nothing is on its way to the terminal then but a turn of the spinner.
        """
        self.shows(WORDS[count - 1])
        finished = count - count % PARAGRAPH
        self.shows("".join(WORDS[max(0, finished - 5) : finished]))

    def submit(self, text: str) -> None:
        with self._input.open("a") as file:
            file.write(json.dumps({"type": "submit", "text": text}) + "\n")

    def close(self) -> None:
        self.terminal.close()
        os.close(self._dark)
        os.close(self._none)


def squeezed(lines: list[str]) -> str:
    """Without blanks, since a word may be wrapped."""
    return re.sub(r"[\s✦]", "", "".join(lines))


@pytest.mark.parametrize(
    "sizes",
    [
        [(24, 90), (24, 70), (24, 45)],
        [(24, 60), (24, 100), (24, 60), (24, 90)],
        [(40, 120), (40, 60), (40, 120), (40, 61)],
    ],
    ids=lambda sizes: "-".join(f"{columns}x{rows}" for rows, columns in sizes),
)
@pytest.mark.parametrize(
    ("kind", "shell"),
    # Of an empty window of its own screen keeps one row too many once in a while.
    [("tmux", 0), ("tmux", 50), ("screen", 50), ("xterm.js", 0), ("xterm.js", 50)],
)
def test_each_word_stands_once_after_an_answer_that_streamed_through_changes_of_the_width(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    model: Model,
    kind: str,
    sizes: list[tuple[int, int]],
    shell: int,
) -> None:
    streaming = Streaming(tmp_path, model, shell)
    multiplexers: dict[str, type[Tmux | GnuScreen]] = {"tmux": Tmux, "screen": GnuScreen}
    if kind in multiplexers:
        if shutil.which(kind) is None:
            pytest.skip(f"{kind} is not installed")
        streaming.terminal = multiplexers[kind](tmp_path, streaming.command, *sizes[0])
    else:
        package = request.getfixturevalue("xterm")
        streaming.terminal = XtermJs(package, streaming.command, *sizes[0])
    try:
        streaming.starts()
        streaming.submit("go")
        said = BEGINNING
        streaming.drew(said)
        for size in sizes[1:]:
            streaming.terminal.resize(*size)
            model.go_on()
            said += BEGINNING
            streaming.drew(said)
        for _ in range(said, len(WORDS), BEGINNING):
            model.go_on()
        streaming.shows("".join(WORDS[-3:]))
        streaming.submit("/help")
        streaming.shows(">/help")
        if kind == "screen":
            # It copies out no rows that left the window; a higher one shows them again.
            streaming.terminal.resize(ALL_ROWS, sizes[-1][1])
            streaming.submit("/stats")
            streaming.shows(">/stats")
        shown = squeezed(streaming.terminal.lines())
    finally:
        streaming.close()
    assert [(word, shown.count(word)) for word in WORDS if shown.count(word) != 1] == []
    assert "".join(WORDS) in shown
