"""What is too much or too long for a server, sent to a real one from outside."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed

from tests.web.outside import closed_with_after, code_of
from tests.web.support import Server, Visitor, needs_page, token_of

pytestmark = needs_page


def test_who_floods_is_told_and_cut(owner: Visitor, key: str) -> None:
    with owner.socket(f"/ws/terminal/{key}") as opened:
        with pytest.raises(ConnectionClosed) as caught:
            for _ in range(20_000):
                opened.send('{"type":"active"}')
            while True:
                opened.recv(timeout=20)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == 4408
        assert "too much" in caught.value.rcvd.reason
    assert owner.ask("GET", "/api/me").status_code == 200  # the others go on


def test_pings_and_pieces_of_messages_are_counted_too(owner: Visitor) -> None:
    with owner.socket("/ws/sessions") as opened, pytest.raises(ConnectionClosed):
        for _ in range(30_000):
            opened.ping()
        while True:
            opened.recv(timeout=20)
    with owner.socket("/ws/sessions") as opened, pytest.raises(ConnectionClosed):
        opened.send("" for _ in range(30_000))
        while True:
            opened.recv(timeout=20)


def test_a_message_beyond_all_bounds_is_not_taken(owner: Visitor) -> None:
    assert closed_with_after(owner, "/ws/sessions", "x" * 2000) == 4408


def test_a_body_beyond_all_bounds_is_not_read(owner: Visitor) -> None:
    response = owner.ask("POST", "/api/links", {"rights": ["x" * 100_000]})
    assert (response.status_code, code_of(response)) == (413, "too_long")


@pytest.mark.parametrize(
    ("rights", "path", "size"),
    [
        ("observe", "/ws/sessions", 1 << 17),
        ("observe", "/ws/chat/{key}", 1 << 17),
        ("observe", "/ws/terminal/{key}", 1 << 17),
        ("approve", "/ws/chat/{key}", 1 << 21),
        ("submit control", "/ws/sessions", 1 << 17),
        ("submit", "/ws/chat/{key}", 1 << 25),
    ],
)
def test_a_message_too_long_for_its_sender_is_refused_by_its_head(
    server: Server, owner: Visitor, key: str, rights: str, path: str, size: int
) -> None:
    guest = server.enter(token_of(owner.make_link(*rights.split())["url"]))
    with guest.socket(path.format(key=key)) as opened:
        opened.recv(timeout=20)  # it is let in
        head = bytes([0x81, 0xFF]) + size.to_bytes(8) + bytes(4)
        opened.socket.sendall(head)  # and nothing of it
        with pytest.raises(ConnectionClosed) as caught:
            while True:
                opened.recv(timeout=20)
    assert caught.value.rcvd is not None
    assert caught.value.rcvd.code == 1009


def test_a_long_prompt_comes_through(owner: Visitor, key: str) -> None:
    long = "x" * 3_000_000
    with owner.socket(f"/ws/chat/{key}") as chat:
        chat.send(
            json.dumps({"type": "set_draft", "id": "long", "text": long, "if_version": 10**6})
        )
        while "version_conflict" not in chat.recv(timeout=20):
            pass
