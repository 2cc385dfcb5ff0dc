"""The first message before there is a session: what it says is what the session says when it is there."""

from __future__ import annotations

import json
import os
import select
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.frontends.headless.frontend import Headless
from qwen_dual.frontends.headless.lines import lines_of
from qwen_dual.frontends.headless.opening import write_init_ahead
from qwen_dual.frontends.headless.stdout import Stdout
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.launch import NO_CHANNELS
from qwen_dual.runtime.spec import SessionSpec
from tests.headless.program import Runner
from tests.support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

RULES = {"allow": ["Bash(ls:*)"], "ask": ["Edit"], "deny": ["WebFetch", "Read(/etc/**)"]}
SERVER = {"mcpServers": {"time": {"command": "true"}}}


class Kept:
    """An output that keeps the messages."""

    partials = False
    hook_events = False
    mid_line = False

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def message(self, message: dict[str, Any]) -> None:
        self.messages.append(message)

    def close(self) -> None:
        pass


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "home").mkdir()
    return tmp_path


def opened(
    place: Path, settings: dict[str, Any], env: dict[str, str] | None = None, **given: Any
) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """What is told ahead, and what the session has to tell."""
    (place / "home" / "settings.json").write_text(json.dumps(settings))
    given.setdefault("offline", env is None)
    spec = SessionSpec(
        cwd=str(place / "work"), env={"QWEN_HOME": str(place / "home"), **(env or {})}, **given
    )
    with open(place / "out", "wb") as file:
        factory = SessionFactory()
        launch = factory.prepare(spec)
        factory.begin(launch, NO_CHANNELS)
        ahead = write_init_ahead(launch, Stdout(file.fileno()))
    assert (place / "out").read_bytes() == (b"" if ahead is None else lines_of(ahead))
    kept = Kept()

    async def main() -> None:
        handle = factory.assemble(launch)
        handle.attach()
        Headless(handle, kept, print).begin()
        await handle.aclose()

    anyio.run(main)
    return ahead, kept.messages[0]


SERVICE = {
    "OPENAI_API_KEY": "sk-x",
    "OPENAI_BASE_URL": "http://localhost:1/v1",
    "OPENAI_MODEL": "some-model",
}


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ({}, {}),
        ({}, {"env": SERVICE}),
        ({}, {"env": SERVICE, "model": "another"}),
        *(({}, {"approval_mode": mode}) for mode in ("plan", "default", "auto-edit", "yolo")),
        ({"tools": {"approvalMode": "auto-edit"}}, {}),
        ({"permissions": RULES}, {}),
        ({"tools": {"allowed": ["run_shell_command(git status)"]}}, {"allowed_tools": ("edit",)}),
        (
            {"general": {"chatRecording": False}},
            {"session_id": "0" * 8 + "-0000-4000-8000-" + "0" * 12},
        ),
        ({"tools": {"approvalMode": "yolo"}}, {"trust": False, "bare": True}),
        ({"model": {"maxSessionTurns": 3}}, {"system_prompt": "Be brief.", "debug": True}),
    ],
)
def test_what_is_told_ahead_is_what_the_session_tells(
    place: Path, settings: dict[str, Any], given: dict[str, Any]
) -> None:
    ahead, later = opened(place, settings, **given)
    assert ahead == later


@pytest.mark.parametrize(
    ("settings", "given"),
    [
        ({"tools": {"core": ["read_file"]}}, {}),
        ({"tools": {"exclude": ["web_fetch"]}}, {}),
        ({}, {"core_tools": ("read_file",)}),
        ({}, {"exclude_tools": ("edit",)}),
        (SERVER, {}),
        ({"mcp": {"serverCommand": "true"}}, {}),
        ({}, {"mcp_config": (json.dumps(SERVER),)}),
    ],
)
def test_what_may_change_the_tools_is_waited_for(
    place: Path, settings: dict[str, Any], given: dict[str, Any]
) -> None:
    ahead, _ = opened(place, settings, **given)
    assert ahead is None


def test_servers_of_a_trusted_folder_are_waited_for(place: Path) -> None:
    (place / "work" / ".mcp.json").write_text(json.dumps(SERVER))
    assert opened(place, {}, trust=True)[0] is None
    assert opened(place, {}, trust=False)[0] is not None


def test_the_program_tells_it_once_also_where_nobody_takes_it_yet(place: Path) -> None:
    """A pipe that is full takes it as soon as there is room, and then all that follows."""
    runner = Runner(place)
    read, write = os.pipe()
    os.set_blocking(write, False)
    filled = 0
    while select.select([], [write], [], 0)[1]:
        filled += os.write(write, b"x" * select.PIPE_BUF)
    os.set_blocking(write, True)
    arguments = ("-p", "hello", "-o", "stream-json", "--offline")
    with runner.start(*arguments, stdout=write) as process:
        os.close(write)
        sessions = runner.home / ".qwen" / "projects"
        wait_until(sessions.exists, "the session has begun")
        with open(read, "rb") as file:
            out = file.read()[filled:]
        assert process.wait(50) == 0
    kinds = [json.loads(line).get("subtype") for line in out.splitlines()]
    assert kinds == ["init", None, "success"]
