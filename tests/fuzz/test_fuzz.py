"""A short run of the fuzz targets, and every case that a long run has found."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS

CASES = sorted((Path(__file__).parent / "cases").glob("*-*"))


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_short_run_finds_nothing(name: str) -> None:
    run = settings(max_examples=60, deadline=None)(given(st.binary(max_size=300))(TARGETS[name]))
    run()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_was_found_once_stays_mended(case: Path) -> None:
    TARGETS[case.name.split("-", 1)[0]](case.read_bytes())
