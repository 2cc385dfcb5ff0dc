"""What a link with fewer rights can do in a session: what it says, and nothing by another way."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.protocol import COMMAND_TYPES
from qwen_dual.protocol.command_shapes import RIGHTS
from tests.web.support import SECONDS, Server, Visitor, needs_page, token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from websockets.sync.client import ClientConnection

pytestmark = needs_page

FIELDS: dict[str, Any] = {
    "text": "hello",
    "request_id": "r",
    "allowed": True,
    "target": "t",
    "mode": "yolo",
    "model": "x",
    "name": "x",
    "server": {"command": "sh"},
    "to": 1,
    "session_id": "x",
    "version": 1,
    "on": True,
    "position": 0,
}
"""What any command may want of fields; what it does not know of them it leaves."""


def guest(server: Server, owner: Visitor, *rights: str, session: str | None = None) -> Visitor:
    return server.enter(token_of(owner.make_link(*rights, session=session)["url"]), "Bob")


def until(chat: ClientConnection, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The next message of a chat that is the one."""
    while True:
        for message in json.loads(chat.recv(timeout=SECONDS)):
            if is_it(message):
                return dict(message)


def answer_to(chat: ClientConnection, command: dict[str, Any]) -> str:
    """What becomes of a command: the status of its receipt, or the code with which it is refused."""
    number = uuid.uuid4().hex
    chat.send(json.dumps({**command, "id": number}))
    found = until(
        chat,
        lambda one: (
            (one.get("subtype") == "refused" and one.get("id") == number)
            or (
                one.get("subtype") == "command_receipt" and one.get("data", one).get("id") == number
            )
        ),
    )
    data = found.get("data", found)
    return str(data.get("code") or data.get("status"))


def test_who_may_only_observe_gives_no_command_that_takes_more(
    server: Server, owner: Visitor, key: str
) -> None:
    bob = guest(server, owner, "observe")
    with bob.socket(f"/ws/chat/{key}") as chat, bob.socket(f"/ws/terminal/{key}") as terminal:
        until(chat, lambda one: one.get("subtype") == "replayed")
        terminal.send(b"typed by nobody\r")
        terminal.send(json.dumps({"type": "resize", "columns": 20, "rows": 5}))
        for kind in sorted({*COMMAND_TYPES, "unknown"}):
            if RIGHTS.get(kind) == "observe":
                continue
            assert answer_to(chat, {"type": kind, **FIELDS}) == "no_right", kind
        with owner.socket(f"/ws/chat/{key}") as ours:
            ours.send(json.dumps({"type": "submit", "id": "a-1", "text": "say 1 word"}))
            until(ours, lambda one: one.get("type") == "result")
        with owner.socket(f"/ws/chat/{key}") as ours:
            told: list[dict[str, Any]] = []

            def is_over(one: dict[str, Any]) -> bool:
                told.append(one)
                return one.get("subtype") == "replayed"

            until(ours, is_over)
    said = [one["message"]["content"] for one in told if one.get("type") == "user"]
    assert len(said) == 1, said
    assert "say 1 word" in json.dumps(said)


@pytest.mark.parametrize(
    "command",
    [
        {"type": "submit", "text": "/approval-mode yolo"},
        {"type": "submit", "text": "  /clear"},
        {"type": "submit", "text": "!touch x"},
        {"type": "submit", "content": [{"type": "text", "text": "/model x"}]},
        {"type": "interrupt", "queue": "drop"},
        {"type": "set_approval_mode", "mode": "yolo"},
        {"type": "list_sessions", "all_folders": True},
        {"type": "confirmation_response", "request_id": "r", "allowed": True},
        {"type": "cancel", "target": "a-1"},
        {"type": "edit_queued", "target": "a-1", "text": "x"},
        {"type": "get_draft"},
    ],
    ids=json.dumps,
)
def test_who_may_submit_runs_no_command_of_the_session_and_touches_nobody_elses(
    server: Server, owner: Visitor, key: str, command: dict[str, Any]
) -> None:
    bob = guest(server, owner, "submit")
    with bob.socket(f"/ws/chat/{key}") as chat:
        assert answer_to(chat, command) == "no_right"


@pytest.mark.parametrize(
    "answer",
    [
        {"remember": "project"},
        {"updated_input": {"command": "x"}},
        {"mode": "yolo"},
        {"message": "x"},
    ],
    ids=json.dumps,
)
def test_who_may_approve_says_yes_or_no_and_no_more(
    server: Server, owner: Visitor, key: str, answer: dict[str, Any]
) -> None:
    bob = guest(server, owner, "approve")
    command = {"type": "confirmation_response", "request_id": "r", "allowed": True}
    with bob.socket(f"/ws/chat/{key}") as chat:
        assert answer_to(chat, command | answer) == "no_right"


def test_a_link_to_one_session_tells_of_no_saved_ones(
    server: Server, owner: Visitor, key: str
) -> None:
    bob = guest(server, owner, "observe", "submit", "approve", session=key)
    with bob.socket(f"/ws/chat/{key}") as chat:
        assert answer_to(chat, {"type": "list_sessions"}) == "no_right"


def test_which_sessions_are_saved_is_told_to_who_asked_alone(
    server: Server, owner: Visitor, key: str
) -> None:
    bob = guest(server, owner, "observe")
    with owner.socket(f"/ws/chat/{key}") as ours, bob.socket(f"/ws/chat/{key}") as chat:
        until(ours, lambda one: one.get("subtype") == "replayed")
        until(chat, lambda one: one.get("subtype") == "replayed")
        answers = {"state", "mcp", "rewind_points", "sessions", "modes"}

        def is_last(one: dict[str, Any]) -> bool:
            answers.discard(str(one.get("subtype")))
            return not answers

        for kind in ("get_state", "mcp_status", "rewind_points", "list_sessions", "list_modes"):
            chat.send(json.dumps({"type": kind, "id": uuid.uuid4().hex}))
        until(chat, is_last)
        assert answer_to(chat, {"type": "hello", "name": "x", "rights": ["control"]}) == "invalid"
        told: list[Any] = []

        def is_prompt(one: dict[str, Any]) -> bool:
            told.append(one.get("subtype"))
            return one.get("type") == "user"

        ours.send(json.dumps({"type": "submit", "id": "last", "text": "say 1 word"}))
        until(ours, is_prompt)
    assert not {"sessions", "modes"} & set(told), told
