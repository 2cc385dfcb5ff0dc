"""Going back in a chat: appended, found again by any reader, whole or not at all after a kill."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from qwen_dual.chats.load import load
from qwen_dual.chats.prompts import before
from qwen_dual.chats.tail import Bounds, read_tail
from qwen_dual.core.turns.results import instant_result
from qwen_dual.protocol import events
from tests.chats.support import Recording, text

RECORDED = Path(__file__).parent / "recorded"


def said(recording: Recording, prompt: str, *answers: str) -> str:
    """A turn; the uuid of its ``user`` event."""
    uuid = recording.bus.publish(events.user_text(prompt, "keyboard"))["uuid"]
    recording.answer(*map(text, answers or ("fine",))).finish()
    recording.end_turn()
    return str(uuid)


def go_back(recording: Recording, to: str, *, undo: bool = False) -> str:
    data = {
        "to": to,
        "conversation": True,
        "files": False,
        "undo": undo,
        "text": "it",
        "prompts": 1,
        "changed": 0,
        "added": 0,
        "removed": 0,
        "changes": [],
    }
    return str(recording.bus.publish(events.system("rewound", data))["uuid"])


def texts(path: Path) -> list[str]:
    """What the model would be sent."""
    blocks: list[Any] = [block for one in load(path).history for block in one["content"]]
    return [block["text"] for block in blocks]


def test_what_is_taken_back_is_on_no_branch_and_in_the_file(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    said(recording, "one")
    second = said(recording, "two")
    before_it = recording.path.read_bytes()
    go_back(recording, second)
    said(recording, "three")
    assert texts(recording.path) == ["one", "fine", "three", "fine"]
    assert recording.path.read_bytes().startswith(before_it)
    record = next(one for one in recording.records() if one.get("subtype") == "rewind")
    first = next(one for one in recording.records() if one.get("subtype") == "turn_result")
    assert record["parentUuid"] == first["uuid"]  # as the reference does it
    assert record["systemPayload"]["truncatedCount"] == 1


def test_the_first_prompt_taken_back_leaves_nothing(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    first = said(recording, "one")
    said(recording, "two")
    back = go_back(recording, first)
    assert texts(recording.path) == []
    go_back(recording, back, undo=True)
    assert texts(recording.path) == ["one", "fine", "two", "fine"]


def test_a_kill_while_it_is_written_leaves_the_conversation_before_or_after(
    tmp_path: Path,
) -> None:
    recording = Recording(tmp_path)
    said(recording, "one")
    second = said(recording, "two")
    size = recording.path.stat().st_size
    go_back(recording, second)
    recording.recorder.close()
    whole = recording.path.read_bytes()
    for cut in (size, size + 1, size + 40, len(whole) - 2, len(whole) - 1):
        recording.path.write_bytes(whole[:cut])
        expected = ["one", "fine", "two", "fine"]
        if cut == len(whole) - 1:  # all of it but the end of the line
            expected = expected[:2]
        assert texts(recording.path) == expected, cut


def test_a_prompt_that_mentions_files_goes_with_what_was_put_in(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    said(recording, "one")
    second = recording.bus.publish(events.user_text("look at @a.txt", "keyboard"))["uuid"]
    recording.recorder.expanded([text("look at @a.txt"), text("the file")])  # type: ignore[list-item]
    recording.answer(text("seen")).finish()
    recording.bus.publish(instant_result("", None, "end_turn"))
    chat = load(recording.path)
    assert [(prompt.uuid, prompt.text) for prompt in chat.prompts][1] == (second, "look at @a.txt")
    kept = before(recording.path, second)
    assert kept is not None
    assert all(record.get("subtype") != "at_command" for record in kept)
    go_back(recording, second)
    assert texts(recording.path) == ["one", "fine"]


def test_what_was_taken_back_takes_no_room_of_what_is_read_of_a_long_chat(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    said(recording, "one")
    second = said(recording, "two")
    for _ in range(20):
        said(recording, "more " * 200)
    go_back(recording, second)
    fd = os.open(recording.path, os.O_RDONLY)
    try:
        tail = read_tail(fd, Bounds(said=5_000))
    finally:
        os.close(fd)
    assert tail.whole
    assert "more" not in json.dumps(tail.every)
    assert load(recording.path, Bounds(said=5_000)).before == 0


@pytest.mark.parametrize("payload", [{}, {"truncatedCount": 2}, {"rewound": 5}, {"rewound": {}}])
def test_the_mark_of_another_program_is_shown(tmp_path: Path, payload: dict[str, Any]) -> None:
    recording = Recording(tmp_path)
    said(recording, "one")
    chat = recording.recorder._chat
    assert chat is not None
    chat.system("rewind", payload)
    shown = [one for one in load(recording.path).replay if one.get("subtype") == "rewound"]
    assert [one["data"]["conversation"] for one in shown] == [True]


def test_a_chat_in_which_the_reference_went_back_is_read_as_it_reads_it_itself() -> None:
    # Qwen Code 0.24.4: two prompts, the second taken back with Esc Esc, and another one.
    path = RECORDED / "7c0ee84c-4a9d-43f4-b7f6-398c0e1ee399.jsonl"
    assert texts(path) == ["alpha one", "fine", "gamma three", "fine"]
    chat = load(path)
    assert [prompt.text for prompt in chat.prompts] == ["alpha one", "gamma three"]
    assert any(one.get("subtype") == "rewound" for one in chat.replay)
