"""Prompts of hosts that a person looks at before they run: over the runtime, without a screen."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.prompts.draft import Draft
from qwen_dual.protocol.commands import parse_command
from qwen_dual.runtime.commands.screen import NO_FRONT_END, FrontEnd
from qwen_dual.runtime.factory import SessionFactory
from qwen_dual.runtime.spec import SessionSpec
from tests.runtime.support import Log
from tests.support.images import png

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from qwen_dual.core.prompts.review import Review
    from qwen_dual.protocol.command_shapes import Right
    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.opened import OpenSession


class NoKeys:
    """An editor that nobody types in."""

    def draft(self) -> Draft:
        return Draft("", 0, 0)

    def set_draft(self, text: str, cursor: int | None, actor: Actor) -> None:
        raise NotImplementedError

    def take(self, actor: Actor) -> tuple[str, Sequence[PromptBlock]]:
        raise NotImplementedError

    def listen(self, changed: Callable[[], object] | None) -> None:
        """Nothing changes."""


PERSON = FrontEnd(draft=NoKeys)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "work").mkdir()
    (tmp_path / "home").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("QWEN_HOME", str(tmp_path / "home"))
    return tmp_path


class Looked:
    """A session, a host's channel to it, and a person who looks at what that proposes."""

    def __init__(self, handle: OpenSession, log: Log) -> None:
        self.handle, self.log = handle, log
        self._dispatcher = handle.dispatcher(INPUT)

    def send(self, kind: str, command_id: str, **fields: Any) -> None:
        line = json.dumps({"type": kind, "id": command_id, **fields}).encode()
        self._dispatcher.command(parse_command(line))

    def submit(self, command_id: str, text: str, **fields: Any) -> None:
        self.send("submit", command_id, text=text, **fields)

    def statuses(self, command_id: str) -> list[str]:
        receipts = (event["data"] for event in self.log.of("command_receipt"))
        return [one.get("code") or one["status"] for one in receipts if one["id"] == command_id]

    @property
    def review(self) -> Review:
        review = self.handle.review
        assert review is not None
        return review

    @property
    def held(self) -> list[str]:
        review = self.handle.review
        return [] if review is None else [one.text for one in review.held.values()]

    def key(self, text: str) -> str:
        return next(key for key, held in self.review.held.items() if held.text == text)

    def prompts(self) -> list[Event]:
        return [event for event in self.log.of("user") if "origin" in event]


@asynccontextmanager
async def looked(front_end: FrontEnd | None = PERSON, **spec: Any) -> AsyncIterator[Looked]:
    script = Path("../script.jsonl").resolve()
    script.write_text((json.dumps({"blocks": [{"type": "text", "text": "fine"}]}) + "\n") * 9)
    log = Log()
    handle = SessionFactory().open(SessionSpec(offline_script=str(script), **spec), [log])
    with anyio.fail_after(20):
        async with anyio.create_task_group() as group:
            group.start_soon(handle.run)
            if front_end is not None:
                handle.attach(front_end)
            yield Looked(handle, log)
            handle.request_close()
        await handle.aclose()


def test_a_prompt_waits_for_the_person_and_runs_as_they_took_edited_or_refused_it() -> None:
    async def main() -> None:
        async with looked() as session:
            for name in ("taken", "edited", "refused"):
                session.submit(name, f"{name} please", review=True)
            assert session.held == ["taken please", "edited please", "refused please"]
            assert session.prompts() == []
            session.review.refuse(session.key("refused please"), "not today")
            session.review.take(session.key("edited please"), "edited with care")
            await session.log.results()
            session.review.take(session.key("taken please"))
            await session.log.results(2)
            assert session.statuses("taken") == ["held", "accepted"]
            assert session.statuses("edited") == ["held", "edited"]
            assert session.statuses("refused") == ["held", "refused"]
            edited, taken = session.prompts()
            assert edited["message"]["content"][0]["text"] == "edited with care"
            assert edited["proposed"] == "edited please"
            assert (edited["origin"], edited["command_id"]) == ("input", "edited")
            assert "proposed" not in taken
            assert session.log.of("command_receipt")[-1]["data"].get("message") is None
            told = [
                [one["text"] for one in event["data"]["proposals"]]
                for event in session.log.of("proposals")
            ]
            assert len(told) == 6
            assert told[-1] == []

    anyio.run(main)


def test_the_setting_holds_every_prompt_and_no_host_overrules_it(place: Path) -> None:
    (place / "home" / "settings.json").write_text('{"dualOutput": {"review": true}}')
    folder = place / "work" / ".qwen"
    folder.mkdir()
    (folder / "settings.json").write_text('{"dualOutput": {"review": false}}')

    async def main() -> None:
        async with looked(trust=True) as session:
            session.submit("s1", "one")
            session.submit("s2", "two", review=False)
            session.submit("s3", "/approval-mode yolo")
            assert session.held == ["one", "two", "/approval-mode yolo"]
            assert session.statuses("s1") == ["held"]
            session.handle.submit("mine", KEYBOARD)  # what the person enters, they have seen
            await session.log.results()
            assert [event["origin"] for event in session.prompts()] == ["keyboard"]
            assert session.handle.approval_mode == "default"
        assert session.statuses("s1") == ["held", "session_ended"]

    anyio.run(main)


def test_a_setting_that_cannot_be_understood_holds_them_too(place: Path) -> None:
    (place / "home" / "settings.json").write_text('{"dualOutput": {"review": "always"}}')

    async def main() -> None:
        async with looked() as session:
            session.submit("s1", "one")
            assert session.held == ["one"]

    anyio.run(main)


def test_where_nobody_looks_it_never_runs(place: Path) -> None:
    (place / "home" / "settings.json").write_text('{"dualOutput": {"review": true}}')

    async def main() -> None:
        async with looked(front_end=None) as session:
            session.submit("early", "before it is known whether somebody is there")
            assert session.statuses("early") == ["held"]
            session.handle.attach(NO_FRONT_END)
            assert session.statuses("early") == ["held", "unavailable"]
            session.submit("late", "after")
            assert session.statuses("late") == ["unavailable"]
            assert session.held == []
            session.handle.submit("mine", KEYBOARD)
            await session.log.results()
            assert len(session.prompts()) == 1

    anyio.run(main)


def test_a_held_prompt_is_taken_back_by_its_host_but_not_out_of_the_persons_hands() -> None:
    async def main() -> None:
        async with looked() as session:
            session.submit("a", "one", review=True)
            session.submit("b", "two", review=True)
            session.send("cancel", "c1", target="a")
            assert session.held == ["two"]
            session.review.edited = session.key("two")
            session.send("cancel", "c2", target="b")
            session.send("cancel", "c3", target="nothing")
            assert session.statuses("c1") == ["accepted"]
            assert session.statuses("c2") == ["being_edited"]
            assert session.statuses("c3") == ["not_queued"]
            assert not session.review.take("unknown")
            session.submit("b", "again", review=True)
            assert session.statuses("b") == ["held", "duplicate"]

    anyio.run(main)


def test_a_host_takes_back_its_own_proposals_and_others_with_the_right_to_control() -> None:
    async def main() -> None:
        async with looked() as session:
            told: list[Event] = []
            given: dict[str, tuple[Right, ...]] = {
                "one": ("observe", "submit"),
                "two": ("observe", "submit"),
                "boss": ("observe", "control"),
            }
            hosts = {
                name: session.handle.limited(Actor("host", name), rights, told.append)
                for name, rights in given.items()
            }

            def send(name: str, kind: str, **fields: Any) -> None:
                hosts[name].command(parse_command(json.dumps({"type": kind, **fields}).encode()))

            send("one", "submit", id="x", text="of one", review=True)
            send("two", "submit", id="x", text="of two", review=True)
            send("two", "cancel", id="c", target="x")
            assert session.held == ["of one"]  # one id, and each its own
            send("two", "cancel", id="d", target="x")
            assert session.held == ["of one"]
            assert told[-1]["data"]["code"] == "no_right"
            send("boss", "cancel", id="c", target="x")
            assert session.held == []
            for kind, more in (("get_draft", {}), ("watch", {"draft": True})):
                send("one", kind, id=kind, **more)
                assert told[-1]["data"]["code"] == "no_right"

    anyio.run(main)


def test_taken_while_a_turn_runs_it_does_what_it_asked_for() -> None:
    async def main() -> None:
        async with looked() as session:
            session.submit("queue", "one", review=True)
            session.submit("reject", "two", review=True, when_busy="reject")
            session.handle.submit("mine", KEYBOARD)
            assert session.handle.busy
            session.review.take(session.key("one"))
            session.review.take(session.key("two"))
            assert session.statuses("reject") == ["held", "busy"]
            assert session.statuses("queue") == ["held", "accepted"]
            await session.log.results(2)
            texts = [event["message"]["content"][0]["text"] for event in session.prompts()]
            assert texts == ["mine", "one"]

    anyio.run(main)


def test_no_host_changes_the_words_that_a_person_has_looked_at() -> None:
    async def main() -> None:
        async with looked() as session:
            session.submit("a", "one", review=True)
            session.handle.submit("mine", KEYBOARD)
            session.review.take(session.key("one"))
            session.submit("b", "two")
            session.send("edit_queued", "e1", target="a", text="something else")
            session.send("edit_queued", "e2", target="b", text="two, please")
            assert (session.statuses("e1"), session.statuses("e2")) == (["reviewed"], ["accepted"])
            session.handle.parts.session.reviews_all = lambda: True
            session.send("edit_queued", "e3", target="b", text="not looked at")
            assert session.statuses("e3") == ["review"]
            await session.log.results(3)
            texts = [event["message"]["content"][0]["text"] for event in session.prompts()]
            assert texts == ["mine", "one", "two, please"]

    anyio.run(main)


def test_what_is_taken_joins_the_turn_that_runs_where_it_was_to() -> None:
    async def main() -> None:
        async with looked() as session:
            session.submit("s", "steer", review=True, when_busy="steer")
            session.handle.submit("mine", KEYBOARD)
            session.review.take(session.key("steer"), "steer gently")
            receipts = [event["data"] for event in session.log.of("command_receipt")]
            assert [one["status"] for one in receipts] == ["held", "edited"]
            await session.log.until(
                lambda event: event["type"] == "user" and event.get("proposed") == "steer"
            )

    anyio.run(main)


def test_an_interrupt_and_a_request_leave_what_is_held_alone() -> None:
    async def main() -> None:
        async with looked() as session:
            session.submit("a", "one", review=True)
            session.handle.submit("mine", KEYBOARD)
            session.send("interrupt", "i", queue="clear")
            await session.log.results()
            session.send("confirmation_response", "r", request_id="none", allowed=True)
            assert session.statuses("r") == ["unknown_request"]
            assert session.held == ["one"]  # no host answers for the person

    anyio.run(main)


def test_a_proposed_command_is_run_as_one_and_an_exclamation_mark_is_text() -> None:
    async def main() -> None:
        async with looked() as session:
            session.submit("a", "hello", review=True)
            session.review.take(session.key("hello"), "/stats")
            await session.log.results()
            (told,) = session.log.of("slash_command")
            assert (told["data"]["command"], told["data"]["proposed"]) == ("stats", "hello")
            session.submit("b", "!touch made", review=True)
            session.review.take(session.key("!touch made"))
            await session.log.results(2)
            assert session.prompts()[-1]["message"]["content"][0]["text"] == "!touch made"
            assert not Path("made").exists()

    anyio.run(main)


def test_an_edited_prompt_keeps_the_images_whose_titles_stand_in_it() -> None:
    async def main() -> None:
        async with looked() as session:
            images = [
                {"type": "image", "name": name, "source": {"type": "base64", **_png()}}
                for name in ("a.png", "b.png")
            ]
            session.submit("a", "compare", content=images, review=True)
            (shown,) = session.held
            first, second = shown.split("\n")[1:]
            session.review.take(session.key(shown), f"look at {second} @b alone")
            await session.log.results()
            (said,) = session.prompts()
            assert [block["type"] for block in said["message"]["content"]] == ["text", "image"]
            assert said["message"]["content"][1]["name"] == "b.png"
            assert first in said["proposed"]

    anyio.run(main)


def _png() -> dict[str, str]:
    import base64

    return {"media_type": "image/png", "data": base64.b64encode(png(2, 2)).decode()}


def test_no_more_are_held_than_anybody_looks_at() -> None:
    async def main() -> None:
        async with looked() as session:
            for number in range(101):
                session.submit(f"p{number}", f"prompt {number}", review=True)
            assert len(session.held) == 100
            assert session.statuses("p100") == ["too_many"]
            session.submit("long", "x" * 100_001, review=True)
            assert session.statuses("long") == ["too_long"]

    anyio.run(main)
