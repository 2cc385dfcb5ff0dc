"""Going back over what sub-agents did, and over images: it goes with its prompt, and comes back with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.chats.load import load
from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.conversation.going_back import GoingBack
from qwen_dual.core.models.model import TextDelta
from tests.agents.kit import Playing, play, said, task
from tests.support.images import image, png

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.chats.load import Chat
    from qwen_dual.protocol.events import Event
    from tests.agents.kit import Scripts


async def back(one: Playing, to: str) -> Event:
    """Goes back to the prompt with this text, or undoes the event with this uuid."""
    count = len(one.log.of("rewound"))
    points = one.handle.parts.session.points
    uuid = next((point.uuid for point in points if point.text == to), to)
    assert one.handle.parts.session.go_back(GoingBack(uuid), KEYBOARD)
    await one.log.until(lambda _: len(one.log.of("rewound")) > count)
    await one.handle.parts.session.drained()
    return one.log.of("rewound")[count]


def saved(one: Playing) -> Chat:
    recorder = one.handle.parts.recorder
    assert recorder is not None and recorder.path is not None
    recorder.flush(whole=True)
    return load(recorder.path)


def lanes(chat: Chat) -> list[str]:
    """The text that each event of a sub-agent holds."""
    own = [event for event in chat.replay if event.get("parent_tool_use_id")]
    return [event["message"]["content"][0]["text"] for event in own if event["type"] == "assistant"]


def test_an_image_goes_with_its_prompt_and_comes_back_with_it(tmp_path: Path) -> None:
    async def test(one: Playing) -> None:
        await one.ask("main")
        before = saved(one).history
        picture = image(png(20, 10))
        content: Any = ({"type": "text", "text": "look"}, {**picture, "whole": False})
        one.handle.submit("look", CLI, content=content)
        await one.log.results(2)
        await one.ask("and on")
        after = saved(one).history
        assert picture["source"]["data"] in str(after)
        event = await back(one, "look")
        assert saved(one).history == before == one.handle.latest.history
        await back(one, event["uuid"])
        assert saved(one).history == after == one.handle.latest.history

    play(tmp_path, {}, test, chat_recording=True)


def test_what_a_sub_agent_did_goes_with_its_turn_and_comes_back_with_it(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1"), said("first"), task("alpha", "c1"), said("second")],
        "alpha": [said("one"), said("two")],
    }

    async def test(one: Playing) -> None:
        await one.ask("main")
        await one.ask("again")
        assert lanes(saved(one)) == ["one", "two"]
        event = await back(one, "again")
        assert lanes(saved(one)) == ["one"]
        await back(one, event["uuid"])
        assert lanes(saved(one)) == ["one", "two"]
        await back(one, "main")
        assert lanes(saved(one)) == []

    play(tmp_path, scripts, test, chat_recording=True)


def test_whoever_works_in_the_background_is_stopped_with_the_turn_that_set_it_to_work(
    tmp_path: Path,
) -> None:
    gate = anyio.Event()
    scripts: Scripts = {
        "main": [
            task("alpha", "c1", run_in_background=True),
            said("begun"),
            task("beta", "c2", run_in_background=True),
            said("begun too"),
            said("fresh"),
        ],
        "alpha": [[gate, TextDelta("found it")]],
        "beta": [[gate, TextDelta("never")]],
    }

    async def test(one: Playing) -> None:
        await one.ask("main")
        await one.ask("another")
        assert one.handle.parts.running_tasks == 2
        await back(one, "another")
        ended = await one.log.until(lambda e: e.get("subtype") == "task_notification")
        assert (ended["data"]["tool_use_id"], ended["data"]["status"]) == ("c2", "stopped")
        assert [text for text in one.notices() if "was taken back" in text and "beta" in text]
        assert one.handle.parts.running_tasks == 1
        await one.ask("something else")
        assert "beta" not in str(one.model.of("main")[-1].messages)
        gate.set()  # the other one goes on, and the model is told of it
        results = await one.log.results(4)
        assert "found it" in str(one.model.of("main")[-1].messages)
        assert len(results) == 4

    play(tmp_path, scripts, test)


def test_of_one_that_was_stopped_the_model_is_told_once_its_turn_is_back(tmp_path: Path) -> None:
    scripts: Scripts = {
        "main": [task("alpha", "c1", run_in_background=True), said("begun"), said("I see")],
        "alpha": [[anyio.Event(), TextDelta("never")]],
    }

    async def test(one: Playing) -> None:
        await one.ask("main")
        event = await back(one, "main")
        await one.log.until(lambda e: e.get("subtype") == "task_notification")
        assert one.handle.latest.history == []
        await back(one, event["uuid"])
        await one.ask("go on")
        sent = str([request.messages for request in one.model.of("main")])
        assert 'Agent "alpha" was stopped' in sent

    play(tmp_path, scripts, test)
