"""What must not grow, and what must not take long: long sessions, huge pastes, storms of events."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import time
import tracemalloc
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.keys import Keys

from qwen_dual.frontends.tui.region.footer import Facts
from qwen_dual.frontends.tui.region.frame import compose
from qwen_dual.frontends.tui.terminal.keyparser import KeyParser
from qwen_dual.protocol import events
from tests.support.sources import ROOT
from tests.tui.rendering.test_transcript import made
from tests.tui.support import Desk, answer, call, request, result, state

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPress

    from qwen_dual.protocol.events import Event

FACTS = Facts("~", None, "m", "default")


def turn(number: int) -> list[Event]:
    """A prompt, a thought, a call with an approval, an answer."""
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    call_id, request_id = f"c{number}", f"r{number}"
    return [
        events.user_text(f"prompt {number}", "keyboard"),
        state("thinking"),
        events.message_start("m", "fake"),
        events.block_start(0, thinking),
        events.thinking_delta(0, "one\ntwo\nthree\nfour\nfive"),
        events.block_stop(0),
        *call(call_id=call_id, command="ls"),
        request(request_id, tool_use_id=call_id),
        events.control_response(request_id, allowed=True, resolved_by="keyboard"),
        events.tool_progress(call_id, "run_shell_command", "started", "ls"),
        events.tool_result(call_id, "line\n" * 50, is_error=False),
        *answer("An answer with **marks** ", "and some more.\n\nAnd an end."),
        events.block_stop(0),
        events.message_stop(),
        result(),
        state("idle", turn=None),
    ]


def grown(turns: int) -> list[int]:
    """By how many bytes the memory grows in two stretches of a session of so many turns."""
    desk = Desk()
    transcript, scrollback = made()

    def run(numbers: range) -> int:
        for number in numbers:
            desk.type(f"prompt {number}")
            desk.controller.enter()
            for event in turn(number):
                desk.session.bus.publish(event)
            desk.controller.before_drawing()
            transcript.add(desk.view.take())
            while transcript.commit():
                pass
            compose(desk.view, desk.controller, FACTS, columns=80, rows=24, now=desk.now.time)
            desk.now.time += 10
            # These are the fakes' own memory.
            scrollback.commits.clear()
            desk.screen.wakes.clear()
            desk.session.submitted.clear()
            desk.session.contents.clear()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    for number in range(1000):  # the history of prompts is full by then
        desk.type(f"prompt {number}")
        desk.controller.enter()
        desk.session.submitted.clear()
        desk.session.contents.clear()
    half = (turns - 1400) // 2
    marks = [run(range(at, at + half)) for at in (1400 - half, 1400, 1400 + half)]
    return [after - before for before, after in pairwise(marks)]


@pytest.mark.timeout(240)  # half a minute of computing, on an idle machine, where it is whole
def test_memory_stays_flat_over_thousands_of_turns(whole: bool) -> None:
    turns = 10_000 if whole else 2_200
    ran = subprocess.run(  # by itself: what other tests have left in this process may grow
        [sys.executable, "-c", f"from {__name__} import grown; print(*grown({turns}))"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
        text=True,
    )
    first, second = map(int, ran.stdout.split())
    # A number of each turn, kept in a list, would take 36 bytes; a cache may grow once, not in both.
    assert min(first, second) < 18 * (turns - 1400) // 2


def test_a_paste_of_ten_megabytes_is_a_placeholder_at_once() -> None:
    desk = Desk()
    keys: list[KeyPress] = []
    parser = KeyParser(keys.append)
    data = "\x1b[200~" + "a line of text\r" * 700_000 + "\x1b[201~"
    began = time.process_time()
    for at in range(0, len(data), 65536):
        parser.feed(data[at : at + 65536])
    (paste,) = [key for key in keys if key.key == Keys.BracketedPaste]
    desk.controller.editor.paste(paste.data)
    compose(desk.view, desk.controller, FACTS, columns=80, rows=24, now=0.0)
    assert time.process_time() - began < 2
    assert desk.controller.editor.text == "[Pasted text #1 +700000 lines]"
    desk.controller.enter()
    (sent,) = desk.session.submitted
    assert len(sent) > 10_000_000
    began = time.process_time()
    desk.session.bus.publish(events.user_text(sent, "keyboard"))
    transcript, scrollback = made()
    transcript.add(desk.view.take())
    transcript.commit()
    assert time.process_time() - began < 2
    assert len("".join(scrollback.commits)) < 10_000
