"""The scenes: one session of the real program, its screen at the moments that are worth a picture.

The model's answers come from a script; everything else runs as it does for a person: the tools,
the approval, the change of a file in a folder made for it.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.support.pty import Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

COLS = 84
_QUIET = 0.9  # seconds: a turn that runs counts them, one at a time
_LONG_ENOUGH = 4.0
_WARM_UP = (0.0, 4.0, 15.0)
"""Seconds before the prompt, tried in turn: an answer that comes before rich is loaded stays plain,
and on a busy machine that takes a while."""
_PLAIN = "```"

_GREETING = '''\
"""Greets."""


def greet(name: str) -> str:
    # One name for now.
    return "hello " + name


if __name__ == "__main__":
    print(greet("world"))
'''

_ANSWER = """\
## How a greeting is made

`greet` in **greeting.py** joins two strings. Three things are worth knowing:

1. It takes *one* name, and fails on anything else.
2. Nothing is translated; see [the documentation](https://docs.python.org/3/library/gettext.html).
3. The tests cover it.

| part | lines | tested |
|------|------:|--------|
| `greet` | 3 | yes |
| main | 2 | no |

```python
def greet(*names: str) -> str:
    # Any number of names.
    return f"hello {', '.join(names)}"
```

> Say `edit it`, and I will change it.
"""


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "name": name, "input": arguments}


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture.

    Attributes:
        name: of its file.
        prompt: what the person types.
        until: what has to stand in the window.
        replies: the model's answers.
        rows: the height of the window.
    """

    name: str
    prompt: str
    until: str
    replies: tuple[list[dict[str, Any]], ...]
    rows: int = 24


_OLD = _GREETING[_GREETING.index("def") : _GREETING.index("\n\n\nif")]
_NEW = """\
def greet(*names: str) -> str:
    # Any number of names.
    return f"hello {', '.join(names)}\""""

SCENES = (
    Scene(
        "answer",
        "explain greeting.py",
        "and I will change it",
        ([_text(_ANSWER)],),
        rows=42,
    ),
    Scene(
        "approval",
        "run the tests",
        "› y",
        (
            [
                _text("I will run the tests."),
                _call(
                    "run_shell_command",
                    command="python3 -m pytest -q tests",
                    description="Run the tests",
                    is_background=False,
                ),
            ],
        ),
    ),
    Scene(
        "diff",
        "let it greet any number of people",
        "› y",
        (
            [
                _text("First I will read it, then change it."),
                _call("read_file", file_path="greeting.py"),
            ],
            [_call("edit", file_path="greeting.py", old_string=_OLD, new_string=_NEW)],
        ),
        rows=34,
    ),
)


def prepare(home: Path, replies: Sequence[list[dict[str, Any]]]) -> tuple[Path, list[str]]:
    """A folder to work in, and the program whose model answers with ``replies``.

    Args:
        home: an empty folder.
        replies: the blocks of each answer.
    """
    work = home / "greeting"
    work.mkdir()
    (work / "greeting.py").write_text(_GREETING)
    (work / ".git").mkdir()
    (work / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    script = home / "answers.jsonl"
    script.write_text("".join(json.dumps({"blocks": each}) + "\n" for each in replies))
    return work, [sys.executable, "-m", "qwen_dual", "--offline-script", str(script)]


def take(scene: Scene) -> bytes:
    """Everything that the terminal got until the scene stood there.

    Raises:
        AssertionError: it never did; the message holds the screen.
    """
    for warm_up in _WARM_UP:
        terminal = _taken(scene, warm_up)
        if _PLAIN not in terminal.text:
            return bytes(terminal.raw)
    raise AssertionError(f"{scene.name} stays plain text\n{terminal.dump()}")


def _taken(scene: Scene, warm_up: float) -> Terminal:
    with tempfile.TemporaryDirectory(prefix="screenshots-") as temporary:
        home = Path(temporary).resolve()
        work, command = prepare(home, scene.replies)
        (home / "input").touch()
        command += ["--json-file", str(home / "events"), "--input-file", str(home / "input")]
        env = {"HOME": str(home), "COLORTERM": "truecolor", "QWEN_HOME": None}
        with Terminal.spawn(command, env=env, cwd=work, rows=scene.rows, cols=COLS) as terminal:
            terminal.wait_for("Type a prompt")
            _settle(terminal, warm_up)
            terminal.send(f"{scene.prompt}\r")
            terminal.wait_for(scene.until)
            _settle(terminal)
            return terminal


def _settle(terminal: Terminal, least: float = 0.0) -> None:
    """Reads until nothing has come for a while, or only the seconds go by."""
    begun = time.monotonic()
    while time.monotonic() < begun + _LONG_ENOUGH and terminal.read(_QUIET):
        pass
    while (left := begun + least - time.monotonic()) > 0:
        terminal.read(left)
