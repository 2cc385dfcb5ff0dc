"""What keeps others out of a server, tried against a real one from outside, as they would."""

from __future__ import annotations

import json
import socket

import httpx
import pytest
from websockets.exceptions import InvalidStatus

from tests.web.outside import asked, closed_with, code_of
from tests.web.support import SECONDS, Server, Visitor, needs_page

pytestmark = needs_page


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
        server.origin + "/api/enter",
        content=body,
        headers=headers,
        trust_env=False,
        timeout=SECONDS,
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
        timeout=SECONDS,
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


def test_the_cookie_is_for_the_server_alone(server: Server) -> None:
    response = httpx.post(
        server.origin + "/api/enter",
        json={"token": server.token},
        headers={"Origin": server.origin, "X-Qwen-Dual": "1"},
        trust_env=False,
        verify=False,
        timeout=SECONDS,
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
        timeout=SECONDS,
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
