"""What MCP servers ask the person and the model while they work."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.actor import CLI, KEYBOARD, POLICY
from qwen_dual.core.models.model import TextDelta, TokenUsage
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.mcp.config import ServerConfig
from qwen_dual.runtime.mcp import control_of, servers_of
from tests.mcp.support import with_node
from tests.runtime.mcp_kit import (
    REAL,
    Place,
    begun,
    run,
    sender,
)
from tests.support.fakes import FakeModel

if TYPE_CHECKING:
    from qwen_dual.protocol.events import Event


def is_elicitation(event: Event) -> bool:
    name = "mcp__everything__elicitation"
    return event["type"] == "control_request" and bool(event["request"]["tool_name"] == name)


@with_node
def test_what_a_server_asks_is_a_question_that_a_host_can_answer(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    place.calls(*[("mcp__everything__trigger-elicitation-request", {})] * 2)

    async def main() -> None:
        async with begun(place, trust=True) as handle:
            handle.submit("go", CLI)
            event = await place.log.until(is_elicitation)
            request = event["request"]
            assert request["preview"]["kind"] == "questions"
            assert request["input"]["server"] == "everything"
            first = request["input"]["questions"][0]
            assert (first["question"], first["header"]) == ("String", "MCP server everything")
            send = sender(handle)
            wrong = {"answers": {"String": "Ann", "Integer": "many"}}
            send(
                type="confirmation_response",
                request_id=event["request_id"],
                allowed=True,
                updated_input=wrong,
            )
            again = await place.log.until(
                lambda each: is_elicitation(each) and each["request_id"] != event["request_id"]
            )
            right = {"answers": {"String": "Ann", "Integer": "5", "Boolean": "Yes"}}
            send(
                type="confirmation_response",
                request_id=again["request_id"],
                allowed=True,
                updated_input=right,
            )
            known = {event["request_id"], again["request_id"]}
            third = await place.log.until(
                lambda each: is_elicitation(each) and each["request_id"] not in known
            )
            handle.answer(third["request_id"], Decision(False, KEYBOARD))
            await place.log.results()

    run(main)
    accepted, declined = place.results()
    for part in ('"name": "Ann"', '"check": true', '"integer": 5', '"number": 3.14'):
        assert part in accepted
    assert '"action": "decline"' in declined
    (told,) = [text for text in place.notices() if "cannot be used" in text]
    assert told.endswith("Integer: It is to be a whole number from 1 to 100.")


@with_node
def test_a_page_is_opened_and_the_model_asked_only_with_leave(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    name = "mcp__everything__trigger-sampling-request"
    page = "https://example.org/x"
    steps: list[dict[str, Any]] = [
        {"type": "tool_use", "name": name, "input": {"prompt": "Hi", "maxTokens": 2}},
        {"type": "text", "text": "a long answer"},  # to the server
        {"type": "tool_use", "name": name, "input": {"prompt": "Hi"}},
        {
            "type": "tool_use",
            "name": "mcp__everything__trigger-url-elicitation",
            "input": {"url": page},
        },
        {"type": "text", "text": "Done."},
    ]
    place.script.write_text("".join(json.dumps({"blocks": [step]}) + "\n" for step in steps))

    async def main() -> None:
        async with begun(place, trust=True, approval_mode="yolo") as handle:
            seen: set[str] = set()

            async def answer(allowed: bool, message: str | None = None) -> Event:
                event = await place.log.until(
                    lambda each: (
                        each["type"] == "control_request" and each["request_id"] not in seen
                    )
                )
                seen.add(event["request_id"])
                handle.answer(event["request_id"], Decision(allowed, KEYBOARD, message=message))
                request: Event = event["request"]
                return request

            handle.submit("go", CLI)
            sampling = await answer(True)
            preview = sampling["preview"]
            assert sampling["tool_name"] == "mcp__everything__sampling"
            assert preview["question"] == "Let everything ask the model?"
            assert preview["text"].endswith("User:\nResource trigger-sampling-request context: Hi")
            await answer(False, "say it in \x1b[1mFrench\x1b[0m instead")
            url = await answer(True)
            assert (url["preview"]["text"], url["input"]["url"]) == (page, page)
            await place.log.results()

    run(main)
    answered, refused, opened = place.results()
    assert '"text": "a long a"' in answered
    assert '"stopReason": "maxTokens"' in answered
    assert "the person does not want the model to be asked" in refused
    assert refused.endswith(
        "[The person said no to what everything asked: say it in French instead]"
    )
    assert "French" not in answered + opened
    assert '"action": "accept"' in opened
    assert f"No browser could be started here; open it yourself: {page}" in place.notices()


@with_node
def test_where_nobody_can_be_asked_the_answer_is_no(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    place.calls(
        ("mcp__everything__trigger-elicitation-request", {}),
        ("mcp__everything__trigger-sampling-request", {"prompt": "Hi"}),
    )

    async def main() -> None:
        async with begun(place, trust=True) as handle:

            def refuse(event: Event) -> None:
                if event["type"] == "control_request":
                    handle.answer(event["request_id"], Decision(False, POLICY))

            handle.subscribe(refuse)
            handle.submit("go", CLI)
            await place.log.results()

    run(main)
    assert '"action": "decline"' in place.results()[0]
    assert "the person does not want" in place.results()[1]
    assert "said no to" not in "".join(place.results())


@with_node
def test_an_interrupt_takes_a_servers_question_back(place: Place) -> None:
    place.settings(mcpServers={"everything": REAL})
    place.calls(("mcp__everything__trigger-elicitation-request", {}))

    async def main() -> None:
        async with begun(place, trust=True) as handle:
            handle.submit("go", CLI)
            event = await place.log.until(is_elicitation)
            handle.interrupt(KEYBOARD)
            (result,) = await place.log.results()
            assert result["stop_reason"] == "interrupted"
            (response,) = place.log.of("control_response")
            assert response["response"]["request_id"] == event["request_id"]
            assert response["response"]["resolved_by"] == "interrupt"

    run(main)


def test_what_sampling_took_is_told_and_counted(place: Place) -> None:
    async def main() -> None:
        async with place.session(trust=True) as handle:
            session = handle.parts.session
            usage = TokenUsage(50, 5)
            session.add_model("fake", FakeModel([TextDelta("Hi."), usage]))
            session.set_model("fake", CLI)
            answers = control_of(handle.launch, handle.parts).answers
            servers_of(handle.launch, handle.parts).add(
                ServerConfig(name="theirs", transport="stdio")
            )
            content = {"type": "text", "text": "Hi"}
            asked = {"messages": [{"role": "user", "content": content}]}
            async with anyio.create_task_group() as group:
                group.start_soon(answers.sample, "theirs", asked)
                await place.log.until(lambda event: event["type"] == "control_request")
                (pending,) = session.approvals.pending
                handle.answer(pending, Decision(True, KEYBOARD))
            (told,) = place.log.of("side_call")
            assert told["data"] == {
                "purpose": "mcp",
                "server": "theirs",
                "model": "fake",
                "usage": usage.fields(),
            }
            (counted,) = place.log.of("usage")
            assert counted["data"]["total"]["input_tokens"] == usage.input_tokens
            assert counted["data"]["total"]["output_tokens"] == usage.output_tokens
            assert counted["data"]["turn_id"] is None
            handle.submit("/stats", KEYBOARD)
            (result,) = await place.log.results()
            assert "Aside   1: 50 in, 5 out" in result["result"]

    run(main)
