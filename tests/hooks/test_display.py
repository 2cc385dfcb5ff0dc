"""Hooks that hear the model's words while they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio

from qwen_dual.core.actor import CLI, KEYBOARD
from qwen_dual.core.models.model import TextDelta
from tests.hooks.kit import COMMON, echo, group, play, says, session
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.fakes import Step


def test_the_words_are_told_as_far_as_they_have_come_and_whole_before_the_end(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        hooks = {name: [group(says())] for name in ("MessageDisplay", "Stop")}
        gate = anyio.Event()
        answer: list[Step] = [TextDelta("Good "), gate, TextDelta("morning"), TextDelta(".")]
        async with session(tmp_path, hooks, answer) as one:
            one.handle.submit("hello", CLI)
            await until(one.told, "what is told of the first words")
            gate.set()
            await one.events.results()
            told = one.told()
            assert [each["hook_event_name"] for each in told][-2:] == ["MessageDisplay", "Stop"]
            first, last = told[0], told[-2]
            assert set(first) == COMMON | {"message_id", "displayed_text", "is_final"}
            assert (first["displayed_text"], first["is_final"]) == ("Good ", False)
            assert (last["displayed_text"], last["is_final"]) == ("Good morning.", True)
            assert first["message_id"] == last["message_id"]
            # Several a second would be most of the stream: a host is told of failures alone.
            assert one.responses("MessageDisplay") == []

    play(main)


def test_each_model_call_is_a_message_and_one_without_words_is_none(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"MessageDisplay": [group(says())]}
        first = [TextDelta("I say it."), *echo()]
        async with session(tmp_path, hooks, first, echo(), [TextDelta("Said.")]) as one:
            await one.ask("say hi")
            final = [each for each in one.told() if each["is_final"]]
            assert [each["displayed_text"] for each in final] == ["I say it.", "Said."]
            assert len({each["message_id"] for each in one.told()}) == 2

    play(main)


def test_a_slow_hook_hears_the_newest_and_never_what_is_old(tmp_path: Path) -> None:
    async def main() -> None:
        command = "cat >> seen.jsonl; if [ ! -e go ]; then touch begun; fi; until [ -e go ]; do sleep 0.02; done"
        hooks = {"MessageDisplay": [group({"command": command})]}
        words = [TextDelta(f"{number} ") for number in range(50)]
        gate = anyio.Event()
        async with session(tmp_path, hooks, [words[0], gate, *words[1:]]) as one:
            one.handle.submit("count", CLI)
            await until((one.work / "begun").exists, "the first run")
            gate.set()
            await until(lambda: any(each["is_final"] for each in one.told()), "the last words")
            assert len(one.told()) == 2  # one that hangs, and beside it the end
            (one.work / "go").touch()
            await one.events.results()

    play(main)


def test_of_a_message_that_is_interrupted_no_end_is_told(tmp_path: Path) -> None:
    async def main() -> None:
        hooks = {"MessageDisplay": [group(says())]}
        answer: list[Step] = [TextDelta("I begin"), anyio.Event()]
        async with session(tmp_path, hooks, answer) as one:
            one.handle.submit("hello", CLI)
            await until(one.told, "what is told of the first words")
            one.handle.interrupt(KEYBOARD)
            await one.events.results()
            await one.ask("again")
            texts = [each["displayed_text"] for each in one.told() if each["is_final"]]
            assert texts == ["done"]

    play(main)


def test_without_such_a_hook_nothing_follows_the_words(tmp_path: Path) -> None:
    async def main() -> None:
        async with session(tmp_path, {"Stop": [group(says())]}) as one:
            await one.ask("hello")
            hooking = one.handle.parts.hooking
            assert hooking is not None and hooking.hooks.displayed is None

    play(main)
