"""``/delete``: what goes, what stays, who may."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.models.model import TextDelta
from qwen_dual.runtime.commands.deletion import NO, YES
from tests.hooks.kit import Hooked, group, play, says, session
from tests.support.fakes import call
from tests.support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from qwen_dual.protocol.events import Event

DONE = [TextDelta("done")]
HEARS: dict[str, Any] = {"SessionDelete": [group(says())]}


def holding(place: Path, session_id: str) -> list[str]:
    """What is left of a session below the person's folder: files of its name, and what can be gone back to."""
    home = place / "home"
    found = [str(path) for path in home.rglob("*") if session_id in path.name]
    (store,) = home.rglob("kept.db")
    with closing(sqlite3.connect(store)) as database:
        for table in ("point", "span"):
            rows = database.execute(f"SELECT * FROM {table} WHERE session=?", (session_id,))
            found += map(str, rows)
    return found


async def writes(place: Path, name: str = "a") -> str:
    """A session that has written a file, and is over; its id."""
    edit = call("write_file", file_path=name, content=name * 2000)
    async with session(place, {}, edit, DONE, approval_mode="auto-edit") as one:
        await one.ask("write it")
        lanes = place / "home" / "projects"
        (chat,) = [path for path in lanes.rglob("*.jsonl") if path.stem == one.handle.id]
        beside = chat.parent.parent / "subagents" / one.handle.id
        beside.mkdir(parents=True)
        (beside / "call_1.jsonl").write_text("{}\n")
        return one.handle.id


async def answered(one: Hooked, *answers: str) -> Event:
    count = len(one.events.of("result"))
    one.handle.parts.session.answer_form("delete", answers, KEYBOARD)
    return (await one.events.results(count + 1))[count]


def test_a_session_goes_with_all_that_is_kept_of_it_and_others_stay(tmp_path: Path) -> None:
    async def main() -> None:
        first, second, third = [await writes(tmp_path, name) for name in "abc"]
        log = tmp_path / "home" / "debug" / f"{first}.txt"
        log.parent.mkdir(exist_ok=True)
        log.write_text("it went wrong\n")
        assert len(holding(tmp_path, first)) >= 3
        async with session(tmp_path, HEARS) as one:
            result = await answered(one, f"{first}, {second}", YES)
            assert result["result"] == "Deleted 2 sessions."
            await until(lambda: len(one.told()) == 2)
            assert {told["deleted_session_id"] for told in one.told()} == {first, second}
            assert {told["session_id"] for told in one.told()} == {one.handle.id}
        assert [holding(tmp_path, gone) for gone in (first, second)] == [[], []]
        assert len(holding(tmp_path, third)) >= 3
        async with session(tmp_path, {}, resume=third) as again:
            ((_, files),) = await again.handle.parts.session.rewinding.points()
            assert files == 1

    play(main)


def test_nothing_goes_unless_it_is_meant_and_a_session_that_is_open_stays(tmp_path: Path) -> None:
    async def main() -> None:
        kept = await writes(tmp_path)
        async with session(tmp_path, HEARS, DONE) as one, session(tmp_path, {}, DONE) as other:
            await other.ask("hello")
            for answers in ((kept, NO), (kept,), ("", YES)):
                assert (await answered(one, *answers))["result"] == "Nothing was deleted."
            for open_one in (other.handle.id, one.handle.id):
                assert (await answered(one, open_one, YES))["is_error"]
            one.handle.submit(f"/delete {kept}", INPUT)
            told = (await one.events.results(6))[-1]
            assert told["is_error"] and "at the keyboard" in told["result"]
            assert one.told() == []
            assert holding(tmp_path, kept) and holding(tmp_path, other.handle.id)

    play(main)
