"""What a link does not give and how long it holds, tried against a real server from outside."""

from __future__ import annotations

import json
import socket
from typing import Any, cast

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.web.outside import closed_with, code_of
from tests.web.support import SECONDS, Server, Visitor, needs_page, token_of

pytestmark = needs_page


def test_a_revoked_link_is_out_at_once(server: Server, owner: Visitor, key: str) -> None:
    link = owner.make_link("observe", "submit")
    guest = server.enter(token_of(link["url"]), "Bob")
    with guest.socket(f"/ws/chat/{key}") as chat, guest.socket(f"/ws/terminal/{key}") as terminal:
        chat.recv(timeout=20)
        [shown] = [one for one in owner.ask("GET", "/api/links").json()["links"] if one["id"] == link["id"]]  # fmt: skip
        assert (shown["clients"], "url" in shown) == (1, False)
        assert owner.ask("DELETE", f"/api/links/{link['id']}").status_code == 204
        for opened in (chat, terminal):
            with pytest.raises(ConnectionClosed) as caught:
                while True:
                    opened.recv(timeout=20)
            assert caught.value.rcvd is not None
            assert caught.value.rcvd.code == 4401
    assert guest.ask("GET", "/api/me").status_code == 401
    again = httpx.post(
        server.origin + "/api/enter",
        json={"token": token_of(link["url"])},
        headers={"Origin": server.origin, "X-Qwen-Dual": "1"},
        trust_env=False,
        verify=False,
        timeout=SECONDS,
    )
    assert again.status_code == 401


def begun_request(visitor: Visitor, port: int, path: str, body: bytes) -> socket.socket:
    """A request of which the body is not there yet, but for its first byte."""
    opened = socket.create_connection(("127.0.0.1", port), timeout=20)
    sent = {"Host": f"127.0.0.1:{port}", "Content-Length": str(len(body))}
    head = sent | visitor.headers | {"Content-Type": "application/json", "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    opened.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body[:1])
    return opened


def test_a_request_that_was_begun_before_its_link_was_revoked_does_nothing(
    server: Server, owner: Visitor, key: str
) -> None:
    link = owner.make_link("observe", "approve", "submit", "control")
    guest = server.enter(token_of(link["url"]), "Bob")
    png = b"\x89PNG\r\n\x1a\nxxxx"
    asked = (
        ("/api/links", b'{"rights":["control"]}'),
        ("/api/sessions", b"{}"),
        (f"/api/files/{key}", png),
    )
    begun = [(begun_request(guest, server.port, path, body), body) for path, body in asked]
    assert guest.ask("GET", "/api/me").status_code == 200  # the others were looked at before
    assert owner.ask("DELETE", f"/api/links/{link['id']}").status_code == 204
    for opened, body in begun:
        with opened:
            opened.sendall(body[1:])
            assert opened.recv(12) == b"HTTP/1.1 401"


def test_who_may_only_observe_changes_nothing(server: Server, owner: Visitor, key: str) -> None:
    guest = server.enter(token_of(owner.make_link("observe")["url"]))
    for method, path, body in (
        ("POST", "/api/sessions", {}),
        ("DELETE", f"/api/sessions/{key}", None),
        ("GET", "/api/saved", None),
        ("GET", "/api/running", None),
        ("POST", "/api/attach", {"id": "x"}),
        ("GET", "/api/links", None),
        ("POST", "/api/links", {"rights": ["control"]}),
        ("DELETE", "/api/links/x", None),
        ("POST", f"/api/files/{key}?name=a.png", None),
    ):
        response = guest.ask(method, path, body)
        assert (response.status_code, code_of(response)) == (403, "no_right"), path


def test_nobody_gives_a_right_that_he_has_not(server: Server, owner: Visitor) -> None:
    response = owner.ask("POST", "/api/links", {"rights": ["root"]})
    assert (response.status_code, code_of(response)) == (400, "invalid")


def test_a_link_to_one_session_leads_to_no_other(server: Server, owner: Visitor, key: str) -> None:
    other = owner.start_session()
    link = owner.make_link("control", "submit", "approve", session=other)
    guest = server.enter(token_of(link["url"]))
    assert guest.me["session"] == other
    assert closed_with(guest, f"/ws/chat/{key}") == 4404
    assert closed_with(guest, f"/ws/terminal/{key}") == 4404
    assert guest.ask("DELETE", f"/api/sessions/{key}").status_code == 404
    for method, path in (("POST", "/api/sessions"), ("GET", "/api/links"), ("GET", "/api/running")):
        assert code_of(guest.ask(method, path, {})) == "no_right"
    with guest.socket("/ws/sessions") as opened:
        rows = json.loads(opened.recv(timeout=20))["sessions"]
    assert [row["key"] for row in rows] == [other]
    assert owner.ask("DELETE", f"/api/sessions/{other}").status_code == 204
    assert guest.ask("GET", "/api/me").status_code == 401  # it led to nothing else


def test_a_link_to_one_session_outlives_its_conversations(server: Server, owner: Visitor) -> None:
    key = owner.start_session()
    guest = server.enter(token_of(owner.make_link("control", "submit", session=key)["url"]))
    with guest.socket(f"/ws/chat/{key}") as opened:

        def ask(kind: str, told: str, **fields: str) -> dict[str, Any]:
            opened.send(json.dumps({"type": kind, "id": kind, **fields}))
            while True:
                for event in json.loads(opened.recv(timeout=20)):
                    if told in (event["type"], event.get("subtype")):
                        return cast("dict[str, Any]", event)

        first = ask("submit", "result", text="say 2 words")["session_id"]
        assert ask("clear", "session_changed")["data"]["from"] == first
        assert ask("resume", "session_changed", session_id=first)["data"]["to"] == first
    assert guest.ask("GET", "/api/me").json()["session"] == key
    assert server.enter(token_of(owner.make_link(session=key)["url"])).me["session"] == key
    assert owner.ask("DELETE", f"/api/sessions/{key}").status_code == 204
    assert guest.ask("GET", "/api/me").status_code == 401


@pytest.mark.parametrize(
    ("new", "code"),
    [
        ({"cwd": "/"}, "folder"),
        ({"cwd": "../.."}, "folder"),
        ({"cwd": "missing"}, "folder"),
        ({"cwd": "link"}, "folder"),
        ({"model": "--offline-script=x"}, "invalid"),
        ({"mode": "root"}, "invalid"),
        ({"resume": "-x"}, "invalid"),
        ({"model": "a\nb"}, "invalid"),
        ({"command": ["sh"], "cwd": "/"}, "folder"),
    ],
)
def test_a_page_chooses_no_program_and_no_folder_elsewhere(
    server: Server, owner: Visitor, new: dict[str, object], code: str
) -> None:
    link = server.work / "link"
    if not link.is_symlink():
        link.symlink_to("/")
    response = owner.ask("POST", "/api/sessions", new)
    assert (response.status_code, code_of(response)) == (400, code)


def test_who_leaves_is_let_in_no_more(server: Server) -> None:
    guest = server.enter()
    with guest.socket("/ws/sessions") as opened:
        opened.recv(timeout=20)
        left = guest.ask("POST", "/api/leave")
        assert (left.status_code, "Max-Age=0" in left.headers["set-cookie"]) == (204, True)
        with pytest.raises(ConnectionClosed):
            while True:
                opened.recv(timeout=20)
    assert guest.ask("GET", "/api/me").status_code == 401
