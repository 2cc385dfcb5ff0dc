"""A session with the other side of the control protocol, played by a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.frontends.headless.control import ControlProtocol
from qwen_dual.protocol.control import ControlRequest, ControlResponse
from qwen_dual.runtime.handle import SessionHandle
from qwen_dual.runtime.host_servers import HostServers, HostServersError
from tests.support.fakes import FakeModel, FakeTool, Host

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Servers(HostServers):
    """The servers of the other side, which are only noted."""

    def __init__(self) -> None:
        self.brought: list[tuple[list[str], dict[str, Any]]] = []
        self.did: list[tuple[Any, ...]] = []

    def bring(self, own: Iterable[str], entries: Mapping[str, Any]) -> list[str]:
        self.brought.append((list(own), dict(entries)))
        return ["git: url: expected an address"] if "git" in entries else []

    def status(self) -> list[dict[str, Any]]:
        return [{"name": "calc", "status": "connected"}]

    def take(self, server: str, message: Mapping[str, Any]) -> None:
        self.did.append(("take", server, message))

    def reconnect(self, name: str) -> None:
        if name != "calc":
            raise HostServersError(f"there is no MCP server {name!r}")
        self.did.append(("reconnect", name))

    def switch(self, name: str, *, on: bool) -> None:
        self.did.append(("switch", name, on))


class Side:
    """The other side: what it was sent, and what it asks and answers."""

    def __init__(self, host: Host, *, asks: bool = True, **options: Any) -> None:
        self.sent: list[dict[str, Any]] = []
        self.warned: list[str] = []
        handle = SessionHandle(host.session)
        self.servers = Servers()
        self.control = ControlProtocol(
            handle,
            self.sent.append,
            self.warned.append,
            asks=asks,
            servers=self.servers,
            **options,
        )
        host.bus.subscribe(self.control.observe)
        self.host = host

    def ask(self, subtype: str, **fields: Any) -> dict[str, Any]:
        """The response to a request."""
        self.control.request(ControlRequest("r", subtype, {"subtype": subtype, **fields}))
        response = self.sent[-1]["response"]
        assert response["request_id"] == "r"
        return response  # type: ignore[no-any-return]

    def ok(self, subtype: str, **fields: Any) -> dict[str, Any]:
        """What a request that is carried out is answered with."""
        response = self.ask(subtype, **fields)
        assert response["subtype"] == "success", response
        return response["response"]  # type: ignore[no-any-return]

    async def asked(self, count: int = 1) -> dict[str, Any]:
        """The ``count``-th question of the session, as it was sent."""
        await self.host.until(lambda event: event["type"] == "control_request", count)
        return [message for message in self.sent if message["type"] == "control_request"][count - 1]

    def answer(self, question: Mapping[str, Any], error: str = "", **response: Any) -> None:
        """Answers a question."""
        self.control.response(ControlResponse(question["request_id"], response, error))

    def of(self, kind: str) -> list[dict[str, Any]]:
        """What was sent of a type."""
        return [message for message in self.sent if message["type"] == kind]


def host(*answers: Any, tool: FakeTool | None = None, **options: Any) -> Host:
    return Host(FakeModel(*answers), tool or FakeTool(), **options)


def played(*answers: Any, script: Any, tool: FakeTool, **options: Any) -> Host:
    """A session in which the model is asked once, with the other side played by ``script``."""
    made = host(*answers, tool=tool, **options)
    side = Side(made)

    async def play(_: Host) -> None:
        made.session.submit("go", KEYBOARD)
        await script(side)
        await made.result()
        side.control.close()

    made.play(play)
    return made


def told(made: Host) -> dict[str, Any]:
    """The result of the one call."""
    [event] = [
        event
        for event in made.of("user")
        if event["message"]["content"][0]["type"] == "tool_result"
    ]
    return event["message"]["content"][0]  # type: ignore[no-any-return]
