"""Going back to an earlier prompt: the conversation, the saved chat, receipts; over the runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.chats.export import export
from qwen_dual.chats.load import load
from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return tmp_path


class Driven:
    """A running session, its events, and a channel to it."""

    def __init__(self, handle: OpenSession, log: Log) -> None:
        self.handle, self.log = handle, log
        self.given_back: list[str] = []
        self.results = 0
        self._ids = 0
        handle.take_back(self._take_back)

    def _take_back(self, prompts: Any) -> None:
        given: list[Prompt] = list(prompts)
        self.given_back += [prompt.text for prompt in given]

    async def say(self, text: str) -> Event:
        """Submits and waits for the result; the latest prompt's ``user`` event."""
        self.handle.latest.submit(text, KEYBOARD)
        self.results += 1
        await self.log.results(self.results)
        said = [one for one in self.log.of("user") if "origin" in one]
        return said[-1] if said else {}

    async def rewind(self, to: str, **fields: Any) -> Event:
        """Sends the command; its receipt's data."""
        return await self.command(
            "rewind", to=to, **{"conversation": True, "files": False, **fields}
        )

    async def command(self, kind: str, **fields: Any) -> Event:
        self._ids += 1
        line = json.dumps({"type": kind, "id": f"c{self._ids}", **fields}).encode()
        self.handle.latest.dispatcher(INPUT).command(parse_command(line))
        wanted = f"c{self._ids}"
        event = await self.log.until(
            lambda event: (
                event.get("subtype") == "command_receipt" and event["data"]["id"] == wanted
            )
        )
        return dict(event["data"])

    @property
    def asked(self) -> list[str]:
        """The texts that the model would be sent now."""
        return [
            block["text"]
            for message in self.handle.latest.history
            for block in message["content"]
            if block["type"] == "text" and message["role"] == "user"
        ]

    @property
    def chat(self) -> Path:
        recorder = self.handle.parts.recorder
        assert recorder is not None
        assert recorder.path is not None
        return recorder.path


@asynccontextmanager
async def driven(**spec: Any) -> AsyncIterator[Driven]:
    """A session whose model says the same again and again, unless ``spec`` has another script."""
    if "offline_script" not in spec:
        script = Path("../script.jsonl").resolve()
        script.write_text(json.dumps({"blocks": [{"type": "text", "text": "fine"}]}) + "\n")
        script.write_text(script.read_text() * 40)
        spec["offline_script"] = str(script)
    log = Log()
    handle = SessionFactory().open(SessionSpec(**spec), [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        yield Driven(handle, log)
        handle.request_close()
    await handle.aclose()


def test_what_the_model_is_sent_is_again_what_it_was_before_the_prompt() -> None:
    async def main() -> None:
        async with driven() as session:
            await session.say("hello one")
            before = json.dumps(session.handle.history)
            tokens = session.handle.context_tokens
            second = await session.say("hello two")
            await session.say("hello three")
            receipt = await session.rewind(second["uuid"])
            assert receipt["status"] == "accepted"
            assert json.dumps(session.handle.history) == before
            assert session.handle.context_tokens == tokens
            (event,) = session.log.of("rewound")
            data = event["data"]
            assert (data["text"], data["prompts"], data["undo"]) == ("hello two", 2, False)
            assert (data["origin"], data["context_tokens"]) == ("input", tokens)
            assert session.given_back == []  # a host has it in the event
            session.handle.submit("/stats", KEYBOARD)
            session.results += 1
            told = (await session.log.results(session.results))[-1]["result"]
            assert "Turns   3, 2 taken back" in told
            await session.say("hello four")
            assert session.asked == ["hello one", "hello four"]

    anyio.run(main)


def test_a_command_of_the_shell_before_it_in_the_same_message_stays() -> None:
    async def main() -> None:
        async with driven() as session:
            session.handle.run_shell("echo kept", KEYBOARD)
            await session.log.results()
            session.results = 1
            before = json.dumps(session.handle.history)
            prompt = await session.say("hello")
            await session.rewind(prompt["uuid"])
            assert json.dumps(session.handle.history) == before

    anyio.run(main)


def test_undone_it_is_as_if_nothing_had_happened_until_something_is_said() -> None:
    async def main() -> None:
        async with driven() as session:
            first = await session.say("hello one")
            await session.say("hello two")
            before = json.dumps(session.handle.history)
            await session.rewind(first["uuid"])
            (back,) = session.log.of("rewound")
            assert session.asked == []
            assert (await session.rewind(back["uuid"]))["status"] == "accepted"
            assert json.dumps(session.handle.history) == before
            assert json.dumps(load(session.chat).history) == before
            await session.rewind(first["uuid"])
            back = session.log.of("rewound")[-1]
            await session.say("hello three")
            late = await session.rewind(back["uuid"])
            assert (late["status"], late["code"]) == ("rejected", "unknown_target")

    anyio.run(main)


def test_the_saved_chat_shows_the_cut_conversation_and_loses_nothing() -> None:
    async def main() -> None:
        async with driven() as session:
            await session.say("hello one")
            second = await session.say("hello two")
            size = session.chat.stat().st_size
            kept = session.chat.read_bytes()
            await session.rewind(second["uuid"])
            assert session.chat.read_bytes()[:size] == kept  # appended, never rewritten
            chat = load(session.chat)
            assert json.dumps(chat.history) == json.dumps(session.handle.history)
            assert [prompt.text for prompt in chat.prompts] == ["hello one"]
            assert not chat.interrupted
            text = export(chat, "md")
            assert "hello one" in text
            assert "hello two" not in text
            await session.say("hello three")
            assert [prompt.text for prompt in load(session.chat).prompts] == [
                "hello one",
                "hello three",
            ]
            records = [json.loads(line) for line in session.chat.read_bytes().splitlines()]
            (mark,) = [one for one in records if one.get("subtype") == "rewind"]
            assert mark["systemPayload"]["truncatedCount"] == 1

    anyio.run(main)


def test_a_resumed_session_goes_back_to_prompts_of_the_run_before() -> None:
    async def main() -> None:
        async with driven() as session:
            await session.say("hello one")
            before = json.dumps(session.handle.history)
            second = await session.say("hello two")
            known = session.handle.id
        async with driven(resume=known) as session:
            await session.say("hello three")
            assert (await session.rewind(second["uuid"]))["status"] == "accepted"
            assert json.dumps(session.handle.history) == before
            assert json.dumps(load(session.chat).history) == before
        async with driven(resume=known) as session:
            assert json.dumps(session.handle.history) == before

    anyio.run(main)


def test_one_goes_back_behind_a_compaction_by_the_saved_chat() -> None:
    async def main() -> None:
        async with driven() as session:
            await session.say("hello one")
            before = json.dumps(session.handle.history)
            second = await session.say("hello two")
            for number in range(6):
                await session.say(f"more {number} " + "words " * 400)
            await session.say("/compress")
            assert session.log.of("compact_boundary")
            assert (await session.rewind(second["uuid"]))["status"] == "accepted"
            assert json.dumps(session.handle.history) == before
            assert json.dumps(load(session.chat).history) == before

    anyio.run(main)


def test_without_a_saved_chat_a_summarised_prompt_is_refused() -> None:
    async def main() -> None:
        async with driven(chat_recording=False) as session:
            first = await session.say("hello one")
            for number in range(6):
                await session.say(f"more {number} " + "words " * 400)
            await session.say("/compress")
            assert session.log.of("compact_boundary")
            receipt = await session.rewind(first["uuid"])
            assert (receipt["status"], receipt["code"]) == ("rejected", "not_kept")
            later = await session.say("hello two")
            assert (await session.rewind(later["uuid"]))["status"] == "accepted"

    anyio.run(main)


def test_while_a_turn_runs_a_host_is_told_that_it_is_busy() -> None:
    async def main() -> None:
        async with driven() as session:
            first = await session.say("hello one")
            session.handle.submit("hello two", KEYBOARD)
            receipt = await session.rewind(first["uuid"])
            assert (receipt["status"], receipt["code"]) == ("rejected", "busy")
            await session.log.results(2)

    anyio.run(main)


def test_what_cannot_be_gone_back_to_is_refused_with_its_code() -> None:
    async def main() -> None:
        async with driven() as session:
            first = await session.say("hello")
            for fields, code in (
                ({"to": "nonsense"}, "unknown_target"),
                ({"to": first["uuid"], "conversation": False}, "invalid"),
            ):
                receipt = await session.rewind(**fields)
                assert (receipt["status"], receipt["code"]) == ("rejected", code)
            assert session.log.of("rewound") == []

    anyio.run(main)


def test_a_preview_tells_what_would_be_and_does_nothing() -> None:
    async def main() -> None:
        async with driven() as session:
            first = await session.say("hello one")
            await session.say("hello two")
            before = json.dumps(session.handle.history)
            await session.rewind(first["uuid"], preview=True)
            (event,) = session.log.of("rewind_preview")
            assert (event["data"]["prompts"], event["data"]["context_tokens"]) == (2, 0)
            assert json.dumps(session.handle.history) == before
            assert session.log.of("rewound") == []

    anyio.run(main)


def test_a_host_is_told_of_the_prompts_in_the_middle_of_a_turn_too() -> None:
    async def main() -> None:
        async with driven() as session:
            first = await session.say("hello one")
            session.handle.submit("hello two", KEYBOARD)
            second = await session.log.until(
                lambda event: event["type"] == "user" and "hello two" in str(event)
            )
            await session.command("rewind_points")
            event = await session.log.until(lambda event: event.get("subtype") == "rewind_points")
            points = event["data"]["points"]
            assert [point["uuid"] for point in points] == [first["uuid"], second["uuid"]]
            assert [point["text"] for point in points] == ["hello one", "hello two"]
            await session.log.results(2)

    anyio.run(main)


def test_the_list_of_what_is_to_do_is_what_it_was(tmp_path: Path) -> None:
    def todo(text: str) -> str:
        items = [{"id": "1", "content": text, "status": "pending"}]
        call = {"type": "tool_use", "name": "todo_write", "input": {"todos": items}}
        return (
            json.dumps({"blocks": [call]}) + '\n{"blocks": [{"type": "text", "text": "noted"}]}\n'
        )

    script = tmp_path / "script.jsonl"
    script.write_text(todo("first") + todo("second"))

    async def main() -> None:
        async with driven(offline_script=str(script)) as session:
            await session.say("plan")
            second = await session.say("plan again")
            tools = session.handle.parts.tools
            assert [todo.content for todo in tools.todos] == ["second"]
            await session.rewind(second["uuid"])
            assert [todo.content for todo in tools.todos] == ["first"]

    anyio.run(main)


UNUSED = """
import sys, anyio
from qwen_dual.core.actor import CLI
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log

async def main():
    log = Log()
    handle = SessionFactory().open(SessionSpec(offline=True), [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        handle.submit("say 1 words", CLI)
        await log.results()
        handle.request_close()
    await handle.aclose()

anyio.run(main)
needless = ("qwen_dual.rewind", "rewinding", "commands.rewind", "going_back", "core.conversation.point")
print([name for name in sys.modules if any(part in name for part in needless)])
"""


def test_who_does_not_go_back_imports_nothing_of_it() -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", UNUSED],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    assert done.stdout.strip() == "[]"
