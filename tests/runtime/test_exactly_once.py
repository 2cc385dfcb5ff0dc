"""A command with an id is carried out once, whatever ends the program in between; its receipt says what became of it."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from qwen_dual.core.actor import INPUT, Actor
from qwen_dual.core.models.model import TextDelta
from tests.runtime.once_kit import ZED, one_done, session

pytestmark = pytest.mark.usefixtures("place")


@pytest.mark.parametrize("how", ["resume", "continue", "fork"])
def test_what_is_done_is_not_done_again_and_its_result_is_told_again(how: str) -> None:
    async def main() -> None:
        known, result = await one_done()
        spec: dict[str, Any] = {"resume_last": True} if how == "continue" else {"resume": known}
        async with session(**spec, fork_session=how == "fork") as again:
            expected = {"id": "a", "status": "duplicate", "outcome": "done", "result": result}
            assert await again.receipt("submit", "a", text="hello") == expected
            assert await again.receipt("submit", "a", text="hello") == expected
            assert again.asked == 0
            assert (await again.receipt("submit", "b", text="another"))["status"] == "accepted"
            assert again.asked == 1

    anyio.run(main)


def test_a_slash_command_counts_too_before_anything_was_said() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "s", text="/approval-mode plan")
            known, told = one.handle.latest.id, one.log.of("result")[-1]["result"]
        async with session(resume=known) as again:
            receipt = await again.receipt("submit", "s", text="/approval-mode plan")
            assert (receipt["status"], receipt["outcome"]) == ("duplicate", "done")
            assert receipt["result"]["result"] == told
            assert again.handle.latest.approval_mode == "default"

    anyio.run(main)


def test_what_has_no_end_was_interrupted() -> None:
    async def main() -> None:
        async with session([TextDelta("the answer")]) as one:
            await one.receipt("submit", "a", text="hello")
            chat, known = one.chat, one.handle.latest.id
        lines = chat.read_bytes().splitlines(keepends=True)
        chat.write_bytes(b"".join(line for line in lines if b"turn_result" not in line))
        async with session(resume=known) as again:
            receipt = await again.receipt("submit", "a", text="hello")
            assert receipt == {"id": "a", "status": "duplicate", "outcome": "interrupted"}
            assert again.asked == 0

    anyio.run(main)


def test_an_id_counts_within_the_name_of_its_host() -> None:
    async def main() -> None:
        async with session() as one:
            for actor in (INPUT, ZED):
                assert (await one.receipt("submit", "1", actor, text="hi"))["status"] == "accepted"
                assert (await one.receipt("submit", "1", actor, text="hi"))["outcome"] == "done"
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for actor in (INPUT, ZED):
                assert (await again.receipt("submit", "1", actor, text="hi"))["outcome"] == "done"
            other = Actor("host", "other")
            assert (await again.receipt("submit", "1", other, text="hi"))["status"] == "accepted"

    anyio.run(main)


def test_a_turn_that_was_taken_back_is_still_done_and_so_is_taking_it_back() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="hello")
            to = one.log.of("user")[0]["uuid"]
            back = {"to": to, "conversation": True, "files": False}
            assert (await one.receipt("rewind", "r", **back))["status"] == "accepted"
            assert (await one.receipt("submit", "b", text="instead"))["status"] == "accepted"
            assert (await one.receipt("rewind", "r", **back))["outcome"] == "done"
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for kind, name, fields in (
                ("submit", "a", {"text": "hello"}),
                ("rewind", "r", back),
                ("submit", "b", {"text": "instead"}),
            ):
                assert (await again.receipt(kind, name, **fields))["outcome"] == "done"
            said = [message for message in again.handle.latest.history if message["role"] == "user"]
            assert [message["content"][0].get("text") for message in said] == ["instead"]

    anyio.run(main)


def test_what_was_done_before_clear_is_not_done_again_after_it() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="hello")
            await one.receipt("submit", "c1", text="/clear")
            await one.receipt("submit", "c2", text="/clear")
            await one.receipt("submit", "b", text="anew")
            assert (await one.receipt("submit", "a", text="hello"))["outcome"] == "done"
            known = one.handle.latest.id
        async with session(resume=known) as again:
            for name, text in (("a", "hello"), ("c1", "/clear"), ("c2", "/clear"), ("b", "anew")):
                receipt = await again.receipt("submit", name, text=text)
                assert (receipt["status"], receipt["outcome"]) == ("duplicate", "done")
            assert again.handle.latest.id == known

    anyio.run(main)


def test_a_command_that_begins_anew_or_goes_on_with_another_session_is_done_once() -> None:
    async def main() -> None:
        first, _ = await one_done()
        async with session() as one:
            await one.receipt("submit", "b", text="hello")
            assert (await one.receipt("clear", "c"))["status"] == "accepted"
            back: dict[str, Any] = {"session_id": first}
            assert (await one.receipt("resume", "r", **back))["status"] == "accepted"
            assert one.handle.latest.id == first
            assert (await one.receipt("submit", "a", text="hello"))["outcome"] == "done"
        async with session(resume=first) as again:
            for kind, name, fields in (("clear", "c", {}), ("resume", "r", back)):
                receipt = await again.receipt(kind, name, **fields)
                assert receipt == {"id": name, "status": "duplicate", "outcome": "done"}
            assert (await again.receipt("submit", "b", text="hello"))["outcome"] == "done"
            assert again.handle.latest.id == first

    anyio.run(main)


def test_what_ends_with_the_program_is_done_again() -> None:
    async def main() -> None:
        async with session() as one:
            await one.receipt("submit", "a", text="hello")
            await one.receipt("set_approval_mode", "m", mode="plan")
            receipt = await one.receipt("set_approval_mode", "m", mode="plan")
            assert receipt == {"id": "m", "status": "duplicate"}
            known = one.handle.latest.id
        async with session(resume=known) as again:
            receipt = await again.receipt("set_approval_mode", "m", mode="plan")
            assert receipt == {"id": "m", "status": "accepted"}
            assert again.handle.latest.approval_mode == "plan"

    anyio.run(main)
