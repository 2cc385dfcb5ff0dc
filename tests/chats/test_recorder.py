"""What a recorder writes, and when."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from qwen_dual.chats.export import export
from qwen_dual.chats.load import load
from qwen_dual.chats.partial import read_leftover
from qwen_dual.chats.paths import BadSessionId, chat_path, partial_path
from qwen_dual.chats.records import timestamp
from qwen_dual.chats.saved_changes import change_in
from qwen_dual.core.models.model import TextDelta, TokenUsage, ToolCallArguments, ToolCallStart
from qwen_dual.fs.projects import project_name
from qwen_dual.protocol import events
from tests.chats.support import CWD, SESSION, Recording, text, thought, use

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_of_a_chat_is_named_after_the_folder_and_the_session() -> None:
    assert project_name("/home/a_b/ü") == "-home-a-b--"
    assert project_name("/\N{GRINNING FACE}") == "---"
    path = chat_path("/h", "/w", SESSION)
    assert str(path) == f"/h/projects/-w/chats/{SESSION}.jsonl"
    with pytest.raises(BadSessionId, match="UUID"):
        chat_path("/h", "/w", "../../x")


def test_timestamps_have_milliseconds_and_a_z() -> None:
    assert timestamp(1_700_000_000.1256) == "2023-11-14T22:13:20.125Z"


def test_there_is_no_file_before_the_first_prompt(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "home")
    recording.submit("/help")
    recording.bus.publish(events.notice("help"))
    recording.end_turn()
    assert not (tmp_path / "home").exists()
    recording.submit("hello")
    assert recording.path.is_file()


def test_files_and_folders_are_for_their_owner_only(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "home")
    recording.submit("hello")
    made = [recording.path, partial_path(recording.path)]
    assert [stat.S_IMODE(path.stat().st_mode) for path in made] == [0o600, 0o600]
    folders = list(recording.path.parents)[:3]
    assert [stat.S_IMODE(path.stat().st_mode) for path in folders] == [0o700] * 3


def test_a_call_that_nests_deeper_than_the_stack_ends_no_recording(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    answer = recording.answer()
    answer.feed(ToolCallStart("call_1", "run_shell_command"))
    answer.feed(
        ToolCallArguments('{"command":"ls","more":' + '[{"a":' * 490 + "1" + "}]" * 490 + "}")
    )
    answer.finish()
    recording.end_turn()
    assert recording.failures == []
    assert [record["type"] for record in recording.records()] == ["user", "assistant", "system"]


def test_a_turn_is_a_chain_of_records_in_the_form_of_the_reference(tmp_path: Path) -> None:
    recording = Recording(tmp_path, git_branch=lambda: "main")
    recording.submit("go", origin="input")
    call = use(command="ls")
    recording.answer(thought("hm"), text("Look."), call, usage=TokenUsage(10, 4, 3)).finish()
    recording.bus.publish(events.tool_result("call_1", "a", is_error=False))
    recording.end_turn()
    user, assistant, result, end = recording.records()
    assert [record["parentUuid"] for record in (user, assistant, result, end)] == [
        None,
        user["uuid"],
        assistant["uuid"],
        result["uuid"],
    ]
    del user["uuid"]
    assert user == {
        "parentUuid": None,
        "sessionId": SESSION,
        "timestamp": "2023-11-14T22:13:20.125Z",
        "type": "user",
        "provenance": "real_user",
        "cwd": CWD,
        "version": "1.2.3",
        "gitBranch": "main",
        "message": {"role": "user", "parts": [{"text": "go"}]},
        "origin": "input",
    }
    assert assistant["model"] == "fake"
    assert assistant["message"] == {
        "role": "model",
        "parts": [
            {"text": "hm", "thought": True},
            {"text": "Look."},
            {
                "functionCall": {
                    "id": "call_1",
                    "name": "run_shell_command",
                    "args": {"command": "ls"},
                }
            },
        ],
    }
    assert assistant["usageMetadata"] == {
        "promptTokenCount": 10,
        "candidatesTokenCount": 4,
        "totalTokenCount": 14,
        "cachedContentTokenCount": 3,
    }
    response = {"id": "call_1", "name": "run_shell_command", "response": {"output": "a"}}
    assert result["message"]["parts"] == [{"functionResponse": response}]
    assert result["toolCallResult"]["status"] == "success"
    assert (end["subtype"], end["systemPayload"]["state"]) == ("turn_result", "completed")


DIFF = "--- a/src/x.py\n+++ b/src/x.py\n@@ -1 +1 @@\n-old\n+new"
HUNK = {"old_start": 1, "old_lines": 1, "new_start": 1, "new_lines": 1, "lines": ["-old", "+new"]}
FILE = {
    "path": "/w/src/x.py",
    "change": "modify",
    "added": 1,
    "removed": 1,
    "hunks": [HUNK],
    "cut": False,
}
PREVIEW = {"kind": "diff", "title": "src/x.py", "text": DIFF, "files": [FILE]}


@pytest.mark.parametrize("asked", [True, False])
def test_a_change_comes_back_with_its_diff(tmp_path: Path, asked: bool) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(use(name="edit", file_path="src/x.py")).finish()
    if asked:
        request = {"subtype": "can_use_tool", "tool_use_id": "call_1", "preview": PREVIEW}
        recording.bus.publish(events.control_request("r", request))
    shown = None if asked else PREVIEW
    recording.bus.publish(events.tool_progress("call_1", "edit", "started", "x.py", shown))
    recording.bus.publish(events.tool_result("call_1", "Edited.", is_error=False))
    saved = recording.records()[-1]["toolCallResult"]["resultDisplay"]
    assert (saved["fileDiff"], saved["fileName"], saved["originalContent"]) == (DIFF, "x.py", "")
    recording.recorder.close()
    chat = load(recording.path)
    (started,) = [body for body in chat.replay if body.get("subtype") == "tool_progress"]
    told = started["data"]
    assert (told["tool_use_id"], told["tool_name"], told["status"]) == ("call_1", "edit", "started")
    assert told["preview"]["text"] == DIFF.replace("src/", "")
    assert told["preview"]["files"] == saved["files"] == [FILE]
    exported = export(chat, "md")
    assert f"```diff\n{told['preview']['text']}\n```" in exported
    assert "Edited." in exported
    assert "file_path" not in exported


def test_a_change_that_failed_is_saved_as_what_was_said(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(use(name="edit")).finish()
    recording.bus.publish(events.tool_progress("call_1", "edit", "started", "x.py", PREVIEW))
    recording.bus.publish(events.tool_result("call_1", "It changed.", is_error=True))
    assert recording.records()[-1]["toolCallResult"]["resultDisplay"] == "It changed."


@pytest.mark.parametrize(
    "shown",
    [None, "text", [], {"fileName": "x"}, {"fileName": 1, "fileDiff": "@@"}, {"fileDiff": "@@"},
     {"fileName": "x", "fileDiff": "no hunk"}],
)  # fmt: skip
def test_what_is_no_diff_is_none(shown: object) -> None:
    assert change_in({"toolCallResult": {"resultDisplay": shown}}) is None
    assert change_in({"toolCallResult": shown}) is None


@pytest.mark.parametrize(
    "files",
    [None, [1], [{}], [{**FILE, "more": 1}], [{**FILE, "change": "rename"}], [{**FILE, "added": -1}],
     [{**FILE, "hunks": [1]}], [{**FILE, "hunks": [{**HUNK, "lines": [1]}]}], [FILE, {**FILE, "cut": 1}],
     [{**FILE, "hunks": [{**HUNK, "old_start": "1"}]}]],
)  # fmt: skip
def test_what_was_put_into_a_chat_is_no_data_of_a_change(files: object) -> None:
    shown = {"fileName": "x.py", "fileDiff": DIFF, "files": files}
    change = change_in({"toolCallResult": {"resultDisplay": shown}})
    assert change is not None and "files" not in change
    change = change_in({"toolCallResult": {"resultDisplay": {**shown, "files": [FILE]}}})
    assert change is not None and change["files"] == [FILE]


def test_a_diff_of_the_reference_is_one_of_ours() -> None:
    diff = "Index: x.py\n=====\n--- x.py\tCurrent\n+++ x.py\tProposed\n@@ -1 +1 @@\n-old\n+new\n"
    record = {"toolCallResult": {"resultDisplay": {"fileName": "x.py", "fileDiff": diff}}}
    change = change_in(record)
    assert change is not None
    assert change["text"] == "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-old\n+new\n"


def test_a_failed_result_is_an_error_for_the_reference(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(use()).finish()
    recording.bus.publish(events.tool_result("call_1", "no", is_error=True))
    part = recording.records()[-1]["message"]["parts"][0]
    assert part["functionResponse"]["response"] == {"error": "no"}


def test_what_streams_is_beside_the_chat_before_the_next_pass_and_gone_when_it_is_whole(
    tmp_path: Path,
) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    answer = recording.answer(thought("hm"), text("half"))
    assert len(recording.later.callbacks) == 1
    recording.later.run()
    left = read_leftover(recording.path)
    assert [(head["type"], piece) for head, piece in left.blocks] == [
        ("thinking", "hm"),
        ("text", "half"),
    ]
    answer.finish()
    recording.later.run()
    assert read_leftover(recording.path).blocks == []
    assert len(recording.records()) == 2
    recording.recorder.close()
    assert not partial_path(recording.path).exists()


def test_a_flush_before_a_frame_writes_what_no_pass_has_written(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(text("half"))
    recording.recorder.flush()
    assert read_leftover(recording.path).blocks == [({"type": "text"}, "half")]


def test_waiting_prompts_are_kept_whole_where_somebody_tells_them(tmp_path: Path) -> None:
    waiting = ["x" * 500]
    recording = Recording(tmp_path, queue=lambda: waiting)
    recording.submit("go")
    recording.state("x" * 200)
    assert read_leftover(recording.path).queue == waiting
    recording.answer(text("done")).finish()
    assert read_leftover(recording.path).queue == waiting
    waiting.clear()
    recording.state()
    assert partial_path(recording.path).read_bytes().count(b"queue") == 0


def test_waiting_prompts_are_kept_as_events_tell_them_otherwise(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.state("one", "two")
    assert read_leftover(recording.path).queue == ["one", "two"]


def test_a_side_file_does_not_grow_with_the_output_of_a_command(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(use()).finish()
    for number in range(1500):
        tail = f"{number:06}" * 300
        recording.bus.publish(events.tool_progress("call_1", "run", "output", tail))
        recording.later.run()
    assert partial_path(recording.path).stat().st_size < 1_200_000
    assert read_leftover(recording.path).outputs["call_1"]["text"].startswith("001499")


def test_secrets_are_in_no_file_even_when_they_come_in_pieces(tmp_path: Path) -> None:
    def scrub(value: str) -> str:
        return value.replace("sk-secret", "[KEY]")

    recording = Recording(tmp_path, scrub=scrub)
    recording.submit("my key is sk-secret")
    recording.state("sk-secret")
    answer = recording.answer()
    for piece in ("it is s", "k-sec", "ret, is it", " not?"):
        answer.feed(TextDelta(piece))
        recording.later.run()
        files = recording.path.parent.iterdir()
        assert not any(b"sk-secret" in file.read_bytes() for file in files)
    assert read_leftover(recording.path).blocks[0][1] == "it is [KEY], is it not?"
    partial = partial_path(recording.path)
    pieces = [piece for piece in partial.read_text().split('"') if "k-sec" in piece]
    assert pieces == []
    answer.finish()
    assert b"sk-secret" not in recording.path.read_bytes()


def test_a_failed_call_is_left_out_of_what_the_model_is_sent_and_a_retry_branches(
    tmp_path: Path,
) -> None:
    recording = Recording(tmp_path)
    recording.submit("go")
    recording.answer(text("half")).fail("[API Error: 500 broken]")
    recording.end_turn("error")
    chat = load(recording.path)
    assert chat.history[-1] == {"role": "assistant", "content": [text("half")]}
    shown = [body for body in chat.replay if body["type"] == "assistant"]
    assert shown[-1]["message"]["content"] == [text("[API Error: 500 broken]")]
    recording.submit("/retry")
    recording.answer(text("whole")).finish()
    recording.end_turn()
    chat = load(recording.path)
    assert [message["content"] for message in chat.history] == [[text("go")], [text("whole")]]


def test_the_end_of_the_session_gives_the_chat_free(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("one")
    recording.bus.publish(events.system("session_end", {"session_id": SESSION}))
    Recording(tmp_path, resume=load(recording.path)).recorder.close()


def test_a_thousand_prompts_that_come_at_once_are_listed_once(tmp_path: Path) -> None:
    listings = 0
    waiting: list[str] = []

    def queue() -> list[str]:
        nonlocal listings
        listings += 1
        return list(waiting)

    recording = Recording(tmp_path, queue=queue)
    recording.submit("go")
    for number in range(1_000):
        waiting.append(f"prompt {number}")
        data = {"state": "thinking", "turn_id": "t", "queued": len(waiting), "queue": []}
        recording.bus.publish(events.system("state", data))
    recording.later.run()
    assert listings == 1
    assert read_leftover(recording.path).queue == waiting
