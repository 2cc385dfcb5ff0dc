"""A chat that Qwen Code 0.24.4 recorded, with its paths replaced; see ``recorded``."""

from __future__ import annotations

from pathlib import Path

from qwen_dual.chats.export import entries_of
from qwen_dual.chats.listing import recent
from qwen_dual.chats.load import load
from qwen_dual.core.bus import Bus
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import decode
from tests.chats.support import Recording, text, use

RECORDED = Path(__file__).parent / "recorded" / "892a46fb-d495-4a3a-b00e-f16cbd6a528b.jsonl"
FOLDER = "/home/user/project"


def test_it_loads_with_everything_that_was_said() -> None:
    chat = load(RECORDED)
    assert (chat.session_id, chat.cwd) == (RECORDED.stem, FOLDER)
    assert (chat.skipped, chat.interrupted, chat.model, chat.tokens) == (0, False, "m", 120)
    calls = use("call_a1", command="echo hello", description="say hello", is_background=False)
    assert chat.history[:2] == [
        {"role": "user", "content": [text("TOOL please")]},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "I should look at it.", "signature": ""},
                text("I will look."),
                calls,
                use("call_a2", "read_file", file_path="/nonexistent/x"),
            ],
        },
    ]
    first, second = chat.history[2]["content"]
    assert first["type"] == second["type"] == "tool_result"
    assert "Output: hello" in first["content"] and not first["is_error"]
    assert second["is_error"] and second["content"] == "File not found: /nonexistent/x"
    assert [message["role"] for message in chat.history[3:]] == ["assistant", "user", "assistant"]


def test_it_is_shown_as_it_was() -> None:
    kinds = [(entry.kind, entry.name) for entry in entries_of(load(RECORDED).replay)]
    assert kinds == [
        ("user", ""),
        ("thinking", ""),
        ("assistant", ""),
        ("tool", "run_shell_command"),
        ("tool", "read_file"),
        ("assistant", ""),
        ("user", ""),
        ("assistant", ""),
    ]


def test_it_is_listed(tmp_path: Path) -> None:
    folder = tmp_path / "projects" / "-home-user-project" / "chats"
    folder.mkdir(parents=True)
    (folder / RECORDED.name).write_bytes(RECORDED.read_bytes())
    [summary] = recent(str(tmp_path), FOLDER)
    assert (summary.prompt, summary.prompts, summary.folder) == ("TOOL please", 2, FOLDER)


def test_our_records_have_its_fields_in_its_order(tmp_path: Path) -> None:
    theirs: dict[tuple[str, str | None], list[str]] = {}
    for line in RECORDED.read_bytes().splitlines():
        record = decode(line)
        theirs.setdefault((record["type"], record.get("subtype")), list(record))
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(text("Look."), use()).finish()
    recording.bus.publish(events.tool_result("call_1", "a", is_error=False))
    envelope = theirs["user", None][:-1]
    for record in recording.records():
        fields = [field for field in record if field != "origin"]
        assert fields[: len(envelope)] == envelope
        known = theirs[record["type"], record.get("subtype")]
        assert set(fields) <= {*known, "gitBranch"}


def test_it_is_gone_on_with_in_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / RECORDED.name
    path.write_bytes(RECORDED.read_bytes())
    chat = load(path)
    recording = Recording(tmp_path, bus=Bus(chat.session_id), resume=chat)
    recording.submit("more")
    assert recording.records()[-1]["parentUuid"] == recording.records()[-2]["uuid"]
    assert load(path).history[:-1] == chat.history


def test_a_session_with_a_sub_agent_is_shown_with_its_lane() -> None:
    [path] = (RECORDED.parent / "with_agents" / "chats").iterdir()
    chat = load(path)
    prompt, answer, agent, end = entries_of(chat.replay)
    assert (prompt.text, answer.text, end.text) == ("MAINTASK go", "Running.", "main done")
    assert (agent.name, agent.agent, agent.text) == ("agent", "general-purpose: say hi", "sub done")
    assert [(entry.kind, entry.name or entry.text) for entry in agent.lane] == [
        ("user", "SUBTASK please"),
        ("assistant", "Running."),
        ("tool", "run_shell_command"),
        ("assistant", "sub done"),
    ]
    assert "SUBTASK please" not in str(chat.history[2:])
