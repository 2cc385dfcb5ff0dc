"""A tour: one session of the real program through the moments that a person meets, at one width.

The model's answers come from a script. What is held still while it moves (an answer that streams, a
command that runs) goes on when the tour says so, so that each moment lasts until it has been seen.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WIDTHS = (200, 100, 80, 40, 20)
ROWS = 24

_CODE = '''\
"""Greets."""


def greet(name: str) -> str:
    # One name for now.
    return "hello " + name


if __name__ == "__main__":
    print(greet("world"))
'''
_OLD = _CODE[_CODE.index("def") : _CODE.index("\n\n\nif")]
_NEW = """\
def greet(*names: str) -> str:
    # Any number of names.
    return f"hello {', '.join(names)}\""""

_ANSWER = """\
## How a greeting is made

`greet` in **greeting.py** joins two strings; 漢字 are welcome. Three things are worth knowing:

1. It takes *one* name, and fails on anything else.
2. Nothing is translated; see [the documentation](https://docs.python.org/3/library/gettext.html).
   - not even the comma
3. The tests cover it.

| part | lines | what it is there for |
|------|------:|----------------------|
| `greet` | 3 | makes the greeting of one person |
| main | 2 | prints one when run |

```python
def greet(*names: str) -> str:
    # Any number of names.
    return f"hello {', '.join(names)}"
```

> Say `edit it`, and I will change it.
"""
_OPEN_TABLE = _ANSWER[: _ANSWER.index("| main")]
_OPEN_LIST = "Then:\n\n- read **greeting.py**, and what calls `greet` with a single name\n- write"

_TESTS = """\
n=0
while [ $n -lt 16 ]; do n=$((n+1)); echo "test_greeting_$n ... ok"; done
read -r _ < go
echo "FAILED test_greet_many: greet() takes 1 positional argument but 2 were given"
exit 1
"""
_PAGER = '#!/bin/sh\nhead -n 6 "$1"\nread -r _ < go\n'

_QUESTIONS = [
    {
        "question": "How should several names be joined?",
        "header": "Names",
        "options": [
            {"label": "Commas", "description": "hello Ann, Bob, Cem"},
            {"label": "Commas and an 'and'", "description": "hello Ann, Bob and Cem"},
        ],
        "multiSelect": False,
    }
]
_TODOS = [
    {"id": "1", "content": "Read greeting.py", "status": "completed"},
    {"id": "2", "content": "Let greet take any number of names", "status": "in_progress"},
    {"id": "3", "content": "Write a test for two names, and for none at all", "status": "pending"},
]

Look = Callable[[str, Callable[[], list[str]]], object]


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


def _held(text: str) -> dict[str, Any]:
    """A reply that says ``text`` and then does not end."""
    return {"blocks": [{"type": "text", "deltas": [text, *[""] * 9000]}], "delay_ms": 40}


_SHELL = "run_shell_command"
_REPLIES: tuple[dict[str, Any], ...] = (
    _held(_OPEN_TABLE),
    _held(_OPEN_LIST),
    {"blocks": [_text(_ANSWER)], "usage": {"input_tokens": 11800, "output_tokens": 400}},
    {
        "blocks": [
            {"type": "thinking", "text": "The tests first.\nThey are quick."},
            _text("I will run the tests."),
            _call(_SHELL, command="sh tests.sh", description="Run the tests"),
            _call(_SHELL, command="touch 'a file' && rm -f greeting.pyc", description="Tidy up"),
        ]
    },
    {
        "blocks": [
            _text("One fails."),
            _call("read_file", file_path="greeting.py"),
        ]
    },
    {"blocks": [_call("ask_user_question", questions=_QUESTIONS)]},
    {"blocks": [_call("edit", file_path="greeting.py", old_string=_OLD, new_string=_NEW)]},
    {"blocks": [_call("todo_write", todos=_TODOS), _call(_SHELL, command="sh wait.sh")]},
    {"blocks": [_text("All of it is done.")]},
    {"error": {"status": 401, "message": "Incorrect API key provided"}},
)


class Tour:
    """A session and whoever looks at it.

    Args:
        program: the session.
        look: gets the name of each moment while it lasts, and what gives its rows.
    """

    def __init__(self, program: Program, look: Look) -> None:
        self._program = program
        self._screen = program.terminal
        self._look = look
        self._cleared = False

    def type(self, keys: str) -> None:
        """Presses keys."""
        self._screen.send(keys)

    def submit(self, prompt: str) -> None:
        """Types a prompt and sends it, as a person would: one after the other."""
        self.type(prompt)
        self.wait(prompt)
        self.type("\r")

    def wait_until_gone(self, text: str) -> None:
        """Waits until a text has left the window."""
        self._until(lambda: text not in "\n".join(self._screen.screen))

    def wait(self, text: str) -> None:
        """Waits for a text in the window, wherever it is broken."""
        wanted = "".join(text.split())
        self._until(lambda: wanted in "".join("".join(self._screen.screen).split()))

    def see(self, name: str, text: str) -> None:
        """A moment: the window as it stands once ``text`` is in it."""
        self.wait(text)
        self._look(name, self._rows)

    def _until(self, holds: Callable[[], bool]) -> None:
        """Asks when all that has come is read: an emulated window is dear to look at."""
        self._screen.wait_for(lambda screen: not screen.read() and holds())

    def _rows(self) -> list[str]:
        """The last rows that fill a window, wherever in it the region happens to stand."""
        return self._screen.screen if self._cleared else self._screen.lines[-ROWS:]

    def go_on(self) -> None:
        """Lets what is held go on, as soon as it waits for that."""
        self._screen.wait_for(lambda _: self._tell())

    def _tell(self) -> bool:
        try:
            fifo = os.open(self._program.work / "go", os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads yet
            return False
        os.write(fifo, b"\n")
        os.close(fifo)
        return True

    def idle(self, count: int) -> None:
        """Waits for the end of the ``count``-th turn."""
        self._program.result(count)
        self._screen.wait_for(
            lambda _: self._program.of("system", "state")[-1]["data"]["state"] == "idle"
        )

    def take(self) -> None:
        """Walks from the first screen to the end of the session."""
        self._write()
        self._stream()
        self._run()
        self._change()
        self._look_around()
        self._end()

    def _write(self) -> None:
        self.see("first screen", "Type a prompt")
        self.type("explain greeting.py, and what it would take to greet two\nin one line")
        self.see("a draft of two lines", "in one line")
        self.type("\x03/")
        self.see("commands", "/help")
        self.type("mo\x1b[B")
        self.see("commands that fit", "/mo")
        self.type("\x15read @gr")
        self.see("files", "greeting.py")
        self.type("\x15?")
        self.see("keys", "esc")
        self.type("\x1b")
        self.wait_until_gone("esc")

    def _stream(self) -> None:
        self.submit("explain greeting.py")
        self.see("an answer being written, a table open", "makes")
        self.submit("begin with the tests")
        self.type("then tell me what they cover, and what they do not\x11")
        self.see("prompts that wait", "queued:")
        self.type("\x1b")
        self.see("after an interruption", "interrupted")
        self.type("\x03")
        self.submit("and then?")
        self.see("an answer being written, a list open", "write")
        self.type("\x1b")
        self.idle(2)
        self.submit("explain greeting.py")
        self.idle(3)
        self.see("an answer", "Say")

    def _run(self) -> None:
        self.submit("run the tests")
        self.see("approval of a command", "› y")
        self.type("y")
        self.see("approval of the next command", "touch")
        self.wait("› y")
        self.type("n")
        self.see("no, and what instead", "instead")
        self.submit("leave the files alone")
        self.see("a command that runs", "_16")
        self.go_on()
        self.see("a question", "› 1.")
        self.type("\r")

    def _change(self) -> None:
        self.see("approval of a change", "› y")
        self.type("y")
        self.see("what is to be done, while a command asks", "› y")
        self.type("y")
        self.see("what is to be done, while a command runs", "Running")
        self.go_on()
        self.idle(4)
        self.see("the end of a turn", "All of it")
        self.submit("and once more")
        self.see("an error", "401")

    def _look_around(self) -> None:
        self.type("\x0f")
        self.see("what was folded", "ctrl+o again")
        self.type("\x0f")
        self.see("the conversation in a pager", "> explain")
        self.go_on()
        self._program.submit("/approval-mode plan")
        self.see("a command from a channel", "plan (")
        for command, text in (("/help", "/trust"), ("/stats", "Turns"), ("/tools", "asks you")):
            self.submit(command)
            self.see(command, text)
        self.submit("/model nosuch")
        self.see("an error with its remedy", "nosuch")
        self.submit("/theme")
        self.see("themes", "? Theme")
        self.type("\x1b")
        self.wait_until_gone("? Theme")
        self.type("!ls\r")
        self.see("shell mode", "tests.sh")

    def _end(self) -> None:
        self.type("\x1b")
        self._screen.wait_for(lambda screen: ">" in screen.screen)
        self.type("\x1b[Z")
        self.see("another approval mode", "default")
        self.type("\x0c")
        self._cleared = True
        self.see("after ctrl+l", "")
        self.type("\x03")
        self.see("ctrl+c on an empty draft", "again")
        self.type("\x03")
        self._screen.wait_exit()
        self._look("the conversation, whole", self._conversation)

    def _conversation(self) -> list[str]:
        """All rows up to how the session is gone on with, which names it."""
        lines = self._screen.lines
        return lines[: next(at for at, row in enumerate(lines) if row.startswith("To go on"))]


@contextmanager
def session(folder: Path, cols: int) -> Iterator[Program]:
    """The program in a small project of its own.

    Args:
        folder: an empty one.
        cols: the width of the window.
    """
    home = folder / "home"
    work = home / "greeting"
    work.mkdir(parents=True)
    (work / ".git" / "objects").mkdir(parents=True)
    (work / ".git" / "refs").mkdir()
    (work / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (work / "greeting.py").write_text(_CODE)
    (work / "tests.sh").write_text(_TESTS)
    (work / "wait.sh").write_text("read -r _ < go\n")
    os.mkfifo(work / "go")
    pager = folder / "pager"
    pager.write_text(_PAGER)
    pager.chmod(0o755)
    script = folder / "answers.jsonl"
    script.write_text("".join(f"{json.dumps(reply)}\n" for reply in _REPLIES))
    arguments = ["--offline-script", str(script), "--sandbox=none"]
    with Program(
        folder, arguments, env={"PAGER": str(pager)}, rows=ROWS, cols=cols, work=work
    ) as program:
        yield program
