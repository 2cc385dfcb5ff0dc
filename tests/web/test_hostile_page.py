"""A hostile web page in the browser of somebody who uses the server, from another port of the same host.

For browsers that is the same site: the cookie goes there, and nothing of ``SameSite`` holds it back.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.web.browser import needs_browser
from tests.web.support import Visitor, served

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = needs_browser

ATTEMPTS = """
async ([origin, key, file]) => {
  const told = async (ask) => { try { return await ask(); } catch (error) { return error.name; } };
  const event = (target, ...names) => new Promise((resolve) => {
    for (const name of names) target.addEventListener(name, () => resolve(name));
  });
  const read = (options) => told(async () =>
    (await fetch(origin + "/api/me", { credentials: "include", ...options })).text());
  const frame = document.createElement("iframe");
  frame.name = "frame";
  frame.src = origin;
  document.body.append(frame);
  await event(frame, "load", "error");
  const form = document.createElement("form");
  form.action = origin + "/api/sessions";
  form.method = "POST";
  form.enctype = "text/plain";
  form.target = "frame";
  form.innerHTML = `<input name='{"cwd":"' value='"}'>`;
  document.body.append(form);
  form.submit();
  await event(frame, "load", "error");
  const script = document.createElement("script");
  script.src = origin + file;
  const ran = event(script, "load", "error");
  document.body.append(script);
  const sockets = [];
  for (const path of [`/ws/chat/${key}`, `/ws/terminal/${key}`, "/ws/sessions"]) {
    const socket = new WebSocket(origin.replace("http", "ws") + path, ["qwen-dual", "0".repeat(32)]);
    sockets.push(await event(socket, "open", "error"));
  }
  return {
    read: await read({}),
    header: await read({ headers: { "X-Qwen-Dual": "1" } }),
    sent: await told(async () => (await fetch(origin + "/api/sessions", {
      method: "POST", mode: "no-cors", credentials: "include", body: "{}",
    })).type),
    script: await ran,
    frame: await told(async () => String(frame.contentDocument ?? "out of reach")),
    sockets,
  };
}
"""


class Hostile(ThreadingHTTPServer):
    """The server of the hostile page: it keeps the cookies that it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Page)
        self.cookies: list[str] = []

    @property
    def origin(self) -> str:
        """Its own."""
        return f"http://127.0.0.1:{self.server_port}"


class _Page(BaseHTTPRequestHandler):
    server: Hostile

    def do_GET(self) -> None:
        self.server.cookies.append(self.headers.get("Cookie", ""))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>hostile</title><body>")

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def hostile() -> Iterator[Hostile]:
    with Hostile() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def sessions(visitor: Visitor) -> list[str]:
    with visitor.socket("/ws/sessions") as opened:
        return [row["key"] for row in json.loads(opened.recv(timeout=20))["sessions"]]


def test_a_hostile_page_reads_nothing_changes_nothing_and_gets_nothing_to_come_back_with(
    tmp_path: Path, browser: Browser
) -> None:
    with served(tmp_path) as server, hostile() as other:
        owner = server.enter()
        key = owner.start_session()
        context = browser.new_context()
        context.set_default_timeout(20_000)
        ours = context.new_page()
        ours.goto(server.url)
        ours.wait_for_function("!location.hash.includes('token') && localStorage.length > 0")
        file = ours.evaluate("new URL(document.querySelector('script[src]').src).pathname")

        page = context.new_page()
        page.goto(other.origin)
        got = page.evaluate(ATTEMPTS, [server.origin, key, file])
        assert got == {
            "read": "TypeError",
            "header": "TypeError",
            "sent": "TypeError",
            "script": "error",
            "frame": "out of reach",
            "sockets": ["error"] * 3,
        }
        assert sessions(owner) == [key]

        [cookie] = {
            one for one in other.cookies if "qwen-dual" in one
        }  # the port does not part them
        stolen = Visitor(server.origin, cookie, "1")
        assert stolen.ask("GET", "/api/me").status_code == 401
        answer = page.goto(server.origin.replace("127.0.0.1", "evil.localhost"))  # leads here too
        assert answer is not None
        assert answer.status == 421
        context.close()
