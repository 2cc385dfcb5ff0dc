"""The memory of command ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.prompts import SeenIds


@given(st.lists(st.text(min_size=1, max_size=2)))
def test_an_id_is_new_exactly_once(ids: list[str]) -> None:
    seen = SeenIds()
    assert [item for item in ids if seen.add(item)] == list(dict.fromkeys(ids))


def test_the_memory_of_ids_is_bounded_and_forgets_the_oldest() -> None:
    seen = SeenIds(limit=3)
    for item in "abcd":
        assert seen.add(item)
    assert not seen.add("b")
    assert seen.add("a")
