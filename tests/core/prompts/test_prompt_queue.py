"""The prompts that wait: their order, their ids, what is told of them, and those in the editor."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from qwen_dual.core.actor import INPUT, KEYBOARD, Actor
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.prompts.queue import (
    LISTED_CHARS,
    LISTED_PROMPTS,
    PREVIEW_CHARS,
    PREVIEW_PROMPTS,
    PromptQueue,
)
from qwen_dual.core.prompts.queue_editing import CannotChange, QueueEditing
from qwen_dual.protocol import events
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event

ZED = Actor("host", "zed")


def queue_of(*texts: str) -> PromptQueue:
    queue = PromptQueue()
    for text in texts:
        queue.add(Prompt(text, INPUT, text))
    return queue


class Edited:
    """A queue, what is done with it, and what was told."""

    def __init__(self, *prompts: Prompt) -> None:
        self.queue = PromptQueue()
        for prompt in prompts:
            self.queue.add(prompt)
        self.told: list[Event] = []
        self.changes = 0
        self.owners: list[Actor] = []
        self.editing = QueueEditing(
            self.queue, lambda: None, self._change, self._receipt, self.told.append
        )

    def _receipt(self, *said: Any, owner: Actor) -> None:
        self.owners.append(owner)
        self.told.append(events.receipt(*said))

    def _change(self) -> None:
        self.changes += 1

    def refused(self, act: str, target: str, *more: object) -> str:
        """The code with which a change is refused."""
        with pytest.raises(CannotChange) as problem:
            getattr(self.editing, act)(target, *more, ZED)
        return problem.value.code


def test_a_queue_hands_out_in_order_and_gives_up_what_is_taken_out() -> None:
    queue = PromptQueue()
    assert [queue.add(Prompt(text, INPUT, text)) for text in "abc"] == [1, 2, 3]
    found = queue.find("b", INPUT)
    assert found is not None
    assert queue.remove(found)
    assert not queue.remove(found)
    taken = [queue.take(), queue.take(), queue.take()]
    assert [prompt.text if prompt else None for prompt in taken] == ["a", "c", None]


@pytest.mark.parametrize("held", [False, True])
def test_one_more_prompt_costs_the_same_however_many_wait(held: bool) -> None:
    queue = queue_of("a")
    queue.add(Prompt("typed", KEYBOARD))
    if held:
        assert queue.hold(None, -1) is not None

    def steps(name: str) -> int:
        calls = 0

        def count(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(count)
        try:
            queue.position_of_next(steers=False)
            queue.add(Prompt(name, INPUT, name))
        finally:
            sys.setprofile(None)
        return calls

    few = steps("b")
    for number in range(500):
        queue.add(Prompt("c", INPUT, f"c{number}"))
    assert steps("d") == few
    assert queue.position_of_next(steers=False) == 505 - held


def test_a_listing_is_bounded_whatever_is_queued() -> None:
    queue = PromptQueue()
    for _ in range(1000):
        queue.add(Prompt("x\x00" * 10_000, KEYBOARD))
    listing = queue.listing()
    assert len(listing) == PREVIEW_PROMPTS
    assert all(len(entry["text"]) == PREVIEW_CHARS for entry in listing)
    told = queue.listed()
    assert len(told) == LISTED_PROMPTS
    assert len(told[0]["text"]) == LISTED_CHARS
    assert all(entry["cut"] for entry in told)
    assert len(encode(told)) < 64 << 10


def test_what_steers_stands_before_what_waits_for_its_own_turn() -> None:
    queue = queue_of("later")
    assert queue.position_of_next(steers=True) == 1
    assert queue.add(Prompt("first", KEYBOARD, steers="t")) == 1
    assert queue.add(Prompt("second", KEYBOARD, steers="t")) == 2
    assert queue.position_of_next(steers=False) == 4
    assert queue.texts() == ["first", "second", "later"]
    assert queue.steering("another") is None
    first = queue.steering("t")
    assert first is not None and first.text == "first"
    queue.settle()
    assert queue.steering("t") is None
    assert queue.texts() == ["first", "second", "later"]


def test_each_prompt_has_an_id_and_two_hosts_may_use_the_same() -> None:
    queue = PromptQueue()
    queue.add(Prompt("typed", KEYBOARD))
    queue.add(Prompt("of the file", INPUT, "1"))
    queue.add(Prompt("of zed", ZED, "1"))
    ids = [entry["id"] for entry in queue.listed()]
    assert len(set(ids)) == 3
    assert ids[1] == "1"
    found = [queue.find("1", INPUT), queue.find("1", ZED), queue.find(ids[0], ZED)]
    assert [prompt.text if prompt else None for prompt in found] == [
        "of the file",
        "of zed",
        "typed",
    ]


def test_a_move_goes_to_the_position_or_the_end() -> None:
    at = Edited(*(Prompt(text, INPUT, text) for text in "abcd"))
    assert at.editing.move("d", 1, ZED) == 1
    assert at.editing.move("a", 3, ZED) == 3
    assert at.editing.move("b", 99, ZED) == 4
    assert at.queue.texts() == ["d", "a", "c", "b"]
    assert at.refused("move", "x", 1) == "not_queued"
    assert at.changes == 3


def test_an_edited_prompt_is_its_editors_and_still_whose_it_was() -> None:
    at = Edited(Prompt("mine", KEYBOARD), Prompt("ls", KEYBOARD, action="shell"))
    mine, command = (entry["id"] for entry in at.queue.listed())
    at.editing.edit(mine, "theirs", ZED)
    entry = at.queue.listed()[0]
    assert entry == {
        "id": mine,
        "text": "theirs",
        "origin": "host:zed",
        "submitted_by": "keyboard",
    }
    # What the shell runs as the person's own act is not for others to word.
    assert at.refused("edit", command, "rm -rf /") == "not_editable"
    own, _ = at.editing.clear(give_back=True)
    assert [prompt.text for prompt in own] == ["theirs", "ls"]


def test_the_images_of_an_edited_prompt_stay() -> None:
    image = {"type": "image", "source": {"type": "path", "path": "/w/shot.png"}}
    said = {"type": "text", "text": "look"}
    content: tuple[object, ...] = (said, image)
    at = Edited(Prompt("look\n[image 1: shot.png]", INPUT, "1", own="look", content=content))  # type: ignore[arg-type]
    at.editing.edit("1", "look again", INPUT)
    prompt = at.queue.take()
    assert prompt is not None
    assert prompt.text == "look again\n[image 1: shot.png]"
    assert prompt.own == "look again"
    assert [block["type"] for block in prompt.content] == ["text", "image"]
    at.queue.add(prompt)
    assert at.queue.listed()[0]["content"] == [
        {"type": "image", "name": "shot.png", "title": "[image 1: shot.png]"}
    ]


def test_what_is_cancelled_is_told_to_who_submitted_it() -> None:
    at = Edited(Prompt("mine", KEYBOARD), Prompt("theirs", INPUT, "1"))
    at.editing.cancel("1", ZED)
    at.editing.cancel(at.queue.listed()[0]["id"], ZED)
    receipt, notice = (event["data"] for event in at.told)
    assert (receipt["id"], receipt["status"], receipt["code"]) == ("1", "rejected", "cancelled")
    assert notice["text"] == "host:zed took this out of the queue: mine"
    assert at.refused("cancel", "1") == "not_queued"


def test_a_prompt_in_the_editor_keeps_its_place_and_nobody_else_has_it() -> None:
    at = Edited(*(Prompt(text, KEYBOARD, text) for text in "abc"))
    held = at.editing.hold()
    assert held is not None and held.text == "c"
    second = at.editing.hold(held.id)
    assert second is not None and second.text == "b"
    at.editing.release(held)
    assert [entry["id"] for entry in at.queue.listed() if "editing" in entry] == ["b"]
    for refusal in (("cancel", "b"), ("edit", "b", "x"), ("move", "b", 1)):
        assert at.refused(*refusal) == "being_edited"
    assert at.editing.move("c", 1, ZED) == 1
    assert len(at.queue) == 2
    at.editing.release(second)
    assert at.queue.texts() == ["c", "a", "b"]


def test_what_was_held_comes_back_whatever_became_of_the_queue() -> None:
    at = Edited(Prompt("steers", KEYBOARD, steers="t"), Prompt("other", INPUT, "1"))
    held = at.editing.hold()
    assert held is not None
    at.queue.settle()  # the turn that it was to join has ended
    at.editing.empty("interrupted", "gone")
    at.editing.release(held)
    taken = at.queue.take()
    assert taken is not None
    assert (taken.text, taken.steers) == ("steers", None)


def test_a_prompt_that_was_let_go_leaves_the_queue() -> None:
    at = Edited(Prompt("emptied", KEYBOARD))
    held = at.editing.hold()
    assert held is not None
    at.editing.let_go(held)
    assert at.queue.texts(editing=True) == []
    assert at.queue.listed() == []
