"""The approval dialog: what it shows, and what does not fit."""

from __future__ import annotations

import re

import pytest

from qwen_dual.frontends.tui.dialogs.choices import answers_for
from qwen_dual.frontends.tui.dialogs.dialog import GUARD, Dialog
from qwen_dual.frontends.tui.state.live_state import Request, request_of
from tests.support.lanes import of
from tests.tui.support import DIFF, Desk, call, edit_request, feed, request, text_of


def shown(desk: Desk, width: int = 80, height: int = 20) -> list[str]:
    return text_of(desk.draw(width, height))


def labels(record: Request) -> list[tuple[str, str]]:
    return [(choice.key, choice.label) for choice in answers_for(record)]


# -- what is shown -------------------------------------------------------------------------------


def test_a_command_is_shown_as_it_will_run_with_the_ways_to_answer() -> None:
    desk = Desk()
    asked = {"command": "git status --short", "description": "Look what changed"}
    desk.ask_and_wait(request(command="git status --short", input=asked))
    assert shown(desk) == [
        '? Run this command?   "Look what changed"',
        "  git status --short",
        "  › y  Yes",
        "    s  Yes, and 'git *' in this session",
        "    p  … always in this project         u  … for this user",
        "    n  No, and say what instead         esc  stop",
    ]


def test_a_narrow_window_has_a_row_for_each_choice() -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    assert shown(desk, width=30) == [
        "? Run this command?",
        "  ls -la",
        "  › y  Yes",
        "    s  Yes, and 'ls *' in this",
        "       session",
        "    p  … always in this",
        "       project",
        "    u  … for this user",
        "    n  No, and what instead",
        "  esc  stop",
    ]


def test_a_change_is_shown_as_a_diff_with_its_size_and_place() -> None:
    desk = Desk()
    desk.ask_and_wait(edit_request())
    assert shown(desk)[:4] == ["? Apply this change?", "  x  +1 −1", "  1 - old", "  1 + new"]
    assert labels(request_of(edit_request())) == [
        ("y", "Yes"),
        ("s", "Yes, and all edits of this session (turns on auto-edit)"),
        ("n", "No, and say what instead"),
    ]


def test_reading_outside_and_the_web_are_allowed_by_folder_or_host() -> None:
    for rule, covered in (
        ("Read(//data/**)", "/data/"),
        (r"Read(//my\ data/\[1\].txt)", "/my data/[1].txt"),
        ("WebFetch(example.com)", "example.com"),
    ):
        record = request_of(request(tool_name="read_file", preview=None, rule=rule))
        assert [(choice.key, choice.label, choice.remember) for choice in answers_for(record)] == [
            ("y", "Yes", None),
            ("p", f"Yes, and always {covered} in this project", "project"),
            ("n", "No, and say what instead", None),
        ]


def test_the_rules_of_a_pipeline_are_offered_together() -> None:
    rules = ["run_shell_command(git log *)", "run_shell_command(head -n 5)"]
    record = request_of(request(command="git log | head -n 5", rule=", ".join(rules), rules=rules))
    assert labels(record)[1] == ("s", "Yes, and 'git log *' and 'head -n 5' in this session")


def test_without_a_rule_nothing_can_be_allowed_for_longer() -> None:
    assert [key for key, _ in labels(request_of(request(rule=None)))] == ["y", "n"]


def test_no_has_the_same_key_in_every_dialog() -> None:
    for asked in (request(), request(rule=None), edit_request(), request(tool_name="web_fetch")):
        assert labels(request_of(asked))[-1][0] == "n"


def test_a_path_outside_the_workspace_is_named() -> None:
    desk = Desk()
    asked = {"file_path": "/etc/passwd"}
    record = request(tool_name="read_file", preview=None, input=asked, blocked_path="/etc/passwd")
    desk.ask_and_wait(record)
    assert shown(desk)[0] == "? Read this file?"
    assert "  outside the workspace: /etc/passwd" in shown(desk)


@pytest.mark.parametrize(
    ("command", "rows"),
    [
        ("touch MARK #\recho hello", ["  touch MARK #⟨CR⟩echo hello"]),
        ("echo hello \x1bP; CMD", ["  echo hello ⟨ESC⟩P; CMD"]),
        ("\n\nls \n\tcat x", ["  ⏎", "  ⏎", "  ls␣", "  ⇥   cat x"]),
        ("ѕudо rm", ["  ⟨U+0455⟩ud⟨U+043E⟩ rm"]),
        ("ls\n", ["  ls", "  ⏎"]),
    ],
)
def test_nothing_in_a_command_is_hidden(command: str, rows: list[str]) -> None:
    desk = Desk()
    desk.ask_and_wait(request(command=command, rule=None))
    assert shown(desk)[1 : 1 + len(rows)] == rows


def test_a_carriage_return_in_a_diff_hides_nothing() -> None:
    desk = Desk()
    desk.ask_and_wait(edit_request(diff=f'{DIFF}\n+import os; os.system("CMD")\r+0'))
    assert any(row.endswith('import os; os.system("CMD")⟨CR⟩+0') for row in shown(desk))


@pytest.mark.parametrize("width", [80, 30])
@pytest.mark.parametrize(
    "said",
    [
        f'Lists"{" " * 200}ls -la{" " * 200}› y  Yes',
        'Lists"\n  ls -la\n› y  Yes',
        f'Lists{"x" * 72}" ls -la{" ›" * 60}',
    ],
)
def test_the_models_reason_cannot_pass_for_the_command_or_a_choice(said: str, width: int) -> None:
    desk = Desk()
    asked = {"command": "rm -rf x", "description": said}
    desk.ask_and_wait(request(command="rm -rf x", input=asked))
    rows = shown(desk, width, height=30)
    reason = rows[: rows.index("  rm -rf x")]
    assert "\n".join(reason).count('"') in (1, 2)
    assert len(reason) <= 3
    assert all(re.match('  "|   [^ ]', row) for row in reason[1:])


@pytest.mark.parametrize("kind", ["command", "diff"])
def test_an_escape_in_a_title_is_shown_as_it_is_and_what_hides_in_it_still_is(kind: str) -> None:
    desk = Desk()
    title = "Run in a⟨U+202E⟩b⟨U+27E8⟩LF⟩\u200b␣"
    preview = {"kind": kind, "title": title, "text": DIFF if kind == "diff" else "ls"}
    desk.ask_and_wait(request(preview=preview))
    assert any("Run in a⟨U+202E⟩b⟨U+27E8⟩LF⟩⟨U+200B⟩␣" in row for row in shown(desk))
    desk.controller.expand()
    assert desk.screen.paged[0].startswith("Run in a⟨U+202E⟩b⟨U+27E8⟩LF⟩⟨U+200B⟩␣\n")


def test_warnings_that_do_not_fit_say_that_there_are_more() -> None:
    desk = Desk()
    warnings = [{"kind": "bidi", "message": f"Number {number}."} for number in range(6)]
    preview = {"kind": "command", "title": "", "text": "ls", "warnings": warnings}
    desk.ask_and_wait(request(preview=preview))
    assert "! Number 3. …" in shown(desk)


def test_what_is_odd_is_said() -> None:
    desk = Desk()
    warning = {"kind": "bidi", "message": "Characters that turn: ⟨U+202E⟩.", "line": 1}
    preview = {"kind": "command", "title": "", "text": "ls \u202e", "warnings": [warning]}
    desk.ask_and_wait(request(preview=preview))
    assert "! Characters that turn: ⟨U+202E⟩." in shown(desk)


def test_several_requests_are_counted_and_come_one_after_another() -> None:
    desk = Desk()
    desk.ask_and_wait(request("r1"), request("r2"), request("r3"))
    assert shown(desk)[0].endswith("1 of 3")
    desk.press("enter")
    assert shown(desk)[0].endswith("2 of 3")
    desk.wait()
    desk.press("enter")
    desk.wait()
    desk.press("enter")
    assert [answer[0] for answer in desk.session.answers] == ["r1", "r2", "r3"]
    desk.ask(request("r4"))
    assert shown(desk)[0] == "? Run this command?"


# -- what does not fit ---------------------------------------------------------------------------


def long_change() -> Desk:
    rows = [f"+line {number}" for number in range(100)]
    desk = Desk()
    desk.ask_and_wait(edit_request(diff="\n".join([*DIFF.split("\n")[:3], *rows])))
    return desk


@pytest.mark.parametrize("height", [3, 4, 6, 8, 14])
def test_a_long_preview_can_be_read_to_its_end(height: int) -> None:
    desk = long_change()
    seen: list[str] = []
    for _ in range(110):
        rows = shown(desk, height=height)
        assert len(rows) <= height
        seen += rows
        desk.controller.asking.key("pagedown")
    text = "\n".join(seen)
    assert all(re.search(rf"\+ line {number}\b", text) for number in range(100))


def test_enter_allows_only_what_was_seen_to_its_end() -> None:
    desk = long_change()
    desk.press("enter")
    assert desk.session.answers == []
    assert any("Not seen to its end" in row for row in shown(desk))
    desk.press(*["pagedown"] * 20)
    desk.press("enter")
    assert desk.session.answers == [("e1", True, None, None)]
    desk = long_change()
    desk.press("y")
    desk.wait(GUARD)
    assert desk.session.answers == [("e1", True, None, None)]


def test_what_was_cut_is_never_allowed_by_enter() -> None:
    desk = Desk()
    cut = [{"kind": "cut", "message": "Cut: 9 more lines of the change are not shown."}]
    preview = {"kind": "diff", "title": "x", "text": DIFF, "warnings": cut}
    asked = {"file_path": "x", "content": "whole\r"}
    desk.ask_and_wait(request(tool_name="write_file", preview=preview, input=asked, rule=None))
    desk.press("enter")
    assert desk.session.answers == []
    desk.controller.expand()
    assert desk.screen.paged[0].endswith("content:\nwhole⟨CR⟩\n")
    desk.press("y", "enter")
    assert desk.session.answers == [("r1", True, None, None)]


def test_a_hundred_kilobytes_are_shown_whole_and_quickly() -> None:
    desk = Desk()
    command = "echo " + "a" * 100_000 + " ; CMD"
    desk.ask_and_wait(request(command=command, rule=None))
    desk.press("enter")
    assert desk.session.answers == []
    desk.press(*["pagedown"] * 150)
    assert any("; CMD" in row for row in shown(desk))
    desk.controller.expand()
    assert command in desk.screen.paged[0]


@pytest.mark.parametrize("height", range(1, 10))
def test_in_a_low_window_what_will_run_and_the_marked_choice_are_there(height: int) -> None:
    desk = Desk()
    desk.ask_and_wait(request(command="rm -rf build"))
    desk.press("down")
    rows = shown(desk, width=30, height=height)
    assert len(rows) <= height
    assert height < 2 or any("rm -rf build" in row for row in rows)
    assert height < 2 or any("› s  Yes" in row for row in rows)


def test_a_rule_that_does_not_fit_is_wrapped() -> None:
    desk = Desk()
    desk.ask_and_wait(request())
    text = " ".join(" ".join(shown(desk, width=26, height=30)).split())
    assert "Yes, and 'ls *' in this session" in text


def test_an_empty_dialog_shows_nothing() -> None:
    assert Dialog().lines(80, 20, 0.0) == []


@pytest.mark.parametrize("width", [80, 30])
def test_who_asks_and_what_is_asked_both_stand_in_a_narrow_window(width: int) -> None:
    desk = Desk()
    asked = {"subagent_type": "general-purpose", "description": "x", "prompt": "x"}
    feed(desk.view, call("agent", "task_1", **asked))
    [wants] = of("task_1", [request()])
    desk.ask_and_wait(wants)
    head = ["? general-purpose asks: Run this command?"]
    if width == 30:
        head = ["? general-purpose asks:", "  Run this command?"]
    assert shown(desk, width)[: len(head) + 1] == [*head, "  ls -la"]


def test_the_questions_of_a_form_say_which_sub_agent_asks() -> None:
    desk = Desk()
    feed(desk.view, call("agent", "task_1", subagent_type="explore", prompt="x"))
    question = {"question": "Which one?", "header": "x", "options": [{"label": "a"}]}
    arguments = {"questions": [question]}
    wants = request(input=arguments, preview={"kind": "questions", "title": "", "text": ""})
    desk.ask_and_wait(of("task_1", [wants])[0])
    assert "explore asks: x: Which one?" in "\n".join(shown(desk))
