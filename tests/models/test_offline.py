"""The offline model in a session with the real tools."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, cast

import pytest

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.core.prompts.prompt import RAN_BY_PERSON
from qwen_dual.models.offline import OfflineModel, situation, words_of
from qwen_dual.tools.toolset import toolset
from tests.support.fakes import FakeModel, Host
from tests.support.images import png

if TYPE_CHECKING:
    from pathlib import Path


def play(folder: Path, prompt: str, *, mode: str = "yolo", allow: bool | None = None) -> Host:
    """One prompt in ``folder``; ``allow`` answers every request."""
    model = cast("FakeModel", OfflineModel(word_seconds=0))
    tools = toolset(folder, os.environ)
    host = Host(model, *cast("Any", tools.tools), approval_mode=mode)

    async def script(host: Host) -> None:
        def decide(event: dict[str, Any]) -> None:
            if event["type"] == "control_request" and allow is not None:
                host.session.answer(
                    event["request_id"], Decision(allow, KEYBOARD, message="not now")
                )

        host.bus.subscribe(decide)
        host.session.submit(prompt, KEYBOARD)
        await host.result()

    host.play(script)
    tools.close()
    return host


def answer(host: Host) -> str:
    return str(host.of("result")[0]["result"])


def test_words_joined_are_the_text() -> None:
    text = "  two words\n\n and more "
    assert "".join(words_of(text)) == text


def test_a_prompt_it_does_not_know_gets_told_what_it_is(tmp_path: Path) -> None:
    assert answer(play(tmp_path, "hello")).startswith("I am the offline model")


def test_it_runs_a_command_and_reports_its_output(tmp_path: Path) -> None:
    host = play(tmp_path, "run echo over here")
    assert "over here" in answer(host)
    assert host.of("result")[0]["num_turns"] == 2
    # The tools count, as with any service: they are a part of what it is sent.
    assert host.of("result")[0]["usage"]["input_tokens"] > 2 * 1000


def test_an_image_counts_as_services_count_one_and_not_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png(800, 600, filler=400_000))
    without, with_image = play(tmp_path, "read b.png"), play(tmp_path, "read a.png")
    assert with_image.tool_results()[0]["content"][0]["type"] == "image"
    first, second = (
        host.of("result")[0]["usage"]["input_tokens"] for host in (without, with_image)
    )
    assert 1000 < second - first < 3000


def test_several_calls_go_out_in_one_message(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("contents of x\n")
    host = play(tmp_path, "run echo one and read x.txt")
    assert host.of("result")[0]["num_turns"] == 2
    assert [block["is_error"] for block in host.tool_results()] == [False, False]
    assert "contents of x" in answer(host)


def test_it_reads_a_file_before_it_edits_it(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\n")
    host = play(tmp_path, "edit a.py: x = 1 -> x = 2")
    assert path.read_text() == "x = 2\n"
    assert host.of("result")[0]["num_turns"] == 3


def test_it_reads_an_existing_file_before_it_overwrites_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("old\n")
    host = play(tmp_path, "write a.txt: new")
    assert path.read_text() == "new\n"
    assert answer(host).startswith("`a.txt` done.")
    assert "did not work" not in answer(host)


def test_what_one_file_needs_is_read_once_for_all_its_edits(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_text("x = 1\ny = 1\n")
    host = play(tmp_path, "edit a.py: x = 1 -> x = 2 and edit a.py: y = 1 -> y = 2")
    assert path.read_text() == "x = 2\ny = 2\n"
    assert len(host.tool_results()) == 3


def test_the_first_answer_that_calls_tools_says_what_it_is_and_later_ones_do_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.py").write_text("x = 1\n")
    said = [
        block["text"]
        for event in play(tmp_path, "edit a.py: x -> y").of("assistant")
        for block in event["message"]["content"]
        if block["type"] == "text"
    ]
    assert said[:2] == ["I am the offline model. I will read `a.py`.", "I will edit `a.py`."]


def test_a_result_with_fences_and_long_lines_stays_one_bounded_block(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("```\ncode\n```\n" + "x" * 5000 + "\n")
    told = answer(play(tmp_path, "read a.md"))
    assert told.count("````") == 2
    assert len(told) < 1000


def test_what_the_person_ran_in_the_shell_is_no_prompt() -> None:
    told = f"{RAN_BY_PERSON}\n\necho hi\n\nIt came to:\n\nhi"
    texts = ({"type": "text", "text": text} for text in (told, "run ls", "of a file"))
    messages = [{"role": "user", "content": list(texts)}]
    assert situation(cast("Any", messages)) == ("run ls", [])


def test_contents_of_mentioned_files_are_no_prompt() -> None:
    messages = [
        {
            "role": "user",
            "content": [{"type": "text", "text": "hi"}, {"type": "text", "text": "run rm x"}],
        }
    ]
    assert situation(cast("Any", messages)) == ("hi", [])


@pytest.mark.parametrize("prompt", ["edit none.py: a -> b", "run exit 3", "read none.txt"])
def test_it_never_claims_success_for_a_failure(tmp_path: Path, prompt: str) -> None:
    assert "did not work" in answer(play(tmp_path, prompt))


def test_a_denial_with_a_reason_is_what_it_reports(tmp_path: Path) -> None:
    host = play(tmp_path, "run touch made", mode="default", allow=False)
    assert "not now" in answer(host)
    assert not (tmp_path / "made").exists()


def test_a_command_that_goes_on_in_the_background_is_reported_in_words(tmp_path: Path) -> None:
    tools = toolset(tmp_path, os.environ)
    model = cast("FakeModel", OfflineModel(word_seconds=0))
    host = Host(model, *cast("Any", tools.tools), approval_mode="yolo")

    async def script(host: Host) -> None:
        def detach(event: dict[str, Any]) -> None:
            if event.get("data", {}).get("status") == "output":
                tools.detach_commands()

        host.bus.subscribe(detach)
        host.session.submit("run echo up; sleep 1000", KEYBOARD)
        await host.result()

    host.play(script)
    [task] = tools.tasks()
    tools.close()
    said = f"runs in the background; what it prints goes to `{task.output}`. `/tasks` shows it."
    assert answer(host) == f"`echo up; sleep 1000` {said}"


def test_it_thinks_aloud_and_streams_an_answer_of_a_given_length(tmp_path: Path) -> None:
    host = play(tmp_path, "think first this")
    assert host.of("assistant")[0]["message"]["content"][0]["thinking"] == "first this"
    host = play(tmp_path, "say 200 words")
    assert len(answer(host).split()) == 200
    deltas = [event for event in host.of("stream_event") if "delta" in event["event"]]
    assert len(deltas) >= 200


def test_a_tool_it_does_not_have_is_named(tmp_path: Path) -> None:
    host = Host(cast("FakeModel", OfflineModel(word_seconds=0)))

    async def script(host: Host) -> None:
        host.session.submit("run ls", KEYBOARD)
        await host.result()

    host.play(script)
    assert "there is no tool run_shell_command" in answer(host)


def test_an_edit_without_a_tool_to_read_with_is_refused_by_name(tmp_path: Path) -> None:
    tools = toolset(tmp_path, os.environ)
    host = Host(
        cast("FakeModel", OfflineModel(word_seconds=0)),
        *cast("Any", [tool for tool in tools.tools if tool.name == "edit"]),
    )

    async def script(host: Host) -> None:
        host.session.submit("edit a.py: a -> b", KEYBOARD)
        await host.result()

    host.play(script)
    tools.close()
    assert answer(host) == "I cannot edit `a.py`: there is no tool read_file here."
