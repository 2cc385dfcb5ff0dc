"""Resources of MCP servers beside a prompt: their texts, their images, and what is left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import anyio

from qwen_dual.mcp.records import ServerStatus
from qwen_dual.runtime.mcp_mentions import attach_resources
from tests.support.images import encoded, png

if TYPE_CHECKING:
    from qwen_dual.mcp.servers import Servers


class Library:
    """A server's resources, by their addresses."""

    def __init__(self, **contents: Any) -> None:
        self._contents = contents

    def status(self) -> list[ServerStatus]:
        return [ServerStatus(name="lib", state="connected", transport="stdio", source="user")]

    async def read(self, name: str, uri: str) -> dict[str, Any]:
        return {"contents": self._contents[uri]}


def attached(text: str, **contents: Any) -> list[Any]:
    servers = cast("Servers", Library(**contents))
    return anyio.run(attach_resources, text, servers).blocks


def test_an_image_of_a_resource_is_an_image_for_the_model() -> None:
    data = encoded(png(20, 10))
    picture = {"uri": "pic", "mimeType": "image/png", "blob": data}
    words = {"uri": "pic", "text": "What it shows"}
    head, image = attached("see @lib:pic now", pic=[picture])
    assert head == "Resource @lib:pic:"
    assert image["source"] == {"type": "base64", "media_type": "image/png", "data": data}
    assert image["name"] == "pic"
    first, second = attached("see @lib:pic", pic=[words, picture])
    assert first == "Resource @lib:pic:\n\n[pic]\nWhat it shows"
    assert second["type"] == "image"


def test_an_image_that_is_none_is_said_to_be_left_out() -> None:
    (said,) = attached("@lib:pic", pic=[{"uri": "pic", "mimeType": "image/png", "blob": "bm8="}])
    assert "was left out" in said


def test_an_empty_resource_is_said_to_be_empty() -> None:
    assert attached("@lib:pic", pic=[]) == ["Resource @lib:pic:\n\n(it is empty)"]
