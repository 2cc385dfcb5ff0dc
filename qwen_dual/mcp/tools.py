"""A server's tool as one of ours: what it is called, what leave it needs, what a person is shown.

What a server says of its own tools is believed only where the person has said ``trust``. Of the others a
tool that says it only reads asks all the same; it may then be asked for in plan mode too, and runs beside
others, which hurts nobody but its server.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import TYPE_CHECKING, Any

from qwen_dual.core.threads import in_thread
from qwen_dual.core.tools.tool import Display, Subject, ToolResult
from qwen_dual.mcp.bounds import MAX_DESCRIPTION, bounded, exact_line, line
from qwen_dual.mcp.errors import ConnectionLost, ServerFailure
from qwen_dual.mcp.results import content_of
from qwen_dual.mcp.schemas import as_parameters
from qwen_dual.protocol.blocks import with_text
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import mcp_types as types

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.mcp.server import Server
    from qwen_dual.protocol.shapes import Preview, ResultContent, Suggestion

TITLE_CHARS = 200


class ServerTool:
    """One tool of one server.

    Args:
        server: whose it is.
        tool: as it was listed, and checked.
        name: what the model calls it by.
    """

    rule_kind: RuleKind = "plain"

    def __init__(self, server: Server, tool: types.Tool, name: str) -> None:
        hints = tool.annotations
        config = server.config
        self.server = server
        self.name = name
        self.tool = tool.name
        self.parameters: Mapping[str, Any] = as_parameters(tool.input_schema)
        self.description = bounded(tool.description, MAX_DESCRIPTION) or line(tool.title or "")
        self.aliases: Sequence[str] = ()
        self.reads = hints is not None and hints.read_only_hint is True
        contradicts = hints is not None and hints.destructive_hint is True
        self.kind: Kind = "fetch" if self.reads else "execute"
        if config.trust and self.reads and not contradicts:
            self.kind = "read"
        idempotent = hints is not None and hints.idempotent_hint is True
        self.repeatable = config.trust and (idempotent or self.kind == "read")
        title = (hints.title if hints is not None else None) or tool.title
        self.display = Display(
            f"{line(config.name, 40)}: {exact_line(tool.name, 60)}",
            f"Calling {exact_line(tool.name, 60)}",
            about=line(title or self.description.partition("\n")[0], 100),
        )

    def is_like(self, other: ServerTool) -> bool:
        """Whether the other says the same of itself, so that nothing has changed."""
        return all(
            getattr(self, name) == getattr(other, name)
            for name in ("server", "tool", "parameters", "description", "kind", "repeatable")
        )

    def prepare(self, arguments: Mapping[str, Any]) -> ServerCall:
        """A call; the server checks the arguments."""
        return ServerCall(self, arguments)


class ServerCall:
    """One call of a server's tool."""

    outside: str | None = None
    subject = Subject()

    def __init__(self, tool: ServerTool, arguments: Mapping[str, Any]) -> None:
        self._tool = tool
        self._arguments = arguments
        told = ", ".join(f"{key}: {_brief(value)}" for key, value in arguments.items())
        told = visible_line(told)
        self.title = told if len(told) <= TITLE_CHARS else f"{told[: TITLE_CHARS - 1]}…"
        what = f"{tool.display.word} ({tool.name})"
        self.suggestions: Sequence[Suggestion] = (
            {"type": "allow", "label": "Allow", "description": what},
            {"type": "deny", "label": "Deny", "description": "Block this call"},
        )

    async def preview(self) -> Preview | None:
        """Server, tool and arguments, whole."""
        server, tool = self._tool.server.config.name, self._tool.tool
        told = [f"{_key(key)}: {_as_json(value)}" for key, value in self._arguments.items()]
        title = f"MCP server {visible_line(server)} · tool {visible_line(tool)}"
        return {"kind": "text", "title": title, "text": "\n".join(told) or "(no arguments)"}

    async def run(self, context: ToolContext) -> ToolResult:
        """Calls it, and tells how far it is."""
        tool, server = self._tool, self._tool.server

        def progress(done: float, total: float | None, message: str | None) -> None:
            share = f"{done:g}" if total is None else f"{done:g}/{total:g}"
            context.report(f"{share} {bounded(message, 500)}".strip())

        try:
            async with AsyncExitStack() as turn:
                if not tool.reads:  # one after the other, in the order of the message
                    await turn.enter_async_context(server.turns)
                result = await server.call(
                    tool.tool, self._arguments, progress, repeatable=tool.repeatable
                )
        except ConnectionLost as failure:
            why = f"{failure}. Whether it was carried out is not known: look before you repeat it"
            return ToolResult(f"{tool.name} failed: {why}.", is_error=True)
        except ServerFailure as failure:
            return ToolResult(f"{tool.name} failed: {failure}.", is_error=True)
        content = content_of(result)
        for said in server.take_words():
            content = with_text(content, after=f"\n\n[{said}]")
        return ToolResult(await fitted(content), is_error=result.get("isError") is True)


async def fitted(content: ResultContent) -> ResultContent:
    """``content`` with its images such that every model takes them."""
    if isinstance(content, str):
        return content
    from qwen_dual.imaging.fit import fitted_result

    return await in_thread(partial(fitted_result, content))  # some are decoded, to be made smaller


def _as_json(value: object) -> str:
    """A value as JSON says it, losslessly; its line breaks and controls as escapes."""
    return encode(value).decode().rstrip("\n")


def _key(name: str) -> str:
    """The name of an argument: as it is where it is plain, else as JSON, so that it looks like no value."""
    return name if name.isascii() and name.replace("-", "_").isidentifier() else _as_json(name)


def _brief(value: object) -> str:
    text = value if isinstance(value, str) else _as_json(value)
    return text if len(text) <= TITLE_CHARS else f"{text[:TITLE_CHARS]}…"
