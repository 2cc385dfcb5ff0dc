"""A server of `qwen-dual web` in a process of its own, and visitors to it that are no browsers."""

from __future__ import annotations

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from websockets.sync.client import connect

from tests.support.program import COMMAND, ROOT
from tests.support.pty import terminal_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from websockets.sync.client import ClientConnection

PROTOCOL = "qwen-dual"
OFFLINE = [*COMMAND, "--offline"]
BUILT_PAGE = Path(ROOT, "qwen_dual", "web", "static", "index.html")
SECONDS = 30.0

needs_page = pytest.mark.skipif(
    not BUILT_PAGE.is_file(), reason="the page is not built: make page does, with Node and npm"
)
"""For tests that run the program: it does not start without its page."""


@dataclass
class Visitor:
    """Somebody who came in by a link: what a browser keeps, and how it asks.

    Attributes:
        origin: of the server, and of the page that asks.
        cookie: as ``NAME=VALUE``.
        proof: what the page keeps.
        me: what the server said of who came in.
        tls: what ``verify`` of httpx takes; nothing is verified of plain HTTP, which is quicker.
    """

    origin: str
    cookie: str
    proof: str
    me: dict[str, Any] = field(default_factory=dict)
    tls: Any = False

    @property
    def headers(self) -> dict[str, str]:
        """Of each request."""
        return {"Origin": self.origin, "Cookie": self.cookie, "X-Qwen-Dual": self.proof}

    def ask(
        self, method: str, path: str, json: Any = None, *, content: bytes | None = None
    ) -> httpx.Response:
        """What the server answers."""
        return httpx.request(
            method,
            self.origin + path,
            json=json,
            content=content,
            headers=self.headers,
            verify=self.tls,
            timeout=SECONDS,
            trust_env=False,
        )

    def start_session(self, **new: str) -> str:
        """Starts a session; its key."""
        response = self.ask("POST", "/api/sessions", new)
        assert response.status_code == 201, response.text
        return str(response.json()["key"])

    def make_link(self, *rights: str, session: str | None = None) -> dict[str, Any]:
        """Makes a link; what the page is told of it."""
        new = {"rights": list(rights), "name": " ".join(rights)}
        response = self.ask("POST", "/api/links", new | ({"session": session} if session else {}))
        assert response.status_code == 201, response.text
        return cast("dict[str, Any]", response.json())

    def opening(self, path: str) -> tuple[str, dict[str, Any]]:
        """The address of a WebSocket, and what ``websockets`` needs to open it as the page does."""
        return re.sub(r"^http", "ws", self.origin) + path, {
            "origin": self.origin,
            "subprotocols": [PROTOCOL, self.proof],
            "additional_headers": {"Cookie": self.cookie},
            "proxy": None,
            "max_size": None,
        }

    @contextmanager
    def socket(self, path: str, **changes: Any) -> Iterator[ClientConnection]:
        """A WebSocket as the page opens it, but for ``changes``."""
        url, options = self.opening(path)
        with connect(url, open_timeout=SECONDS, **(options | changes)) as opened:
            yield opened


@dataclass
class Server:
    """A server that runs.

    Attributes:
        process: it.
        url: its first link.
        work: the folder that its sessions start in.
        home: of its user.
        said: the lines that it has written so far, both streams.
    """

    process: subprocess.Popen[str]
    url: str
    work: Path
    home: Path
    said: list[str]

    @property
    def origin(self) -> str:
        """Without the token."""
        return self.url.partition("/#")[0]

    @property
    def port(self) -> int:
        """That it listens on, whatever it is called."""
        [port] = [path.name for path in (self.home / ".qwen" / "web").iterdir()]
        return int(port)

    @property
    def token(self) -> str:
        """Of the first link."""
        return token_of(self.url)

    def enter(self, token: str | None = None, name: str = "") -> Visitor:
        """Comes in by a token: the first link's unless given."""
        return enter(self.origin, token or self.token, name)

    def stop(self) -> int:
        """Ends it in order; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)


def token_of(url: str) -> str:
    """The token of a link."""
    return url.partition("#token=")[2]


def enter(origin: str, token: str, name: str = "", *, tls: Any = False) -> Visitor:
    """Comes in by a token as the page does."""
    response = httpx.post(
        origin + "/api/enter",
        json={"token": token, "name": name},
        headers={"Origin": origin, "X-Qwen-Dual": "1"},
        verify=tls,
        trust_env=False,
        timeout=SECONDS,
    )
    assert response.status_code == 200, response.text
    me = response.json()
    cookie = response.headers["set-cookie"].partition(";")[0]
    return Visitor(origin, cookie, me.pop("proof"), me, tls)


@contextmanager
def served(
    folder: Path,
    *arguments: str,
    command: Sequence[str] = OFFLINE,
    env: Mapping[str, str | None] | None = None,
) -> Iterator[Server]:
    """Runs `qwen-dual web` until the end of the block.

    Args:
        folder: of this test: gets ``home`` and ``work``.
        arguments: further ones.
        command: what its sessions run: the offline model.
        env: changes to the environment.
    """
    home, work = folder / "home", folder / "work"
    home.mkdir(exist_ok=True)
    work.mkdir(exist_ok=True)
    own = {"HOME": str(home), "QWEN_HOME": None, "XDG_RUNTIME_DIR": None, "DISPLAY": None}
    port = () if "--port" in arguments else ("--port", "0")
    process = subprocess.Popen(
        [*COMMAND, "web", *port, *arguments, "--", *command],
        cwd=work,
        env=terminal_environment({**own, **(env or {})}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said: list[str] = []
    lines: queue.Queue[str | None] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            lines.put(line)
        lines.put(None)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        while "#token=" not in (line := lines.get(timeout=SECONDS) or pytest.fail("".join(said))):
            pass
        yield Server(process, line.strip(), work, home, said)
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        reader.join(SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def main() -> None:
    """`python -m tests.web.support FOLDER`: a server to try the page by hand, until Ctrl+C."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    with served(folder, *sys.argv[2:]) as server:
        print(server.url, flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
