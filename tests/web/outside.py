"""Requests to a server from outside, and what they are refused with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from tests.web.support import SECONDS

if TYPE_CHECKING:
    from tests.web.support import Visitor


def asked(origin: str, path: str, method: str = "GET", **headers: str) -> httpx.Response:
    """Asks with just these headers."""
    with httpx.Client(trust_env=False, verify=False, timeout=SECONDS) as client:
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


def closed_with_after(visitor: Visitor, path: str, message: str) -> int:
    with visitor.socket(path) as opened, pytest.raises(ConnectionClosed) as caught:
        opened.send(message)
        while True:
            opened.recv(timeout=20)
    assert caught.value.rcvd is not None
    return caught.value.rcvd.code
