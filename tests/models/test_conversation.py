from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.models.conversation import NO_RESULT, normalise, plain_id
from tests.models.conversations import called, resulted, said, talk, thought

if TYPE_CHECKING:
    from qwen_dual.protocol.shapes import Message

IDS = st.sampled_from(["a", "b", "call:1", "", "ü" * 50])
USER = st.one_of(st.sampled_from(["", "text"]).map(said), IDS.map(resulted))
ANSWER = st.one_of(
    st.sampled_from(["", "text"]).map(said), st.just(thought("Hm.")), IDS.map(called)
)
TALKS = st.lists(
    st.one_of(
        st.tuples(st.just("user"), st.lists(USER, max_size=4)),
        st.tuples(st.just("assistant"), st.lists(ANSWER, max_size=4)),
    ),
    max_size=8,
)


def ids(message: Message, kind: str, key: str) -> list[Any]:
    return [dict(block)[key] for block in message["content"] if block["type"] == kind]


@given(TALKS, st.booleans())
def test_whatever_was_said_is_accepted_everywhere(
    messages: list[tuple[str, list[dict[str, Any]]]], keeps: bool
) -> None:
    done = normalise(talk(*messages), keep_thinking=lambda block: keeps)

    roles = [message["role"] for message in done]
    assert all(first != second for first, second in pairwise(roles))
    every_id: list[str] = []
    for number, message in enumerate(done):
        assert message["content"]
        assert all(block["text"].strip() for block in message["content"] if block["type"] == "text")
        if message["role"] == "assistant":
            assert message["content"][-1]["type"] != "thinking"
            calls = ids(message, "tool_use", "id")
            every_id += calls
            if calls:
                answers = done[number + 1]["content"][: len(calls)]
                assert [dict(block).get("tool_use_id") for block in answers] == calls
        else:
            asked_for = ids(done[number - 1], "tool_use", "id") if number else []
            assert ids(message, "tool_result", "tool_use_id") == asked_for
    assert len(every_id) == len(set(every_id))
    assert all(re.fullmatch("[a-zA-Z0-9_-]{1,40}", each) for each in every_id)


@given(TALKS)
def test_what_is_accepted_stays_as_it_is(
    messages: list[tuple[str, list[dict[str, Any]]]],
) -> None:
    done = normalise(talk(*messages))

    assert normalise(done) == done


def test_ids_that_a_service_would_refuse_are_replaced_the_same_way_each_time() -> None:
    assert plain_id("toolu_01-A") == "toolu_01-A"
    assert plain_id("functions.read:0") == plain_id("functions.read:0")
    assert plain_id("functions.read:0") != plain_id("functions.read:1")


def test_an_id_that_every_answer_uses_costs_no_more_the_longer_it_goes_on() -> None:
    turns = talk(
        *(
            message
            for _ in range(10_000)
            for message in (
                ("user", [said("go")]),
                ("assistant", [called("call_0")]),
                ("user", [resulted("call_0")]),
                ("assistant", [said("done")]),
            )
        )
    )
    began = time.process_time()
    done = normalise(turns)
    assert time.process_time() - began < 5, "each id is looked for from the first one on"
    names = [name for message in done for name in ids(message, "tool_use", "id")]
    assert len(set(names)) == len(names) == 10_000


def test_ids_used_again_are_told_apart_with_their_results() -> None:
    done = normalise(
        talk(
            ("user", [said("go")]),
            ("assistant", [called("0"), called("0")]),
            ("user", [resulted("0", "first"), resulted("0", "second")]),
            ("assistant", [called("0")]),
            ("user", [resulted("0", "third")]),
        )
    )

    calls = [each for message in done for each in ids(message, "tool_use", "id")]
    results = [each for message in done for each in ids(message, "tool_result", "tool_use_id")]
    assert calls == results
    assert len(set(calls)) == 3
    assert [each for message in done for each in ids(message, "tool_result", "content")] == [
        "first",
        "second",
        "third",
    ]


def test_a_call_without_a_result_gets_one_that_says_so() -> None:
    done = normalise(
        talk(("user", [said("go")]), ("assistant", [called("a")]), ("user", [said("on")]))
    )

    assert done[2]["content"] == [resulted("a", NO_RESULT, is_error=True), said("on")]


def test_results_stand_before_the_text_that_came_with_them() -> None:
    done = normalise(
        talk(
            ("user", [said("go")]),
            ("assistant", [called("a"), called("b")]),
            ("user", [said("wait"), resulted("b"), resulted("a"), resulted("gone")]),
        )
    )

    assert done[2]["content"] == [resulted("a"), resulted("b"), said("wait")]
