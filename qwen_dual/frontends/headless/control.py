"""The control protocol of the SDKs: what they ask of a session, and what they are asked.

Decides and answers; stdin is ``stream_input``'s, and the turns are ``streams``'. Every request is answered,
one that cannot be carried out by an error; nothing that comes in raises.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from qwen_dual.core.actor import SDK
from qwen_dual.core.errors import UnknownMode, UnknownModel
from qwen_dual.core.failures import describe
from qwen_dual.core.permissions.approvals import Decision
from qwen_dual.frontends.headless.host_requests import HostRequests
from qwen_dual.frontends.headless.permissions import HostPermissions
from qwen_dual.protocol import APPROVAL_MODES, MODES_ELSEWHERE
from qwen_dual.runtime.context_usage import context_usage
from qwen_dual.runtime.host_servers import HostServersError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from qwen_dual.protocol.control import ControlRequest, ControlResponse
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.handle import SessionHandle
    from qwen_dual.runtime.host_hooks import Callback, HostHook
    from qwen_dual.runtime.host_servers import HostServers

    BringHooks = Callable[
        [list[HostHook], Callable[[Callback], Awaitable[dict[str, Any]]]], list[str]
    ]

log = logging.getLogger(__name__)

CAPABILITIES = {
    "can_handle_can_use_tool": True,
    "can_handle_hook_callback": True,
    "can_set_permission_mode": True,
    "can_set_model": True,
    "can_set_effort": False,
    "can_get_context_usage": True,
    "can_get_available_models": True,
    "can_get_usage_info": False,
    "can_handle_mcp_message": True,
}
"""What ``initialize`` promises, in the words of the reference."""


class Refused(Exception):
    """A request that cannot be carried out; the text is for its sender."""


class ControlProtocol:
    """The control protocol over one session.

    Args:
        session: what is steered.
        send: takes messages for the other side, in order.
        warn: takes a text for a person when something asked for does not happen.
        asks: whether the other side decides on calls before it has said ``initialize``.
        look_for_model: makes a model known that is not configured, where a service may know its id.
        servers: takes the MCP servers that the other side has.
        bring_hooks: puts hooks in force that run at the other side; what of them cannot be used.
        bring_agents: puts its agents in force; what of them cannot be used.

    Attributes:
        asks: whether the other side decides on calls.
        requests: what it is asked besides leave for calls.
    """

    def __init__(
        self,
        session: SessionHandle,
        send: Callable[[Event], object],
        warn: Callable[[str], object],
        *,
        asks: bool = False,
        look_for_model: Callable[[str], object] = lambda name: None,
        servers: HostServers,
        bring_hooks: BringHooks = lambda hooks, ask: [],
        bring_agents: Callable[[Any], list[str]] = lambda agents: [],
    ) -> None:
        self.asks = asks
        self.requests = HostRequests(session, send)
        self._handle = session
        self._send = send
        self._warn = warn
        self._look_for_model = look_for_model
        self._servers = servers
        servers.ask = self.requests.ask
        self._bring_hooks = bring_hooks
        self._bring_agents = bring_agents
        self._permissions = HostPermissions(session, send, SDK)
        self._handlers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "initialize": self._initialize,
            "interrupt": self._interrupt,
            "set_permission_mode": self._set_permission_mode,
            "set_model": self._set_model,
            "supported_commands": self._supported_commands,
            "mcp_server_status": self._mcp_server_status,
            "mcp_status": self._mcp_status,
            "mcp_message": self._mcp_message,
            "mcp_reconnect": self._mcp_reconnect,
            "mcp_toggle": self._mcp_toggle,
            "get_context_usage": self._get_context_usage,
            "get_available_models": self._get_available_models,
            "set_effort": self._set_effort,
            "continue_last_turn": self._continue_last_turn,
        }

    @property
    def _session(self) -> SessionHandle:
        """The one that goes on, after ``/clear`` too."""
        return self._handle.latest

    # -- what comes in -----------------------------------------------------------------------

    def request(self, request: ControlRequest) -> None:
        """Carries out a request, and answers it."""
        handler = self._handlers.get(request.subtype)
        if handler is None:
            self.refuse(request.request_id, f"Unknown control request subtype: {request.subtype}")
            return
        try:
            response = handler(request.fields)
        except (Refused, HostServersError, UnknownMode, UnknownModel) as error:
            self.refuse(request.request_id, str(error))
        except Exception as error:
            log.exception("control request %s failed", request.subtype)
            self.refuse(request.request_id, f"internal error: {describe(error)}")
        else:
            answer = {"subtype": "success", "request_id": request.request_id, "response": response}
            self._respond(answer)

    def refuse(self, request_id: str, error: str) -> None:
        """Answers a request with an error."""
        self._respond({"subtype": "error", "request_id": request_id, "error": error})

    def response(self, response: ControlResponse) -> None:
        """Takes the answer to a request of ours; one that cannot be taken allows nothing."""
        try:
            if not self.requests.answered(response):
                self._permissions.answered(response)
        except Exception as error:
            log.exception("an answer of the other side failed")
            why = f"internal error: {describe(error)}"
            self._session.answer(response.request_id, Decision(False, SDK, message=why))

    def close(self) -> None:
        """Nothing more comes in: what waits for an answer is denied, and nobody is asked again."""
        self.asks = False
        self._permissions.close()
        self.requests.close()

    # -- what the session does ---------------------------------------------------------------

    def observe(self, event: Event) -> None:
        """Asks the other side what the session asks, and tells it what others have decided."""
        kind = event["type"]
        if kind == "control_request":
            if self.asks:
                self._permissions.ask(event)
        elif kind == "control_response":
            self._permissions.resolved(event["response"]["request_id"])

    # -- requests ----------------------------------------------------------------------------

    def _initialize(self, fields: dict[str, Any]) -> dict[str, Any]:
        unused = self._take_hooks(fields.get("hooks"))
        self.asks = True
        self._bring_servers(fields)
        if fields.get("agents"):
            unused += self._bring_agents(fields["agents"])
        if unused:
            verb = "have" if len(unused) > 1 or unused[0].endswith("s") else "has"
            self._warn(f"{', '.join(unused)} {verb} no effect in this version.")
        return {
            "subtype": "initialize",
            "session_id": self._session.id,
            "capabilities": CAPABILITIES,
            "unsupported": [],
            "hooks_applied": True,
            "hook_on_failure_supported": True,
        }

    def _take_hooks(self, value: Any) -> list[str]:
        """Puts the hooks of ``initialize`` in force; what of them has no effect."""
        if not value:
            return []
        from qwen_dual.frontends.headless.host_hooks import HostHooks, hooks_in

        try:
            hooks = hooks_in(value)
        except ValueError as error:
            raise Refused(str(error)) from None
        return self._bring_hooks(hooks, HostHooks(self.requests).ask)

    def _interrupt(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._session.interrupt(SDK)
        return {"subtype": "interrupt"}

    def _set_permission_mode(self, fields: dict[str, Any]) -> dict[str, Any]:
        asked = fields.get("mode")
        mode = MODES_ELSEWHERE.get(str(asked), asked)
        if mode not in APPROVAL_MODES:
            known = ", ".join(APPROVAL_MODES)
            raise Refused(f"Invalid permission mode: {asked}. Valid values are: {known}")
        try:
            self._session.set_approval_mode(mode, SDK)
        except UnknownMode as error:
            raise Refused(str(error)) from None
        return {
            "subtype": "set_permission_mode",
            "status": "updated",
            "mode": self._session.approval_mode,
        }

    def _set_model(self, fields: dict[str, Any]) -> dict[str, Any]:
        model = fields.get("model")
        if not isinstance(model, str) or not model.strip():
            raise Refused("Invalid model specified for set_model request")
        model = model.strip()
        if model not in self._session.model_names:
            self._look_for_model(model)
        self._session.set_model(model, SDK)
        return {"subtype": "set_model", "model": self._session.model_name}

    def _continue_last_turn(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Makes the failed model call of the last turn again; a turn of its own tells the rest."""
        accepted = self._session.retry(SDK)
        found = "interrupted_turn" if accepted else "none"
        return {"subtype": "continue_last_turn", "accepted": accepted, "interruption": found}

    def _set_effort(self, fields: dict[str, Any]) -> dict[str, Any]:
        why = "this version sets no effort while it runs; the model's entry in the settings does"
        return {
            "subtype": "set_effort",
            "effort": fields.get("effort"),
            "applied": False,
            "override": None,
            "reason": why,
        }

    def _supported_commands(self, fields: dict[str, Any]) -> dict[str, Any]:
        commands = sorted(name for name, _ in self._session.slash.names())
        return {"subtype": "supported_commands", "commands": commands}

    def _bring_servers(self, fields: dict[str, Any]) -> None:
        """Takes the servers of the other side: its own by name, the others as the settings have them."""
        own, given = _names(fields.get("sdkMcpServers")), fields.get("mcpServers")
        entries = given if isinstance(given, dict) else {}
        if own or entries:
            for problem in self._servers.bring(own, entries):
                self._warn(problem)

    def _mcp_server_status(self, fields: dict[str, Any]) -> dict[str, Any]:
        known = {server["name"]: server["status"] for server in self._session.mcp_servers}
        return {"subtype": "mcp_server_status", "status": known}

    def _mcp_status(self, fields: dict[str, Any]) -> dict[str, Any]:
        """As claude-agent-sdk asks and knows it."""
        return {"subtype": "mcp_status", "mcpServers": self._servers.status()}

    def _mcp_message(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What a server of the other side sends by itself."""
        server, message = fields.get("server_name"), fields.get("message")
        if not isinstance(server, str) or not isinstance(message, dict):
            raise Refused("mcp_message needs a server_name and a message")
        self._servers.take(server, message)
        return {"subtype": "mcp_message"}

    def _mcp_reconnect(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._servers.reconnect(_server_name(fields))
        return {"subtype": "mcp_reconnect"}

    def _mcp_toggle(self, fields: dict[str, Any]) -> dict[str, Any]:
        on = fields.get("enabled")
        if not isinstance(on, bool):
            raise Refused("mcp_toggle needs enabled, true or false")
        self._servers.switch(_server_name(fields), on=on)
        return {"subtype": "mcp_toggle"}

    def _get_context_usage(self, fields: dict[str, Any]) -> dict[str, Any]:
        session = self._session
        usage = context_usage(
            model=session.model_name,
            window=session.model.context_window,
            tokens=session.context_tokens,
            messages=session.history,
            system=session.system,
            tools=session.tools.values(),
            details=fields.get("show_details") is True,
        )
        return {"subtype": "get_context_usage", **usage}

    def _get_available_models(self, fields: dict[str, Any]) -> dict[str, Any]:
        models = [
            {
                "id": name,
                "label": name,
                "capabilities": {},
                "contextWindowSize": model.context_window,
            }
            for name, model in self._session.models.items()
        ]
        return {"subtype": "get_available_models", "models": models}

    def _respond(self, response: dict[str, Any]) -> None:
        self._send(
            {"type": "control_response", "response": response, "session_id": self._session.id}
        )


def _names(servers: object) -> list[str]:
    """The names of the servers in a request: the keys of an object, or a list of them."""
    found = servers if isinstance(servers, dict | list) else ()
    return [name for name in found if isinstance(name, str) and name]


def _server_name(fields: dict[str, Any]) -> str:
    name = fields.get("serverName", fields.get("server_name"))
    if not isinstance(name, str):
        raise Refused("the request needs a serverName")
    return name
