"""What keeps others out of a server, tried against a real one from outside, as they would."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.web.support import Server, Visitor, needs_page, served, token_of

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = needs_page


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with served(tmp_path_factory.mktemp("server")) as running:
        yield running


@pytest.fixture(scope="module")
def owner(server: Server) -> Visitor:
    return server.enter(name="Ada")


@pytest.fixture(scope="module")
def key(owner: Visitor) -> str:
    return owner.start_session()


def asked(origin: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Asks with just these headers."""
    with httpx.Client(trust_env=False, verify=False) as client:
        return client.request(method, origin + path, headers=headers)


def code_of(response: httpx.Response) -> str:
    return str(response.json()["error"]["code"])


def closed_with(visitor: Visitor, path: str, **changes: object) -> int:
    """The code that a WebSocket is closed with."""
    with visitor.socket(path, **changes) as opened, pytest.raises(ConnectionClosed) as caught:
        while True:
            opened.recv(timeout=20)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def test_who_has_the_link_is_let_in(server: Server, owner: Visitor) -> None:
    me = owner.ask("GET", "/api/me").json()
    assert me["name"] == "Ada"
    assert me["rights"] == ["approve", "control", "observe", "submit"]
    assert me["folder"] == str(server.work)


@pytest.mark.parametrize("token", ["", "0" * 32, "no token", "\udc80"])
def test_a_wrong_token_lets_nobody_in(server: Server, token: str) -> None:
    body = json.dumps({"token": token}).encode()
    headers = {"Origin": server.origin, "X-Qwen-Dual": "1", "Content-Type": "application/json"}
    response = httpx.post(
        server.origin + "/api/enter", content=body, headers=headers, trust_env=False
    )
    assert response.status_code in (400, 401)
    assert "set-cookie" not in response.headers


@pytest.mark.parametrize("path", ["/api/me", "/api/links", "/api/saved", "/api/running"])
def test_nothing_is_told_without_a_cookie_and_its_proof(
    server: Server, owner: Visitor, path: str
) -> None:
    cookie, proof = {"cookie": owner.cookie}, {"x-qwen-dual": owner.proof}
    for headers in ({}, cookie, proof, cookie | {"x-qwen-dual": "1"}):
        assert asked(server.origin, path, **headers).status_code == 401
    assert asked(server.origin, path, **cookie, **proof).status_code == 200


def test_a_token_in_the_query_is_refused_and_nothing_is_logged_of_it(server: Server) -> None:
    for path in ("/", "/api/me", "/ws/sessions"):
        response = asked(server.origin, f"{path}?token={server.token}")
        assert (response.status_code, code_of(response)) == (400, "token")
    logs = "".join(file.read_text() for file in server.home.rglob("*.txt"))
    written = "".join(server.said).replace(server.url, "") + logs
    assert server.token not in written


def test_no_token_cookie_or_proof_is_on_disk(server: Server, owner: Visitor) -> None:
    secrets = (server.token, owner.proof, owner.cookie.rpartition(".")[2])
    files = [file.read_bytes() for file in server.home.rglob("*") if file.is_file()]
    assert any(b"digest" in data for data in files)
    assert not [data for data in files for secret in secrets if secret.encode() in data]


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "", "localhost.evil.example:{port}", "x@127.0.0.1:{port}", "0.0.0.0:{port}"]
)  # fmt: skip
def test_a_name_that_was_made_to_lead_here_gets_nothing(
    server: Server, owner: Visitor, host: str
) -> None:
    host = host.format(port=server.origin.rpartition(":")[2])
    for path in ("/", "/api/me"):
        response = asked(server.origin, path, **{**owner.headers, "Host": host})
        assert (response.status_code, code_of(response)) == (421, "host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_another_page_can_neither_change_nor_read_anything(
    server: Server, owner: Visitor, key: str, origin: str
) -> None:
    for method, path in (("GET", "/api/me"), ("POST", "/api/links"), ("DELETE", "/api/sessions/x")):
        response = asked(server.origin, path, method, **{**owner.headers, "Origin": origin})
        assert (response.status_code, code_of(response)) == (403, "origin")
        assert "access-control-allow-origin" not in response.headers
    for path in ("/ws/sessions", f"/ws/chat/{key}", f"/ws/terminal/{key}"):
        with pytest.raises(InvalidStatus) as caught, owner.socket(path, origin=origin):
            pass
        assert caught.value.response.status_code == 403


def test_a_request_that_changes_something_says_whose_page_sent_it(
    server: Server, owner: Visitor
) -> None:
    headers = {"Cookie": owner.cookie, "X-Qwen-Dual": owner.proof}
    assert asked(server.origin, "/api/leave", "POST", **headers).status_code == 403
    with pytest.raises(InvalidStatus), owner.socket("/ws/sessions", origin=None):
        pass


def test_a_form_of_another_page_does_nothing(server: Server, owner: Visitor) -> None:
    """A form sends cookies of the same site, which is every port of this host, but no header."""
    response = httpx.post(
        server.origin + "/api/sessions",
        content=b'{"cwd":"/"}',
        headers={"Cookie": owner.cookie, "Content-Type": "text/plain", "Origin": server.origin},
        trust_env=False,
        verify=False,
    )
    assert response.status_code == 401
    crossing = {**owner.headers, "Sec-Fetch-Site": "same-site"}
    assert code_of(asked(server.origin, "/api/me", **crossing)) == "origin"


def test_nobody_is_asked_before_a_page_of_another_origin_is_refused(server: Server) -> None:
    response = asked(server.origin, "/api/me", "OPTIONS", Origin="http://evil.example")
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    "path",
    ["/../access.py", "/..%2faccess.py", "/%2e%2e/access.py", "/assets/../../access.py", "//etc/passwd", "/assets/%00", "/assets/..\\..\\access.py", "/.", "/assets", "/assets/"],
)  # fmt: skip
def test_no_path_leads_out_of_the_page(server: Server, path: str) -> None:
    port = int(server.origin.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=20) as plain:
        plain.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: plain.recv(65536), b""))
    assert answer.split(b"\r\n", 1)[0] == b"HTTP/1.1 404 Not Found"


def test_a_websocket_without_cookie_or_proof_is_told_to_come_in_anew(
    owner: Visitor, key: str
) -> None:
    for path in ("/ws/sessions", f"/ws/chat/{key}", f"/ws/terminal/{key}"):
        assert closed_with(owner, path, additional_headers={}) == 4401
        assert closed_with(owner, path, subprotocols=["qwen-dual", "0" * 32]) == 4401
    assert closed_with(owner, "/ws/chat/unknown") == 4404


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
        opened.recv(timeout=20)
        opened.recv(timeout=20)
    with owner.socket("/ws/sessions") as opened, pytest.raises(ConnectionClosed):
        opened.send("" for _ in range(30_000))
        opened.recv(timeout=20)
        opened.recv(timeout=20)


def test_a_message_beyond_all_bounds_is_not_taken(owner: Visitor) -> None:
    assert closed_with_after(owner, "/ws/sessions", "x" * 2000) == 4408


def closed_with_after(visitor: Visitor, path: str, message: str) -> int:
    with visitor.socket(path) as opened, pytest.raises(ConnectionClosed) as caught:
        opened.send(message)
        while True:
            opened.recv(timeout=20)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code


def test_a_body_beyond_all_bounds_is_not_read(owner: Visitor) -> None:
    response = owner.ask("POST", "/api/links", {"rights": ["x" * 100_000]})
    assert (response.status_code, code_of(response)) == (413, "too_long")


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


def test_the_cookie_is_for_the_server_alone(server: Server) -> None:
    response = httpx.post(
        server.origin + "/api/enter",
        json={"token": server.token},
        headers={"Origin": server.origin, "X-Qwen-Dual": "1"},
        trust_env=False,
        verify=False,
    )
    name, _, rest = response.headers["set-cookie"].partition("=")
    assert name == f"qwen-dual-{server.origin.rpartition(':')[2]}"
    flags = {flag.strip().lower() for flag in rest.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/"} <= flags
    assert not [flag for flag in flags if flag.startswith("domain")]


def test_what_reverse_proxies_say_is_not_believed(server: Server) -> None:
    headers = {
        "Host": "evil.example",
        "X-Forwarded-Host": server.origin.partition("//")[2],
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "127.0.0.1",
        "Forwarded": "host=127.0.0.1;proto=https",
    }
    assert asked(server.origin, "/", **headers).status_code == 421
    entered = httpx.post(
        server.origin + "/api/enter",
        json={"token": server.token},
        headers={"Origin": server.origin, "X-Qwen-Dual": "1", "X-Forwarded-Proto": "https"},
        trust_env=False,
        verify=False,
    )
    assert "secure" not in entered.headers["set-cookie"].lower()


def test_every_answer_has_strict_headers(server: Server, owner: Visitor) -> None:
    page, api = asked(server.origin, "/"), owner.ask("GET", "/api/me")
    missing = asked(server.origin, "/missing")
    for response in (page, api, missing, asked(server.origin, "/", Host="evil.example")):
        headers = response.headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cross-origin-opener-policy"] == "same-origin"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] in ("no-store", "no-cache")
        assert "server" not in headers
    assert api.headers["cache-control"] == "no-store"
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "nonce" not in policy
    assert "require-trusted-types-for 'script'" in policy


def test_a_file_of_the_page_is_sent_once(server: Server) -> None:
    page = asked(server.origin, "/").text
    path = "/" + page.partition('src="./')[2].partition('"')[0]
    packed = asked(server.origin, path, **{"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "immutable" in packed.headers["cache-control"]
    plain = asked(server.origin, path, **{"Accept-Encoding": "identity"})
    assert plain.content == packed.content
    assert plain.headers["etag"] != packed.headers["etag"]
    again = asked(
        server.origin,
        path,
        **{"Accept-Encoding": "gzip", "If-None-Match": packed.headers["etag"]},
    )
    assert (again.status_code, again.content) == (304, b"")
