"""Streams that repeat themselves, cut characters in two, or hide reasoning in the text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.core.models.answer import Answer
from qwen_dual.core.models.model import (
    Finished,
    ModelError,
    TextDelta,
    ThinkingDelta,
    ThoughtSoFar,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.repair import RepairedReader
from qwen_dual.models.snapshots import Pieces
from qwen_dual.models.think_tags import ThinkTags
from qwen_dual.models.translate import Whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qwen_dual.core.models.model import ModelDelta
    from qwen_dual.models.translate import Read


class Played:
    """A reader that gives one delta for each event."""

    complete = False

    def __init__(self, deltas: Sequence[Read]) -> None:
        self._deltas = iter(deltas)

    def feed(self, name: str, data: Mapping[str, Any]) -> Iterator[Read]:
        yield next(self._deltas)

    def finish(self) -> Sequence[Read]:
        return ()


def repaired(*deltas: Read, begins_inside: bool = False, halves: bool = False) -> list[ModelDelta]:
    reader = RepairedReader(Played(deltas), begins_inside=begins_inside)
    found = [each for _ in deltas for each in reader.feed("", {}, halves=halves)]
    return [*found, *reader.finish()]


def blocks(deltas: Sequence[ModelDelta]) -> list[tuple[str, Any]]:
    """What the session makes of it: kind and text of each block."""
    answer = Answer("m", lambda event: None)
    for delta in deltas:
        answer.feed(delta)
    answer.finish()
    return [
        (block["type"], block.get("text", block.get("thinking", block.get("input"))))
        for block in answer.blocks
    ]


def texts(*pieces: str) -> list[Read]:
    return [TextDelta(piece) for piece in pieces]


# --- pieces that repeat the whole


def joined(*pieces: str, is_json: bool = False) -> str:
    found = Pieces(is_json=is_json)
    return "".join([*map(found.feed, pieces), found.settle()])


@pytest.mark.parametrize(
    ("pieces", "whole"),
    [
        (("He", "Hello", "Hello world"), "Hello world"),
        (("H", "He", "Hel", "Hello"), "Hello"),
        (("He", "Hello", "Hello"), "Hello"),
        (("He", "Hello", "Hello world", "Hello world"), "Hello world"),
        (("He", "Hello world"), "Hello world"),
        (("Hel", "lo ", "world", "Hello world"), "Hello world"),
        (("Hel", "lo ", "world", "Hello world!"), "Hello world!"),
        (
            ("It all came in one piece, and then again.",) * 2,
            "It all came in one piece, and then again.",
        ),
        (("He", "Hello", "Hello world", " and more"), "Hello world and more"),
    ],
)
def test_a_piece_that_repeats_the_whole_brings_what_is_new(
    pieces: tuple[str, ...], whole: str
) -> None:
    assert joined(*pieces) == whole


@pytest.mark.parametrize(
    "pieces",
    [
        ("ha", "ha"),
        ("ha", "ha", "ha", "ha"),
        ("ha", "ha", "ha", "haha", "!"),
        ("no ", "no ", "no no ", "never"),
        ("=", "==", "===", "===="),
        (".", "..", "...", "and"),
        ("  ", "    return", "\n"),
        ("\n", "\n\n", "\n\n\n"),
        ("I", "It"),
        ("a", "ab", "c"),
        ("a", "ab", "ab", "a"),
        ("a", "ab", "ab", "ab", "ab"),
        ("na na na na na na na na na na na na na na na na ", "na", " batman"),
    ],
)
def test_a_text_that_really_repeats_stays(pieces: tuple[str, ...]) -> None:
    assert joined(*pieces) == "".join(pieces)


@pytest.mark.parametrize(
    "pieces",
    [
        ("{", '{"a"', '{"a":1}'),
        ('{"a":1}', '{"a":1}'),
        ('{"a"', ":1}", '{"a":1}'),
        ('{"a"', '{"a":1}'),
        ('{"a":', "1}"),
    ],
)
def test_arguments_that_repeat_are_the_whole(pieces: tuple[str, ...]) -> None:
    assert joined(*pieces, is_json=True) == '{"a":1}'


def test_arguments_that_hold_their_own_beginning_stay() -> None:
    assert joined('{"a":', '{"a":', "1}}", is_json=True) == '{"a":{"a":1}}'
    assert joined('{"a":', '{"a":1}', "}", is_json=True) == '{"a":{"a":1}}'


@given(st.text(min_size=3, max_size=30), st.data())
def test_growing_pieces_of_any_text_are_that_text(text: str, data: st.DataObject) -> None:
    text = f"Is {text}"
    cuts = data.draw(st.lists(st.integers(2, len(text)), min_size=1))
    pieces = [text[:cut] for cut in sorted({*cuts, 2, len(text)})]
    assert joined(*pieces) == text


@given(st.lists(st.text("ab ", min_size=3, max_size=3)))
def test_pieces_of_one_length_stay_whatever_they_are(pieces: list[str]) -> None:
    assert joined(*pieces) == "".join(pieces)


def test_every_kind_is_mended_for_itself() -> None:
    assert blocks(
        repaired(
            ThinkingDelta("Hm"),
            ThinkingDelta("Hmm"),
            ThinkingDelta("Hmm so"),
            *texts("He", "Hello", "Hello you"),
            ToolCallStart("a", "x"),
            ToolCallArguments('{"n"'),
            ToolCallArguments('{"n":1'),
            ToolCallArguments('{"n":1}'),
            ToolCallStart("b", "x"),
            ToolCallArguments('{"n":2}'),
            ToolCallArguments('{"n":2}'),
        )
    ) == [
        ("thinking", "Hmm so"),
        ("text", "Hello you"),
        ("tool_use", {"n": 1}),
        ("tool_use", {"n": 2}),
    ]


def test_a_final_message_adds_what_was_missing_and_nothing_else() -> None:
    whole = Whole(TextDelta("Hello world"))
    assert blocks(repaired(*texts("Hello"), whole)) == [("text", "Hello world")]
    assert blocks(repaired(*texts("Hello world"), whole)) == [("text", "Hello world")]
    assert blocks(repaired(*texts("Hello", " there"), whole)) == [("text", "Hello there")]


def test_what_was_said_before_a_call_may_be_said_again_after_it() -> None:
    again = "Now I look at the next of the files in this folder."
    assert blocks(
        repaired(*texts(again), ToolCallStart("a", "x"), ToolCallArguments("{}"), *texts(again))
    ) == [("text", again), ("tool_use", {}), ("text", again)]


# --- characters in two halves


def test_halves_of_a_character_are_joined_and_a_lone_one_is_replaced() -> None:
    deltas = repaired(*texts("a\ud83d", "\ude80b", "\ud83d", "c", "\ude80"), halves=True)
    assert (
        "".join(each.text for each in deltas if isinstance(each, TextDelta)) == "a🚀b\ufffdc\ufffd"
    )
    call: list[Read] = [
        ToolCallStart("a", "x"),
        ToolCallArguments('{"a":"\ud83d'),
        ToolCallArguments('\ude80"}'),
    ]
    assert blocks(repaired(*call, halves=True)) == [("tool_use", {"a": "🚀"})]


# --- reasoning within the text


def said(text: str, size: int, *, begins_inside: bool = False) -> list[tuple[str, Any]]:
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return blocks(repaired(*texts(*pieces), begins_inside=begins_inside))


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 100])
@pytest.mark.parametrize(
    ("text", "thought", "answer"),
    [
        ("<think>a</think>b", "a", "b"),
        ("\n<think>\nSo.\nIt is.\n</think>\n\nYes < no.", "So.\nIt is.", "Yes < no."),
        ("<thinking>x</thinking>\ny", "x", "y"),
        ("[THINK]x[1] [/THI[/THINK]y", "x[1] [/THI", "y"),
        ("◁think▷x◁/think▷y", "x", "y"),
        ("<think></think>\n\nonly", None, "only"),
        ("<think>a</think>\n<think>b</think>\nc", "ab", "c"),
        ("<think>`<think>` is it</think>c", "`<think>` is it", "c"),
        ("</think>\n\nc", None, "c"),
    ],
)
def test_what_is_between_tags_at_the_beginning_is_reasoning(
    text: str, thought: str | None, answer: str, size: int
) -> None:
    thinking = [] if thought is None else [("thinking", thought)]
    assert said(text, size) == [*thinking, ("text", answer)]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize(
    "text",
    [
        "The tag `<think>a</think>` is it.",
        "It is <think>a</think> here.",
        "```\n<think>a</think>\n```\nSo.",
        "```html\na\n</think>\nb\n```",
        "Write `a</think>` at the end.",
        "The tag </think> closes it, and '</think>' too.",
        "The tags are:\n<think>\n</think>\nand no other.",
        "a < b, [c] and <thin>",
        "<thin air>",
        "It ends with </think>",
        "<",
    ],
)
def test_tags_in_code_or_in_a_sentence_are_text(text: str, size: int) -> None:
    assert said(text, size) == [("text", text)]


@pytest.mark.parametrize(
    "text", ["a</think>b", "So it is.\n</think>\n\nb", "One.\n\nTwo.</think>\nb"]
)
def test_with_the_closing_tag_alone_what_came_before_was_reasoning(text: str) -> None:
    thought = text.partition("</think>")[0].strip()
    for size in (1, 2, 4, 100):
        kinds = said(text, size)
        assert "".join(text for kind, text in kinds if kind == "thinking").strip() == thought
        assert [text for kind, text in kinds if kind == "text"] == ["b"]


def test_events_stay_consistent_when_text_turns_out_to_be_reasoning() -> None:
    events: list[dict[str, Any]] = []
    answer = Answer("m", events.append)
    for delta in repaired(*texts("So ", "it is.", "</think>", "b")):
        answer.feed(delta)
    answer.finish()
    assert answer.text == "b"
    streamed = [e["event"] for e in events if e["type"] == "stream_event"]
    pieces = [e["delta"]["text"] for e in streamed if e["type"] == "content_block_delta"]
    whole = [e["message"]["content"][0]["text"] for e in events if e["type"] == "assistant"]
    assert (pieces, whole) == (["So ", "it is.", "b"], ["So it is.", "b"])


def test_a_model_known_to_begin_with_reasoning_is_shown_so_from_the_start() -> None:
    deltas = repaired(*texts("So ", "it is.", "</think>", "b"), begins_inside=True)
    assert deltas == [ThinkingDelta("So"), ThinkingDelta(" it is."), TextDelta("b")]
    assert said("No tag.", 3, begins_inside=True) == [("thinking", "No tag."), ("text", "No tag.")]
    assert repaired(ThinkingDelta("Hm"), *texts("Yes"), begins_inside=True)[-1] == TextDelta("Yes")


def test_a_tag_in_code_ends_no_reasoning_of_a_model_that_begins_with_it() -> None:
    for size in (1, 4, 100):
        text = "I show `</think>` to them.\n</think>b"
        found = said(text, size, begins_inside=True)
        assert found == [("thinking", "I show `</think>` to them."), ("text", "b")]
    text = "The tag `<think>x</think>` is text"
    assert said(text, 5, begins_inside=True)[-1] == ("text", text)


def test_whether_a_model_begins_with_reasoning_is_learnt() -> None:
    for text, begins, learnt in [
        ("a</think>b", False, True),
        ("a</think>b", True, True),
        ("plain", True, False),
        ("plain", False, None),
        ("<think>a</think>b", True, None),
    ]:
        tags = ThinkTags(begins_inside=begins)
        _ = [*tags.feed(text), *tags.end()]
        assert tags.began_inside is learnt, text


def test_reasoning_that_never_ends_was_the_answer_unless_the_limit_cut_it_off() -> None:
    assert said("<think>It is 4.", 3) == [("thinking", "It is 4."), ("text", "It is 4.")]
    assert blocks(repaired(*texts("<think>It is"), Finished("length"))) == [("thinking", "It is")]
    calls: list[Read] = [ToolCallStart("a", "x"), ToolCallArguments("{}")]
    assert blocks(repaired(*texts("<think>I call"), *calls)) == [
        ("thinking", "I call"),
        ("tool_use", {}),
    ]
    assert blocks(repaired(*texts("I call\n</think>"), *calls)) == [
        ("thinking", "I call"),
        ("tool_use", {}),
    ]


def test_empty_tags_are_an_empty_answer() -> None:
    with pytest.raises(ModelError) as caught:
        repaired(*texts("<think></think>\n"))
    assert caught.value.kind == "empty"


def test_reasoning_that_the_service_sends_itself_leaves_the_text_alone() -> None:
    assert repaired(ThinkingDelta("Hm"), *texts("a\n</think>\nb")) == [
        ThinkingDelta("Hm"),
        TextDelta("a\n</think>\nb"),
    ]


@given(st.lists(st.sampled_from(["<", "think>", "</think>", "a", "\n", "`", " ", "<think>"])))
def test_nothing_but_tags_and_the_space_around_them_is_lost(pieces: list[str]) -> None:
    try:
        deltas = repaired(*texts(*pieces, "end"))
    except ModelError:
        return
    seen = "".join(each.text for each in deltas if isinstance(each, (TextDelta, ThinkingDelta)))
    for character in "a`":
        assert seen.count(character) >= "".join(pieces).count(character)
    assert ThoughtSoFar() not in deltas[:1]
