"""``/export``: which file it writes, by a format, a path, or a path alone."""

from __future__ import annotations

import anyio
import pytest

from tests.runtime.written import Place


@pytest.mark.parametrize(
    ("command", "path", "begins"),
    [
        ("/export md notes/day/today", "notes/day/today", "# "),
        ("/export notes/today.html", "notes/today.html", "<!doctype html>"),
        ("/export a b.md", "a b.md", "# "),
    ],
)
def test_a_path_says_the_format_and_its_folders_are_made(
    tmp_path_factory: pytest.TempPathFactory, command: str, path: str, begins: str
) -> None:
    place = Place(tmp_path_factory.mktemp("place"))

    async def main() -> None:
        async with place.session() as handle:
            await place.ask(handle, "hello")
            file = place.work / path
            told = (await place.ask(handle, command))["result"]
            assert told == f"Exported to {file}"
            assert file.read_text()[: len(begins)].lower() == begins
            assert file.stat().st_mode & 0o777 == 0o600
            again = (await place.ask(handle, command))["result"]
            assert again == f"{file} is there already; name another path"
            wrong = (await place.ask(handle, "/export pdf"))["result"]
            assert wrong.startswith("'pdf' is no format")

    anyio.run(main)
