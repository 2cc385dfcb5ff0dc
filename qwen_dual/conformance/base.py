"""The base (part 1 of the contract): what any host of dual output relies on."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.conformance.promise import Broken, hold, promise
from qwen_dual.conformance.script import ANSWER
from qwen_dual.protocol import MAX_RESULT_BYTES
from qwen_dual.protocol.api_error import begins_api_error
from qwen_dual.protocol.codec import encode, escaped_size

if TYPE_CHECKING:
    from qwen_dual.conformance.bench import Bench
    from qwen_dual.conformance.program import Output, Program
    from qwen_dual.host.event import Event

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_CONTROL = ("control_request", "control_response")
_PIECES = frozenset(
    {
        "message_start",
        "message_stop",
        "content_block_start",
        "content_block_delta",
        "content_block_stop",
    }
)
"""Other kinds are a program's own affair."""
_MAX_BASE_RESULT = 65536


def shown(*events: Event) -> list[str]:
    """Events as lines of a report."""
    return [encode(event.raw).decode().rstrip() for event in events]


def prompts(program: Program) -> list[Event]:
    """The ``user`` events that somebody submitted."""
    return [
        event
        for event in program.of("user")
        if event.parent_tool_use_id is None
        and any(block.get("type") == "text" for block in event.blocks)
    ]


async def asked(program: Program, bench: Bench) -> Event:
    """The request of a call that has to be asked for."""
    before = len(program.events)
    program.send("submit", text=bench.script.prompt("tool"))
    return await program.event("control_request", after=before)


async def runs_on_disabled(program: Program) -> None:
    """Waits for the warning that a channel cannot be used; says that the UI runs on."""

    def warned() -> bool:
        return any("dual output disabled" in line for line in program.painted.last_lines(300))

    await program.until(warned, "the words 'dual output disabled'", 60)
    await program.quiet(0.5)
    hold(program.child.poll() is None, "it has ended", program.lines())


async def answered(program: Program, request: Event) -> Event:
    """The answer to a request, as the stream tells it."""

    def find() -> Event | None:
        wanted = request.raw.get("request_id")
        for event in program.of("control_response"):
            response = event.raw.get("response")
            if isinstance(response, dict) and response.get("request_id") == wanted:
                return event
        return None

    found: Event = await program.until(find, "the control_response")
    return found


@promise("base", "1.1", loses="cannot tell whom it hosts, nor when it may begin")
async def session_start(bench: Bench) -> None:
    """The first line is session_start, with session_id, cwd, protocol_version 2, version and supported_events."""
    async with bench.program() as program:
        first = program.events[0]
        hold(first.kind == "system/session_start", f"the first line is {first.kind}", shown(first))
        wanted = {"session_id", "cwd", "protocol_version", "version", "supported_events"}
        missing = wanted - first.data.keys()
        hold(not missing, f"its data lacks {', '.join(sorted(missing))}", shown(first))
        hold(first.data["protocol_version"] == 2, "protocol_version is not 2", shown(first))
        hold(
            program.works_in(first.data["cwd"]),
            "cwd is not its folder",
            shown(first),
        )


@promise("base", "1.1", loses="cannot tell events apart, nor which agent they are of")
async def envelope(bench: Bench) -> None:
    """Each event but the control ones carries type, a uuid of its own, session_id and parent_tool_use_id."""
    async with bench.program() as program:
        start = len(program.events)
        program.send("submit", text=bench.script.prompt("answer"))
        await program.turn(after=start)
        seen: set[str] = set()
        for event in program.events:
            if event.type in _CONTROL:
                continue
            missing = {"type", "uuid", "session_id", "parent_tool_use_id"} - event.raw.keys()
            hold(not missing, f"an event lacks {', '.join(sorted(missing))}", shown(event))
            identity = str(event.raw["uuid"])
            hold(_UUID.fullmatch(identity), "its uuid is no UUID of version 4", shown(event))
            hold(identity not in seen, "two events have one uuid", shown(event))
            seen.add(identity)


async def _carries(bench: Bench, output: Output) -> None:
    async with bench.program(output=output) as program:
        start = len(program.events)
        program.send("submit", text=bench.script.prompt("answer"))
        await program.turn(after=start)
        raw = bytes(program.reader.raw)
        raw.decode()
        hold(raw.endswith(b"\n"), "the last line has no end", [repr(raw[-80:])])
        bad = [event for event in program.events if event.type == "host"]
        hold(not bad, "a line is no JSON object", shown(*bad))
        hold(len(prompts(program)) == 1, "the prompt was not told once", program.lines())


@promise("base", "1.3", loses="cannot follow it with tail")
async def output_file(bench: Bench) -> None:
    """--json-file writes whole lines of JSON to a regular file."""
    await _carries(bench, "file")


@promise("base", "1.3", loses="cannot follow it with cat on a FIFO")
async def output_fifo(bench: Bench) -> None:
    """--json-file writes to a FIFO that has a reader."""
    await _carries(bench, "fifo")


@promise("base", "1.3", loses="needs a name in the file system for its channel")
async def output_descriptor(bench: Bench) -> None:
    """--json-fd writes to an inherited descriptor, which is 3 here, the first that a host can pass."""
    await _carries(bench, "fd")


@promise("base", "1.2", loses="cannot send prompts, or shows another than was sent")
async def submit(bench: Bench) -> None:
    """A submit runs as if typed, and its user event has the very text."""
    text = bench.script.prompt("answer") + ' "quotes" \\ é ✓ 漢字 😀'
    async with bench.program() as program:
        program.send("submit", text=text)
        await program.until(lambda: prompts(program), "the user event")
        told = prompts(program)[0]
        hold(told.text == text, "its text is another", shown(told))


@promise("base", "1.1", loses="does not see what the person does")
async def keyboard(bench: Bench) -> None:
    """What is typed is told as what is sent: the same user event."""
    text = bench.script.prompt("answer")
    async with bench.program() as program:
        await program.quiet()
        await program.type(text)
        await anyio.sleep(0.3)  # a key within a paste is none of its own
        await program.type("\r")
        await program.until(lambda: prompts(program), "the user event")
        hold(prompts(program)[0].text == text, "its text is another", shown(prompts(program)[0]))


@promise("base", "1.1", loses="cannot show an answer while it is written")
async def stream(bench: Bench) -> None:
    """An answer is streamed in blocks, message_start to message_stop, and its pieces make the assistant's text."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("answer"))
        await program.turn(after=1)
        pieces = [event for event in program.of("stream_event") if event.subtype in _PIECES]
        kinds = [event.subtype for event in pieces]
        hold(
            kinds[:1] == ["message_start"],
            "the first piece is no message_start",
            shown(*pieces[:2]),
        )
        hold(
            kinds[-1:] == ["message_stop"], "the last piece is no message_stop", shown(*pieces[-2:])
        )
        opened: set[Any] = set()
        for event in pieces:
            index = event.data.get("index")
            if event.subtype == "content_block_start":
                hold(index not in opened, "a block begins twice", shown(event))
                opened.add(index)
            elif event.subtype == "content_block_delta":
                hold(index in opened, "a piece is of no open block", shown(event))
            elif event.subtype == "content_block_stop":
                hold(index in opened, "a block ends that is not open", shown(event))
                opened.discard(index)
        hold(not opened, "a block does not end", shown(*pieces[-2:]))
        streamed = "".join(event.text for event in pieces)
        said = "".join(event.text for event in program.of("assistant"))
        hold(streamed == said, "the pieces make another text than the assistant's", program.lines())
        if bench.server.asked:
            hold(said == ANSWER, "the text is not the model's", program.lines())


@promise("base", "1.1", loses="cannot count tokens, nor tell why a message ended")
async def assistant(bench: Bench) -> None:
    """The assistant's message has id, model, content, stop_reason and usage."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("answer"))
        await program.turn(after=1)
        [*_, last] = program.of("assistant")
        message = last.raw.get("message")
        hold(isinstance(message, dict), "it has no message", shown(last))
        assert isinstance(message, dict)
        missing = {
            "id",
            "type",
            "role",
            "model",
            "content",
            "stop_reason",
            "usage",
        } - message.keys()
        hold(not missing, f"the message lacks {', '.join(sorted(missing))}", shown(last))
        counts = {"input_tokens", "output_tokens", "cache_read_input_tokens", "total_tokens"}
        lacks = counts - (message["usage"] or {}).keys()
        hold(not lacks, f"usage lacks {', '.join(sorted(lacks))}", shown(last))


@promise("base", "1.2", loses="has to wait for idle by itself")
async def queue(bench: Bench) -> None:
    """Prompts that come while it is busy run in their order, one at a time, and none is lost."""
    async with bench.program() as program:
        texts = [f"{bench.script.prompt('answer')} {number}" for number in range(5)]

        def together() -> int:
            """How many of them the model was asked for at once."""
            said = [str((call.get("messages") or [""])[-1]) for call in bench.server.asked]
            return max((sum(text in one for text in texts) for one in said), default=0)

        for text in texts:
            program.send("submit", text=text)
        try:
            await program.until(lambda: len(prompts(program)) >= 5, "the fifth prompt")
        except Broken as error:
            told = f"{len(prompts(program))} of 5 are told as user events"
            if together() > 1:
                told += f", and the model was asked for {together()} of them together"
            raise Broken(f"{error.why}: {told}", error.lines) from None
        hold(
            [event.text for event in prompts(program)] == texts,
            "the order is another",
            program.lines(),
        )


@promise(
    "base", "1.2", loses="can be locked: the prompts wait for the answer, and the answer for them"
)
async def answer_first(bench: Bench) -> None:
    """An answer to a request passes the prompts that wait."""
    async with bench.program() as program:
        found = await asked(program, bench)
        program.send("submit", text=bench.script.prompt("answer"))
        program.send("confirmation_response", request_id=found.raw["request_id"], allowed=True)
        told = await answered(program, found)
        after = [
            e for e in prompts(program) if program.events.index(e) < program.events.index(told)
        ]
        hold(len(after) == 1, "the waiting prompt ran first", program.lines())


@promise("base", "1.2", loses="has its channel closed by a mistake")
async def bad_line(bench: Bench) -> None:
    """A line that cannot be used is skipped, and the next one runs."""
    async with bench.program() as program:
        program.send_raw(b'not json\n{"type":"nonsense"}\n[1]\n\xff\xfe\n{"type":"submit"}\n\n')
        program.send("submit", text=bench.script.prompt("answer"))
        await program.until(lambda: prompts(program), "the prompt behind bad lines")


@promise("base", "1.1", loses="reads lines of any length")
async def long_result(bench: Bench) -> None:
    """The text of a result takes 65,536 bytes at the most, once it is escaped."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("output"))

        def result() -> Any:
            for event in program.of("control_request"):
                program.send(
                    "confirmation_response", request_id=event.raw["request_id"], allowed=True
                )
            blocks = [
                b for e in program.of("user") for b in e.blocks if b.get("type") == "tool_result"
            ]
            return blocks[0] if blocks else None

        block = await program.until(result, "the result of a long output")
        content = str(block.get("content"))
        size = escaped_size(content)
        hold(size <= _MAX_BASE_RESULT, f"it takes {size:,} bytes", [content[:200]])
        hold(size > MAX_RESULT_BYTES // 4, f"only {size:,} bytes are left", [content[:200]])


@promise("base", "1.1", loses="waits for an answer that does not come")
async def model_error(bench: Bench) -> None:
    """A model call that fails is an assistant's message that begins with [API Error:."""
    async with bench.program() as program:
        program.send("submit", text=bench.script.prompt("fail"))
        told = await program.event("assistant")
        hold(begins_api_error(told.text), "it says something else", shown(told))
