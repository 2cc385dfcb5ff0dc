"""``docs/settings.md``: its table is the code's, and its examples work."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from qwen_dual.settings.environment import NEVER
from qwen_dual.settings.presets import PRESETS
from qwen_dual.settings.providers import resolve
from qwen_dual.settings.table import put

if TYPE_CHECKING:
    from tests.settings.folders import Folders

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()
EXAMPLES = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_table_is_up_to_date() -> None:
    assert put(PAGE) == PAGE, "run: python -m qwen_dual.settings.table docs/settings.md"


def test_a_page_without_markers_is_an_error() -> None:
    with pytest.raises(ValueError, match="expected the lines"):
        put("no markers")


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_example_configures_a_model(folders: Folders, example: str) -> None:
    folders.user(example)
    providers = resolve(folders.load(), model=None)
    assert (folders.wrong(), list(providers.warnings)) == ([], [])
    assert providers.chosen == 0


def test_the_presets_are_among_the_examples() -> None:
    ids = [
        entry["id"]
        for example in EXAMPLES
        for entries in json.loads(example)["modelProviders"].values()
        for entry in entries
    ]
    assert {preset.model for preset in PRESETS if preset.model} <= set(ids)


def test_the_lists_of_names_are_the_codes() -> None:
    for name in NEVER:
        assert f"`{name}`" in PAGE
