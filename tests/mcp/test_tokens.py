"""The file of sign-ins: Qwen Code's, private, whole at every moment, and for one address each."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from qwen_dual.mcp.tokens import NAME, Credentials, TokenStore, TokensUnusable

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://mcp.example/mcp"

QWEN = {
    "serverName": "git",
    "token": {
        "accessToken": "access",
        "tokenType": "Bearer",
        "refreshToken": "refresh",
        "scope": "read write",
        "expiresAt": 1_795_688_045_520,
    },
    "clientId": "client",
    "tokenUrl": "https://auth.example/token",
    "mcpServerUrl": URL,
    "updatedAt": 1_795_680_000_000,
}
"""An entry as Qwen Code 0.24.4 writes it."""


def credentials(server: str = "git", url: str = URL, token: str = "token") -> Credentials:
    client = {"client_id": "id", "client_secret": "secret"}
    return Credentials(server=server, url=url, access_token=token, client=client)


def test_what_qwen_code_kept_is_used(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text(json.dumps([QWEN]))
    found = TokenStore(str(tmp_path)).get("git", URL)
    assert found == Credentials(
        server="git",
        url=URL,
        access_token="access",
        refresh_token="refresh",
        scope="read write",
        expires_at=1_795_688_045.52,
        client={"client_id": "client", "token_endpoint_auth_method": "none"},
        token_url="https://auth.example/token",
        updated_at=1_795_680_000.0,
    )
    assert "access'" not in repr(found)


def test_what_is_kept_is_what_qwen_code_reads(tmp_path: Path) -> None:
    store = TokenStore(str(tmp_path))
    (tmp_path / NAME).write_text(json.dumps([QWEN]))
    found = store.get("git", URL)
    assert found is not None
    store.put(found)
    [entry] = json.loads((tmp_path / NAME).read_text())
    assert {key: entry[key] for key in QWEN} == QWEN


def test_the_file_is_private_and_stays_so(tmp_path: Path) -> None:
    store = TokenStore(str(tmp_path / "home"))
    store.put(credentials())
    path = tmp_path / "home" / NAME
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    assert store.get("git", URL) is not None
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_server_of_the_same_name_elsewhere_gets_nothing(tmp_path: Path) -> None:
    store = TokenStore(str(tmp_path))
    store.put(credentials())
    assert store.get("git", "https://evil.example/mcp") is None
    store.put(credentials(url="https://evil.example/mcp", token="theirs"))
    kept = store.get("git", URL)
    assert kept is not None
    assert kept.access_token == "token"
    assert store.forget("git", "https://evil.example/mcp")
    assert not store.forget("git", "https://evil.example/mcp")
    assert store.get("git", URL) == kept


def test_what_is_of_others_stays(tmp_path: Path) -> None:
    others = [{"serverName": "other", "token": {"accessToken": "x"}, "more": [1]}, "nonsense"]
    (tmp_path / NAME).write_text(json.dumps([*others, {**QWEN, "client": 3}]))
    store = TokenStore(str(tmp_path))
    store.put(credentials())
    assert json.loads((tmp_path / NAME).read_text())[:2] == others


@pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1", "3"])
def test_a_file_that_is_none_is_left_as_it_is_and_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / NAME
    path.write_text(text)
    store = TokenStore(str(tmp_path))
    with pytest.raises(TokensUnusable, match=NAME):
        store.get("git", URL)
    with pytest.raises(TokensUnusable, match=NAME):
        store.put(credentials())
    assert path.read_text() == text


def test_no_link_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("[]")
    home = tmp_path / "home"
    home.mkdir()
    os.symlink(target, home / NAME)
    with pytest.raises(TokensUnusable, match="symbolic link"):
        TokenStore(str(home)).get("git", URL)


def test_many_programs_that_sign_in_at_once_lose_nothing(tmp_path: Path) -> None:
    def sign_in(number: int) -> None:
        TokenStore(str(tmp_path)).put(credentials(f"server{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sign_in, range(24)))
    kept = json.loads((tmp_path / NAME).read_text())
    assert {entry["serverName"] for entry in kept} == {f"server{number}" for number in range(24)}
