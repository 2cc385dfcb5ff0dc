"""Saved sessions for a host: listed, gone on with, begun anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual import host
from qwen_dual.host.event import Event
from qwen_dual.host.saved import SavedSession, SavedSessions
from tests.host.support import on_asyncio, real, replay, run

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_event_lacks_or_has_wrong_is_read_as_nothing() -> None:
    data = {"sessions": [5, {"session_id": "s", "updated_at": "x", "prompts": None}], "more": 1}
    told = SavedSessions.of(Event({"type": "system", "subtype": "sessions", "data": data}))
    assert told == SavedSessions((SavedSession("s"),), more=False)


@on_asyncio
def test_a_host_goes_from_one_conversation_to_another(tmp_path: Path, backend: str) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            await session.run("say 2 words")
            first = session.session_id
            await session.clear()
            assert session.session_id != first
            told = await session.list_sessions(limit=1, all_folders=True)
            assert [(one.session_id, one.prompts) for one in told.sessions] == [(first, 1)]
            await session.resume(first)
            assert session.session_id == first
            with pytest.raises(host.CommandRejected, match="unknown_session"):
                await session.resume("nonsense")

    run(backend, main)


@on_asyncio
def test_a_program_that_has_none_of_it_is_not_asked(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            for asked in (session.list_sessions(), session.resume("s"), session.clear()):
                with pytest.raises(host.NotSupported):
                    await asked

    run(backend, main)
