"""Which terminals wrap anew what they show, by what they say of themselves."""

from __future__ import annotations

import pytest

from qwen_dual.frontends.tui.terminal.reflow import Reflow, by_environment, by_report


@pytest.mark.parametrize(
    ("env", "reflow"),
    [
        ({"TERM": "xterm-256color"}, Reflow.CUT),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/tmux"}, Reflow.WRAP_ALL),
        ({"TERM": "screen-256color", "TMUX": "/tmp/tmux"}, Reflow.WRAP_ALL),
        ({"TERM": "screen", "TMUX": "/tmp/tmux", "STY": "1.pts"}, Reflow.CUT),
        ({"TERM": "screen"}, Reflow.CUT),
        ({"TERM": "screen.xterm-256color", "STY": "1.pts"}, Reflow.SCREEN),
        ({"TERM": "screen", "STY": "1.pts", "VTE_VERSION": "7600"}, Reflow.SCREEN),
        ({"TERM": "xterm-256color", "STY": "of the shell that started it"}, Reflow.CUT),
        ({"TERM": "xterm-256color", "TMUX": "of the shell that started it"}, Reflow.CUT),
        ({"TERM": "xterm", "VTE_VERSION": "7600", "XTERM_VERSION": "XTerm(390)"}, Reflow.CUT),
        ({"TERM": "linux"}, Reflow.CUT),
        ({}, Reflow.CUT),
        ({"TERM": "xterm-kitty"}, Reflow.WRAP),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7600"}, Reflow.WRAP),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "vscode"}, Reflow.XTERM_JS),
    ],
)
def test_the_environment_tells(env: dict[str, str], reflow: Reflow) -> None:
    assert by_environment(env) is reflow


@pytest.mark.parametrize(
    ("report", "reflow"),
    [
        ("\x1b[>0;276;0c", Reflow.XTERM_JS),
        ("\x1b[>65;7600;1c", Reflow.WRAP),
        ("\x1b[>84;0;0c", Reflow.WRAP_ALL),
        ("\x1b[>83;40900;0c", Reflow.SCREEN),
        ("\x1b[>41;390;0c", Reflow.CUT),
        ("\x1b[>1;2;3c", None),
        ("\x1b[?62;4c", None),
    ],
)
def test_the_terminal_tells(report: str, reflow: Reflow | None) -> None:
    assert by_report(report) is reflow
