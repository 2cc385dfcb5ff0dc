"""A chat keeps the main conversation; what sub-agents say is beside it, each in a file of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.chats.fork import fork
from qwen_dual.chats.load import load
from qwen_dual.chats.paths import lanes_folder
from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import TokenUsage
from qwen_dual.core.turns.results import instant_result
from qwen_dual.frontends.tui.rendering.whole import WholeTranscript
from qwen_dual.frontends.tui.state.blocks import ToolBlock
from qwen_dual.frontends.tui.state.replay import replay as show_again
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import decode
from tests.chats.support import SESSION, Recording, feed, text, use
from tests.support.lanes import interleaved, of

if TYPE_CHECKING:
    from qwen_dual.chats.load import Chat
    from qwen_dual.protocol.events import Event

DIFF = {"kind": "diff", "title": "x.py", "text": "--- a\n+++ b\n@@ -1 +1 @@\n-old\n+new"}


def message(*blocks: dict[str, Any]) -> list[Event]:
    """The events of a whole message."""
    made: list[Event] = []
    answer = Answer("fake", made.append)
    for block in blocks:
        feed(answer, block)
    answer.feed(TokenUsage(10, 4, 3))
    answer.finish()
    return made


def asks(call_id: str) -> Event:
    return events.control_request(f"r-{call_id}", {"tool_use_id": call_id, "preview": DIFF})


def main_lane() -> list[Event]:
    return [
        events.user_text("go", "keyboard"),
        *message(text("I look."), use("call_1", "edit", path="mine.py")),
        events.tool_result("call_1", "mine", is_error=False),
        *message(text("Done.")),
        instant_result("Done.", None, "end_turn"),
    ]


def sub_lane() -> list[Event]:
    return [
        events.user_text("the task of the sub-agent", "agent"),
        *message(text("theirs"), use("call_1", "write_file", path="theirs.py")),
        asks("call_1"),
        events.tool_progress("call_1", "write_file", "started", "theirs.py", DIFF),
        events.notice("theirs"),
        events.tool_result("call_1", "theirs", is_error=True),
        *message(text("theirs too")),
        instant_result("theirs", None, "error"),
    ]


def said(recording: Recording) -> list[Any]:
    return [
        (record["type"], record.get("subtype"), record.get("message"), record.get("toolCallResult"))
        for record in recording.records()
    ]


@pytest.mark.parametrize("seed", range(10))
def test_a_chat_is_the_same_whatever_sub_agents_say_in_between(tmp_path: Path, seed: int) -> None:
    alone, together = Recording(tmp_path / "a"), Recording(tmp_path / "b")
    main = main_lane()
    for event in main:
        alone.bus.publish(event)
    for event in interleaved(seed, main, of("task_1", sub_lane()), of("task_2", sub_lane())):
        together.bus.publish(event)
    for recording in (alone, together):
        recording.later.run()
        recording.recorder.close()
    assert said(together) == said(alone)
    assert load(together.path).history == load(alone.path).history
    assert b"theirs" not in together.path.read_bytes()


def task(call_id: str, who: str = "explore", **more: Any) -> list[Event]:
    """An agent sets ``who`` to work."""
    asked = {"subagent_type": who, "description": f"{who} it", "prompt": "Find it.", **more}
    return message(use(call_id, "agent", **asked))


def at_work(home: Path, *told: Event) -> Recording:
    """A session in which all of that was told, ended."""
    recording = Recording(home)
    recording.submit("go")
    for event in told:
        recording.bus.publish(event)
    recording.later.run()
    recording.recorder.close()
    return recording


def lanes_of(recording: Recording) -> dict[str, tuple[dict[str, Any], list[dict[str, Any]]]]:
    """What is told of each lane, and its records, by the name of its file."""
    folder = Path(lanes_folder(recording.path))
    found = {}
    for about in sorted(folder.glob("*.meta.json")):
        name = about.name.removesuffix(".meta.json")
        lines = folder.joinpath(f"{name}.jsonl").read_bytes().splitlines()
        found[name] = (decode(about.read_bytes()), [decode(line) for line in lines])
    assert len(list(folder.iterdir())) == 2 * len(found)
    return found


def test_each_lane_is_a_file_as_the_reference_has_them(tmp_path: Path) -> None:
    recording = at_work(
        tmp_path,
        *task("call_1"),
        *task("call/2", "my agent"),
        *interleaved(1, of("call_1", sub_lane()), of("call/2", message(text("other")))),
        events.tool_result("call_1", "found", is_error=False),
        events.tool_result("call/2", "not", is_error=True),
    )
    lanes = lanes_of(recording)
    assert list(lanes) == ["agent-explore-call_1", "agent-my_agent-call_2"]
    about, records = lanes["agent-explore-call_1"]
    assert about["agentId"] == "explore-call_1"
    assert (about["toolUseId"], about["parentSessionId"]) == ("call_1", SESSION)
    assert (about["status"], about["parentAgentId"]) == ("completed", None)
    assert about["stats"] == {
        "totalTokens": 28,
        "outputTokens": 8,
        "toolUses": 1,
        "durationMs": 0,
    }
    assert lanes["agent-my_agent-call_2"][0]["status"] == "failed"
    assert [record["type"] for record in records] == [
        *("user", "assistant", "assistant", "tool_result", "assistant")
    ]
    for before, record in zip([None, *records], records, strict=False):
        assert record["isSidechain"] is True
        assert (record["agentId"], record["agentName"]) == ("explore-call_1", "explore")
        assert record["sessionId"] == SESSION
        assert record["parentUuid"] == (before and before["uuid"])
    result = records[3]
    assert result["message"]["parts"][0]["functionResponse"]["name"] == "write_file"
    display = recording.records()[-1]["toolCallResult"]["resultDisplay"]
    assert (display["type"], display["subagentName"]) == ("task_execution", "my agent")
    assert (display["status"], display["taskDescription"]) == ("failed", "my agent it")


def test_files_of_lanes_are_the_persons_own(tmp_path: Path) -> None:
    recording = at_work(tmp_path, *task("call_1"), *of("call_1", message(text("x"))))
    folder = Path(lanes_folder(recording.path))
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def main_events(chat: Chat) -> list[Event]:
    return [
        event
        for event in chat.replay
        if "parent_tool_use_id" not in event and event["type"] == "user"
    ]


def shown(chat: Chat, agent: str) -> list[str]:
    """What the agent that works for a call said, as it is shown again."""
    return [
        block["text"]
        for event in chat.replay
        if event.get("parent_tool_use_id") == agent and event["type"] in ("assistant", "user")
        for block in event["message"]["content"]
        if block["type"] == "text"
    ]


def test_a_session_that_is_gone_on_with_shows_its_lanes_and_its_model_gets_none(
    tmp_path: Path,
) -> None:
    told = [*task("call_1"), *task("call_2", "plan")]
    lanes = [of("call_1", sub_lane()), of("call_2", message(text("the plan")))]
    results = [
        events.tool_result("call_1", "found", is_error=False),
        events.tool_result("call_2", "planned", is_error=False),
        *message(text("Done.")),
    ]
    recording = at_work(tmp_path, *told, *interleaved(2, *lanes), *results)
    chat = load(recording.path)
    assert shown(chat, "call_1") == ["the task of the sub-agent", "theirs", "theirs too"]
    assert shown(chat, "call_2") == ["the plan"]
    folder = Path(lanes_folder(recording.path))
    folder.rename(tmp_path / "elsewhere")
    without = load(recording.path)
    assert chat.history == without.history
    assert main_events(chat) == main_events(without)
    kinds = [
        event.get("parent_tool_use_id", event["message"]["content"][0].get("tool_use_id", "main"))
        for event in chat.replay
        if event["type"] == "user"
    ]
    assert kinds == ["main", *["call_1"] * 3, "call_2"]


def test_a_session_shown_again_has_the_line_of_each_agent_and_its_lane(tmp_path: Path) -> None:
    outcome: Any = {"duration_ms": 61_000}
    recording = at_work(
        tmp_path,
        *task("call_1"),
        *of("call_1", sub_lane()),
        events.tool_result("call_1", "found", is_error=False, outcome=outcome),
        *message(text("Done.")),
    )
    view, whole = View(), WholeTranscript()
    replay = load(recording.path).replay
    show_again(view, replay)
    whole.replay(replay)
    [agent] = [block for block in view.take() if isinstance(block, ToolBlock)]
    assert (agent.name, agent.title) == ("explore", "explore it")
    assert agent.note == "1 call · 28 tokens · 1 min 1 s"
    assert view.work.agents == {}
    assert "● explore  explore it\n    > the task of the sub-agent" in whole.text
    assert "  ✦ theirs too" in whole.agents


def test_a_call_id_that_comes_again_has_the_lane_of_its_own_turn(tmp_path: Path) -> None:
    turns = []
    for said in ("one", "two", "three"):
        turns += [
            *task("call_1"),
            *of("call_1", message(text(said))),
            events.tool_result("call_1", said, is_error=False),
            instant_result("", None, "end_turn"),
            events.user_text("and", "keyboard"),
        ]
    recording = at_work(tmp_path, *turns)
    assert len(lanes_of(recording)) == 3
    assert shown(load(recording.path), "call_1") == ["one", "two", "three"]


def test_an_agent_of_an_agent_has_its_own_lane_inside_the_other(tmp_path: Path) -> None:
    recording = at_work(
        tmp_path,
        *task("call_1"),
        *of("call_1", task("call_2", "plan")),
        *of("call_2", message(text("deep"))),
        *of("call_1", [events.tool_result("call_2", "planned", is_error=False)]),
        events.tool_result("call_1", "found", is_error=False),
    )
    lanes = lanes_of(recording)
    assert lanes["agent-plan-call_2"][0]["parentAgentId"] == "explore-call_1"
    assert lanes["agent-plan-call_2"][0]["status"] == "completed"
    assert shown(load(recording.path), "call_2") == ["deep"]


def test_what_ends_in_the_background_is_shown_behind_its_call(tmp_path: Path) -> None:
    notified = {"tool_use_id": "call_1", "status": "completed"}
    recording = at_work(
        tmp_path,
        *task("call_1", run_in_background=True),
        events.tool_result("call_1", "started", is_error=False),
        instant_result("", None, "end_turn"),
        *of("call_1", message(text("late"))),
        events.system("task_notification", notified),
    )
    [(about, _)] = lanes_of(recording).values()
    assert (about["status"], about["isBackgrounded"]) == ("completed", True)
    replay = load(recording.path).replay
    late = [event.get("parent_tool_use_id") for event in replay].index("call_1")
    assert replay[late - 1]["message"]["content"][0]["content"] == "started"  # to the model alone
    assert replay[late - 1]["tool_use_result"] == {"note": "in the background", "output": ""}
    assert replay[late + 1]["data"] == notified


@pytest.mark.parametrize("end", ["interrupted", "closed"])
def test_whoever_is_stopped_is_kept_as_far_as_it_came(tmp_path: Path, end: str) -> None:
    told = [*task("call_1"), *of("call_1", message(text("half")))]
    if end == "interrupted":
        told += [instant_result("", None, "interrupted")]
    recording = at_work(tmp_path, *told)
    [(about, records)] = lanes_of(recording).values()
    assert about["status"] == "cancelled"
    assert len(records) == 1
    assert shown(load(recording.path), "call_1") == ["half"]


def test_after_a_kill_what_they_had_come_to_is_shown(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    for event in [*task("call_1"), *of("call_1", message(text("half")))]:
        recording.bus.publish(event)
    recording.later.run()
    chat = load(recording.path)  # nothing was closed: as a killed program leaves it
    assert chat.interrupted
    assert shown(chat, "call_1") == ["half"]
    view = View()
    show_again(view, chat.replay)
    [agent] = [block for block in view.take() if isinstance(block, ToolBlock)]
    assert (agent.name, agent.status) == ("explore", "error")


def test_a_session_that_begins_with_another_has_its_lanes(tmp_path: Path) -> None:
    recording = at_work(
        tmp_path,
        *task("call_1"),
        *of("call_1", message(text("x"))),
        events.tool_result("call_1", "found", is_error=False),
    )
    other = "11111111-0000-4000-8000-000000000000"
    copy = recording.path.with_name(f"{other}.jsonl")
    fork(recording.path, copy, other)
    assert shown(load(copy), "call_1") == ["x"]
    about = next(Path(lanes_folder(copy)).glob("*.meta.json")).read_bytes()
    assert decode(about)["parentSessionId"] == other
    assert SESSION.encode() not in b"".join(
        path.read_bytes() for path in Path(lanes_folder(copy)).iterdir()
    )


def test_lanes_that_cannot_be_written_leave_the_chat_as_it_is(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    Path(lanes_folder(recording.path)).parent.write_text("in the way")
    told = [*task("call_1"), *of("call_1", message(text("x")))]
    told += [events.tool_result("call_1", "found", is_error=False), *message(text("Done."))]
    for event in told:
        recording.bus.publish(event)
    recording.later.run()
    assert load(recording.path).history[-1]["content"] == [text("Done.")]
    [failure] = recording.failures
    assert failure.startswith("what sub-agents do is not saved any more")
    assert "subagents" in failure


@pytest.mark.parametrize(
    "broken", ["", "{", "[]", '{"toolUseId": 3}', '{"toolUseId": "call_1", "createdAt": {}}']
)
def test_what_is_told_of_a_lane_and_cannot_be_read_is_passed_over(
    tmp_path: Path, broken: str
) -> None:
    recording = at_work(
        tmp_path,
        *task("call_1"),
        *of("call_1", message(text("x"))),
        events.tool_result("call_1", "found", is_error=False),
    )
    folder = Path(lanes_folder(recording.path))
    folder.joinpath("agent-a.meta.json").write_text(broken)
    folder.joinpath("agent-b.meta.json").symlink_to("/etc/passwd")
    assert shown(load(recording.path), "call_1") in (["x"], [])


def test_a_session_without_sub_agents_imports_nothing_for_them(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from qwen_dual.chats.load import load
from tests.chats.support import Recording, text
recording = Recording(Path({str(tmp_path)!r}))
recording.submit("go")
recording.answer(text("x")).finish()
recording.end_turn()
path = recording.path
recording.recorder.close()
assert load(path).history
print([name for name in sys.modules if "lane" in name and name.startswith("qwen_dual")])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_what_is_open_when_the_process_dies_is_the_main_agents_alone(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(text("half of mine"))
    for event in of("task_1", message(text("theirs"))):
        recording.bus.publish(event)
    recording.bus.publish(events.text_delta(0, ", and more"))
    recording.later.run()
    [_, answer] = load(recording.path).history
    assert answer["content"] == [{"type": "text", "text": "half of mine, and more"}]
