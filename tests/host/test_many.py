"""Many sessions hosted by one process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import anyio
import pytest

from tests.host.support import held, left_since, on_asyncio, real, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.drill
@on_asyncio
def test_many_sessions_at_once_from_one_process(backend: str, tmp_path: Path, whole: bool) -> None:
    sessions = 20 if whole else 3
    texts: dict[int, str] = {}

    async def one(number: int) -> None:
        home = tmp_path / str(number)
        home.mkdir()
        async with real(home, on_approval=lambda request: True, command_timeout=50) as session:
            result = await session.run(f"run echo number-{number}-")
            texts[number] = result.text
            await session.run("say 50 words")
            assert session.lost == 0

    async def main() -> None:
        async with real(tmp_path):
            pass  # what the backend keeps open itself is open by now
        before = held()
        async with anyio.create_task_group() as group:
            for number in range(sessions):
                group.start_soon(one, number)
        assert left_since(before) == set()

    run(backend, main, seconds=55)
    assert len(texts) == sessions
    assert all(f"number-{number}-" in text for number, text in texts.items())
