"""What a host offers to choose from: how a prompt goes on, models, approval modes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from qwen_dual import host
from qwen_dual.host.event import Event
from tests.host.support import on_asyncio, real, replay, run

if TYPE_CHECKING:
    from pathlib import Path


def test_what_an_event_lacks_or_has_wrong_is_read_as_nothing() -> None:
    data = {"candidates": [5, {"text": "@a", "from": "x"}], "more": 1}
    told = host.Completions.of(Event({"type": "system", "subtype": "completions", "data": data}))
    assert told == host.Completions((host.Completion("", "@a", 0, 0, ""),))
    assert host.ModelChoice.of({}) == host.ModelChoice("")
    assert host.ModeChoice.of({"available": False, "why": 3}) == host.ModeChoice(
        "", available=False
    )


@on_asyncio
def test_a_host_completes_files_and_knows_what_may_be_chosen(tmp_path: Path, backend: str) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            (tmp_path / "work" / "naïve.py").touch()
            prompt = "🙂 look at @naï please"
            found = await session.complete(prompt, prompt.index(" please"))
            assert [one.put_in(prompt) for one in found.candidates] == [
                "🙂 look at @naïve.py please"
            ]
            assert (found.more, found.partial) == (False, False)
            (model,) = await session.list_models()
            assert (model.current, model.usable, model.name) == (True, True, session.model)
            modes = {mode.name: mode for mode in await session.list_modes()}
            assert modes["default"].current
            assert modes["plan"].meaning
            with pytest.raises(host.CommandRejected, match="behind the end"):
                await session.complete("a", 9)

    run(backend, main)


@on_asyncio
def test_an_export_is_what_the_command_for_it_writes(tmp_path: Path, backend: str) -> None:
    async def main() -> None:
        async with real(tmp_path) as session:
            with pytest.raises(host.CommandRejected, match="nothing was said yet"):
                await session.export()
            await session.run("say 2 words\n" + "a line of a long prompt\n" * 3000)
            for form in ("md", "jsonl"):
                told = await session.export(form)
                assert len(told) > 60_000
                turn = await session.submit(f"/export {form} {tmp_path}/file")
                await turn.result()
                written = (tmp_path / "file").read_text()
                (tmp_path / "file").unlink()
                assert written.startswith(told[:-1])  # later lines tell of the command itself
            with pytest.raises(host.CommandRejected, match="begin with part 0"):
                await session.command("export", format="html", part=1)

    run(backend, main)


@on_asyncio
def test_a_program_that_has_none_of_it_is_not_asked(backend: str) -> None:
    async def main() -> None:
        async with replay("text") as session:
            asks = (session.complete("@a"), session.list_models(), session.export())
            for asked in asks:
                with pytest.raises(host.NotSupported):
                    await asked

    run(backend, main)
