"""What a host gets back and gives: receipts, results, requests, answers, the end. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from qwen_dual.host.calls import Denial, Preview, Suggestion, cost_in, number_in, text_in
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
class Sandbox:
    """What limits the commands that tools run.

    Attributes:
        backend: ``auto``, ``bwrap`` or ``landlock``.
        filesystem: ``read-only`` or ``workspace-write``.
        network: ``closed`` or ``open``.
    """

    backend: str
    filesystem: str
    network: str

    @classmethod
    def of(cls, raw: object) -> Sandbox | None:
        """Reads the ``sandbox`` of a ``session_start``."""
        if not isinstance(raw, dict):
            return None
        return cls(*(text_in(raw, name) for name in ("backend", "filesystem", "network")))


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
        cwd: where it works.
        pid: its process; None if it says none.
        model: the model that the session begins with, empty if it says none.
        approval_mode: the mode likewise.
        max_line_bytes: how long a command may be; None if it says none.
        input_path: where it reads commands from; empty for a descriptor, or none.
        sandbox: what commands are asked to run in; None for none.
        enter_while_busy: what Enter does in its terminal while a turn runs, ``steer`` or ``queue``; empty
            where it cannot be known.
    """

    agent: str
    version: str
    protocol_version: int
    supported_commands: frozenset[str]
    told: bool
    data: dict[str, Any]
    cwd: str = ""
    pid: int | None = None
    model: str = ""
    approval_mode: str = ""
    max_line_bytes: int | None = None
    input_path: str = ""
    sandbox: Sandbox | None = None
    enter_while_busy: str = ""

    @classmethod
    def of(cls, event: Event) -> Greeting:
        """Reads a ``session_start``."""
        data = event.data
        commands = data.get("supported_commands")
        told = isinstance(commands, list)
        known = commands if isinstance(commands, list) else UNKNOWN.supported_commands
        version = data.get("protocol_version")
        limits, source = data.get("limits"), data.get("input")
        return cls(
            agent=str(data.get("agent") or "qwen"),
            version=str(data.get("version") or ""),
            protocol_version=version if isinstance(version, int) else 2,
            supported_commands=frozenset(name for name in known if isinstance(name, str)),
            told=told,
            data=data,
            cwd=text_in(data, "cwd"),
            pid=number_in(data, "pid"),
            model=text_in(data, "model"),
            approval_mode=text_in(data, "approval_mode"),
            max_line_bytes=number_in(limits, "max_line_bytes")
            if isinstance(limits, dict)
            else None,
            input_path=text_in(source, "path") if isinstance(source, dict) else "",
            sandbox=Sandbox.of(data.get("sandbox")),
            enter_while_busy=text_in(data, "enter_while_busy")
            or ("steer" if "steer" in known else ""),
        )

    def is_others(self, told: Mapping[str, Any]) -> bool:
        """Whether what an event says of a command is of one that another host sent, under whatever id."""
        host, own = told.get("host"), self.data.get("host")
        name = f"host:{text_in(own, 'name')}" if isinstance(own, dict) else "input"
        return isinstance(host, str) and host != name


UNKNOWN = Greeting("qwen", "", 2, frozenset({"submit", "confirmation_response"}), False, {})
"""What is known of a program that has not said who it is: the base protocol."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a command.

    Attributes:
        id: the command's.
        status: ``accepted``, ``queued``, ``rejected``, ``duplicate``; of a prompt that a person looks
            at first ``held``, then ``accepted``, ``edited`` or ``refused``; ``unconfirmed`` where the
            program gives no receipts and no event shows that it was taken.
        code: why it was rejected.
        message: the same for people.
        position: its place in the queue.
        turn_id: of a prompt that steers: the turn that it joins, unless that ends before; else empty.
        derived: from other events, since the program gives no receipts.
        version: of the draft that was set.
        outcome: of a ``duplicate``, what became of the command: ``done``, ``interrupted`` (the program
            died before its end), ``rejected``, ``refused``, ``queued`` or ``running``; empty where that
            is not known.
        result: the result of its turn, where that is ``done``.
        durable: False where a later run of the program will not know the id, since nothing is saved.
        host: who sent the command: ``input``, ``host:`` and a name; empty where the program does not say.
    """

    id: str
    status: str
    code: str = ""
    message: str = ""
    position: int | None = None
    derived: bool = False
    version: int | None = None
    turn_id: str = ""
    outcome: str = ""
    result: Result | None = None
    durable: bool = True
    host: str = ""

    @classmethod
    def of(cls, event: Event) -> Receipt:
        """Reads a ``command_receipt``."""
        data = event.data
        position, result = data.get("position"), data.get("result")
        return cls(
            id=str(data.get("id")),
            status=str(data.get("status")),
            code=str(data.get("code") or ""),
            message=str(data.get("message") or ""),
            position=position if isinstance(position, int) else None,
            version=number_in(data, "version"),
            turn_id=text_in(data, "turn_id"),
            outcome=text_in(data, "outcome"),
            result=Result.in_data(result) if isinstance(result, dict) else None,
            durable=data.get("durable") is not False,
            host=text_in(data, "host"),
        )


@dataclass(frozen=True, slots=True)
class Result:
    """How a turn ended.

    Attributes:
        text: the final answer.
        is_error: it failed.
        stop_reason: ``end_turn``, ``interrupted``, ``error``, ``denied``, ``max_turns``,
            ``max_tokens``, ``loop``, ``budget``; ``cancelled`` if it was taken out of the queue; ``unknown`` where the
            program does not say.
        error: what failed, for people; empty if nothing did.
        usage: tokens, as the program counts them.
        command_id: of the submit that began it; None for a turn from the keyboard.
        derived: from other events, since the program tells no results.
        raw: the ``result`` event as it came; empty if derived.
        error_kind: what failed, for programs: ``network``, ``auth`` … ; empty if nothing did.
        error_status: the HTTP status of what failed; None where there was none.
        error_remedy: what can be offered against it, for programs: ``retry``, ``connect`` … ; empty
            where that is nothing but another try.
        turn_id: as ``state`` events call the turn.
        num_turns: how many model calls it took; 0 for a slash command.
        duration_ms: how long it took, ``duration_api_ms`` of it waiting for the model.
        denials: the calls that were not allowed.
        steered: the ids of the commands whose prompts joined the turn.
        steered_by: who sent each of them.
        host: who sent the command with ``command_id``; empty for none.
        context_tokens: how much of the conversation there is; None where the program does not say.
        context_window: how much the model takes; None likewise.
        total_cost_usd: what the session cost by then; None where that is not known.
    """

    text: str
    is_error: bool
    stop_reason: str
    error: str = ""
    usage: dict[str, Any] = field(default_factory=dict)
    command_id: str | None = None
    derived: bool = False
    raw: dict[str, Any] = field(default_factory=dict, repr=False)
    error_kind: str = ""
    error_status: int | None = None
    error_remedy: str = ""
    turn_id: str = ""
    num_turns: int = 0
    duration_ms: int = 0
    duration_api_ms: int = 0
    denials: tuple[Denial, ...] = ()
    context_tokens: int | None = None
    context_window: int | None = None
    total_cost_usd: float | None = None
    steered: tuple[str, ...] = ()
    steered_by: tuple[str, ...] = ()
    host: str = ""

    @classmethod
    def in_data(cls, data: dict[str, Any]) -> Result:
        """Reads the one that another event repeats."""
        from qwen_dual.host.event import Event

        return cls.of(Event({"type": "result", **data}))

    @classmethod
    def of(cls, event: Event) -> Result:
        """Reads a ``result``."""
        steered, by = event.get("steered"), event.get("steered_by")
        error, usage, command_id = event.get("error"), event.get("usage"), event.get("command_id")
        failure = error if isinstance(error, dict) else {}
        return cls(
            text=event.text,
            is_error=event.get("is_error") is True,
            stop_reason=str(event.get("stop_reason") or "unknown"),
            error=str(failure.get("message") or ""),
            usage=usage if isinstance(usage, dict) else {},
            command_id=command_id if isinstance(command_id, str) else None,
            raw=event.raw,
            error_kind=text_in(failure, "kind"),
            error_status=number_in(failure, "status"),
            error_remedy=text_in(failure, "remedy"),
            turn_id=text_in(event.raw, "turn_id"),
            num_turns=number_in(event.raw, "num_turns") or 0,
            duration_ms=number_in(event.raw, "duration_ms") or 0,
            duration_api_ms=number_in(event.raw, "duration_api_ms") or 0,
            denials=Denial.all_in(event.get("permission_denials")),
            context_tokens=number_in(event.raw, "context_tokens"),
            context_window=number_in(event.raw, "context_window"),
            total_cost_usd=cost_in(event.raw, "total_cost_usd"),
            steered=tuple(map(str, steered)) if isinstance(steered, list) else (),
            steered_by=tuple(map(str, by)) if isinstance(by, list) else (),
            host=text_in(event.raw, "host"),
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
        raw: the ``request`` as it came.
        preview: what it will do, made for reading; None where the program tells none.
        blocked_path: the path outside the workspace that it touches; None inside.
        rules: what ``remember`` would allow from now on; empty where it would allow nothing more.
        suggestions: the ways to answer, as the terminal offers them.
        previous_mode: of a plan, the approval mode before plan mode; empty for all else.
        parent_tool_use_id: the call that the sub-agent works for which asks; None for the main
            agent, and where the program does not say.
        agent: the name of that sub-agent; None likewise.
    """

    id: str
    tool_name: str
    tool_use_id: str
    input: dict[str, Any]
    raw: dict[str, Any] = field(repr=False)
    preview: Preview | None = None
    blocked_path: str | None = None
    rules: tuple[str, ...] = ()
    suggestions: tuple[Suggestion, ...] = ()
    parent_tool_use_id: str | None = None
    previous_mode: str = ""
    agent: str | None = None

    @classmethod
    def of(cls, event: Event) -> Request:
        """Reads a ``control_request``."""
        request = event.get("request")
        raw = request if isinstance(request, dict) else {}
        arguments = raw.get("input")
        rules = raw.get("rules") or [raw.get("rule")]
        return cls(
            id=str(event.get("request_id")),
            tool_name=str(raw.get("tool_name") or ""),
            tool_use_id=str(raw.get("tool_use_id") or ""),
            input=arguments if isinstance(arguments, dict) else {},
            raw=raw,
            preview=Preview.of(raw.get("preview")),
            blocked_path=text_in(raw, "blocked_path") or None,
            rules=tuple(
                rule
                for rule in (rules if isinstance(rules, list) else ())
                if isinstance(rule, str) and rule
            ),
            suggestions=Suggestion.all_in(raw.get("permission_suggestions")),
            parent_tool_use_id=event.parent_tool_use_id,
            previous_mode=text_in(raw, "previous_mode"),
        )


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a request ended.

    Attributes:
        request_id: the request.
        allowed: the verdict; None where nobody knows any more.
        resolved_by: ``keyboard``, ``input``, ``sdk``, ``policy``, ``interrupt``, ``shutdown``; None
            where the program does not say.
        in_time: it was this answer that decided; False if somebody was quicker.
        reason: what was said to a denial.
    """

    request_id: str
    allowed: bool | None
    resolved_by: str | None = None
    in_time: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Allow:
    """A policy's yes.

    Attributes:
        updated_input: run the call with these arguments instead.
        remember: do not ask again for the like.
        mode: of a plan: the approval mode to go on in; ``previous`` is the one before plan mode.
    """

    updated_input: Mapping[str, Any] | None = None
    remember: Literal["session", "project", "user"] | None = None
    mode: Literal["previous", "default", "auto-edit"] | None = None


@dataclass(frozen=True, slots=True)
class Deny:
    """A policy's no.

    Attributes:
        reason: for the model, which then goes on; without one the turn may end.
    """

    reason: str | None = None


Verdict = Allow | Deny | bool | None
"""What a policy says of a request; None leaves it to somebody else."""
