"""What can go wrong with a server, in words for a person or a model."""

from __future__ import annotations


class ServerFailure(Exception):
    """A server does not do what it is there for; the text is one sentence without its full stop."""


class ConnectionLost(ServerFailure):
    """It went away in the middle; whether it did what it was asked for is not known."""


class NeedsSignIn(ServerFailure):
    """A person has to sign in first; ``auth`` of a transport may raise it too."""


class MissingExtra(ServerFailure):
    """The SDK is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "MCP servers need the extra mcp, which is not installed: pip install 'qwen-dual[mcp]'"
        )
