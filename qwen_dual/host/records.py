"""What a host gets back and gives: receipts, results, requests, answers, the end. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from qwen_dual.host.errors import TurnFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class Exit:
    """How the program ended: one of the two, or neither where somebody else reaped it."""

    status: int | None = None
    signal: int | None = None


@dataclass(frozen=True, slots=True)
class Greeting:
    """Who is hosted and what it can do, from ``session_start``.

    Attributes:
        agent: ``qwen-dual``; ``qwen`` for a program that does not name itself.
        version: its version, empty if it says none.
        protocol_version: 2, or what it says.
        supported_commands: what may be sent.
        told: it answers commands with receipts and turns with a ``result``; without that both are
            derived from the events.
        data: all of it, as it came.
    """

    agent: str
    version: str
    protocol_version: int
    supported_commands: frozenset[str]
    told: bool
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> Greeting:
        """Reads a ``session_start``."""
        data = event.data
        commands = data.get("supported_commands")
        told = isinstance(commands, list)
        known = commands if isinstance(commands, list) else UNKNOWN.supported_commands
        version = data.get("protocol_version")
        return cls(
            agent=str(data.get("agent") or "qwen"),
            version=str(data.get("version") or ""),
            protocol_version=version if isinstance(version, int) else 2,
            supported_commands=frozenset(name for name in known if isinstance(name, str)),
            told=told,
            data=data,
        )


UNKNOWN = Greeting("qwen", "", 2, frozenset({"submit", "confirmation_response"}), False, {})
"""What is known of a program that has not said who it is: the base protocol."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command.

    Attributes:
        id: the command's.
        status: ``accepted``, ``queued``, ``rejected``, ``duplicate``; ``unconfirmed`` where the
            program gives no receipts and no event shows that it was taken.
        code: why it was rejected.
        message: the same for people.
        position: its place in the queue.
        derived: from other events, since the program gives no receipts.
    """

    id: str
    status: str
    code: str = ""
    message: str = ""
    position: int | None = None
    derived: bool = False

    @classmethod
    def of(cls, event: Event) -> Receipt:
        """Reads a ``command_receipt``."""
        data = event.data
        position = data.get("position")
        return cls(
            id=str(data.get("id")),
            status=str(data.get("status")),
            code=str(data.get("code") or ""),
            message=str(data.get("message") or ""),
            position=position if isinstance(position, int) else None,
        )


@dataclass(frozen=True, slots=True)
class Result:
    """How a turn ended.

    Attributes:
        text: the final answer.
        is_error: it failed.
        stop_reason: ``end_turn``, ``interrupted``, ``error``, ``denied``, ``max_turns``,
            ``max_tokens``, ``loop``; ``cancelled`` if it was taken out of the queue; ``unknown`` where the
            program does not say.
        error: what failed, for people; empty if nothing did.
        usage: tokens, as the program counts them.
        command_id: of the submit that began it; None for a turn from the keyboard.
        derived: from other events, since the program tells no results.
        raw: the ``result`` event as it came; empty if derived.
    """

    text: str
    is_error: bool
    stop_reason: str
    error: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    command_id: str | None = None
    derived: bool = False
    raw: dict[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, event: Event) -> Result:
        """Reads a ``result``."""
        error, usage, command_id = event.get("error"), event.get("usage"), event.get("command_id")
        message = error.get("message") if isinstance(error, dict) else None
        return cls(
            text=event.text,
            is_error=event.get("is_error") is True,
            stop_reason=str(event.get("stop_reason") or "unknown"),
            error=str(message or ""),
            usage=usage if isinstance(usage, dict) else {},
            command_id=command_id if isinstance(command_id, str) else None,
            raw=event.raw,
        )

    def raise_for_error(self) -> Result:
        """Itself, if the turn did not fail.

        Raises:
            TurnFailed: it did.
        """
        if self.is_error:
            raise TurnFailed(self)
        return self


@dataclass(frozen=True, slots=True)
class Request:
    """A tool call that waits for leave.

    Attributes:
        id: to answer it with.
        tool_name: ``run_shell_command``, ``write_file`` …
        tool_use_id: the call.
        input: its arguments.
        raw: the ``request`` as it came, with ``permission_suggestions``, ``preview``, ``rule`` ….
    """

    id: str
    tool_name: str
    tool_use_id: str
    input: dict[str, Any]
    raw: dict[str, Any] = field(repr=False)

    @classmethod
    def of(cls, event: Event) -> Request:
        """Reads a ``control_request``."""
        request = event.get("request")
        raw = request if isinstance(request, dict) else {}
        arguments = raw.get("input")
        return cls(
            id=str(event.get("request_id")),
            tool_name=str(raw.get("tool_name") or ""),
            tool_use_id=str(raw.get("tool_use_id") or ""),
            input=arguments if isinstance(arguments, dict) else {},
            raw=raw,
        )


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a request ended.

    Attributes:
        request_id: the request.
        allowed: the verdict; None where nobody knows any more.
        resolved_by: ``keyboard``, ``input``, ``policy``, ``interrupt``, ``shutdown``; None where
            the program does not say.
        in_time: it was this answer that decided; False if somebody was quicker.
    """

    request_id: str
    allowed: bool | None
    resolved_by: str | None = None
    in_time: bool = False


@dataclass(frozen=True, slots=True)
class Allow:
    """A policy's yes.

    Attributes:
        updated_input: run the call with these arguments instead.
        remember: do not ask again for the like.
    """

    updated_input: Mapping[str, Any] | None = None
    remember: Literal["session", "project", "user"] | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """A policy's no.

    Attributes:
        reason: for the model, which then goes on; without one the turn may end.
    """

    reason: str | None = None


Verdict = Allow | Deny | bool | None
"""What a policy says of a request; None leaves it to somebody else."""
