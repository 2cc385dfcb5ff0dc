"""Hooks at a URL and hooks that ask a model; hooks in the sandbox."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.models.model import TextDelta
from qwen_dual.hooks.config import Hook
from qwen_dual.hooks.http import NotReached, Requests, WebAccess, checked, filled
from tests.hooks.kit import decides, group, play, says, session
from tests.support.fakes import call

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOUCH = ("run_shell_command", {"command": "touch made", "description": "x"})


class Service:
    """A service on this machine: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.status, self.kind = 200, "application/json"
        self.body = b"{}"
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, Any]] = []
        self.got: list[dict[str, str]] = []
        self.url = ""


@pytest.fixture
def service() -> Iterator[Service]:
    with _serving() as found:
        yield found


@contextmanager
def _serving() -> Iterator[Service]:
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers["Content-Length"])
            found.asked.append(json.loads(self.rfile.read(size)))
            found.got.append(dict(self.headers))
            self.send_response(found.status)
            for name, value in {"Content-Type": found.kind, **found.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(found.body)))
            self.end_headers()
            self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def access(**changes: Any) -> WebAccess:
    facts = {"allowed": (), "private": False, "proxy": None, "env": {}, "env_of_children": {}}
    return WebAccess(**{**facts, **changes})


def test_a_service_is_told_what_a_command_is_and_denies_a_call(
    tmp_path: Path, service: Service
) -> None:
    async def main() -> None:
        service.body = json.dumps(decides("deny", "not by me")).encode()
        hook = {"type": "http", "url": service.url, "name": "review"}
        name, arguments = TOUCH
        async with session(
            tmp_path, {"PreToolUse": [group(hook)]}, call(name, **arguments), approval_mode="yolo"
        ) as one:
            await one.ask("make it")
            assert one.results()[0]["content"] == "hook:review did not allow this call: not by me"
            assert service.asked[0]["tool_input"]["command"] == "touch made"
            assert service.asked[0]["hook_event_name"] == "PreToolUse"

    play(main)


def run(hook: Hook, given: WebAccess) -> Any:
    async def main() -> Any:
        with anyio.fail_after(20):
            return await Requests(lambda: given).run(hook, b'{"a":1}')

    return anyio.run(main)


def test_what_a_service_answers_and_what_it_does_not(service: Service) -> None:
    hook = Hook("Stop", "http", service.url, "h", seconds=5)
    service.kind, service.body = "text/plain", b"just words"
    assert json.loads(run(hook, access()).stdout) == {"systemMessage": "just words"}
    service.status = 503
    assert run(hook, access()).failure == "answered 503 Service Unavailable"
    service.status, service.headers = 302, {"Location": "http://127.0.0.1:1/elsewhere"}
    assert run(hook, access()).failure == "answered 302 Found"
    service.status, service.body = 200, b"x" * 3_000_000
    assert "longer than is read" in run(hook, access()).failure
    nobody = Hook("Stop", "http", "http://127.0.0.1:1/", "h", seconds=5)
    assert "could not be reached" in run(nobody, access()).failure


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://10.0.0.1/", "private network"),
        ("http://192.168.1.1/", "private network"),
        ("http://[fd00::1]/", "private network"),
        ("http://169.254.169.254/latest", "never reached"),
        ("http://100.100.100.200/", "never reached"),
        ("http://[::ffff:a9fe:a9fe]/", "never reached"),
        ("http://metadata.google.internal/", "never reached"),
        ("http://METADATA.google.internal./", "never reached"),
        ("ftp://example.org/", "no URL that can be used"),
        ("http://user@example.org/", "no URL that can be used"),
        ("http://[/", "no URL that can be read"),
    ],
)
def test_addresses_that_are_not_reached(url: str, why: str) -> None:
    ran = run(Hook("Stop", "http", url, "h", seconds=5), access())
    assert why in ran.failure
    if why == "never reached":
        assert why in run(Hook("Stop", "http", url, "h", seconds=5), access(private=True)).failure


def test_a_list_of_the_persons_says_which_urls_are_reached() -> None:
    given = access(allowed=["https://audit.example.com/*"])
    assert checked("https://audit.example.com/x", given) == "audit.example.com"
    with pytest.raises(NotReached, match="allowedHttpHookUrls"):
        checked("https://audit.example.com.evil.org/x", given)


def test_variables_are_put_in_where_the_hook_may_have_them_and_no_key_for_a_folders() -> None:
    env = {"TOKEN": "t", "KEY": "k"}
    given = access(env=env, env_of_children={"TOKEN": "t"})
    mine = Hook("Stop", "http", "u", "h", allowed_env=("TOKEN", "KEY"))
    assert filled("${TOKEN}-$KEY-${OTHER}", mine, given) == "t-k-"
    theirs = Hook("Stop", "http", "u", "h", source="Project", allowed_env=("TOKEN", "KEY"))
    assert filled("${TOKEN}-$KEY", theirs, given) == "t-"
    with pytest.raises(NotReached, match="line break"):
        filled("$KEY", mine, access(env={"KEY": "a\r\nX: y"}))


@pytest.mark.parametrize(
    ("answer", "runs"),
    [
        ('{"ok": true}', True),
        ('Sure:\n```json\n{"ok": false, "reason": "risky"}\n```', False),
        ("I cannot say.", True),
    ],
)
def test_a_model_is_asked_and_its_no_counts(tmp_path: Path, answer: str, runs: bool) -> None:
    async def main() -> None:
        hook = {"type": "prompt", "prompt": "Is this safe? $ARGUMENTS", "name": "judge"}
        name, arguments = TOUCH
        steps = call(name, **arguments)
        async with session(
            tmp_path,
            {"PreToolUse": [group(hook)]},
            steps,
            [TextDelta(answer)],
            approval_mode="yolo",
        ) as one:
            await one.ask("make it")
            asked = str(one.model.requests[1].messages)
            assert "Is this safe?" in asked and "touch made" in asked
            assert (one.work / "made").exists() is runs
            if not runs:
                assert "hook:judge did not allow this call: risky" in one.results()[0]["content"]

    play(main)


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    async def main() -> None:
        hook = {"type": "prompt", "prompt": "ok?", "model": "nobody", "name": "judge"}
        async with session(tmp_path, {"UserPromptSubmit": [group(hook)]}) as one:
            await one.ask("hello")
            assert "there is no model nobody in the settings" in one.responses()[0]["reason"]

    play(main)


@pytest.mark.skipif(shutil.which("bwrap") is None, reason="bubblewrap is not installed")
def test_in_a_sandbox_hooks_are_confined_and_see_the_persons_scripts(tmp_path: Path) -> None:
    async def main() -> None:
        scripts = tmp_path / "home" / "hooks"
        scripts.mkdir(parents=True)
        (scripts / "mine.sh").write_text(
            "cat > told.json; touch ../escaped; cat ../home/settings.json\n"
        )
        hook = {"command": f"bash {scripts}/mine.sh; exit 0", "name": "mine"}
        async with session(tmp_path, {"UserPromptSubmit": [group(hook)]}, sandbox="bwrap") as one:
            await one.ask("hello")
            if "confined" in str(one.responses()[0]["reason"]):
                pytest.skip("bubblewrap cannot make a sandbox here")
            assert (one.work / "told.json").exists(), one.responses()
            assert not (tmp_path / "escaped").exists()
            assert "UserPromptSubmit" not in one.responses()[0].get("stdout", "")

    play(main)


def test_what_nests_too_deep_decides_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        deep = '{"hookSpecificOutput":{"permissionDecision":"allow","updatedInput":' + "[" * 150
        hook = says(deep + "]" * 150 + "}}")
        name, arguments = TOUCH
        async with session(
            tmp_path, {"PreToolUse": [group(hook)]}, call(name, **arguments), approval_mode="yolo"
        ) as one:
            await one.ask("make it")
            assert "nests too deep" in one.responses()[0]["reason"]

    play(main)
