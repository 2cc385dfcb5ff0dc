"""``/mcp auth``: what a person is shown, how they come back, and that nothing opens by itself."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD
from tests.mcp.oauth_service import agree, agreed, service
from tests.runtime.mcp_kit import Place, run

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.core.actor import Actor
    from qwen_dual.runtime.opened import OpenSession


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    made = Place(tmp_path)
    made.calls()
    monkeypatch.chdir(made.work)
    monkeypatch.setenv("QWEN_HOME", str(made.home))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    programs = tmp_path / "bin"
    programs.mkdir()
    opener = programs / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >> {tmp_path}/opened\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return made


async def told(place: Place, pattern: str) -> re.Match[str]:
    """The first notice that matches."""
    found = re.compile(pattern)
    event = await place.log.until(
        lambda event: (
            event.get("subtype") == "notice" and found.search(event["data"]["text"]) is not None
        )
    )
    match = found.search(event["data"]["text"])
    assert match is not None
    return match


async def asks(place: Place, handle: OpenSession, actor: Actor) -> str:
    """Waits until the server wants a sign-in, begins it, and gives the address that is shown."""
    handle.parts.wanted.set()
    await told(place, r"The MCP server guarded is not connected: .*/mcp auth guarded")
    handle.submit("/mcp auth guarded", actor)
    return (await told(place, r"to sign in at guarded: (\S+)"))[1]


def test_a_person_signs_in_by_their_browser(place: Place, tmp_path: Path) -> None:
    async def main() -> None:
        async with service() as (made, _):
            told_file = tmp_path / "told.json"
            hook = {"type": "command", "command": f"cat > {told_file}"}
            place.settings(
                mcpServers={"guarded": {"httpUrl": made.address, "discoveryTimeoutMs": 30_000}},
                hooks={"Notification": [{"matcher": "auth_success", "hooks": [hook]}]},
            )
            async with place.session() as handle:
                address = await asks(place, handle, KEYBOARD)
                assert (tmp_path / "opened").read_text() == f"{address}\n"
                await agree(address)
                await told(place, r"You are signed in at guarded\.")
                await place.log.until(lambda event: event.get("subtype") == "hook_response")
                assert json.loads(told_file.read_text())["message"].endswith("in at guarded")
                await handle.settled()
                handle.submit("/mcp logout guarded", KEYBOARD)
                await told(place, r"You are signed out at guarded\.")

    run(main)


def test_a_browser_elsewhere_is_followed_by_hand_and_a_host_opens_none(
    place: Place, tmp_path: Path
) -> None:
    async def main() -> None:
        async with service() as (made, _):
            place.settings(
                mcpServers={"guarded": {"httpUrl": made.address, "discoveryTimeoutMs": 30_000}}
            )
            async with place.session() as handle:
                address = await asks(place, handle, INPUT)
                back = await agreed(address)
                handle.submit("/mcp auth guarded http://localhost/?code=x&state=other", INPUT)
                await place.log.until(lambda event: "comes back to" in str(event))
                handle.submit(f"/mcp auth guarded {back}", INPUT)
                await told(place, r"You are signed in at guarded\.")
        assert not (tmp_path / "opened").exists()

    run(main)
