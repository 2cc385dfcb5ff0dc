"""The queue of prompts and the memory of command ids."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.actor import INPUT, KEYBOARD
from qwen_dual.core.prompts import PREVIEW_CHARS, PREVIEW_PROMPTS, Prompt, PromptQueue, SeenIds


def test_a_queue_hands_out_in_order_and_gives_up_what_is_cancelled() -> None:
    queue = PromptQueue()
    assert [queue.add(Prompt(text, INPUT, text)) for text in "abc"] == [1, 2, 3]
    assert queue.cancel("b")
    assert not queue.cancel("b")
    taken = [queue.take(), queue.take(), queue.take()]
    assert [prompt.text if prompt else None for prompt in taken] == ["a", "c", None]


def test_a_listing_is_bounded_whatever_is_queued() -> None:
    queue = PromptQueue()
    for _ in range(1000):
        queue.add(Prompt("x" * 10_000, KEYBOARD))
    listing = queue.listing()
    assert len(listing) == PREVIEW_PROMPTS
    assert all(len(entry["text"]) == PREVIEW_CHARS for entry in listing)


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
