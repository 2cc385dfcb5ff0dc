"""What a host on the socket asks: told to it alone, bounded, and named with whoever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual.core.actor import KEYBOARD, Actor
from qwen_dual.core.commands.exporting import parts_of
from qwen_dual.core.commands.queries import MAX_OPEN
from qwen_dual.protocol.codec import escaped_size
from tests.runtime.test_completing import asking
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return work


async def test_what_one_that_only_watches_asks_reaches_nobody_else() -> None:
    async with asking("observe") as host:
        before = len(host.log.events)
        for _ in range(1000):
            host.send("get_state")
            host.send("mcp_status")
            host.send("list_modes")
        for kind in ("list_sessions", "rewind_points", "list_models"):
            name = host.send(kind)
            subtype = {"list_sessions": "sessions", "list_models": "models"}.get(kind, kind)
            await until(lambda: subtype in [each["subtype"] for each in host.told], subtype)  # noqa: B023
            assert any(each["data"].get("id") == name for each in host.told)
        assert len(host.log.events) == before
        states = [each for each in host.told if each["subtype"] == "state"]
        assert len(states) == 1000
        assert {each["data"]["host"] for each in host.told if "host" in each["data"]} == {
            "host:zed"
        }


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("get_state", "state"),
        ("mcp_status", "mcp"),
        ("rewind_points",) * 2,
        ("list_modes", "modes"),
    ],
)
async def test_an_answer_names_the_command_that_asked(asked: str, told: str) -> None:
    async with asking("observe") as host:
        names = [host.send(asked) for _ in range(2)]
        await until(lambda: len([each for each in host.told if each["subtype"] == told]) == 2)
        answers = [each["data"] for each in host.told if each["subtype"] == told]
        assert sorted(each["command_id"] for each in answers) == sorted(names)
        host.handle.parts.session.submit("say 1 word", KEYBOARD)
        await host.log.results(1)
        assert not any("command_id" in each["data"] for each in host.log.of("state"))


async def test_questions_that_take_a_look_are_bounded() -> None:
    async with asking("observe") as host:
        names = [host.send("list_sessions") for _ in range(3 * MAX_OPEN)]
        await until(lambda: len([e for e in host.told if e["subtype"] == "sessions"]) == MAX_OPEN)
        codes = [each["data"].get("code") for each in host.told if "status" in each["data"]]
        assert codes == [None] * MAX_OPEN + ["too_many"] * 2 * MAX_OPEN
        assert (await host.ask("list_sessions"))["sessions"] == []
        assert len(names) == 3 * MAX_OPEN


def test_a_document_is_cut_into_parts_that_a_line_holds() -> None:
    for text in ("", "plain" * 30, "\x00" * 50, "é🙂" * 40, "a\n" * 100):
        parts = parts_of(text, 60)
        assert "".join(parts) == text
        assert all(escaped_size(part) <= 60 for part in parts)
        assert len(parts) == 1 or all(parts)


async def test_of_two_hosts_with_one_id_each_event_says_whose_it_is() -> None:
    other = Actor("host", "other")
    async with asking("submit", "control") as zed:
        session = zed.handle.parts.session
        session.submit("say 2 words", other, command_id="c1")
        zed.send("submit", text="say 3 words")
        await zed.log.results(2)
        await session.drained()
        told = [(one["command_id"], one["host"]) for one in zed.log.of("result")]
        assert told == [("c1", "host:other"), ("c1", "host:zed")]
        (receipt,) = zed.log.of("command_receipt")
        assert receipt["data"]["host"] == "host:zed"
        waiting = [one for event in zed.log.of("queue") for one in event["data"]["prompts"]]
        assert (waiting[-1]["id"], waiting[-1]["host"]) != ("c1", "host:other")
        assert waiting[-1]["host"] == "host:zed"
        session.submit("say 1 word", KEYBOARD)
        (_, _, typed) = await zed.log.results(3)
        assert "host" not in typed
