"""What ended, as the signals that tell of it: a span, values of metrics, a log record. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.protocol.codec import encode
from qwen_dual.telemetry import conventions as names
from qwen_dual.telemetry.operations import ended
from qwen_dual.telemetry.signals import Logged, Measured

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from qwen_dual.telemetry.operations import Agent, Call, Chat, SpanIds, Tokens, Wait
    from qwen_dual.telemetry.signals import Attributes, Signal

MAX_CONTENT = 32_768
"""Characters of a prompt, an answer, arguments or a result that are sent to who asked for them."""
MAX_TOOLS = 200
"""Names of tools and agents that metrics tell apart: a model may call what there is not."""
REST = "other"


class SignalBuilder:
    """Makes the signals of what ended.

    Args:
        content_in_spans: whether spans carry what was said.
        content_in_logs: whether log records do.
        session_in_metrics: whether metrics tell the sessions apart, which makes a series for each.
        provider: whose a model is, by its name.
        server: where a model is asked, by its name: host and port; no host where that is not known.
        parent: the span of another program in which turns are; None for a trace of each turn's own.
        scrub: takes secrets out of what was said.

    Attributes:
        session_id: of the session that is told of; empty where it has none.
        parent: what the turns are in.
        measures_times: whether the times are more than a guess: else no durations are measured.
    """

    def __init__(
        self,
        *,
        content_in_spans: bool = False,
        content_in_logs: bool = False,
        session_in_metrics: bool = False,
        provider: Callable[[str], str] = names.provider_of,
        server: Callable[[str], tuple[str, int]] = lambda model: ("", 0),
        parent: SpanIds | None = None,
        scrub: Callable[[str], str] = str,
    ) -> None:
        self.session_id = ""
        self.measures_times = True
        self._in_spans = content_in_spans
        self._in_logs = content_in_logs
        self._session_in_metrics = session_in_metrics
        self.parent = parent
        self._provider = provider
        self._server = server
        self._scrub = scrub
        self._known: set[str] = set()

    @property
    def wants_content(self) -> bool:
        """Whether what was said is sent anywhere."""
        return self._in_spans or self._in_logs

    # -- what ended --------------------------------------------------------------------------

    def chat(self, chat: Chat, agent: Agent) -> Iterator[Signal]:
        """A model call of an agent, as far as it came."""
        end = chat.end or chat.start
        model = chat.model
        attributes: Attributes = {names.OPERATION: names.CHAT, **self._conversation()}
        told = self._asked(model) | _without_empty(
            {names.RESPONSE_MODEL: "" if chat.error else model, names.ERROR_TYPE: chat.error}
        )
        attributes |= told | _without_empty(
            {names.AGENT_NAME: agent.name, names.RESPONSE_ID: chat.response_id}
        )
        if chat.streamed:
            attributes[names.REQUEST_STREAM] = True
        if chat.stop_reason:
            attributes[names.FINISH_REASONS] = (chat.stop_reason,)
        if chat.first_chunk:
            attributes[names.TIME_TO_FIRST_CHUNK] = _seconds(chat.start, chat.first_chunk)
        attributes |= _tokens(chat.used)
        if self._in_spans and chat.said:
            said = {"role": "assistant", "parts": chat.said, "finish_reason": chat.stop_reason}
            attributes[names.OUTPUT_MESSAGES] = self._content(_json([said]))
        title = f"{names.CHAT} {model}".rstrip()
        message = self._content(chat.message) if self._in_spans else ""
        yield ended(title, "client", chat.ids, (chat.start, end), attributes, chat.error, message)
        told = {names.OPERATION: names.CHAT, **told}
        yield from self._lasted(names.INFERENCE_DURATION, _seconds(chat.start, end), told)
        if chat.first_chunk:
            began = _seconds(chat.start, chat.first_chunk)
            yield from self._lasted(names.FIRST_CHUNK, began, told)
            if chat.chunks > 1:
                apart = _seconds(chat.first_chunk, end) / (chat.chunks - 1)
                yield from self._lasted(names.PER_CHUNK, apart, told)
        yield from self.used(chat.used, model)
        yield self._logged(
            names.INFERENCE_EVENT,
            end,
            f"{title}: {chat.error}" if chat.error else title,
            {key: value for key, value in attributes.items() if key not in names.CONTENT},
            chat.ids,
            failed=bool(chat.error),
            content={names.OUTPUT_MESSAGES: _json(chat.said)} if chat.said else None,
        )

    def used(self, used: Tokens | None, model: str) -> Iterator[Signal]:
        """What a model call took, whoever made it."""
        if used is None:
            return
        told: Attributes = {names.OPERATION: names.CHAT, **self._asked(model)}
        for instrument, value in (
            (names.USED_INPUT, used.read),
            (names.USED_OUTPUT, used.written),
            (names.USED_CACHE_READ, used.cache_read),
            (names.USED_CACHE_WRITE, used.cache_write),
            (names.USED_REASONING, used.reasoning),
            (names.COST, used.cost),
        ):
            if value:
                yield self._measured(instrument, value, told)

    def call(
        self, call: Call, agent: Agent, at: int, *, error: str, result: str, exit_code: int | None
    ) -> Iterator[Signal]:
        """A tool call that has its result; one that nobody allowed never ran, and has no span."""
        start = call.started or call.allowed_at or call.asked
        server, tool = mcp_tool(call.tool)
        attributes: Attributes = {
            names.OPERATION: names.EXECUTE_TOOL,
            names.TOOL_NAME: tool,
            names.TOOL_TYPE: "function",
            **self._conversation(),
        }
        attributes |= _without_empty(
            {
                names.TOOL_CALL_ID: call.call_id,
                names.AGENT_NAME: agent.name,
                names.MCP_SERVER: server,
                names.MCP_METHOD: names.TOOLS_CALL if server else "",
                names.ERROR_TYPE: error,
            }
        )
        if exit_code is not None:
            attributes[names.EXIT_CODE] = exit_code
        arguments = _json(call.arguments) if self.wants_content else ""
        if self._in_spans:
            attributes[names.TOOL_ARGUMENTS] = self._content(arguments)
            if result:
                attributes[names.TOOL_RESULT] = self._content(result)
        if not call.denied:
            title = f"{names.TOOLS_CALL if server else names.EXECUTE_TOOL} {tool}"
            kind = "client" if server else "internal"
            yield ended(title, kind, call.ids, (start, at), attributes, error)  # type: ignore[arg-type]
            told: Attributes = {names.TOOL_NAME: self._few(call.tool)}
            told |= _without_empty(
                {names.AGENT_NAME: self._few(agent.name), names.ERROR_TYPE: error}
            )
            yield from self._lasted(names.TOOL_DURATION, _seconds(start, at), told)
            if server:
                of_server = {**told, names.MCP_METHOD: names.TOOLS_CALL}
                yield from self._lasted(names.MCP_DURATION, _seconds(start, at), of_server)
            if not error:
                yield from self._lines(call)
        yield self._logged(
            names.TOOL_CALL,
            at,
            f"{call.tool}: {'denied' if call.denied else error or 'done'}",
            {key: value for key, value in attributes.items() if key not in names.CONTENT},
            call.ids,
            failed=bool(error),
            content={names.TOOL_ARGUMENTS: arguments, names.TOOL_RESULT: result},
        )

    def wait(self, wait: Wait, at: int, *, decision: str, by: str) -> Iterator[Signal]:
        """A request for leave that was answered, or that nobody can answer any more."""
        attributes: Attributes = {names.DECISION: decision, **self._conversation()}
        attributes |= _without_empty(
            {
                names.TOOL_NAME: wait.tool,
                names.TOOL_CALL_ID: wait.call_id,
                names.RESOLVED_BY: by,
                names.APPROVAL_KIND: wait.kind,
            }
        )
        title = f"{names.WAIT} {wait.tool}".rstrip()
        yield ended(title, "internal", wait.ids, (wait.start, at), attributes)
        told: Attributes = {names.DECISION: decision, names.TOOL_NAME: self._few(wait.tool)}
        told |= _without_empty({names.RESOLVED_BY: by.partition(":")[0]})
        yield self._measured(names.APPROVALS, 1, told)
        yield from self._lasted(names.APPROVAL_WAIT, _seconds(wait.start, at), told)
        who = f" by {by}" if by else ""
        yield self._logged(
            names.APPROVAL, at, f"{wait.tool}: {decision}{who}", attributes, wait.ids
        )

    def agent(self, agent: Agent, at: int, *, stop_reason: str, main: bool) -> Iterator[Signal]:
        """A turn that has ended, or a sub-agent."""
        attributes: Attributes = {names.OPERATION: names.INVOKE_AGENT, **self._conversation()}
        attributes |= _without_empty(
            {
                names.AGENT_NAME: agent.name,
                names.REQUEST_MODEL: agent.model,
                names.ERROR_TYPE: agent.error,
                names.TURN_ID: agent.turn_id,
                names.ORIGIN: agent.origin,
                names.STOP_REASON: stop_reason,
            }
        )
        if agent.used.read or agent.used.written:
            attributes |= {
                names.INPUT_TOKENS: agent.used.read,
                names.OUTPUT_TOKENS: agent.used.written,
            }
        if not self.measures_times:
            attributes[names.GUESSED] = True
        if agent.used.cost is not None:
            attributes[names.COST_USD] = agent.used.cost
        if self._in_spans:
            for key, role, said in (
                (names.INPUT_MESSAGES, "user", agent.prompt),
                (names.OUTPUT_MESSAGES, "assistant", agent.answer),
            ):
                if said:
                    parts = [{"type": "text", "content": said[:MAX_CONTENT]}]
                    attributes[key] = self._content(_json([{"role": role, "parts": parts}]))
        title = f"{names.INVOKE_AGENT} {agent.name}".rstrip()
        message = self._content(agent.message) if self._in_spans else ""
        times = (agent.start, at)
        yield ended(title, "internal", agent.ids, times, attributes, agent.error, message)
        told = _without_empty({names.AGENT_NAME: self._few(agent.name)})
        lasted = {**told, **_without_empty({names.ERROR_TYPE: agent.error})}
        yield from self._lasted(names.AGENT_DURATION, _seconds(agent.start, at), lasted)
        yield self._measured(names.AGENT_CHATS, agent.chats, told)
        yield self._measured(names.AGENT_CALLS, agent.made, told)
        if main:
            why = _without_empty({names.STOP_REASON: stop_reason})
            yield self._measured(names.TURNS, 1, why)
            yield self._logged(
                names.TURN_END,
                at,
                f"{title}: {stop_reason or 'ended'}",
                {key: value for key, value in attributes.items() if key not in names.CONTENT},
                agent.ids,
                failed=bool(agent.error),
                content={names.ERROR: agent.message},
            )

    def event(
        self,
        name: str,
        at: int,
        body: str,
        attributes: Mapping[str, Any],
        *,
        ids: SpanIds | None = None,
        failed: bool = False,
        content: Mapping[str, str] | None = None,
    ) -> Logged:
        """A log record of what is no operation; ``content`` goes along where it was asked for."""
        told = {**_without_empty(attributes), **self._conversation()}
        return self._logged(name, at, body, told, ids, failed=failed, content=content)

    def counted(
        self, instrument: names.Instrument, value: float, told: Mapping[str, str]
    ) -> Measured:
        """A value that needs no operation."""
        return self._measured(instrument, value, _without_empty(told))

    # -- how ---------------------------------------------------------------------------------

    def _asked(self, model: str) -> Attributes:
        """Which model is asked, whose it is, and where."""
        if not model:
            return {}
        host, port = self._server(model)
        asked = {
            names.PROVIDER: self._provider(model),
            names.REQUEST_MODEL: model,
            names.SERVER_ADDRESS: host,
        }
        return _without_empty(asked) | ({names.SERVER_PORT: port} if host and port else {})

    def _lines(self, call: Call) -> Iterator[Signal]:
        for kind, lines in (("added", call.added), ("removed", call.removed)):
            if lines:
                yield self._measured(names.LINES_CHANGED, lines, {names.LINES: kind})

    def _conversation(self) -> Attributes:
        return {names.CONVERSATION: self.session_id} if self.session_id else {}

    def _lasted(
        self, instrument: names.Instrument, seconds: float, attributes: Attributes
    ) -> Iterator[Measured]:
        if self.measures_times:
            yield self._measured(instrument, seconds, attributes)

    def _measured(
        self, instrument: names.Instrument, value: float, attributes: Attributes
    ) -> Measured:
        if self._session_in_metrics and self.session_id:
            attributes = {**attributes, names.SESSION: self.session_id}
        return Measured(instrument, value, attributes)

    def _logged(
        self,
        name: str,
        at: int,
        body: str,
        attributes: Attributes,
        ids: SpanIds | None,
        *,
        failed: bool = False,
        content: Mapping[str, str] | None = None,
    ) -> Logged:
        if self._in_logs and content:
            said = {key: self._content(text) for key, text in content.items() if text}
            attributes = attributes | said
        trace_id, span_id = (ids.trace_id, ids.span_id) if ids is not None else (0, 0)
        return Logged(name, at, body, attributes, "error" if failed else "info", trace_id, span_id)

    def _content(self, text: str) -> str:
        return self._scrub(text)[:MAX_CONTENT]

    def _few(self, name: str) -> str:
        if name not in self._known:
            if len(self._known) >= MAX_TOOLS:
                return REST
            self._known.add(name)
        return name


def mcp_tool(tool: str) -> tuple[str, str]:
    """The server and the tool that ``mcp__server__tool`` is; no server for any other name."""
    if tool.startswith("mcp__"):
        server, apart, name = tool[5:].partition("__")
        if apart and server and name:
            return server, name
    return "", tool


def _tokens(used: Tokens | None) -> Attributes:
    if used is None:
        return {}
    told: dict[str, Any] = {
        names.INPUT_TOKENS: used.read,
        names.OUTPUT_TOKENS: used.written,
        names.CACHE_READ_TOKENS: used.cache_read,
        names.CACHE_WRITE_TOKENS: used.cache_write,
        names.REASONING_TOKENS: used.reasoning,
        names.COST_USD: used.cost,
    }
    return {key: value for key, value in told.items() if value is not None}


def _without_empty(attributes: Mapping[str, Any]) -> Attributes:
    return {key: value for key, value in attributes.items() if value not in ("", None)}


def _seconds(start: int, end: int) -> float:
    return max(end - start, 0) / 1e9


def _json(value: Any) -> str:
    return encode(value).decode().rstrip("\n")
