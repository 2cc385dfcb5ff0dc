"""A server of the SDK's own, as of 2026-07-28: over stdio, or over HTTP at the port that is given."""

from __future__ import annotations

import sys
import warnings

from mcp.server.mcpserver import Context, MCPServer
from pydantic import BaseModel, Field

warnings.simplefilter("ignore")
server = MCPServer("modern", instructions="Made with the SDK.")


@server.tool()
async def add(left: int, right: int) -> int:
    """Adds two numbers."""
    return left + right


@server.tool()
async def learn(context: Context) -> str:
    """Makes another tool."""

    async def learned() -> str:
        """Was learned."""
        return "learned"

    server.add_tool(learned)
    await context.notify_tools_changed()
    return "done"


class Order(BaseModel):
    """What is asked of the person."""

    gift: bool = Field(default=False, description="Whether it is wrapped")
    name: str = Field(description="As it is to stand on the parcel")
    count: int = Field(default=3, le=9)


@server.tool()
async def order(context: Context) -> str:
    """Asks the person what they want."""
    answer = await context.elicit("Tell me what to send, and to whom it goes.", Order)
    given = answer.data.model_dump() if answer.action == "accept" else {}
    return f"{answer.action}: {given}"


@server.prompt()
def greet(name: str) -> str:
    """Greets somebody."""
    return f"Greet {name}."


@server.resource("note://one")
def note() -> str:
    """A note."""
    return "What the note says."


if __name__ == "__main__":
    if len(sys.argv) > 1:
        server.run("streamable-http", port=int(sys.argv[1]))
    else:
        server.run("stdio")
