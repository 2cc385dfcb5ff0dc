"""The terminal is told what the channel is told, and whatever it answers takes no key."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.frontends.tui.terminal.keyparser import KeyParser
from qwen_dual.frontends.tui.terminal.reports import Reports
from qwen_dual.runtime.in_terminal import InTerminal
from tests.support.fakes import FakeModel, FakeTool, Host, call
from tests.support.osc import by_events, statuses, titles

if TYPE_CHECKING:
    from prompt_toolkit.key_binding import KeyPress

    from qwen_dual.protocol.events import Event
    from tests.support.fakes import Step
from tests.tui.terminal.reported import KNOWN, SECRET, XTERM, Desk


def answer(chance: random.Random) -> list[Step]:
    """One answer of the model: text, calls, or a failure."""
    kind = chance.choice(["text", "text", "call", "calls", "failure"])
    if kind == "text":
        return [TextDelta(f"{SECRET} {chance.random()}")]
    if kind == "failure":
        return [ModelError(f"{SECRET} no", 400)]
    count = 1 if kind == "call" else 3
    arguments = {"command": f"rm {SECRET}"}
    return [
        step
        for number in range(count)
        for step in call("run_shell_command", f"{chance.random()}-{number}", **arguments)
    ]


def play(seed: int, reports: Reports) -> tuple[list[Event], str]:
    """A random session; its events, and what the terminal was written, drawn now and then."""
    chance = random.Random(seed)
    reports.drawn()
    reports.said(KNOWN)
    written = [reports.drawn()[0]]
    host = Host(FakeModel(*(answer(chance) for _ in range(12))), FakeTool(), FakeTool("edit"))
    host.bus.subscribe(reports, streamed=False)

    async def draw() -> None:
        while True:
            await anyio.lowlevel.checkpoint()
            if chance.random() < 0.3:
                written.append(reports.drawn()[0])

    def decide(event: Event) -> None:
        if event["type"] != "control_request":
            return
        what = chance.choice(["allow", "allow", "deny", "stop", "interrupt"])
        if what == "interrupt":
            host.session.interrupt(KEYBOARD)
        else:
            host.session.answer(
                event["request_id"], Decision(what == "allow", INPUT, stop=what == "stop")
            )

    host.bus.subscribe(decide)

    async def script(host: Host) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(draw)
            for number in range(1, 5):
                command = chance.random() < 0.2
                host.session.submit("/help" if command else f"{SECRET} {number}", KEYBOARD)
                if chance.random() < 0.3:
                    await anyio.lowlevel.checkpoint()
                    host.session.interrupt(KEYBOARD)
                await host.result(number)
            group.cancel_scope.cancel()

    host.play(script)
    written.append(reports.drawn()[0])
    return host.events, "".join(written)


@pytest.mark.timeout(1000)
def test_the_terminal_and_the_channel_say_the_same_over_random_sessions(whole: bool) -> None:
    ends = set[str]()
    for seed in range(2000 if whole else 30):
        reports = Reports(f"/tmp/{seed}", XTERM, InTerminal())
        events, written = play(seed, reports)
        said = statuses(written.encode())
        assert said == by_events(events), seed
        # The first title was there before the terminal had answered.
        assert titles(written.encode()) == [word.split()[0] for word in said[1:]], seed
        assert SECRET not in written
        ends |= set(said)
    assert ends == {"idle", "working", "blocked permission", "done", "error"}


REPLIES = st.sampled_from(
    [
        *("\x1b]7501;?\x1b\\", "\x1b]7501;?\x07", "\x1b[?62;c", "\x1b[?1;2c", "\x1b[I", "\x1b[O"),
        *("\x1b]7501;state=done\x1b\\", "\x1b]7501;" + "?" * 500 + "\x07", "\x1b]7501\x07"),
        *("\x1b]11;rgb:1/2/3\x1b\\", "\x1b[>0;276;0c", "\x1bP1$r0m\x1b\\"),
    ]
)


@given(st.lists(REPLIES | st.sampled_from("abc\r\x03é"), max_size=12), st.data())
def test_whatever_the_terminal_answers_no_key_is_lost_or_made_up(
    pieces: list[str], data: st.DataObject
) -> None:
    stream = "".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=4)))
    keys: list[KeyPress] = []
    desk = Desk()
    parser = KeyParser(keys.append, lambda: 0.0)
    parser.on_report = lambda report: desk.reports.said(report)
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        parser.feed(stream[begin:end])
    parser.flush(sure=True)  # several lines that come at once are a paste, which ends with a pause
    typed = "".join(piece for piece in pieces if len(piece) == 1)
    assert "".join(key.data for key in keys) == typed
    known = any(piece in ("\x1b]7501;?\x1b\\", "\x1b]7501;?\x07") for piece in pieces)
    assert bool(statuses(desk("thinking").encode())) is known
