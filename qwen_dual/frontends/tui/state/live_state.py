"""What is still moving, as records: the calls that run, the prompts that wait, the requests that ask.

The view fills them from events; the live region and the dialog read them. No rendering.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from qwen_dual.core.tools.tool import Display
from qwen_dual.protocol.agents import agent_call
from qwen_dual.protocol.records import shown
from qwen_dual.protocol.sanitise import OutputTail, sanitise
from qwen_dual.protocol.visible import visible, visible_line, visible_prompt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.frontends.tui.state.agents import AgentAtWork
    from qwen_dual.frontends.tui.state.sent_prompts import SentPrompts
    from qwen_dual.frontends.tui.state.todo import Todo

MAX_SHOWN_REQUEST = 200
"""Characters of a request's title that the transcript repeats."""

OUTPUT_LINES = 12
"""How much of a running call's output is kept for the live region."""

# The argument that says most about a call, the first that it has.
_MAIN_ARGUMENTS = ("command", "file_path", "path", "pattern", "url", "query", "prompt")


_DENIED = {"questions": "not answered", "plan": "not accepted"}


class RunningTool(Struct):
    """A call between the model's asking for it and its result.

    Attributes:
        display: its tool's words for a person.
        started: the clock when it began to run; None before.
        argument_chars: how much of its arguments came in so far.
        denied: that it was not allowed, as a person calls it; empty as long as it may be.
        reason: what was said to that.
        todos: the list that it writes; None for every other tool.
    """

    tool_use_id: str
    name: str
    display: Display
    title: str = ""
    started: float | None = None
    argument_chars: int = 0
    output: tuple[str, ...] = ()
    diff: str = ""
    todos: tuple[Todo, ...] | None = None
    denied: str = ""
    reason: str = ""

    def show_output(self, text: str) -> None:
        """Takes the latest output, of which the last lines are kept."""
        tail = OutputTail(OUTPUT_LINES)
        tail.feed(text)
        self.output = tuple(tail.lines)

    def deny(self, request: Request, reason: str) -> None:
        """Takes a no to what was asked about the call."""
        self.denied = _DENIED.get(request.kind, "not allowed")
        self.reason = reason

    def show_request(self, request: Request) -> None:
        """Takes what somebody is asked about the call."""
        if request.kind == "plan":
            self.title = request.argument
        else:
            self.diff = request.text


class Queued(Struct, frozen=True):
    """A prompt that waits for its turn.

    Attributes:
        remote: the host that its words came from; empty for the person's.
        steers: it joins the turn that runs.
    """

    text: str
    remote: str
    steers: bool = False


class Request(Struct, frozen=True):
    """A tool call that waits for leave.

    Attributes:
        display: its tool's words for a person.
        kind: of the preview: ``command``, ``diff``, ``text``, ``questions`` or ``plan``.
        title: of the preview, as it came.
        text: what will happen, exactly.
        argument: what says most about the call, with escapes for what hides in it.
        rule: what "always" would remember; empty where the session remembers nothing.
        rules: the same one by one, of which a pipeline has several.
        outside: the path outside the workspace that it touches; empty inside.
        warnings: what in the text is not what it looks like, in sentences.
        is_cut: the text does not say all.
        question: what is asked about it; empty where the tool says.
        before: the approval mode before plan mode, of a plan.
        input: the arguments of the call, as they came.
        agent: the call that the sub-agent works for which asks; empty for the main agent.
        asker: that sub-agent's name.
    """

    request_id: str
    tool_use_id: str
    tool_name: str
    display: Display
    kind: str
    title: str
    text: str
    argument: str = ""
    rule: str = ""
    rules: tuple[str, ...] = ()
    outside: str = ""
    warnings: tuple[str, ...] = ()
    is_cut: bool = False
    question: str = ""
    before: str = ""
    input: Mapping[str, Any] = field(default_factory=dict)
    agent: str = ""
    asker: str = ""

    def __repr__(self) -> str:
        return shown(self, without={"input"})


class Retry(Struct, frozen=True):
    """A failed model call that is made again.

    Attributes:
        attempts: how many there may be; None without a bound.
        due: the clock when it is.
    """

    attempt: int
    attempts: int | None
    due: float
    message: str


class Work(Struct):
    """All of it.

    Attributes:
        state: the word of the latest ``state`` event.
        since: the clock when the work began; None when there is none.
        tokens: how many the model has written since then, as far as it told.
        chars: how many characters it has written that are in no count of tokens yet.
        retry: what is waited for after a failed call.
        todos: the model's list, as long as a turn runs.
        todos_at_end: it is the last thing that stands in the transcript.
        queued: how many prompts wait; ``queue`` lists the first of them.
        hooks: what is told of the hooks that run, by run.
        agents: the sub-agents that are at work, by the call that each works for.
    """

    state: str = "idle"
    since: float | None = None
    tokens: int = 0
    chars: int = 0
    retry: Retry | None = None
    todos: tuple[Todo, ...] = ()
    todos_at_end: bool = False
    queued: int = 0
    queue: tuple[Queued, ...] = ()
    tools: dict[str, RunningTool] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    hooks: dict[str, str] = field(default_factory=dict)
    agents: Mapping[str, AgentAtWork] = field(default_factory=dict)

    def follow_state(self, data: Mapping[str, Any], now: float) -> None:
        """Takes a ``state`` event that came at ``now``."""
        before, self.state = self.state, sanitise(data["state"])
        if self.state != before:
            self.retry = None
        self.queued = data["queued"]
        if self.state == "idle":
            self.since = None
            self.todos = ()
        elif self.since is None:
            self.since = now
            self.tokens = self.chars = 0

    def follow_queue(self, data: Mapping[str, Any], sent_as: SentPrompts) -> None:
        """Takes a ``queue`` event; ``sent_as`` has how the person saw what they sent."""
        waiting = data["prompts"]
        self.queue = tuple(
            Queued(visible_prompt(shown), sender_of(item["origin"]), "steers" in item)
            for item, shown in zip(waiting, sent_as.among(waiting), strict=True)
            if "editing" not in item
        )

    def follow_hook(self, data: Mapping[str, Any], *, runs: bool) -> None:
        """Takes that a hook began or ended."""
        if runs:
            told = data.get("status_message") or f"Hook {data['hook_name']}"
            self.hooks[data["hook_id"]] = visible_line(told, "prose")
        else:
            self.hooks.pop(data["hook_id"], None)


def retry_of(data: Mapping[str, Any], now: float) -> Retry:
    """The record of a ``model_retry`` event that came at ``now``."""
    due = now + data["delay_ms"] / 1000
    return Retry(data["attempt"], data["attempts"], due, sanitise(data["message"]).strip())


def main_argument(arguments: Mapping[str, Any]) -> str:
    """The argument of a call that says most, as it came; empty where none does."""
    if (agent := agent_call(arguments)) is not None:
        return f"{agent.name}: {agent.description}" if agent.description else agent.name
    for key in _MAIN_ARGUMENTS:
        value = arguments.get(key)
        if isinstance(value, str) and value:
            return value
    return next((value for value in arguments.values() if isinstance(value, str)), "")


def request_of(
    event: Mapping[str, Any],
    display_of: Callable[[str], Display] = Display.of,
    name_of: Callable[[str], str] = lambda agent: "sub-agent",
) -> Request:
    """The record of a ``control_request`` event.

    Args:
        event: as it came.
        display_of: how the tool with a name is called before a person.
        name_of: who works for a call.
    """
    request = event["request"]
    preview = request.get("preview") or {}
    arguments = request.get("input") or {}
    plan = preview.get("kind") == "plan"  # of which the title says most
    argument = preview["title"] if plan else main_argument(arguments)
    warnings = preview.get("warnings") or ()
    name = sanitise(request["tool_name"])
    agent = event.get("parent_tool_use_id") or ""
    return Request(
        request_id=event["request_id"],
        tool_use_id=request["tool_use_id"],
        tool_name=name,
        display=display_of(name),
        kind=preview.get("kind") or "text",
        title=preview.get("title") or "",
        text=preview.get("text") or argument,
        argument=visible(argument),
        rule=request.get("rule") or "",
        rules=tuple(request.get("rules") or filter(None, [request.get("rule")])),
        outside=request.get("blocked_path") or "",
        warnings=tuple(warning["message"] for warning in warnings if warning["kind"] != "long"),
        is_cut=any(warning["kind"] == "cut" for warning in warnings),
        question=preview.get("question") or "",
        before=request.get("previous_mode") or "",
        input=arguments,
        agent=agent,
        asker=name_of(agent) if agent else "",
    )


def answered(request: Request, *, allowed: bool) -> str:
    """What somebody elsewhere did about a request."""
    if request.kind == "questions":
        verb = "answered" if allowed else "did not answer"
    else:
        verb = "allowed" if allowed else "did not allow"
    what = f"{request.display.word}  {request.argument}"[:MAX_SHOWN_REQUEST].rstrip()
    return f"{verb} {what}{f' ({request.asker})' if request.agent else ''}"


def is_remote(actor: str | None) -> bool:
    """Whether ``actor``, an ``origin`` or ``resolved_by``, is another process than this one."""
    return actor is not None and actor.partition(":")[0] in ("input", "host", "sdk")


def sender_of(actor: str | None) -> str:
    """What another process that did something is called: a host by its name; empty for this one."""
    if actor is None or not is_remote(actor):
        return ""
    kind, _, name = actor.partition(":")
    return name if kind == "host" and name else "remote"
