"""What was said comes back as it was, whatever was said, and whatever was cut off."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwen_dual.chats.load import ChatUnreadable, load
from qwen_dual.chats.paths import partial_path
from qwen_dual.core.conversation.conversation import Conversation
from qwen_dual.core.models.model import TextDelta, ToolCallArguments, ToolCallStart
from qwen_dual.protocol import events
from qwen_dual.protocol.blocks import text_block
from qwen_dual.protocol.codec import decode
from qwen_dual.runtime.saved import earlier
from tests.chats.support import SESSION, Recording, text, thought, use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.protocol.shapes import ContentBlock, Message

words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)
plain = words.filter(lambda value: not value.startswith(("/", "!")))
arguments = st.dictionaries(
    words, st.recursive(st.none() | st.booleans() | st.integers(-99, 99) | words, st.lists)
)


@st.composite
def turns(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Turns: a prompt, what its mentions gave, and messages with the results of their calls."""
    number = 0
    out = []
    for _ in range(draw(st.integers(1, 3))):
        messages = []
        for _ in range(draw(st.integers(0, 3))):
            blocks: list[dict[str, Any]] = []
            if draw(st.booleans()):
                signature = draw(st.sampled_from(("", "sig")))
                blocks.append({**thought(draw(words)), "signature": signature})
            if draw(st.booleans()):
                blocks.append(text(draw(words)))
            results = []
            for _ in range(draw(st.integers(0, 2))):
                number += 1
                call_id = f"call_{number}"
                given_arguments = draw(arguments)
                call = {"type": "tool_use", "id": call_id, "name": draw(words)}
                blocks.append({**call, "input": given_arguments})
                results.append(
                    events.result_block(
                        call_id, draw(st.text(max_size=9)), is_error=draw(st.booleans())
                    )
                )
            if blocks:
                messages.append((blocks, results))
        mentioned = draw(st.lists(words, max_size=2))
        out.append({"prompt": draw(plain), "mentioned": mentioned, "messages": messages})
    return out


def play(recording: Recording, turn: dict[str, Any], conversation: Conversation) -> None:
    """Records a turn, and adds it to the conversation as the session does."""
    recording.submit(turn["prompt"])
    words: list[ContentBlock] = [
        text_block(value) for value in (turn["prompt"], *turn["mentioned"])
    ]
    if turn["mentioned"]:
        recording.recorder.expanded(words)
    conversation.add("user", words)
    for blocks, results in turn["messages"]:
        recording.answer(*blocks).finish()
        conversation.add("assistant", blocks)
        for block in results:
            recording.bus.publish(
                events.tool_result(
                    block["tool_use_id"], block["content"], is_error=block["is_error"]
                )
            )
        if results:
            conversation.add("user", results)
    recording.end_turn()


def merged(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Results that come before texts in one message, which is how the services want it."""
    out = []
    for message in messages:
        blocks: list[Any] = list(message["content"])
        blocks.sort(key=lambda block: block["type"] != "tool_result")
        if message["role"] == "assistant":
            blocks = list(message["content"])
        out.append({"role": message["role"], "content": blocks})
    return out


@settings(max_examples=25, deadline=None)
@given(turns())
def test_a_conversation_comes_back_as_it_was(played: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        recording = Recording(Path(folder))
        conversation = Conversation()
        for turn in played:
            play(recording, turn, conversation)
        chat = load(recording.path)
        recording.recorder.close()
    assert chat.history == merged(conversation.messages)
    assert chat.skipped == 0
    assert not chat.interrupted


def check_valid(history: Sequence[Message]) -> None:
    """Fails unless every service takes ``history``."""
    open_calls: list[str] = []
    for number, message in enumerate(history):
        assert message["role"] == ("user", "assistant")[number % 2]
        blocks: Any = message["content"]
        assert blocks
        kinds = [block["type"] for block in blocks]
        if message["role"] == "user":
            assert [
                block["tool_use_id"] for block in blocks if "tool_use_id" in block
            ] == open_calls
            assert kinds[: len(open_calls)] == ["tool_result"] * len(open_calls)
            open_calls = []
        else:
            assert not open_calls
            open_calls = [block["id"] for block in blocks if block["type"] == "tool_use"]
            assert len(set(open_calls)) == len(open_calls)
    assert not open_calls


def recorded(folder: Path) -> tuple[bytes, bytes]:
    """A chat and its side file, in the middle of a message."""
    recording = Recording(folder)
    recording.submit("first")
    calls = use("call_1", command="ls"), use("call_2", command="pwd")
    recording.answer(thought("hm"), text("Look: ü€"), *calls).finish()
    recording.bus.publish(events.tool_result("call_2", "/w", is_error=False))
    recording.bus.publish(events.tool_result("call_1", "a", is_error=False))
    recording.answer(text("It is a.")).finish()
    recording.end_turn()
    recording.submit("second")
    answer = recording.answer(thought("well"), text("I w"))
    recording.later.run()
    answer.feed(TextDelta("ill"))
    answer.feed(ToolCallStart("call_3", "edit"))
    answer.feed(ToolCallArguments('{"file_path":"x'))
    recording.state("third")
    data = recording.path.read_bytes(), partial_path(recording.path).read_bytes()
    recording.recorder.close()
    return data


def test_a_chat_cut_at_any_byte_loads(tmp_path: Path) -> None:
    chat, _ = recorded(tmp_path / "made")
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_bytes(chat)
    first = chat.index(b"\n")
    for size in range(len(chat) - 1, -1, -1):
        os.truncate(path, size)
        if size < first:
            assert load(path).history == []  # killed before its first prompt was there whole
            continue
        cut = load(path)
        check_valid(cut.history)
        last = chat[:size].rpartition(b"\n")[2]
        torn = last not in (b"", *chat.splitlines())
        assert cut.skipped + cut.recovered == (torn and not cut.owed)
        assert {"role": "user", "content": [text("first")]} == cut.history[0]


def test_what_is_no_chat_is_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.jsonl"
    for text_of_it in ("something else", '{"uuid":1}\n', "\n\n{\n"):
        path.write_text(text_of_it)
        with pytest.raises(ChatUnreadable):
            load(path)


def test_a_side_file_cut_at_any_byte_loses_no_more_than_its_last_line(tmp_path: Path) -> None:
    chat, partial = recorded(tmp_path / "made")
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_bytes(chat)
    side = partial_path(path)
    side.write_bytes(partial)
    for size in range(len(partial), -1, -1):
        os.truncate(side, size)
        cut = load(path)
        check_valid(cut.history)
        assert cut.interrupted
        lines = [decode(line) for line in partial[:size].split(b"\n")[:-1] if line]
        pieces = [line["text"] for line in lines if line["type"] == "delta"]
        assert "".join(pieces[1:3]) in ("", "I w", "I will")
        if pieces[1:]:
            blocks: Any = [block for message in cut.history for block in message["content"]]
            said = [block["text"] for block in blocks if block["type"] == "text"]
            assert said[-1].startswith("".join(pieces[1:3]))


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_a_chat_with_any_damage_loads_or_says_that_it_cannot(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chat, partial = recorded(Path(folder))
        path = Path(folder, f"{SESSION}.jsonl")
        for target, content in ((path, chat), (partial_path(path), partial)):
            at = data.draw(st.integers(0, len(content)))
            gone = data.draw(st.integers(0, 300))
            new = data.draw(st.binary(max_size=20))
            target.write_bytes(content[:at] + new + content[at + gone :])
        with suppress(ChatUnreadable):
            check_valid(load(path).history)


def test_a_record_on_a_broken_line_is_bridged_and_counted(tmp_path: Path) -> None:
    chat, _ = recorded(tmp_path / "made")
    lines = chat.split(b"\n")
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_bytes(b"\n".join([lines[0], lines[1][:40], *lines[2:]]))
    cut = load(path)
    check_valid(cut.history)
    assert cut.skipped == 1
    assert cut.history[0]["content"] == [text("first")]


def test_records_that_ran_together_are_taken_apart(tmp_path: Path) -> None:
    chat, _ = recorded(tmp_path / "made")
    path = tmp_path / f"{SESSION}.jsonl"
    path.write_bytes(chat)
    whole = load(path)
    path.write_bytes(chat.replace(b"\n", b"", 2))
    together = load(path)
    assert (together.history, together.skipped) == (whole.history, 0)
    assert (together.recovered > 0, whole.recovered) == (True, 0)
    assert earlier(together).count("recovered") == 1
    assert "recovered" not in earlier(whole)


def test_what_a_killed_session_left_is_written_when_it_is_gone_on_with(tmp_path: Path) -> None:
    chat, partial = recorded(tmp_path)
    recording = Recording(tmp_path / "home")
    recording.submit("x")
    recording.recorder.close()
    path = recording.path
    path.write_bytes(chat)
    partial_path(path).write_bytes(partial)
    left = load(path)
    assert left.interrupted_queue == ("third",)
    kinds = [block["type"] for message in left.history[-2:] for block in message["content"]]
    assert kinds == ["thinking", "text", "tool_use", "tool_result"]
    Recording(tmp_path / "home", resume=left).recorder.close()
    assert load(path).history == left.history, "nothing is lost where nothing was said"
    again = Recording(tmp_path / "home", resume=left)
    again.submit("go on")
    followed = load(path)
    assert followed.history[:-1] == left.history[:-1]
    assert followed.history[-1]["content"][-1] == text("go on")
    assert followed.interrupted_queue == ()
    again.recorder.close()
    assert not partial_path(path).exists()


def test_the_output_of_a_command_that_ran_is_in_its_interrupted_result(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(use("call_1"), use("call_2")).finish()
    recording.bus.publish(events.tool_result("call_2", "done", is_error=False))
    for output in ("one", "one\ntwo"):
        recording.bus.publish(events.tool_progress("call_1", "run", "output", output))
        recording.later.run()
    chat = load(recording.path)
    recording.recorder.close()
    first, second = (dict(block) for block in chat.history[-1]["content"])
    assert (first["is_error"], second["content"]) == (True, "done")
    assert str(first["content"]).endswith("output:\none\ntwo")
    shown = [body for body in chat.replay if body["type"] == "user" and "origin" not in body]
    assert len(shown) == 2


def test_a_command_of_the_person_that_ran_is_told_with_its_output(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("!make")
    recording.bus.publish(events.tool_progress("shell_1", "run", "started", "make"))
    recording.bus.publish(events.tool_progress("shell_1", "run", "output", "compiling"))
    recording.later.run()
    chat = load(recording.path)
    recording.recorder.close()
    [message] = chat.history
    [block] = message["content"]
    told = str(dict(block)["text"])
    assert [body for body in chat.replay if "origin" in body][1:] == []
    assert "I ran this in the shell myself:\n\nmake\n" in told
    assert told.endswith("compiling")


def test_a_persons_command_comes_back_with_the_tool_that_ran_it(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("!make")
    recording.bus.publish(events.tool_progress("shell_1", "run", "started", "make"))
    recording.bus.publish(events.tool_result("shell_1", "made", is_error=False))
    recording.end_turn()
    chat = load(recording.path)
    recording.recorder.close()
    [started] = [body for body in chat.replay if body.get("subtype") == "tool_progress"]
    assert (started["data"]["tool_name"], started["data"]["text"]) == ("run", "make")
