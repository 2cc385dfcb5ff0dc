"""What a page with fewer rights may do, held before anything reaches the program."""

from __future__ import annotations

from typing import Any

import pytest

from qwen_dual.protocol import COMMAND_TYPES
from qwen_dual.web.page_connection import host_name
from qwen_dual.web.rights import lacking

ANSWER: dict[str, Any] = {"type": "confirmation_response", "request_id": "r", "allowed": True}
QUESTION = {"question": "Which?", "options": [{"label": "this"}, {"label": "that"}]}
ASKED = {"tool_name": "ask_user_question", "input": {"questions": [QUESTION]}}
EDIT = {"tool_name": "edit", "input": {"questions": [QUESTION]}}


def answers(given: object) -> dict[str, Any]:
    return {**ANSWER, "updated_input": {"questions": [QUESTION], "answers": given}}


@pytest.mark.parametrize("kind", [*COMMAND_TYPES, "unheard_of"])
def test_control_takes_everything_and_no_right_nothing(kind: str) -> None:
    assert lacking({"type": kind}, {"control"}, own=False, request=None) is None
    assert lacking({"type": kind}, set(), own=True, request=None) is not None


@pytest.mark.parametrize(
    ("command", "rights", "lacks"),
    [
        ({"type": "get_state"}, "observe", None),
        ({"type": "list_sessions"}, "observe", None),
        ({"type": "list_sessions", "all_folders": True}, "observe submit", "control"),
        ({"type": "submit", "text": "hello"}, "observe submit", None),
        ({"type": "submit", "text": "/tmp/x is what I mean"}, "submit", None),
        ({"type": "submit", "text": "  /quit now"}, "submit", "control"),
        ({"type": "submit", "text": "!rm x"}, "submit", "control"),
        ({"type": "submit", "text": "\ufeff /quit"}, "submit", "control"),
        ({"type": "submit", "text": "\u200b!rm x"}, "submit", "control"),
        ({"type": "edit_queued", "target": "a", "text": "other words"}, "submit", None),
        ({"type": "edit_queued", "target": "a", "text": "/clear"}, "submit", "control"),
        ({"type": "edit_queued", "target": "a", "text": "!rm x"}, "submit", "control"),
        ({"type": "submit", "content": [{"type": "text", "text": "/clear"}]}, "submit", "control"),
        ({"type": "submit", "text": "hello"}, "observe approve", "submit"),
        ({"type": "hello", "name": "x"}, "submit approve", "observe"),
        (ANSWER, "approve", None),
        (ANSWER, "submit", "approve"),
        ({**ANSWER, "remember": "session"}, "approve submit", "control"),
        ({**ANSWER, "mode": "auto-edit"}, "approve submit", "control"),
        ({**ANSWER, "message": "why"}, "approve", "submit"),
        ({**ANSWER, "message": "why"}, "approve submit", None),
        (answers({"Which?": "this"}), "approve", None),
        (answers({"Which?": "this, that"}), "approve", None),
        (answers({"Which?": ["that"]}), "approve", None),
        (answers({"Which?": "mine"}), "approve", "submit"),
        (answers({"Which?": "mine"}), "approve submit", None),
        (answers({"Which?": {"mine": 1}}), "approve", "submit"),
        (answers("mine"), "approve", "submit"),
        ({**ANSWER, "updated_input": "text"}, "approve submit", "control"),
    ],
)
def test_what_a_command_takes(command: dict[str, Any], rights: str, lacks: str | None) -> None:
    found = lacking(command, rights.split(), own=True, request=ASKED)
    assert (found[0] if found else None) == lacks


def test_another_input_of_a_call_takes_control_whatever_it_looks_like() -> None:
    for request in (EDIT, None):
        found = lacking(
            answers({"Which?": "this"}), {"approve", "submit"}, own=True, request=request
        )
        assert found is not None
        assert found[0] == "control"


@pytest.mark.parametrize("kind", ["cancel", "edit_queued", "move_queued", "interrupt"])
def test_of_what_others_gave_nothing_is_taken_back(kind: str) -> None:
    rights = {"observe", "submit"}
    assert lacking({"type": kind}, rights, own=True, request=None) is None
    assert lacking({"type": kind}, rights, own=False, request=None) is not None
    assert lacking({"type": kind}, {"approve"}, own=True, request=None) is not None


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("anna", "web.anna"),
        ("Anna B. (phone)", "web.Anna-B-phone"),
        ("../../x", "web.x"),
        ("Ärger", "web.rger"),
        ("日本", "web"),
        ("", "web"),
        ("x" * 100, "web." + "x" * 28),
        ("keyboard", "web.keyboard"),
    ],
)
def test_a_page_is_known_by_a_name_that_hosts_can_have(name: str, host: str) -> None:
    assert host_name(name) == host
