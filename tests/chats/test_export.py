"""A chat as a document."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from qwen_dual.chats.export import FORMATS, Entry, UnknownFormat, _visible, export
from qwen_dual.chats.load import load
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import decode
from qwen_dual.protocol.visible import visible_line
from tests.chats.support import SESSION, Recording, text, thought, use
from tests.support.lanes import of

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.chats.load import Chat

HOSTILE = '<script>alert(1)</script> & "quoted" ```\nfence```` </pre>'


def chat(folder: Path, prompt: str = "Show it", answer: str = "**Done**.") -> Chat:
    recording = Recording(folder)
    recording.submit(prompt)
    recording.answer(thought("hm"), text("Look."), use(command="cat")).finish()
    recording.bus.publish(events.tool_result("call_1", HOSTILE, is_error=True))
    recording.answer(text(answer)).finish()
    recording.end_turn()
    recording.recorder.close()
    return load(recording.path)


def test_json_has_each_thing_once_with_calls_and_results_together(tmp_path: Path) -> None:
    document = decode(export(chat(tmp_path), "json"))
    assert document["sessionId"] == SESSION
    assert [entry["type"] for entry in document["messages"]] == [
        "user",
        "thinking",
        "assistant",
        "tool",
        "assistant",
    ]
    call = document["messages"][3]
    assert (call["name"], call["input"], call["isError"]) == (
        "run_shell_command",
        {"command": "cat"},
        True,
    )
    assert call["result"] == HOSTILE
    assert call["timestamp"] == "2023-11-14T22:13:20.125Z"


def test_json_lines_are_the_same_with_the_session_first(tmp_path: Path) -> None:
    exported = chat(tmp_path)
    first, *rest = [decode(line) for line in export(exported, "jsonl").splitlines()]
    assert (first["type"], first["sessionId"]) == ("session", SESSION)
    assert rest == decode(export(exported, "json"))["messages"]


def test_markdown_keeps_answers_as_they_are_and_fences_what_may_not_be(tmp_path: Path) -> None:
    document = export(chat(tmp_path), "md")
    assert document.startswith("# Show it\n")
    assert "\n## You\n\nShow it\n" in document
    assert "\n> hm\n" in document
    assert "**Done**." in document
    assert f"\n`````\n{HOSTILE}\n`````\n" in document
    assert "### run\\_shell\\_command (failed)" in document


def test_what_hides_in_a_chat_is_shown_for_the_eye_and_exact_for_programs(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("Go\u202e on 👩‍💻")
    recording.answer(use(command="ls \u200b\x1b[2K")).finish()
    recording.bus.publish(events.tool_result("call_1", "out\u2066", is_error=False))
    recording.end_turn()
    recording.recorder.close()
    exported = load(recording.path)
    for form in ("md", "html"):
        document = export(exported, form)
        assert all(char not in document for char in "\u202e\u200b\x1b\u2066")
        for shown in ("Go⟨U+202E⟩ on 👩‍💻", "ls ⟨U+200B⟩", "out⟨U+2066⟩"):
            assert shown in document
    call = decode(export(exported, "json"))["messages"][1]
    assert (call["input"], call["result"]) == ({"command": "ls \u200b\x1b[2K"}, "out\u2066")


def test_a_name_that_looks_like_another_is_shown_in_what_ran(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.submit("Go")
    recording.answer(use(command="ѕсоре x", description="с утра")).finish()
    recording.end_turn()
    recording.recorder.close()
    document = export(load(recording.path), "md")
    escaped = "".join(f"⟨U+{ord(char):04X}⟩" for char in "ѕсоре")
    assert f'{{"command":"{escaped} x","description":"с утра"}}' in document


def test_no_name_begins_a_line_of_its_own(tmp_path: Path) -> None:
    forged = "x`\n\n## You\n\nrm it"
    made = replace(chat(tmp_path), cwd=forged, model=forged)
    for form in ("md", "html"):
        document = export(made, form, title=forged)
        assert "\nrm it" not in document
    assert "- cwd: `` x`⟨LF⟩" in export(made, "md")
    named = [Entry("tool", "", name=forged)]
    assert visible_line(forged) in "".join(entry.name for entry in map(_visible, named))


class Tags(HTMLParser):
    """Notes the tags and the text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not any(name.startswith("on") or name in ("src", "href") for name, _ in attrs)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_page_is_escaped_and_needs_nothing_else(tmp_path: Path) -> None:
    document = export(chat(tmp_path, prompt=HOSTILE), "html")
    page = Tags(document)
    assert page.open == []
    assert "script" not in page.tags and "link" not in page.tags
    assert page.text.count(HOSTILE) == 2
    assert "prefers-color-scheme: dark" in document


@pytest.mark.parametrize("form", FORMATS)
def test_any_text_can_be_written_to_a_file(tmp_path: Path, form: str) -> None:
    document = export(chat(tmp_path, answer="\ud800 é"), form)
    assert "é" in document
    document.encode()
    assert document.endswith("\n")


def test_an_unknown_format_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="'pdf'; one of md, json, jsonl, html"):
        export(chat(tmp_path), "pdf")


def with_agents(folder: Path, title: str = "find it") -> Chat:
    """Two agents at once, one of which has an agent of its own, and one in the background."""
    recording = Recording(folder)
    recording.submit("Show it")
    recording.answer(
        use("a", "agent", subagent_type="explore", description=title, prompt="Find it."),
        use("b", "agent", prompt="Do it.", description="do it", run_in_background=True),
    ).finish()
    inner = events.assistant(
        "m",
        "fake",
        [use("c", "agent", subagent_type="plan", description="plan it", prompt="Plan it.")],
        stop_reason="tool_use",
        usage={},
    )
    say = [text(HOSTILE)], [text("the plan")], [text("in the background")]
    said = [events.assistant("m", "fake", one, stop_reason=None, usage={}) for one in say]
    lanes = [
        *of("a", [inner]),
        *of("c", [said[1]]),
        *of("a", [events.tool_result("c", "planned", is_error=False), said[0]]),
        events.tool_result("a", "found", is_error=False),
        events.tool_result("b", "begun", is_error=False),
        *of("b", [said[2]]),
        events.system("task_notification", {"tool_use_id": "b", "status": "completed"}),
    ]
    for body in lanes:
        recording.bus.publish(body)
    recording.answer(text("Done.")).finish()
    recording.end_turn()
    recording.recorder.close()
    return load(recording.path)


def test_lanes_are_folded_into_the_calls_that_they_work_for(tmp_path: Path) -> None:
    document = decode(export(with_agents(tmp_path), "json"))
    kinds = [entry["type"] for entry in document["messages"]]
    assert kinds == ["user", "tool", "tool", "assistant"]
    explore, general = document["messages"][1:3]
    planning, answer = explore["lane"]
    assert (explore["result"], answer["text"]) == ("found", HOSTILE)
    assert [entry["text"] for entry in planning["lane"]] == ["the plan"]
    assert [entry["text"] for entry in general["lane"]] == ["in the background"]
    markdown = export(with_agents(tmp_path / "md"), "md")
    assert "<details><summary>explore: find it</summary>\n\n##### agent" in markdown
    assert markdown.count("<details>") == 3
    assert markdown.count("</details>") == 3
    page = Tags(export(with_agents(tmp_path / "html"), "html"))
    assert page.open == []
    assert page.tags.count("details") == 6
    assert "plan: plan it" in page.text
    assert page.text.index("the plan") < page.text.index("found") < page.text.index("Done.")


@pytest.mark.parametrize("form", ["md", "html"])
def test_the_name_of_a_lane_is_text(tmp_path: Path, form: str) -> None:
    document = export(with_agents(tmp_path, "</summary><script>\x1b[2J"), form)
    assert "<summary>explore: &lt;/summary&gt;&lt;script&gt;" in document
    assert "\x1b" not in document


def test_how_an_agent_ended_in_the_background_is_no_prompt(tmp_path: Path) -> None:
    ended = {**events.user_text("It has ended.", "agent"), "timestamp": ""}
    made = chat(tmp_path)
    told = export(replace(made, replay=[*made.replay, ended]), "md")
    assert told.rstrip().endswith("```\nIt has ended.\n```")
    assert told.count("## You") == 1
