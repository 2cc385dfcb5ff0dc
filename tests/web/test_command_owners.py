"""Whose the commands of a session are, and what a page waits for that does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from qwen_dual.web.chat_channel import MAX_WAITING, MAX_WAITING_BYTES, ChatChannel
from qwen_dual.web.command_owners import CommandOwners
from tests.web.page import visitor

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

    from qwen_dual.web.hosted import HostedSession

ANNA, BERT = visitor(), visitor("anna", id="browser-2")


def test_whose_a_command_is_goes_by_the_browser_and_not_by_its_name() -> None:
    owners = CommandOwners()
    owners.note(ANNA, {"type": "submit", "id": "a"}, "host:web.anna")
    assert owners.is_own(ANNA, "a")
    assert not owners.is_anothers(ANNA, "a")
    assert owners.is_anothers(BERT, "a")
    assert not owners.is_own(BERT, "a")
    assert not owners.is_anothers(BERT, "never given")
    assert not owners.is_anothers(BERT, "")


def test_what_waits_for_a_page_that_does_not_read_is_bounded_in_number_and_size() -> None:
    channel = ChatChannel(cast("WebSocket", None), cast("HostedSession", None), ANNA)
    for number in range(2 * MAX_WAITING):
        channel.send({"type": "web", "number": number})
    assert len(waiting(channel)) == MAX_WAITING
    for _ in range(10):
        channel.send({"type": "web", "text": "x" * (MAX_WAITING_BYTES // 3)})
    assert sum(map(len, waiting(channel))) <= MAX_WAITING_BYTES
    channel.send({"type": "web", "text": "x" * (2 * MAX_WAITING_BYTES)})
    assert len(waiting(channel)) == 1  # the latest comes, however long it is


def waiting(channel: ChatChannel) -> list[bytes]:
    return list(channel._own)
