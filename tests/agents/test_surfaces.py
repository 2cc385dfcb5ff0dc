"""One run of agents as every surface has it: the screen, the pager, a host, the statistics, the saved chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.chats.export import entries_of
from qwen_dual.chats.load import load
from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.models.model import ModelError, TextDelta
from qwen_dual.core.session.stats import Stats
from qwen_dual.frontends.tui.region.live import live_part
from qwen_dual.frontends.tui.rendering.whole import WholeTranscript
from qwen_dual.frontends.tui.state.blocks import ToolBlock
from qwen_dual.frontends.tui.state.replay import replay
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.host.event import Event as HostEvent
from qwen_dual.host.tracker import Tracker
from qwen_dual.protocol.codec import decode, encode
from tests.agents.kit import USAGE, Playing, play, said, shell, task, write_agent

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.protocol.events import Event
    from tests.agents.kit import Scripts


class Surfaces:
    """Observers of one session, each as it is used."""

    def __init__(self, one: Playing) -> None:
        self.view = View(now=lambda: 0.0, colour_of=one.handle.agent_colour)
        self.whole, self.stats, self.tracker = WholeTranscript(), Stats(), Tracker()
        self.blocks: list[Block] = []
        handle = one.handle
        for event in one.log.events:
            self.take(event)
        handle.subscribe(self.take, name="Surfaces", on_error="end")

    def take(self, event: Event) -> None:
        """What a session publishes."""
        self.view(event)
        self.blocks += self.view.take()
        self.whole(event)
        self.stats(event)
        self.tracker.feed(HostEvent(decode(encode(event))))

    @property
    def rows(self) -> list[str]:
        """The rows of agents on the screen."""
        lines = live_part(self.view, 80, 30, 0.0).lines
        rows = ("".join(text for _, text in line) for line in lines)
        return [row.rstrip() for row in rows if row.lstrip()[:1] in ("●", "◆")]


def agents(blocks: list[Block]) -> list[tuple[str, str, str]]:
    """Name, state and note of each agent that ended, by name."""
    return sorted(
        (block.name, block.status, block.note)
        for block in blocks
        if isinstance(block, ToolBlock) and "call" in block.note
    )


def test_three_at_once_with_one_that_is_denied_one_that_fails_and_one_in_the_background(
    tmp_path: Path,
) -> None:
    write_agent(tmp_path / "home" / "agents", "painter", color="green")
    gate = anyio.Event()
    scripts: Scripts = {
        "main": [
            [
                *task("alpha", "c1", "painter"),
                *task("beta", "c2", "explore"),
                *task("gamma", "c3", "plan"),
                *task("delta", "c4", run_in_background=True),
            ],
            said("all done"),
            said("heard of it"),
        ],
        "alpha": [shell("touch alpha", "same")],
        "beta": [[ModelError("the service is gone", 500)]],
        "gamma": [said("the plan")],
        "delta": [shell("touch delta", "same"), [gate, TextDelta("late")]],
    }
    seen: list[Surfaces] = []

    async def test(one: Playing) -> None:
        surfaces = Surfaces(one)
        seen.append(surfaces)
        one.handle.submit("main", KEYBOARD)
        requests = await one.requests(2)
        asked = {request.asker for request in surfaces.view.work.requests.values()}
        assert asked == {"painter", "general-purpose"}
        assert {request.agent for request in surfaces.tracker.pending.values()} == asked
        assert any(row.startswith("◆ painter  alpha · waits for you") for row in surfaces.rows)
        assert surfaces.view.work.agents["c1"].colour == "green"
        for request in requests:
            allowed = request["parent_tool_use_id"] == "c4"
            one.answer(request, allowed=allowed, message="" if allowed else "not now")
        await one.log.results()
        assert [row[:24] for row in surfaces.rows] == ["● general-purpose  delta"]
        gate.set()
        await one.log.until(lambda e: e.get("result") == "heard of it")
        assert surfaces.rows == []
        tokens = USAGE.input_tokens + USAGE.output_tokens
        assert agents(surfaces.blocks) == [
            ("explore", "error", "0 calls"),
            ("general-purpose", "ok", f"1 call · {2 * tokens} tokens · 0 s · in the background"),
            ("painter", "ok", f"1 call · {2 * tokens} tokens"),
            ("plan", "ok", f"0 calls · {tokens} tokens"),
        ]

    one = play(tmp_path, scripts, test, chat_recording=True)
    [surfaces] = seen
    states = {agent.name: agent.state for agent in surfaces.tracker.agents.known.values()}
    assert states == {
        "painter": "completed",
        "explore": "failed",
        "plan": "completed",
        "general-purpose": "completed",
    }
    main = surfaces.stats.main
    results = one.log.of("result")
    denied = [[call["tool_use_id"] for call in result["permission_denials"]] for result in results]
    assert denied == [["same"], []]
    assert main.input_tokens == sum(result["usage"]["input_tokens"] for result in results)
    assert surfaces.stats.agents["painter"].input_tokens == 2 * USAGE.input_tokens
    assert surfaces.stats.agents["painter"].failed == 1
    text = surfaces.whole.text
    assert "● painter  alpha" in text and "not allowed (keyboard): not now" in text
    assert "● general-purpose  delta" in text and "late" in text
    assert not any("Background agent" in getattr(block, "text", "") for block in surfaces.blocks)
    saved(one, surfaces)


def saved(one: Playing, surfaces: Surfaces) -> None:
    """The chat shows the same when it is gone on with, and the model is sent no more."""
    [path] = (one.place / "home").glob("projects/*/chats/*.jsonl")
    chat = load(path)
    view, whole = View(now=lambda: 0.0), WholeTranscript()
    replay(view, chat.replay)
    whole.replay(chat.replay)
    again = [(name, state) for name, state, _ in agents(view.take())]
    assert again == [(name, state) for name, state, _ in agents(surfaces.blocks)]
    assert view.work.agents == {}
    for text in ("touch alpha", "the plan", "late"):
        assert text in whole.text
    lanes = {entry.agent: entry.lane for entry in entries_of(chat.replay) if entry.agent}
    assert {name.partition(":")[0] for name in lanes} == {
        *("painter", "explore", "plan", "general-purpose")
    }
    sent = [request.messages for request in one.model.of("main")]
    assert [message["role"] for message in chat.history][: len(sent[-1])] == [
        message["role"] for message in sent[-1]
    ]
    assert "touch alpha" not in str(chat.history)


def test_an_interrupt_ends_the_rows_and_the_lanes_of_all_that_the_turn_waits_for(
    tmp_path: Path,
) -> None:
    never = anyio.Event()
    scripts: Scripts = {
        "main": [[*task("alpha", "c1", "explore"), *task("beta", "c2", "plan")]],
        "alpha": [[TextDelta("half of it"), never]],
        "beta": [shell("touch beta", "x")],
    }
    seen: list[Surfaces] = []

    async def test(one: Playing) -> None:
        surfaces = Surfaces(one)
        seen.append(surfaces)
        one.handle.submit("main", KEYBOARD)
        await one.log.until(lambda e: "half of it" in str(e.get("event")))
        assert len(surfaces.rows) == 2
        one.handle.interrupt(KEYBOARD)
        await one.log.results()
        assert surfaces.rows == []
        assert [block[:2] for block in agents(surfaces.blocks)] == [
            ("explore", "error"),
            ("plan", "error"),
        ]

    one = play(tmp_path, scripts, test, chat_recording=True)
    [surfaces] = seen
    assert {agent.state for agent in surfaces.tracker.agents.known.values()} <= {
        "failed",
        "cancelled",
    }
    assert "half of it" in surfaces.whole.text
    [path] = (one.place / "home").glob("projects/*/chats/*.jsonl")
    whole = WholeTranscript()
    whole.replay(load(path).replay)
    assert "half of it" in whole.text


def test_an_agent_of_an_agent_is_a_row_below_it_and_a_lane_within_its_own(tmp_path: Path) -> None:
    gate = anyio.Event()
    scripts: Scripts = {
        "main": [task("alpha", "c1"), said("all done")],
        "alpha": [task("beta", "c2", "explore"), said("alpha done")],
        "beta": [[TextDelta("deep"), gate]],
    }
    seen: list[Surfaces] = []

    async def test(one: Playing) -> None:
        surfaces = Surfaces(one)
        seen.append(surfaces)
        one.handle.submit("main", KEYBOARD)
        await one.log.until(lambda e: "deep" in str(e.get("event")))
        outer, inner = surfaces.rows
        assert outer.startswith("● general-purpose  alpha · Waiting for explore")
        assert inner.startswith("  ● explore  beta")
        gate.set()
        await one.log.results()

    one = play(tmp_path, scripts, test, chat_recording=True)
    [surfaces] = seen
    lanes = surfaces.tracker.agents.known
    assert (lanes["c2"].caller, lanes["c2"].state, lanes["c2"].result) == (
        "c1",
        "completed",
        "deep",
    )
    [path] = (one.place / "home").glob("projects/*/chats/*.jsonl")
    [alpha] = [entry for entry in entries_of(load(path).replay) if entry.agent]
    [beta] = [entry for entry in alpha.lane if entry.agent]
    assert beta.lane[-1].text == "deep"
