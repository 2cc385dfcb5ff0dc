"""The names that are sent: OpenTelemetry's conventions for generative AI and MCP, and a few of ours.

After ``open-telemetry/semantic-conventions-genai`` (0.1.0 and its migration guide), which still changes;
the package ``opentelemetry-semantic-conventions`` has older names, so they stand here. Ours begin with
``qwen_dual``.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

SCOPE: Final = "qwen-dual"

# -- spans

INVOKE_AGENT: Final = "invoke_agent"
CHAT: Final = "chat"
EXECUTE_TOOL: Final = "execute_tool"
TOOLS_CALL: Final = "tools/call"
WAIT: Final = "wait_for_approval"
"""Ours: a call waits for somebody to allow it."""

# -- attributes

OPERATION: Final = "gen_ai.operation.name"
PROVIDER: Final = "gen_ai.provider.name"
CONVERSATION: Final = "gen_ai.conversation.id"
AGENT_NAME: Final = "gen_ai.agent.name"
AGENT_VERSION: Final = "gen_ai.agent.version"
REQUEST_MODEL: Final = "gen_ai.request.model"
REQUEST_STREAM: Final = "gen_ai.request.stream"
RESPONSE_ID: Final = "gen_ai.response.id"
RESPONSE_MODEL: Final = "gen_ai.response.model"
FINISH_REASONS: Final = "gen_ai.response.finish_reasons"
TIME_TO_FIRST_CHUNK: Final = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS: Final = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS: Final = "gen_ai.usage.output_tokens"
CACHE_READ_TOKENS: Final = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE_TOKENS: Final = "gen_ai.usage.cache_write.input_tokens"
REASONING_TOKENS: Final = "gen_ai.usage.reasoning.output_tokens"
TOOL_NAME: Final = "gen_ai.tool.name"
TOOL_TYPE: Final = "gen_ai.tool.type"
TOOL_CALL_ID: Final = "gen_ai.tool.call.id"
MCP_METHOD: Final = "mcp.method.name"
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
SERVER_PORT: Final = "server.port"
SESSION: Final = "session.id"

INPUT_MESSAGES: Final = "gen_ai.input.messages"
OUTPUT_MESSAGES: Final = "gen_ai.output.messages"
TOOL_ARGUMENTS: Final = "gen_ai.tool.call.arguments"
TOOL_RESULT: Final = "gen_ai.tool.call.result"
PROMPT: Final = "qwen_dual.prompt"
ARGUMENTS: Final = "qwen_dual.arguments"
ERROR: Final = "qwen_dual.error"
CONTENT: Final = (
    *(INPUT_MESSAGES, OUTPUT_MESSAGES, TOOL_ARGUMENTS, TOOL_RESULT),
    *(PROMPT, ARGUMENTS, ERROR),
)
"""What may be private: sent to who asked for it alone."""

MCP_SERVER: Final = "qwen_dual.mcp.server"
TURN_ID: Final = "qwen_dual.turn.id"
ORIGIN: Final = "qwen_dual.origin"
STOP_REASON: Final = "qwen_dual.stop_reason"
COST_USD: Final = "qwen_dual.cost_usd"
DECISION: Final = "qwen_dual.approval.decision"
RESOLVED_BY: Final = "qwen_dual.approval.resolved_by"
LINES: Final = "qwen_dual.lines.type"
EXIT_CODE: Final = "process.exit.code"
GUESSED: Final = "qwen_dual.times_guessed"
"""On a turn of which nobody noted when it happened."""
APPROVAL_KIND: Final = "qwen_dual.approval.kind"
PROMPT_LENGTH: Final = "qwen_dual.prompt.length"
MODE: Final = "qwen_dual.mode"
COMMAND: Final = "qwen_dual.command"
TOKENS_BEFORE: Final = "qwen_dual.tokens.before"
TOKENS_AFTER: Final = "qwen_dual.tokens.after"
MCP_SERVER_STATE: Final = "qwen_dual.mcp.server.state"
ATTEMPT: Final = "qwen_dual.attempt"
DELAY: Final = "qwen_dual.delay"

OTHER_ERROR: Final = "_OTHER"
TOOL_ERROR: Final = "tool_error"

# -- events, as log records

INFERENCE_EVENT: Final = "gen_ai.client.inference.operation.details"
SESSION_START: Final = "qwen_dual.session_start"
SESSION_END: Final = "qwen_dual.session_end"
USER_PROMPT: Final = "qwen_dual.user_prompt"
SLASH_COMMAND: Final = "qwen_dual.slash_command"
TOOL_CALL: Final = "qwen_dual.tool_call"
APPROVAL: Final = "qwen_dual.approval"
MODEL_RETRY: Final = "qwen_dual.model_retry"
TURN_END: Final = "qwen_dual.turn_end"
MODE_CHANGED: Final = "qwen_dual.mode_changed"
MCP_STATE: Final = "qwen_dual.mcp_server"
EVENTS_LOST: Final = "qwen_dual.events_lost"
COMPACTED: Final = "qwen_dual.compacted"

# -- metrics

Kind = Literal["counter", "histogram"]


class Instrument(Struct, frozen=True):
    """A metric.

    Attributes:
        name: as it is sent.
        kind: what it is.
        unit: in UCUM.
        doc: what it says.
        buckets: of a histogram: their upper bounds.
    """

    name: str
    kind: Kind
    unit: str
    doc: str
    buckets: tuple[float, ...] = ()


def _doubling(first: float, count: int) -> tuple[float, ...]:
    return tuple(round(first * 2**step, 3) for step in range(count))


_SHORT = _doubling(0.01, 14)
_LONG = _doubling(0.1, 13)
_COUNTS = tuple(float(2**step) for step in range(8))
_CHUNKS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5)
_WAITS = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14400.0, 86400.0)

INFERENCE_DURATION: Final = Instrument(
    "gen_ai.client.inference.duration", "histogram", "s", "How long model calls took.", _SHORT
)
FIRST_CHUNK: Final = Instrument(
    "gen_ai.client.inference.time_to_first_chunk",
    "histogram",
    "s",
    "How long it took until an answer began.",
    (*_CHUNKS, 5.0, 10.0, 30.0, 60.0),
)
PER_CHUNK: Final = Instrument(
    "gen_ai.client.inference.time_per_output_chunk",
    "histogram",
    "s",
    "How far apart the chunks of an answer came, on average over it.",
    _CHUNKS,
)
USED_INPUT: Final = Instrument(
    "gen_ai.client.inference.usage.input_tokens", "counter", "{token}", "Tokens that models read."
)
USED_OUTPUT: Final = Instrument(
    "gen_ai.client.inference.usage.output_tokens", "counter", "{token}", "Tokens that they wrote."
)
USED_CACHE_READ: Final = Instrument(
    "gen_ai.client.inference.usage.cache_read.input_tokens",
    "counter",
    "{token}",
    "Tokens that they read from a cache; part of those that they read.",
)
USED_CACHE_WRITE: Final = Instrument(
    "gen_ai.client.inference.usage.cache_write.input_tokens",
    "counter",
    "{token}",
    "Tokens that they put into a cache; part of those that they read.",
)
USED_REASONING: Final = Instrument(
    "gen_ai.client.inference.usage.reasoning.output_tokens",
    "counter",
    "{token}",
    "Tokens that they wrote while thinking; part of those that they wrote.",
)
AGENT_DURATION: Final = Instrument(
    "gen_ai.invoke_agent.duration", "histogram", "s", "How long turns of agents took.", _LONG
)
AGENT_CHATS: Final = Instrument(
    "gen_ai.invoke_agent.inference_calls",
    "histogram",
    "{inference_call}",
    "Model calls in a turn.",
    _COUNTS,
)
AGENT_CALLS: Final = Instrument(
    "gen_ai.invoke_agent.tool_calls", "histogram", "{tool_call}", "Tool calls in a turn.", _COUNTS
)
TOOL_DURATION: Final = Instrument(
    "gen_ai.execute_tool.duration",
    "histogram",
    "s",
    "How long tools ran, without the waiting for leave.",
    _SHORT,
)
MCP_DURATION: Final = Instrument(
    "mcp.client.operation.duration", "histogram", "s", "How long MCP servers took.", _SHORT
)
SESSIONS: Final = Instrument("qwen_dual.sessions", "counter", "{session}", "Sessions that began.")
TURNS: Final = Instrument("qwen_dual.turns", "counter", "{turn}", "Turns that ended.")
APPROVALS: Final = Instrument(
    "qwen_dual.approvals", "counter", "{approval}", "Requests for leave that ended."
)
APPROVAL_WAIT: Final = Instrument(
    "qwen_dual.approval.wait", "histogram", "s", "How long calls waited for leave.", _WAITS
)
LINES_CHANGED: Final = Instrument(
    "qwen_dual.lines.changed", "counter", "{line}", "Lines that tools added to files or removed."
)
COST: Final = Instrument(
    "qwen_dual.cost", "counter", "USD", "What model calls cost, where prices are known."
)
RETRIES: Final = Instrument(
    "qwen_dual.model.retries", "counter", "{retry}", "Model calls that failed and were made again."
)
LOST: Final = Instrument(
    "qwen_dual.events.lost", "counter", "{event}", "Events that never arrived."
)

INSTRUMENTS: Final = (
    *(INFERENCE_DURATION, FIRST_CHUNK, PER_CHUNK),
    *(USED_INPUT, USED_OUTPUT, USED_CACHE_READ, USED_CACHE_WRITE, USED_REASONING),
    *(AGENT_DURATION, AGENT_CHATS, AGENT_CALLS, TOOL_DURATION, MCP_DURATION),
    *(SESSIONS, TURNS, APPROVALS, APPROVAL_WAIT, LINES_CHANGED, COST, RETRIES, LOST),
)
"""All of them."""

_PROVIDERS = {
    "claude": "anthropic",
    "gemini": "gcp.gemini",
    "gpt": "openai",
    "chatgpt": "openai",
    "o1": "openai",
    "o3": "openai",
    "o4": "openai",
    "deepseek": "deepseek",
    "kimi": "moonshot_ai",
    "moonshot": "moonshot_ai",
    "mistral": "mistral_ai",
    "grok": "x_ai",
}


def provider_of(model: str) -> str:
    """Whose model it is, by its name; empty where that does not tell."""
    family = model.rpartition("/")[2].lower().partition("-")[0].rstrip(".0123456789") or model
    return _PROVIDERS.get(model.lower().partition("-")[0]) or _PROVIDERS.get(family, "")
