"""One connection to one server, over the SDK: what it has, and what can be asked of it.

Everything that the SDK raises leaves as ``ServerFailure`` or one of its kinds.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct

from qwen_dual.core.failures import describe
from qwen_dual.mcp.bounds import (
    MAX_DESCRIPTION,
    MAX_INSTRUCTIONS,
    MAX_LISTED,
    MAX_NAME,
    MAX_OFFERED,
    MAX_PAGES,
    bounded,
    line,
)
from qwen_dual.mcp.errors import ConnectionLost, NeedsSignIn, ServerFailure
from qwen_dual.mcp.records import PromptArgument, PromptRecord, ResourceRecord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import mcp_types as types
    from mcp import Client

    from qwen_dual.mcp.config import ServerConfig

log = logging.getLogger(__name__)

Told = dict[str, Any]
"""The JSON of a request's parameters or of a result, named as on the wire."""


class Changed(Struct, frozen=True):
    """What a server says to have changed."""

    tools: bool = False
    prompts: bool = False
    resources: bool = False


OVER = ("Connection closed", "Session terminated")
"""What the SDK says when nothing can be asked any more."""

LISTEN_AGAIN = (1, 5, 30, 300, 300)
"""Seconds after which it is listened again to a server that stopped telling what changes."""


class Connection:
    """An open connection; ``open_connection`` makes it. Used by any task.

    Attributes:
        lost: set when nothing more comes from the server.
        remarks: what of it is not used, and why.
    """

    def __init__(self, config: ServerConfig, client: Client, lost: anyio.Event) -> None:
        self._config = config
        self._client = client
        self.lost = lost
        self.remarks: list[str] = []

    @property
    def server(self) -> str:
        """What it calls itself, with its version."""
        info = self._client.server_info
        return "" if info is None else line(f"{info.name} {info.version}")

    @property
    def protocol(self) -> str:
        """The revision of MCP that is spoken."""
        return line(self._client.protocol_version, 40)

    @property
    def instructions(self) -> str:
        """What it says of its use."""
        return bounded(self._client.instructions, MAX_INSTRUCTIONS)

    async def tools(self) -> list[types.Tool]:
        """All its tools, up to the bound; those that are none were left out before."""
        if self._client.server_capabilities.tools is None:
            return []
        return await self._all("tools", self._client.list_tools, MAX_LISTED)

    async def prompts(self) -> tuple[PromptRecord, ...]:
        """What it offers as prompts."""
        if self._client.server_capabilities.prompts is None:
            return ()
        found = await self._all("prompts", self._client.list_prompts, MAX_OFFERED)
        return tuple(
            PromptRecord(
                prompt.name[: 4 * MAX_NAME],
                line(prompt.title),
                bounded(prompt.description, MAX_DESCRIPTION),
                tuple(
                    PromptArgument(
                        given.name[:MAX_NAME], line(given.description, 500), bool(given.required)
                    )
                    for given in (prompt.arguments or ())[:50]
                ),
            )
            for prompt in found
        )

    async def resources(self) -> tuple[ResourceRecord, ...]:
        """What it offers as resources, the families last."""
        if self._client.server_capabilities.resources is None:
            return ()
        found = await self._all("resources", self._client.list_resources, MAX_OFFERED)
        listed = [
            ResourceRecord(
                str(resource.uri)[:2000],
                line(resource.name),
                line(resource.title),
                line(resource.description, 500),
                line(resource.mime_type),
                resource.size,
            )
            for resource in found
        ]
        try:
            families = await self._all(
                "resource_templates", self._client.list_resource_templates, MAX_OFFERED
            )
        except ServerFailure:  # not every server with resources knows of them
            families = []
        listed += [
            ResourceRecord(
                family.uri_template[:2000],
                line(family.name),
                line(family.title),
                line(family.description, 500),
                line(family.mime_type),
                template=True,
            )
            for family in families
        ]
        return tuple(listed)

    async def listen(self, changed: Callable[[Changed], object]) -> None:
        """Has ``changed`` told what changes, where the server says so only to who listens (2026-07-28)."""
        from mcp import MCPError
        from mcp.client.subscriptions import SubscriptionLost
        from mcp_types.version import MODERN_PROTOCOL_VERSIONS

        has = self._client.server_capabilities
        tools, prompts, resources = (
            given is not None and bool(given.list_changed)
            for given in (has.tools, has.prompts, has.resources)
        )
        modern = self._client.protocol_version in MODERN_PROTOCOL_VERSIONS
        if not modern or not (tools or prompts or resources):
            return
        for wait in LISTEN_AGAIN:
            try:
                async with self._client.listen(
                    tools_list_changed=tools,
                    prompts_list_changed=prompts,
                    resources_list_changed=resources,
                ) as changes:
                    async for _ in changes:
                        pass  # it comes as a notice too, as from any server
            except (MCPError, SubscriptionLost, TimeoutError) as error:
                log.info("what a server tells of changes broke off: %s", describe(error))
            await anyio.sleep(wait)
            changed(Changed(tools, prompts, resources))

    async def call(
        self,
        name: str,
        arguments: Mapping[str, Any],
        on_progress: Callable[[float, float | None, str | None], object],
    ) -> Told:
        """Calls a tool; the ``CallToolResult`` as JSON. Cancelled, it tells the server so.

        Raises:
            ServerFailure: it failed, or took longer than it may.
            ConnectionLost: nobody knows what came of it.
        """

        async def report(
            progress: float, total: float | None = None, message: str | None = None
        ) -> None:
            on_progress(progress, total, message)

        result = await self._asked(
            lambda: self._client.call_tool(
                name, dict(arguments), self._config.timeout, progress_callback=report
            )
        )
        return dumped(result)

    async def prompt(self, name: str, arguments: Mapping[str, str]) -> Told:
        """A prompt, filled in: the ``GetPromptResult`` as JSON; raises as ``call``."""
        result = await self._asked(lambda: self._client.get_prompt(name, dict(arguments)))
        return dumped(result)

    async def read(self, uri: str) -> Told:
        """A resource: the ``ReadResourceResult`` as JSON; raises as ``call``."""
        result = await self._asked(lambda: self._client.read_resource(uri))
        return dumped(result)

    async def complete(self, prompt: str, argument: str, begun: str) -> list[str]:
        """What an argument of a prompt may be that begins so; raises as ``call``."""
        import mcp_types as types

        if self._client.server_capabilities.completions is None:
            return []
        reference = types.PromptReference(type="ref/prompt", name=prompt)
        asked = {"name": argument, "value": begun}
        result = await self._asked(lambda: self._client.complete(reference, asked))
        return [line(value) for value in result.completion.values[:100]]

    async def _all(
        self, what: str, page_of: Callable[..., Awaitable[Any]], limit: int
    ) -> list[Any]:
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._asked(partial(page_of, cursor=cursor))
            found += getattr(page, what)
            before, cursor = cursor, page.next_cursor
            if not cursor or cursor == before or len(found) > limit:
                break
        if len(found) > limit:
            self.remarks.append(f"only the first {limit:,} of its {what} are looked at")
        return found[:limit]

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        from mcp import MCPError
        from mcp_types import CONNECTION_CLOSED, REQUEST_TIMEOUT
        from pydantic import ValidationError

        from qwen_dual.mcp.bearer import WANTS_MORE

        try:
            return await ask()
        except MCPError as error:
            if error.message == WANTS_MORE:
                raise NeedsSignIn(WANTS_MORE) from error
            # Servers give errors of their own this code too; the words are the SDK's.
            if error.message in OVER:
                self.lost.set()
                raise ConnectionLost("the connection was lost before it had answered") from error
            if error.code == CONNECTION_CLOSED and error.message.startswith("SSE stream"):
                raise ConnectionLost(line(error.message, 500)) from error
            if error.code == REQUEST_TIMEOUT:
                seconds = self._config.timeout
                raise ServerFailure(f"it did not answer within {seconds:g} s") from error
            raise ServerFailure(bounded(error.message, 2000) or f"error {error.code}") from error
        except ValidationError as error:
            raise ServerFailure(
                f"its answer is not what MCP says: {first_complaint(error)}"
            ) from error
        except RuntimeError as error:  # of the SDK, about what a server did
            raise ServerFailure(describe(error)) from error


def dumped(params: Any) -> Told:
    """What the SDK has parsed, as JSON again; what is not set is left out."""
    told: Told = params.model_dump(mode="json", by_alias=True, exclude_none=True)
    return told


def first_complaint(error: Any) -> str:
    """What the first thing is that is wrong, without the value, which is the server's."""
    found = error.errors(include_input=False, include_url=False)[0]
    where = ".".join(map(str, found["loc"]))[:200]
    return f"{where}: {found['msg']}" if where else str(found["msg"])
