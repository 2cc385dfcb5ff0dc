"""The benchmark's pure parts, its server and channels, and one quick run against our program."""

from __future__ import annotations

import http.client
import json
import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import pytest

from benchmarks import bridge, chats, cli, process, report, server, web, web_page
from benchmarks.answers import LINE, WORD, Answer, answer_in, answer_to, script
from benchmarks.channel import Commands, Events
from benchmarks.measure import Samples
from benchmarks.report import MIB, Budget
from benchmarks.terminal import replies
from qwen_dual.chats.load import load
from qwen_dual.core.models.model import ModelRequest, TextDelta, ToolCallStart
from qwen_dual.fs.proc import Stat
from qwen_dual.models.script import load_script

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("N=20000", Answer(20_000)),
        ("N=20 RATE=5", Answer(20, rate=5)),
        ("CHUNK=1", Answer(text=LINE * (1_000_000 // len(LINE)))),
        ("<reminder>\nN=3\n</reminder>", Answer(3)),
        ("TOOL touch a b", Answer(command="touch a b")),
        ("name this chat: N=20000", Answer(1)),
        ("N=9999999", Answer(1_000_000)),
    ],
)
def test_a_prompt_says_what_the_answer_is(text: str, answer: Answer) -> None:
    assert answer_to(text) == answer


def test_only_a_message_of_the_user_is_a_prompt() -> None:
    parts = [{"type": "text", "text": "be brief"}, {"type": "text", "text": "N=7"}]
    assert answer_in({"messages": [{"role": "user", "content": parts}]}) == Answer(7)
    asked = {"role": "user", "content": "TOOL ls"}
    result = {"role": "tool", "content": "N=7"}
    assert answer_in({"messages": [asked, result]}) == Answer()
    assert answer_in({"messages": []}) == Answer()


def test_our_offline_model_plays_the_script(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    lines = script(["N=3", "TOOL touch made"])
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    model = load_script(str(path))

    async def play() -> list[list[Any]]:
        request = ModelRequest("", [])
        return [[delta async for delta in model.stream(request)] for _ in range(3)]

    long, call, last = anyio.run(play)
    assert long == [TextDelta(WORD)] * 3
    assert isinstance(call[0], ToolCallStart)
    assert last == [TextDelta(WORD)]


def test_the_server_streams_what_a_prompt_asks_for() -> None:
    with server.running() as url:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
        for count in (5, 0):  # one after the other on one connection
            prompt = f"N={count}" if count else "TOOL touch made"
            messages = [{"role": "user", "content": prompt}]
            body = json.dumps({"stream": True, "messages": messages})
            connection.request("POST", "/v1/chat/completions", body)
            lines = connection.getresponse().read().split(b"\n\n")
            assert lines[-2:] == [b"data: [DONE]", b""]
            chunks = [json.loads(line.removeprefix(b"data: ")) for line in lines[:-2]]
            deltas = [chunk["choices"][0]["delta"] for chunk in chunks if chunk["choices"]]
            assert sum(delta.get("content") == WORD for delta in deltas) == count
            assert sum("tool_calls" in delta for delta in deltas) == (not count)
        connection.close()


def test_queries_are_answered_once_wherever_the_bytes_are_cut() -> None:
    stream = b"a\x1b[c\x1b[6nb\x1b]11;?\x1b\\\x1b[?u\x1b[31mred\x1b[0m"
    whole, _ = replies(stream)
    assert whole.count(b"\x1b[?62;22c") == 1
    assert whole.index(b"R") < whole.index(b"rgb:") < whole.index(b"\x1b[?0u")
    for cut in range(len(stream)):
        first, rest = replies(stream[:cut])
        second, _ = replies(rest + stream[cut:])
        assert first + second == whole, cut


def test_a_process_tree_holds_descendants_and_what_they_left_behind() -> None:
    parents_and_sessions = {
        9: (1, 9),
        12: (9, 12),  # a child with a session of its own
        13: (12, 12),
        14: (1, 9),  # its parent is gone
        15: (1, 15),
    }
    stats = {
        pid: Stat(pid, f"S {parent} {pid} {session}".encode().split())
        for pid, (parent, session) in parents_and_sessions.items()
    }
    assert sorted(stat.pid for stat in process.tree_of(9, stats)) == [9, 12, 13, 14]


def test_memory_of_a_live_process_is_proportional_private_and_resident() -> None:
    found = process.memory(os.getpid())
    assert 0 < found.private <= found.pss <= found.resident
    assert process.cpu_seconds(os.getpid()) > 0


def test_events_arrive_whole_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events"
    events = Events(path)
    try:
        with path.open("ab", buffering=0) as out:
            out.write(b'{"type":"a"}\n{"type":')
            first = events.wait_for(b"a", lambda event: event["type"] == "a", 30)
            out.write(b'"b"}\n')
            second = events.wait_for(b'"b"', lambda event: event["type"] == "b", 30)
        assert first.ns <= second.ns
        with pytest.raises(TimeoutError, match="no 'c' event"):
            events.wait_for(b"c", lambda event: True, 0)
    finally:
        events.close()


def test_commands_are_appended_as_lines(tmp_path: Path) -> None:
    commands = Commands(tmp_path / "input")
    first = commands.send({"type": "submit", "text": "ä"})
    assert commands.send({"type": "interrupt"}) > first
    lines = (tmp_path / "input").read_text().splitlines()
    assert [json.loads(line)["type"] for line in lines] == ["submit", "interrupt"]


def test_a_budget_may_need_another_program() -> None:
    fast = Budget(1 / 20, relative=True)
    assert (fast.met(0.1, 2.0), fast.met(0.2, 2.0), fast.met(0.1, None)) == (True, False, None)
    rate = Budget(2, relative=True, at_least=True)
    assert (rate.met(20, 10), rate.met(19, 10)) == (True, False)
    assert Budget(60 * MIB).met(61 * MIB, None) is False
    assert (fast.text("s"), rate.text("/s")) == ("≤ 1/20", "≥ 2.0×")


def test_the_table_tells_which_budgets_are_met() -> None:
    ours, other = Samples(), Samples()
    for value in (0.3, 0.1, 0.2):
        ours.add("first_paint", value)
    other.add("first_paint", 1.8)
    ours.add("memory_idle", 70 * MIB)
    cells = {row[0]: row[1:] for row in report.rows(ours, other)}
    painted = ["0.200 s", "1.800 s", "1/9", "≤ 1/8", "met"]
    assert cells["spawn → painted, key accepted"] == painted
    assert cells["memory idle, PSS"] == ["70.0 MiB", "–", "–", "≤ 60.0 MiB", "NOT MET"]
    assert cells["CPU when idle"][-1] == "not measured"
    alone = {row[0]: row[-1] for row in report.rows(ours, None)}
    assert alone["spawn → painted, key accepted"] == "needs --beside"
    assert report.quantile([float(n) for n in range(1, 101)], 0.99) == 99


def test_a_rate_that_the_server_held_down_is_not_compared() -> None:
    ours, other = Samples(), Samples()
    ours.add("stream_rate", 100_000)
    other.add("stream_rate", 5_000)
    label = "long answer: deltas a second"
    freely = {row[0]: row[1:] for row in report.rows(ours, other)}[label]
    other.add("stream_paced", 5_000)
    paced = {row[0]: row[1:] for row in report.rows(ours, other)}[label]
    assert (freely[2], freely[-1]) == ("20.0×", "met")
    assert (paced[2], paced[-1]) == ("–", "not comparable")


def test_the_bridge_alone_loses_nothing() -> None:
    rates = bridge.measure(2000)
    assert {(rate.target, rate.per_pass) for rate in rates} == {
        (target, per_pass) for target in bridge.TARGETS for per_pass in bridge.PER_PASS
    }
    assert [rate.dropped for rate in rates] == [0] * len(rates)


def test_the_long_chat_is_one_that_is_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "00000000-0000-4000-8000-000000000000.jsonl"
    chats.write(path, path.stem, 200_000)
    chat = load(path)
    assert path.stat().st_size >= 200_000
    assert (chat.skipped, chat.interrupted) == (0, False)
    assert len(chat.history) > 20


@pytest.mark.drill
@pytest.mark.timeout(180)
def test_a_quick_run_measures_everything_and_keeps_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = tmp_path / "kept" / "run.json"
    quick = ["--starts=1", "--submits=2", "--approvals=1", "--deltas=500", "--idle=0.2", "--chat=1"]
    quick += [
        "--prompts=1",
        "--commands=3",
        "--bridge-events=1000",
        "--sessions=2",
        "--recording=0.3",
        "--telemetry=5",
        "--web=0",
        "--page=0",
    ]
    status = cli.main([*quick, f"--json={kept}"])
    shown = capsys.readouterr().out
    assert status == 0, shown
    found = json.loads(kept.read_text("utf-8"))
    values = found["programs"]["ours"]["by_metric"]
    measured = {
        metric.key for metric in report.METRICS if not metric.key.startswith(("key_", "chunk_"))
    }
    assert measured <= set(values)  # keys are timed against a model server only
    assert values["stream_events"] == [500]
    assert len(found["bridge"]) == 6
    assert found["sessions"]["count"] == 2
    assert found["recording"]["deltas"] > 1000
    assert found["telemetry"]["turn_ms"] > 0
    assert found["telemetry"]["lost"] is False
    assert "2 idle" in shown
    assert "needs --beside" in shown


def test_the_way_to_the_browser_is_told_with_its_budgets() -> None:
    found = web.Web(
        web.Way(event=[1.0, 2.0], key=[3.0], key_there=[1.0]),
        web.Flood(50, 5.0, fresh=9, slow_bytes=1, grown=1 << 20, cpu_seconds=2.0),
        web.Crowd(100, 300, 9.0, 0.7, 1 << 26, 50.0, 4000.0, event=[2.0]),
        web.Log(kept=0.01, emulated=2.0),
    )
    told = report.web_table(found)
    assert re.search(r"over the PTY's own +2.00 ms +≤ 5 ms +met", told)
    assert re.search(r"while nothing happens +0.70 % +≤ 0.50 % +MISSED", told)
    assert re.search(r"an emulator's CPU +1/200", told)
    painted = web_page.Painted(screen=[290.0, 310.0, 301.0], event=[9.0], weight=288_000)
    told = report.page_table(painted)
    assert re.search(r"the terminal is shown, p50 +301 ms +≤ 300 ms +MISSED", told)
    assert re.search(r"compressed +288 kB +≤ 400 kB +met", told)
