"""What a session's events become: spans within spans, values of metrics, log records."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry.operations import SpanIds
from qwen_dual.telemetry.reducer import Reducer
from qwen_dual.telemetry.signal_builder import MAX_TOOLS, REST, SignalBuilder
from qwen_dual.telemetry.signals import Logged, Measured, Signal, Span
from tests.telemetry.events import (
    OUTLINE,
    REFERENCE,
    SECOND,
    START,
    TURN,
    answer,
    call,
    end,
    reduce,
    request,
    response,
    result,
    spans,
    state,
    stream,
    system,
    text,
    usage,
    user,
)


def outline(found: list[Signal]) -> Any:
    """The names, each with those within it, by when they began."""
    every = sorted(spans(found), key=lambda span: (span.start, span.end))
    assert len({span.span_id for span in every}) == len(every)

    def within(parent: Span | None) -> list[Any]:
        inner = [span for span in every if span.parent_id == (parent and parent.span_id)]
        for span in inner:
            assert parent is None or span.trace_id == parent.trace_id
        return [[span.name, *within(span)] if within(span) else span.name for span in inner]

    return within(None)


def values(found: list[Signal], instrument: names.Instrument) -> list[tuple[float, Any]]:
    measured = [signal for signal in found if isinstance(signal, Measured)]
    return [(one.value, one.attributes) for one in measured if one.instrument is instrument]


def test_a_turn_is_a_trace_of_model_calls_waits_and_tools_at_their_times() -> None:
    found = reduce(TURN)
    assert outline(found) == [OUTLINE]
    times = {span.name: (span.start // SECOND, span.end // SECOND) for span in spans(found)[:3]}
    assert times == {
        "chat qwen3": (2, 6),
        "wait_for_approval run_shell_command": (9, 10),
        "execute_tool run_shell_command": (11, 12),
    }
    turn = spans(found)[-1]
    assert (turn.start, turn.end) == (1 * SECOND, 19 * SECOND)
    assert turn.attributes == {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.conversation.id": "s",
        "gen_ai.agent.name": "qwen-dual",
        "gen_ai.request.model": "qwen3",
        "gen_ai.usage.input_tokens": 20,
        "gen_ai.usage.output_tokens": 4,
        "qwen_dual.turn.id": "t1",
        "qwen_dual.origin": "input",
        "qwen_dual.stop_reason": "end_turn",
        "qwen_dual.cost_usd": 0.75,
    }
    chat, wait, tool = spans(found)[:3]
    assert (chat.kind, wait.kind, tool.kind) == ("client", "internal", "internal")
    assert chat.attributes["gen_ai.response.finish_reasons"] == ("tool_use",)
    assert chat.attributes["gen_ai.response.time_to_first_chunk"] == 2.0
    assert wait.attributes["qwen_dual.approval.resolved_by"] == "host:zed"
    assert tool.attributes["process.exit.code"] == 0


def test_metrics_count_what_was_done_and_what_it_cost() -> None:
    found = reduce(TURN)
    assert [value for value, _ in values(found, names.COST)] == [0.25, 0.5]
    assert [value for value, _ in values(found, names.USED_CACHE_READ)] == [4]
    assert values(found, names.AGENT_CHATS) == [(2, {"gen_ai.agent.name": "qwen-dual"})]
    assert values(found, names.AGENT_CALLS) == [(1, {"gen_ai.agent.name": "qwen-dual"})]
    assert values(found, names.TURNS) == [(1, {"qwen_dual.stop_reason": "end_turn"})]
    assert values(found, names.PER_CHUNK)[0][0] == 0.5  # of five chunks, from 4 s to 6 s
    [(waited, told)] = values(found, names.APPROVAL_WAIT)
    assert (waited, told["qwen_dual.approval.resolved_by"]) == (1.0, "host")  # of low cardinality
    assert not any("session.id" in one.attributes for one in found if isinstance(one, Measured))
    told_apart = reduce(TURN, session_in_metrics=True)
    measured = [one for one in told_apart if isinstance(one, Measured)]
    assert all(one.attributes["session.id"] == "s" for one in measured)


@pytest.mark.parametrize("told", [{}, {"content_in_spans": True}, {"content_in_logs": True}])
def test_what_was_said_goes_only_where_somebody_asked_for_it(told: dict[str, bool]) -> None:
    found = reduce([*TURN, user("my secret"), system("slash_command", command="x", args="secret")])
    assert "secret" not in repr(found)
    found = reduce(TURN, **told)
    in_spans = [signal for signal in spans(found) if "secret" in repr(signal)]
    in_logs = [one for one in found if isinstance(one, Logged) and "secret" in repr(one)]
    assert bool(in_spans) == bool(told.get("content_in_spans"))
    assert bool(in_logs) == bool(told.get("content_in_logs"))
    measured = [one for one in found if isinstance(one, Measured)]
    assert "secret" not in repr(measured)


def test_secrets_are_taken_out_of_what_was_said() -> None:
    found = reduce(
        TURN,
        content_in_spans=True,
        content_in_logs=True,
        scrub=lambda text: text.replace("secret", "[KEY]"),
    )
    assert "secret" not in repr(found)
    assert "cat [KEY]" in repr(found)


def test_a_sub_agent_is_within_the_call_that_set_it_to_work() -> None:
    events = [
        START,
        user("go"),
        answer(call("1", "agent", prompt="look", subagent_type="explore", description="d")),
        user("look", "1"),
        answer(call("1", "read_file"), lane="1"),  # models count from the same number
        request("1", "read_file", "1"),
        response("1", True),
        result("1", "1"),
        answer(call("2", "agent", prompt="more", subagent_type="deep"), lane="1"),
        user("more", "2"),
        answer(text("x"), lane="2"),
        result("2", "1"),
        usage("1"),
        result("1"),
        end(),
    ]
    assert outline(reduce(events)) == [
        [
            "invoke_agent qwen-dual",
            "chat qwen3",
            [
                "execute_tool agent",
                [
                    "invoke_agent explore",
                    "chat qwen3",
                    "wait_for_approval read_file",
                    "execute_tool read_file",
                    "chat qwen3",
                    ["execute_tool agent", ["invoke_agent deep", "chat qwen3"]],
                    "chat qwen3",
                ],
            ],
        ]
    ]


def test_an_agent_in_the_background_ends_when_it_has_and_stays_in_its_trace() -> None:
    given = {"prompt": "look", "subagent_type": "explore", "run_in_background": True}
    events = [
        START,
        user("go"),
        answer(call("1", "agent", **given)),
        result("1"),
        system("task_started", tool_use_id="1"),
        user("look", "1"),
        end(),
        answer(text("found"), lane="1"),
        system("task_notification", tool_use_id="1", status="failed"),
    ]
    found = reduce(events)
    assert outline(found) == [
        [
            "invoke_agent qwen-dual",
            "chat qwen3",
            ["execute_tool agent", ["invoke_agent explore", "chat qwen3"]],
        ]
    ]
    explore = next(span for span in spans(found) if span.name == "invoke_agent explore")
    assert (explore.end // SECOND, explore.error) == (8, "failed")


def test_a_call_of_a_server_is_told_as_mcp_has_it() -> None:
    events = [START, user("go"), answer(call("1", "mcp__git__log", prompt="x", description="y"))]
    found = reduce([*events, result("1", is_error=True), end()])
    [span] = [span for span in spans(found) if span.name == "tools/call log"]
    assert (span.kind, span.error) == ("client", "tool_error")
    assert span.attributes["mcp.method.name"] == "tools/call"
    assert span.attributes["qwen_dual.mcp.server"] == "git"
    assert len(values(found, names.MCP_DURATION)) == 1


def test_what_was_denied_never_ran() -> None:
    events = [START, user("go"), answer(call("1", "edit")), request("1", "edit")]
    found = reduce([*events, response("1", False), result("1", is_error=True), end()])
    assert not any(span.name.startswith("execute_tool") for span in spans(found))
    assert values(found, names.TOOL_DURATION) == []
    [(_, told)] = values(found, names.APPROVALS)
    assert told["qwen_dual.approval.decision"] == "denied"


def test_lines_that_changes_bring_are_counted_once_they_are_made() -> None:
    preview = {"kind": "diff", "files": [{"added": 4, "removed": 2}, {"added": 1, "removed": 0}]}
    events = [START, user("go"), answer(call("1", "edit"), call("2", "edit"))]
    events += [request("1", "edit", preview=preview), response("1", True), result("1")]
    events += [system("tool_progress", tool_use_id="2", status="started", preview=preview)]
    found = reduce([*events, result("2", is_error=True), end()])
    assert values(found, names.LINES_CHANGED) == [
        (5, {"qwen_dual.lines.type": "added"}),
        (2, {"qwen_dual.lines.type": "removed"}),
    ]


def test_a_model_call_that_fails_says_with_what() -> None:
    failed = {"kind": "rate_limit", "message": "slow down", "status": 429}
    events = [
        START,
        user("go"),
        state("thinking"),
        system("model_retry", attempt=1, delay_ms=500, message="HTTP 429"),
        state("idle"),
        end(is_error=True, error=failed, stop_reason="error"),
    ]
    found = reduce(events)
    [first, second, turn] = spans(found)
    assert (first.error, second.error, turn.error) == ("_OTHER", "rate_limit", "rate_limit")
    assert (first.end / SECOND, second.start / SECOND) == (3, 3.5)
    assert values(found, names.RETRIES) == [(1, {})]
    assert "slow down" not in repr(found)


def test_an_interrupt_ends_all_that_goes_on() -> None:
    events = [START, user("go"), answer(call("1", "agent", prompt="x", subagent_type="explore"))]
    events += [user("x", "1"), stream("message_start", "1", message={"model": "qwen3"})]
    found = reduce([*events, end(stop_reason="interrupted")])
    assert {(span.name, span.error) for span in spans(found)} == {
        ("chat qwen3", ""),  # the one that had its answer
        ("chat qwen3", "interrupted"),
        ("invoke_agent explore", ""),
        ("execute_tool agent", "interrupted"),
        ("invoke_agent qwen-dual", ""),
    }
    assert {span.end // SECOND for span in spans(found)} == {2, 5}


def test_a_prompt_that_steers_a_turn_begins_none() -> None:
    found = reduce([START, user("go"), state("thinking"), user("left", steered=True), end()])
    assert len(spans(found)) == 1


def test_the_same_events_are_the_same_trace_whoever_tells_of_them() -> None:
    first, second = reduce(TURN), reduce(TURN, content_in_spans=True)
    assert [span.span_id for span in spans(first)] == [span.span_id for span in spans(second)]
    assert {span.trace_id for span in spans(first)} == {span.trace_id for span in spans(second)}


def test_a_model_that_makes_up_tools_makes_no_series_of_each() -> None:
    events = [START, user("go")]
    for number in range(MAX_TOOLS + 50):
        events += [answer(call(str(number), f"tool{number}")), result(str(number))]
    told = {one["gen_ai.tool.name"] for _, one in values(reduce(events), names.TOOL_DURATION)}
    assert len(told) == MAX_TOOLS
    assert REST in told


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        (
            "tool_allowed",
            [
                [
                    "invoke_agent",
                    "chat mock",
                    "wait_for_approval run_shell_command",
                    "execute_tool run_shell_command",
                    "chat mock",
                ]
            ],
        ),
        ("text", [["invoke_agent", "chat mock"]]),
        ("think", [["invoke_agent", "chat mock"]]),
        (
            "agents/nested",
            [
                [
                    "invoke_agent",
                    "chat mock",
                    [
                        "execute_tool agent",
                        ["invoke_agent general-purpose", "chat mock", "execute_tool agent"],
                    ],
                    "chat mock",
                ]
            ],
        ),
    ],
)
def test_qwen_codes_streams_become_the_same(name: str, wanted: Any) -> None:
    lines = (REFERENCE / f"{name}.jsonl").read_text().splitlines()
    found = reduce([json.loads(line) for line in lines])
    assert outline(found) == wanted


def test_a_failure_that_only_the_answers_text_tells_is_one() -> None:
    lines = (REFERENCE / "http_400.jsonl").read_text().splitlines()
    found = reduce([json.loads(line) for line in lines])
    assert [(span.name, span.error) for span in spans(found)] == [
        ("chat mock", "_OTHER"),
        ("invoke_agent", "_OTHER"),
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.data())
def test_whatever_is_wrong_in_events_nothing_fails_and_spans_end_after_they_begin(
    data: st.DataObject,
) -> None:
    events: list[dict[str, Any]] = json.loads(json.dumps(TURN))
    for _ in range(data.draw(st.integers(1, 6))):
        at: Any = data.draw(st.sampled_from(events))
        while isinstance(at, (dict, list)) and at:
            keys = list(at) if isinstance(at, dict) else list(range(len(at)))
            key = data.draw(st.sampled_from(keys))
            if not isinstance(at[key], (dict, list)) or data.draw(st.booleans()):
                at[key] = data.draw(json_values)
                break
            at = at[key]
    order = data.draw(st.permutations(range(len(events))))
    found = reduce([events[at] for at in order], content_in_spans=True, content_in_logs=True)
    assert all(span.start <= span.end for span in spans(found))
    assert len({span.span_id for span in spans(found)}) == len(spans(found))


def test_a_turn_within_another_program_s_span_is_part_of_its_trace() -> None:
    outer = SpanIds(0xABC, 0xDEF)
    found = reduce(TURN, parent=outer)
    assert {span.trace_id for span in spans(found)} == {0xABC}
    [turn] = [span for span in spans(found) if span.name.startswith("invoke_agent")]
    assert turn.parent_id == 0xDEF
    again = [span.span_id for span in spans(reduce(TURN, parent=outer))]
    assert again == [span.span_id for span in spans(found)]


def test_a_model_call_says_where_it_went_if_that_is_known() -> None:
    found = reduce(TURN, server=lambda model: ("models.example", 8443))
    where = {names.SERVER_ADDRESS: "models.example", names.SERVER_PORT: 8443}
    [chat, *_] = [span for span in spans(found) if span.name.startswith("chat")]
    assert where.items() <= chat.attributes.items()
    [(_, told), *_] = values(found, names.INFERENCE_DURATION)
    assert where.items() <= told.items()
    [chat, *_] = [span for span in spans(reduce(TURN)) if span.name.startswith("chat")]
    assert not where.keys() & chat.attributes.keys()


def test_a_turn_that_is_cut_off_says_so_and_one_that_nobody_ends_ends_with_its_answer() -> None:
    told = Reducer(SignalBuilder())
    for number, event in enumerate(
        [system("session_start", session_id="s"), state("thinking"), user("go"), state("thinking")]
    ):
        told.take(event, number * SECOND)
    [turn] = spans(told.finish(9 * SECOND))
    assert (turn.error, turn.end) == (names.OTHER_ERROR, 9 * SECOND)
    quiet = Reducer(SignalBuilder())
    events = [user("go"), stream("message_start"), answer(text("done")), stream("message_stop")]
    found = [signal for at, event in enumerate(events) for signal in quiet.take(event, at * SECOND)]
    found += quiet.take(system("session_end"), 60 * SECOND)
    [turn] = [span for span in spans(found) if span.name == "invoke_agent"]
    assert (turn.error, turn.end) == ("", 3 * SECOND)
