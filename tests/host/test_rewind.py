"""Going back in a hosted session: what its events tell, and what a host can do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual import host
from qwen_dual.host.event import Event
from qwen_dual.host.rewind import RewindPoints, Rewound, RewoundFile
from tests.host.support import on_asyncio, real, replay, run

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_event_lacks_or_has_wrong_is_read_as_nothing() -> None:
    told = {"type": "system", "subtype": "rewind_points", "data": {"points": ["x", {"uuid": "u"}]}}
    points = RewindPoints.of(Event(told))
    assert [point.uuid for point in points.points] == ["u"]
    assert (points.undo, points.unavailable, points.points[0].timestamp) == (None, "", None)
    change = {"path": "/a", "change": "modify", "added": 1, "removed": 2, "conflict": "since"}
    data = {"to": "t", "files": True, "changes": [change, 5], "left": [{"path": "/b", "why": "w"}]}
    rewound = Rewound.of(Event({"type": "system", "subtype": "rewound", "uuid": "e", "data": data}))
    assert rewound.changes == rewound.conflicts == (RewoundFile("/a", "modify", 1, 2, "since"),)
    assert (rewound.uuid, rewound.left, rewound.preview) == ("e", (("/b", "w"),), False)


@on_asyncio
def test_a_host_lists_previews_goes_back_and_back_again(tmp_path: Path, backend: str) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            await session.run("say 2 words")
            await session.run("say 3 words")
            first, second = (await session.rewind_points()).points
            assert (first.text, second.text) == ("say 2 words", "say 3 words")
            would = await session.rewind(second.uuid, files=False, preview=True)
            assert (would.preview, would.prompts, would.text) == (True, 1, "say 3 words")
            done = await session.rewind(second.uuid, files=False)
            assert (done.preview, done.prompts, done.conversation) == (False, 1, True)
            told = await session.rewind_points()
            assert [point.uuid for point in told.points] == [first.uuid]
            assert told.undo == done.uuid
            assert (await session.rewind(done.uuid, files=False)).undo
            assert len((await session.rewind_points()).points) == 2
            with pytest.raises(host.CommandRejected, match="unknown_target"):
                await session.rewind("nonsense", files=False)

    run(backend, main)


@on_asyncio
def test_a_program_that_cannot_go_back_is_not_asked_to(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            for asked in (session.rewind("u"), session.rewind_points()):
                with pytest.raises(host.NotSupported, match="rewind"):
                    await asked

    run(backend, main)
