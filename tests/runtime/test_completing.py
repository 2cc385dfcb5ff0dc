"""What may follow at a cursor, and what may be chosen: the queries of a host, over the runtime."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.commands.completion import slash_candidates
from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.commands.slash import SlashCommand, SlashCommands
from qwen_dual.frontends.tui.editing.suggest import Suggestions
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from qwen_dual.core.commands.dispatch import Dispatcher
    from qwen_dual.core.commands.rights import LimitedDispatcher
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession

pytestmark = pytest.mark.anyio

ZED = Actor("host", "zed")


@pytest.fixture(autouse=True)
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return work


class Asker:
    """A session, and a channel that asks it."""

    def __init__(self, handle: OpenSession, log: Log, rights: tuple[Any, ...] = ()) -> None:
        self.handle, self.log = handle, log
        self.told: list[Event] = []
        send = self.told.append
        self._take: Dispatcher | LimitedDispatcher = (
            handle.limited(ZED, rights, send) if rights else handle.dispatcher(INPUT, send=send)
        )
        self._sent = 0

    def send(self, kind: str, **fields: Any) -> str:
        self._sent += 1
        name = f"c{self._sent}"
        line = encode({"type": kind, "id": name, **fields}).strip()
        self._take.command(parse_command(line))
        return name

    async def answer(self, name: str) -> Event:
        """What a command was answered with, or the receipt of one that was refused."""

        def found() -> list[Event]:
            return [
                event
                for event in self.told
                if event["data"].get("command_id") == name
                or (event["data"].get("id"), event["data"].get("status")) == (name, "rejected")
            ]

        await until(found, f"an answer to {name}")
        return dict(found()[0]["data"])

    async def ask(self, kind: str, **fields: Any) -> Event:
        return await self.answer(self.send(kind, **fields))

    async def texts(self, text: str, **fields: Any) -> list[str]:
        told = await self.ask("complete", text=text, **fields)
        return [one["text"] for one in told["candidates"]]


@asynccontextmanager
async def asking(*rights: str, **spec: Any) -> AsyncIterator[Asker]:
    log = Log()
    handle = SessionFactory().open(SessionSpec(**{"offline": True, **spec}), [log])
    async with anyio.create_task_group() as group:
        group.start_soon(handle.run)
        handle.attach()
        yield Asker(handle, log, rights)
        handle.request_close()
    await handle.aclose()


async def test_a_host_is_told_what_the_menu_would_show(work: Path) -> None:
    (work / "src").mkdir()
    for name in ("src/main.py", "src/a b.py", "ignored.log"):
        (work / name).touch()
    (work / ".gitignore").write_text("*.log\n")
    async with asking() as host:
        told = await host.ask("complete", text="look at @sr and", cursor=11)
        assert told["candidates"][0] == {
            "kind": "folder", "text": "@src/", "label": "src/", "from": 8, "to": 11,
        }  # fmt: skip
        assert (told["more"], told["partial"]) == (False, False)
        assert await host.texts("@src/a") == ["@src/a\\ b.py ", "@src/main.py "]
        assert await host.texts("@log") == []
        assert await host.texts("no mention") == []
        commands = await host.ask("complete", text="/approval-m")
        assert commands["candidates"] == [
            {
                "kind": "command",
                "text": "/approval-mode ",
                "label": "/approval-mode",
                "from": 0,
                "to": 11,
                "detail": "show or change what runs without asking",
            }
        ]
        assert await host.texts("/approval-mode pl") == ["/approval-mode plan"]
        few = await host.ask("complete", text="@", limit=1)
        assert (len(few["candidates"]), few["more"]) == (1, True)
        assert not host.log.of("completions")
        receipts = [event for event in host.told if event["subtype"] == "command_receipt"]
        assert len(receipts) == 7
        assert not host.log.of("command_receipt")


async def test_a_code_point_counts_as_one(work: Path) -> None:
    (work / "naïve.py").touch()
    async with asking() as host:
        told = await host.ask("complete", text="🙂 é @na tail", cursor=7)
        (one,) = told["candidates"]
        text = "🙂 é @na tail"
        assert text[: one["from"]] + one["text"] + text[one["to"] :] == "🙂 é @naïve.py tail"
        refused = await host.ask("complete", text="@a", cursor=3)
        assert refused["code"] == "invalid"


async def test_what_people_wrote_and_what_may_follow_it_are_among_the_commands(
    work: Path, tmp_path: Path
) -> None:
    command = tmp_path / "home" / "commands" / "review.md"
    command.parent.mkdir(parents=True)
    command.write_text(
        "---\ndescription: looks it over\nargument-hint: <file>\n---\nReview {{args}}\n"
    )
    (work / "a.py").touch()
    async with asking() as host:
        (one,) = (await host.ask("complete", text="/review"))["candidates"]
        assert (one["hint"], one["exact"], one["text"]) == ("<file>", True, "/review ")
        assert one["detail"].startswith("looks it over")
        assert await host.texts("/review @a") == ["@a.py "]


async def test_arguments_that_are_looked_for_elsewhere_are_waited_for(work: Path) -> None:
    async with asking() as host:
        host.handle.submit("say 3 words", KEYBOARD)
        await host.log.results()
        earlier = host.handle.id
    async with asking() as host:
        assert await host.texts("/resume ") == [f"/resume {earlier}"]


async def test_of_several_the_last_counts_and_each_has_one_answer(work: Path) -> None:
    for number in range(30):
        (work / f"file{number}.py").touch()
    async with asking() as host:
        names = [host.send("complete", text=f"@{'file'[:length]}") for length in range(1, 5)]
        told = [await host.answer(name) for name in names]
        assert told[-1]["candidates"]
        assert not told[-1]["partial"]
        answered = [e["data"]["command_id"] for e in host.told if e["subtype"] == "completions"]
        assert sorted(answered) == sorted(names)


async def test_the_right_to_submit_completes_files_and_control_commands_too(work: Path) -> None:
    (work / "a.py").touch()
    async with asking("observe", "submit") as host:
        assert await host.texts("@a") == ["@a.py "]
        assert (await host.ask("complete", text="/mod"))["code"] == "no_right"
    async with asking("observe") as host:
        assert (await host.ask("complete", text="@a"))["code"] == "no_right"
        assert (await host.ask("list_modes"))["modes"]
    async with asking("submit", "control") as host:
        assert (await host.texts("/mod"))[0] == "/model "


async def test_models_and_modes_are_told_without_a_key(work: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    key, missing = "sk-very-secret-0123456789", "https://nowhere.invalid/v1"
    providers = [
        {"id": "qwen3-coder-plus", "name": "Coder", "envKey": "FIRST_KEY", "baseUrl": missing},
        {"id": "gpt-5", "envKey": "SECOND_KEY", "baseUrl": missing},
    ]
    settings = {"modelProviders": {"openai": providers}, "env": {"FIRST_KEY": key}}
    (home / "settings.json").write_text(json.dumps(settings))
    async with asking(offline=False) as host:
        told = await host.ask("list_models")
        by_name = {one["name"]: one for one in told["models"]}
        first, second = by_name["qwen3-coder-plus"], by_name["gpt-5"]
        assert (first["usable"], first["current"], first["context_window"]) == (
            True,
            True,
            1_000_000,
        )
        assert first["label"] == "Coder"
        assert not second["usable"]
        assert "SECOND_KEY" in second["why"]
        assert key not in json.dumps(told)
        modes = (await host.ask("list_modes"))["modes"]
        assert [one["name"] for one in modes] == ["plan", "default", "auto-edit", "auto", "yolo"]
        assert [one["name"] for one in modes if one["current"]] == ["default"]
        assert all(one["meaning"] for one in modes)


def test_the_menu_and_the_command_say_the_same() -> None:
    commands = SlashCommands()
    commands.add(SlashCommand("model", "which", lambda _, __: None, lambda: [Choice("qwen")]))
    for text in ("/", "/mo", "/model q", "/model  x", "plain"):
        menu = Suggestions(commands)
        menu.update(text)
        assert list(menu.items) == slash_candidates(text, commands)
        for item in menu.items:
            assert menu.accept() == (item.text, len(item.text))
