"""Resources of MCP servers that a prompt names: ``@server:uri``, read and put beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import anyio
from msgspec import Struct, field

from qwen_dual.core.commands.questions import Choice
from qwen_dual.mcp.bounds import line
from qwen_dual.mcp.errors import ServerFailure
from qwen_dual.mcp.results import content_of
from qwen_dual.mcp.tools import fitted
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.mcp.records import ServerStatus
    from qwen_dual.mcp.servers import Servers
    from qwen_dual.protocol.content_shapes import MentionedImage

MAX_RESOURCES = 20
MAX_CHARS = 100_000
"""Of all resources of one prompt."""

SECONDS = 30.0
"""How long one may take."""

_TRAILING = ".,;:!?)]}>'\"`*"


class Attached(Struct):
    """What became of the resources that a prompt names.

    Attributes:
        rest: the prompt without them, in which files may be named.
        blocks: to append to what the model gets: texts, and images.
        remarks: to the person, on what is not attached.
    """

    rest: str
    blocks: list[str | MentionedImage] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


async def attach_resources(text: str, servers: Servers) -> Attached:
    """Reads each resource that ``text`` names, once, in order; no other name is looked at."""
    found = Attached(text)
    by_name = {status.name: status for status in servers.status()}
    seen: set[tuple[str, str]] = set()
    room = MAX_CHARS
    for name, uri, mention in _mentions(text, by_name):
        found.rest = found.rest.replace(mention, " ", 1)
        if (name, uri) in seen:
            continue
        seen.add((name, uri))
        shown = f"@{visible_line(name)}:{visible_line(uri)}"
        if len(seen) > MAX_RESOURCES or room <= 0:
            found.remarks.append(f"{shown} is not attached: there is too much already.")
            continue
        try:
            with anyio.fail_after(SECONDS):
                result = await servers.read(name, uri)
        except TimeoutError:
            found.remarks.append(f"{shown} is not attached: it took longer than {SECONDS:g} s.")
        except ServerFailure as error:
            found.remarks.append(f"{shown} is not attached: {error}.")
        else:
            blocks = await _blocks(result.get("contents") or (), room, _name_in(uri))
            room -= sum(len(block) for block in blocks if isinstance(block, str))
            head, said = f"Resource {shown}:", blocks[0]
            first = [f"{head}\n\n{said}"] if isinstance(said, str) else [head, said]
            found.blocks += [*first, *blocks[1:]]
    return found


async def _blocks(
    contents: Sequence[Mapping[str, Any]], room: int, name: str
) -> list[str | MentionedImage]:
    """What a resource holds, of text at most ``room`` characters; its images as a model takes them."""
    if not contents:
        return ["(it is empty)"]
    given = [{"type": "resource", "resource": each} for each in contents]
    content = await fitted(content_of({"content": given}, room))
    if isinstance(content, str):
        return [content]
    return [
        block["text"]
        if block["type"] == "text"
        else {"type": "image", "source": block["source"], "name": name}
        for block in content
    ]


def _name_in(uri: str) -> str:
    """What a person would call what is at an address: its last part."""
    return re.split(r"[?#]", uri)[0].rstrip("/").rpartition("/")[2] or uri


def _mentions(text: str, known: dict[str, ServerStatus]) -> list[tuple[str, str, str]]:
    """Server, address and the words themselves of each mention of a resource."""
    if not known:
        return []
    names = "|".join(re.escape(name) for name in sorted(known, key=len, reverse=True))
    found = []
    for match in re.finditer(rf"(?<![\w.@/\\-])@({names}):(\S+)", text):
        name, uri = match[1], match[2]
        listed = {resource.uri for resource in known[name].resources}
        while uri not in listed and uri and uri[-1] in _TRAILING:
            uri = uri[:-1]
        if uri:
            found.append((name, uri, f"@{name}:{uri}"))
    return found


def resources_like(query: str, statuses: Sequence[ServerStatus], limit: int) -> list[Choice]:
    """The resources whose ``server:uri`` begins with ``query``, or whose name has it after the server."""
    wanted = query.casefold()
    first: list[Choice] = []
    others: list[Choice] = []
    for status in statuses:
        server, colon, rest = wanted.partition(":")
        if not status.name.casefold().startswith(server) or (
            colon and status.name.casefold() != server
        ):
            continue
        for resource in status.resources:
            if resource.template or any(char.isspace() for char in resource.uri):
                continue
            value = f"{status.name}:{resource.uri}"
            summary = resource.title or resource.name or resource.description
            choice = Choice(value, summary=line(summary, 80), kind="resource")
            if value.casefold().startswith(wanted):
                first.append(choice)
            elif rest and rest in f"{resource.uri} {summary}".casefold():
                others.append(choice)
    return [*first, *others][:limit]
