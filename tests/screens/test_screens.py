"""Named moments of a session: what stands there, and that two terminals agree on it.

pyte and xterm.js get the same bytes; where they show different things, a host would too.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.screens.xterm import Film, play
from tests.support.program import Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.pty import Terminal

ANSWER = """\
Here is **how** it goes, with `code` and 漢字:

| name | what it is |
|------|-----------:|
| one  | the first  |
| two  | 2          |

```python
def greet(name: str) -> str:
    # a comment
    return f"hello {name}"
```

> A quotation.

1. first
2. second

"""
FOOTER = "offline-script"


class Session:
    """A program with a script of answers, filmed."""

    def __init__(self, program: Program, rows: int, cols: int) -> None:
        self.program = program
        self.film = Film(rows, cols)
        self.moments: list[tuple[str, list[str], list[str], tuple[int, int]]] = []

    @property
    def screen(self) -> Terminal:
        """The terminal."""
        return self.program.terminal

    def wait(self, *texts: str) -> None:
        """Until all of the texts stand in the window."""
        self.screen.wait_for(lambda screen: all(text in "\n".join(screen.screen) for text in texts))

    def moment(self, name: str) -> list[str]:
        """Notes what pyte shows now; returns the window's rows."""
        self.film.cut(self.screen.raw)
        window = self.screen.screen
        self.moments.append((name, self.screen.lines, window, self.screen.cursor))
        return window

    def resize(self, rows: int, cols: int) -> None:
        """Changes the window's size."""
        self.film.cut(self.screen.raw)
        self.moments.append(("", [], [], (0, 0)))
        self.film.resize(rows, cols)
        self.moments.append(("", [], [], (0, 0)))
        self.screen.resize(rows, cols)

    def agree(self, xterm: Path, *, scrollback: bool = True) -> None:
        """Holds that xterm.js shows the same at every moment."""
        for (name, lines, window, cursor), shown in zip(
            self.moments, play(self.film, xterm), strict=True
        ):
            if name:
                assert shown.window == window, name
                assert shown.cursor == cursor, name
                assert not scrollback or shown.lines == lines, name


@contextmanager
def session(folder: Path, *, rows: int = 24, cols: int = 80) -> Iterator[Session]:
    # Again and again: what is said before rich is loaded stays plain.
    words = [f"word{number} " for number in range(40)]
    long = [piece for _ in range(100) for piece in (ANSWER, *words, "\n\n")]
    replies = [
        {"blocks": [{"type": "text", "deltas": long}], "delay_ms": 5},
        {
            "blocks": [
                {"type": "text", "text": "I will look."},
                {
                    "type": "tool_use",
                    "name": "run_shell_command",
                    "input": {"command": "touch notes"},
                },
            ]
        },
    ]
    script = folder / "answers.jsonl"
    script.write_text("".join(json.dumps(reply) + "\n" for reply in replies))
    with Program(folder, ["--offline-script", str(script)], rows=rows, cols=cols) as program:
        yield Session(program, rows, cols)


def stop(filmed: Session) -> None:
    """Ends the endless answer."""
    filmed.screen.send("\x1b")
    filmed.wait("interrupted")


@pytest.mark.parametrize(("rows", "cols"), [(24, 80), (24, 30), (5, 20)])
def test_a_session_looks_the_same_in_both_terminals(
    tmp_path: Path, xterm: Path, rows: int, cols: int
) -> None:
    with session(tmp_path, rows=rows, cols=cols) as filmed:
        filmed.screen.wait_for(lambda screen: ">" in screen.screen)
        first = filmed.moment("first screen")
        assert any(row.startswith(">") for row in first)

        filmed.screen.send("show me\r")
        filmed.screen.wait_for("│ A quotation.")
        filmed.wait("word")
        filmed.moment("streaming answer with table and code")
        stop(filmed)
        filmed.moment("after an interruption")
        said = "\n".join(filmed.screen.lines)
        assert "def greet(name" in said
        assert "1. first" in said
        assert "the first" in said

        filmed.screen.send("look around\r")
        filmed.program.request()
        filmed.wait("y  Yes")
        dialog = filmed.moment("approval dialog")
        assert any("touch notes" in row for row in dialog)

        filmed.screen.wait_for(lambda screen: any("› y" in row for row in screen.screen))
        filmed.screen.send("\x1b")
        filmed.program.result(2)
        filmed.screen.wait_for("✗ Shell")
        filmed.screen.wait_for(lambda screen: ">" in screen.screen)
        filmed.moment("after denial")

        filmed.screen.send("/")
        filmed.wait("/help")
        filmed.moment("suggestions open")

        for name, _, window, _ in filmed.moments:
            assert all(len(row) <= cols for row in window), name
        filmed.agree(xterm)


def test_a_window_that_changes_its_width_has_one_region_in_both(
    tmp_path: Path, xterm: Path
) -> None:
    with session(tmp_path) as filmed:
        filmed.wait("Type a prompt")
        filmed.screen.send("show me\r")
        filmed.screen.wait_for("│ A quotation.")
        stop(filmed)
        for cols in (44, 100, 60):
            filmed.resize(24, cols)
            before = len(filmed.screen.raw)
            filmed.screen.wait_for(lambda screen, n=before: len(screen.raw) > n)  # type: ignore[misc]
            filmed.screen.wait_for(lambda screen: any(FOOTER in row for row in screen.screen[-2:]))
            filmed.moment(f"{cols} columns")
        # One cuts what stands above it, the other wraps it anew, each in its way.
        for (name, lines, window, _), shown in zip(
            filmed.moments, play(filmed.film, xterm), strict=True
        ):
            if name:
                region = window[window.index(">") :]
                assert shown.window[-len(region) :] == region, name
                for all_lines in (lines, shown.lines):
                    assert sum(FOOTER in row for row in all_lines) == 2, name  # the banner's too
