"""One prompt over one session, within its bounds: from the first message to the exit status."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

import anyio
from msgspec import Struct, field

from qwen_dual.core.actor import POLICY
from qwen_dual.core.turns.stopping import Stop
from qwen_dual.frontends.headless.bounds import Bounds, Watch
from qwen_dual.frontends.headless.endings import FAILED, Ending
from qwen_dual.frontends.headless.frontend import Headless
from qwen_dual.frontends.headless.messages import added
from qwen_dual.frontends.headless.output import JsonArray, StreamJson, Text
from qwen_dual.frontends.headless.stats import Stats
from qwen_dual.protocol.codec import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.headless.messages import Message
    from qwen_dual.frontends.headless.output import Output
    from qwen_dual.frontends.headless.progress import Progress
    from qwen_dual.frontends.headless.prompt import Asked
    from qwen_dual.frontends.headless.schema import Schema
    from qwen_dual.frontends.headless.stdout import Stdout
    from qwen_dual.frontends.headless.structured import StructuredOutput
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle

COLUMNS = 80
"""Of a terminal that does not say."""


class Wanted(Struct, frozen=True):
    """What a run is to be.

    Attributes:
        asked: the prompt.
        format: one of ``output.FORMATS``.
        partials: whether what streams in is told.
        hook_events: whether it is told which hooks run, and what became of them.
        bounds: what it may take.
        schema: what the answer has to fit; None for text.
        answerable: whether somebody may answer requests over a channel.
        quiet: without the progress line.
        plain: without Markdown on a terminal.
        told: the first message, where it was told already.
    """

    asked: Asked
    format: str = "text"
    partials: bool = False
    hook_events: bool = False
    bounds: Bounds = field(default_factory=Bounds)
    schema: Schema | None = None
    answerable: bool = False
    quiet: bool = False
    plain: bool = False
    told: Message | None = None


class Run:
    """One run: its front end, its bounds, and where it is told.

    Args:
        session: what runs it.
        wanted: what it is to be.
        stdout: where the output goes.
        stderr: where a person is told what they should know.
    """

    def __init__(
        self, session: SessionHandle, wanted: Wanted, stdout: Stdout, stderr: TextIO
    ) -> None:
        self._session = session
        self._wanted = wanted
        self._stdout = stdout
        self._stderr = stderr
        self._structured: StructuredOutput | None = None
        self._progress: Progress | None = None
        self._warns_of_retries = False
        self._stats = Stats() if wanted.format == "json" else None
        self._output = self._make_output()
        self.front = Headless(session, self._output, self.warn, answerable=wanted.answerable)
        self.front.told = wanted.told
        self.front.warns_of_retries = self._warns_of_retries
        exempt = []
        if wanted.schema is not None:
            self._structured = self._ask_for_data(wanted.schema)
            exempt.append(self._structured.name)
        self._watch = Watch(session, wanted.bounds, exempt)

    def __call__(self, event: Event) -> None:
        """Takes one event of the session."""
        self._watch(event)
        if self._stats is not None:
            self._stats(event)
        if self._progress is not None:
            self._progress(event)
        self.front(event)
        if event["type"] == "user" and self._structured is not None and self._structured.answer:
            self._session.interrupt(POLICY, why=Stop("end_turn"))  # nothing is left to ask for

    def warn(self, text: str) -> None:
        """Tells a person, on stderr."""
        if self._progress is not None:
            self._progress.clear()
        from qwen_dual.protocol.sanitise import sanitise

        self._write_stderr(f"qwen-dual: {sanitise(text)}\n")

    async def run(self) -> int:
        """Runs the prompt; returns the exit status."""
        self._stdout.attach(asyncio.get_running_loop())
        self._stdout.on_gone = self._session.request_close  # nobody is left to answer
        if self._stdout.gone:  # it was when the first message was told
            self._session.request_close()
        await self._session.settled()
        self.front.begin(self._session.mcp_servers)
        async with anyio.create_task_group() as group:
            group.start_soon(self._watch.run)
            if self._progress is not None:
                group.start_soon(self._progress.run)
            result = await self._answer()
            group.cancel_scope.cancel()
        if self._stdout.gone:
            return self._stdout.lost(self.warn)
        ending, more = self._conclude(result)
        if self._stats is not None:
            more["stats"] = self._stats.described()
        self.front.end(result, ending, more)
        self._report_denials(result["permission_denials"])
        self._output.close()
        return ending.status if self._stdout.drain() else self._stdout.lost(self.warn)

    # -- the answer ------------------------------------------------------------------------

    async def _answer(self) -> Event:
        asked, structured = self._wanted.asked, self._structured
        results = [await self.front.ask(asked.text, own=asked.own)]
        if structured is not None:
            from qwen_dual.frontends.headless.structured import ASK_AGAIN, TRIES

            while len(results) <= TRIES and self._may_ask_again(results[-1]):
                why = await structured.take_text(results[-1]["result"])
                if not why:
                    break
                results.append(await self.front.ask(ASK_AGAIN.format(why=why)))
        return added(results)

    def _may_ask_again(self, result: Event) -> bool:
        assert self._structured is not None
        stopped = self._watch.exceeded or self._session.closing.is_set()
        stopped = stopped or bool(self._structured.problem)
        return (
            not stopped and self._structured.answer is None and result["stop_reason"] == "end_turn"
        )

    def _conclude(self, result: Event) -> tuple[Ending, dict[str, Any]]:
        """How it ended, and what its last message says besides."""
        ending = self.front.ending(result)
        if self._structured is None or ending.is_error:
            return ending, {}
        answer = self._structured.answer
        if answer is None:
            why = self._structured.problem or (
                "The model gave no answer that fits the schema of --json-schema."
            )
            return Ending("error", FAILED, why), {}
        text = encode(answer).decode().rstrip("\n")
        # `structured_result` is what the reference calls it.
        return ending, {"result": text, "structured_output": answer, "structured_result": answer}

    def _ask_for_data(self, schema: Schema) -> StructuredOutput:
        from qwen_dual.frontends.headless.structured import StructuredOutput

        tool = StructuredOutput(schema)
        self._session.add_tool(tool)
        return tool

    def _report_denials(self, denials: Sequence[dict[str, Any]]) -> None:
        if not denials or self._wanted.answerable:
            return
        counted = Counter(denial["tool_name"] for denial in denials)
        calls = ", ".join(f"{name} ({count})" for name, count in counted.items())
        self.warn(
            f"not allowed, as nobody could be asked, or a rule or a hook forbids it: {calls}. "
            "--allowed-tools and --approval-mode say what may run."
        )

    # -- where it is told ------------------------------------------------------------------

    def _make_output(self) -> Output:
        wanted, stdout = self._wanted, self._stdout
        on_terminal = not wanted.quiet and self._stderr.isatty()
        self._warns_of_retries = not (on_terminal or wanted.quiet)  # where no line redraws itself
        if on_terminal:
            from qwen_dual.frontends.headless.progress import Progress

            self._progress = Progress(
                self._write_stderr, lambda: _columns(self._stderr.fileno()), self._may_draw
            )
        if wanted.format == "stream-json":
            return StreamJson(stdout, partials=wanted.partials, hook_events=wanted.hook_events)
        if wanted.format == "json":
            return JsonArray(stdout)
        if not stdout.is_terminal or wanted.schema is not None:
            return Text(stdout)
        from qwen_dual.frontends.headless.terminal_text import TerminalText

        clear = self._progress.clear if self._progress is not None else lambda: None
        return TerminalText(
            stdout, lambda: _columns(stdout.fd), markdown=not wanted.plain, before=clear
        )

    def _may_draw(self) -> bool:
        return not self._stdout.waiting and not self._output.mid_line

    def _write_stderr(self, text: str) -> None:
        with suppress(OSError, ValueError):  # nobody reads it any more
            self._stderr.write(text)
            self._stderr.flush()


def _columns(fd: int) -> int:
    try:
        return os.get_terminal_size(fd).columns or COLUMNS
    except OSError:
        return COLUMNS
