"""A session of another process, as a front end has one: what it tells comes in, acts go out as commands.

Holds no connection: whoever has one gives the events to ``feed`` and takes the commands. What can be seen is
what the events told; of tools and slash commands only how they are called is known here, and nothing of
them runs here.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import anyio.lowlevel

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.bus import Bus
from qwen_dual.core.commands.builtin import register
from qwen_dual.core.prompts.prompt import Prompt
from qwen_dual.core.session.session import Session
from qwen_dual.core.session.stats import Stats
from qwen_dual.core.turns.stopping import INTERRUPTED
from qwen_dual.protocol import APPROVAL_MODES, events
from qwen_dual.runtime.attached_names import LEAVE, offered_commands
from qwen_dual.runtime.handle import SessionHandle

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.bus import OnError
    from qwen_dual.core.commands.slash import SlashCommands
    from qwen_dual.core.models.model import Model, ModelDelta, ModelRequest
    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.session.session import QueueFate
    from qwen_dual.core.tools.tool import Tool
    from qwen_dual.core.turns.stopping import Stop
    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.protocol.events import Event

log = logging.getLogger(__name__)

SHELL = (
    "Commands of your own run at the session's own keyboard only; ask for it in words, or go there."
)
BACKGROUND = "What runs is sent to the background at the session's own keyboard only."
HELD = "It waits for a look at the session's own terminal."
OBSERVES = "This terminal only watches: it has no right to {right}."
LACKS = "This terminal has no right to {right}: dualOutput.rights in your settings gives it."


class _Elsewhere:
    """A model that another process asks."""

    def __init__(self, name: str, window: int) -> None:
        self.name = name
        self.context_window = window

    def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """Nothing here asks it."""
        raise NotImplementedError


class Link:
    """What an attached session asks of the connection; all of it returns at once."""

    def send(
        self,
        kind: str,
        fields: Mapping[str, Any],
        taken: Callable[[str, str], object] = lambda command_id, status: None,
        refused: Callable[[str, str], object] | None = None,
    ) -> None:
        """Sends a command.

        Args:
            kind: its ``type``.
            fields: its fields.
            taken: told its id and the status of its receipt, once it was taken.
            refused: told the code and why, where it was not; else the person is.
        """
        raise NotImplementedError

    def leave(self) -> None:
        """Ends the connection; the session goes on."""
        raise NotImplementedError


class AttachedSession(SessionHandle):
    """One session, over a connection.

    Args:
        start: the data of its ``session_start``.
        tools: how the tools of such a program are called before a person.
        link: takes what is done here.
        rights: what may be done.
    """

    def __init__(
        self,
        start: Mapping[str, Any],
        tools: Sequence[Tool],
        link: Link,
        rights: Collection[str],
    ) -> None:
        model = _Elsewhere(str(start.get("model") or ""), 0)
        session_id = str(start.get("session_id") or "")
        shadow = Session(
            Bus(session_id), cwd=str(start["cwd"]), models={model.name: model}, tools=tools
        )
        register(shadow, Stats())
        super().__init__(shadow)
        self.session_id = session_id
        self._link, self._rights = link, frozenset(rights)
        self._model = model
        self._mode = str(start.get("approval_mode") or "default")
        self._word, self._waiting = "idle", 0
        self._failed = False
        # What a program that knows this command does with a prompt, too.
        self._steers = "edit_queued" in (start.get("supported_commands") or ())
        self._slash = offered_commands(shadow.slash)
        self._observers: list[tuple[Callable[[Event], object], bool]] = []
        self._answered: set[str] = set()
        self._own: dict[str, str] = {}
        self._give_back: Callable[[Sequence[Prompt]], object] = lambda prompts: None

    # -- what is told ----------------------------------------------------------------------

    def track(self, event: Event) -> None:
        """Notes what an event says of the session, and shows nobody."""
        kind, subtype = event["type"], event.get("subtype")
        if kind == "system" and event.get("parent_tool_use_id") is None:
            self._follow(str(subtype), event["data"])
        elif kind == "result":
            self._failed = event.get("stop_reason") == "error"
        elif kind == "control_response":
            self._answered.discard(str(event["response"].get("request_id")))

    def feed(self, event: Event) -> None:
        """Takes an event, and gives it to whoever shows it."""
        try:
            self.track(event)
        except (KeyError, TypeError):
            log.warning("an event of another program cannot be followed", exc_info=True)
        for observer, streamed in tuple(self._observers):
            if not streamed and event["type"] == "stream_event":
                continue
            try:
                observer(event)
            except Exception:  # another version's, say: the rest can be shown
                log.exception("an event cannot be shown")

    def _follow(self, subtype: str, data: Mapping[str, Any]) -> None:
        if subtype == "state":
            self._word, self._waiting = data["state"], data["queued"]
            if self._word != "idle":
                self._failed = False
        elif subtype == "mode_changed":
            self._mode = data["to"]
        elif subtype == "model_changed":
            self._model = _Elsewhere(data["to"], 0)
        elif subtype == "session_changed":
            self.session_id = data["to"]
        elif subtype == "usage":
            self._model.context_window = data.get("context_window") or 0
        elif subtype == "command_receipt" and data["status"] in ("rejected", "refused"):
            text = self._own.pop(data["id"], None)
            if text is not None:  # it waited, and will not run
                self._give_back([Prompt(text, KEYBOARD)])

    # -- what can be seen ------------------------------------------------------------------

    @property
    def state(self) -> str:
        """The word of the latest ``state`` event."""
        return self._word

    @property
    def busy(self) -> bool:
        """Whether a prompt submitted now would wait."""
        return self._word != "idle" or self._waiting > 0

    @property
    def in_turn(self) -> bool:
        """Whether a turn runs that a prompt could join."""
        return self._steers and self._word != "idle"

    @property
    def queued(self) -> int:
        """How many prompts wait."""
        return self._waiting

    @property
    def model(self) -> Model:
        """The model in force; its window is 0 as long as nobody told."""
        return self._model

    @property
    def model_name(self) -> str:
        """Its name."""
        return self._model.name

    @property
    def approval_mode(self) -> str:
        """The approval mode in force."""
        return self._mode

    @property
    def retryable(self) -> bool:
        """Whether the last turn ended with an error."""
        return self._failed and not self.busy

    @property
    def slash(self) -> SlashCommands:
        """The slash commands that are offered; the session may know more."""
        return self._slash

    def subscribe(
        self,
        observer: Callable[[Event], object],
        *,
        name: str = "",
        on_error: OnError = "drop",
        on_failure: Callable[[Exception], str | None] | None = None,
        missed: bool = False,
        streamed: bool = True,
    ) -> None:
        """Calls ``observer`` with every event that is fed from now on; it stays when it fails."""
        self._observers.append((observer, streamed))

    def unsubscribe(self, observer: Callable[[Event], object]) -> None:
        """Calls ``observer`` no more."""
        self._observers = [one for one in self._observers if one[0] != observer]

    # -- what can be done ------------------------------------------------------------------

    def may(self, right: str) -> bool:
        """Whether this terminal has a right; where it has not, the person is told."""
        if right in self._rights:
            return True
        told = LACKS if len(self._rights) > 1 else OBSERVES
        self.notice(told.format(right=right), "warning")
        return False

    def submit(
        self,
        text: str,
        actor: Actor,
        *,
        content: Sequence[PromptBlock] = (),
        steers: bool = False,
        **more: Any,
    ) -> int:
        """Has a prompt run there, or join the turn there, or wait its turn; ``/detach`` leaves."""
        if text.strip() == f"/{LEAVE}":
            self._link.leave()
        elif self.may("submit"):
            fields: dict[str, Any] = {"content": list(content)} if content else {"text": text}
            fields |= {"when_busy": "steer"} if steers and self.in_turn else {}

            def taken(command_id: str, status: str) -> None:
                self._own[command_id] = text
                if status == "held":
                    self.notice(HELD)

            self._link.send("submit", fields, taken)
        return 0

    def answer_form(self, name: str, answers: Sequence[str], actor: Actor) -> None:
        """Runs the slash command ``name`` with the answer to its form."""
        if name != "quit":
            self.submit(f"/{name} {answers[0]}", actor)
        elif answers[0] == "end":
            self.submit("/quit", actor)
        else:
            self._link.leave()

    def run_shell(self, command: str, actor: Actor) -> int:
        """Says that it cannot be done from here, and gives the command back."""
        self.notice(SHELL, "warning")
        self._give_back([Prompt(command, KEYBOARD, action="shell")])
        return 0

    def retry(self, actor: Actor) -> bool:
        """Makes the failed model call of the last turn again; False when there is none."""
        if retryable := self.retryable:
            self.submit("/retry", actor)
        return retryable

    def cancel(self, command_id: str) -> bool:
        """Takes a queued prompt out."""
        self._link.send("cancel", {"target": command_id})
        return True

    def answer(self, request_id: str, decision: Decision) -> bool:
        """Answers a pending request, once; whoever else was quicker has."""
        if request_id in self._answered or not self.may("approve"):
            return False
        self._answered.add(request_id)
        fields: dict[str, Any] = {"request_id": request_id, "allowed": decision.allowed}
        more = {
            "message": decision.message,
            "remember": decision.remember,
            "updated_input": decision.updated_input,
            "mode": decision.mode,
        }
        fields |= {name: value for name, value in more.items() if value is not None}

        def refused(code: str, why: str) -> None:
            self._answered.discard(request_id)
            if code != "unknown_request":  # what became of it is told by its own event
                self.notice(f"The answer was not taken: {why}", "warning")

        self._link.send("confirmation_response", fields, refused=refused)
        if decision.stop:
            self.interrupt(decision.by)
        return True

    def interrupt(self, actor: Actor, queue: QueueFate = "keep", why: Stop = INTERRUPTED) -> bool:
        """Stops the turn; False when none runs.

        With the right to control, ``return`` gives prompts that wait back to whoever's they are.
        """
        if self._word == "idle":
            return False
        if self.may("submit"):
            fate = queue if "control" in self._rights else "keep"
            self._link.send("interrupt", {"queue": fate}, refused=lambda code, why: None)
        return True

    def detach_commands(self) -> int:
        """Says that it cannot be done from here."""
        self.notice(BACKGROUND, "warning")
        return 0

    def set_approval_mode(self, mode: str, actor: Actor) -> None:
        """Changes what runs without asking."""
        if self.may("control"):
            self._link.send("set_approval_mode", {"mode": mode})

    def next_approval_mode(self, actor: Actor) -> None:
        """Changes to the next mode that can be had there."""
        if self.may("control"):
            at = APPROVAL_MODES.index(self._mode) + 1 if self._mode in APPROVAL_MODES else 0
            self._try_modes([*APPROVAL_MODES[at:], *APPROVAL_MODES[: max(0, at - 1)]])

    def _try_modes(self, modes: Sequence[str]) -> None:
        if modes:
            again = lambda code, why: self._try_modes(modes[1:])
            self._link.send("set_approval_mode", {"mode": modes[0]}, refused=again)

    def set_model(self, name: str, actor: Actor) -> None:
        """Changes the model, from the next turn on."""
        if self.may("control"):
            self._link.send("set_model", {"model": name})

    def notice(self, text: str, level: str = "info") -> None:
        """Tells the person at this terminal, and nobody else."""
        told = events.notice(text, level)
        self.feed(events.stamp(told, session_id=self.session_id, seq=0))

    async def drained(self) -> None:
        """Waits for nothing: what runs there goes on."""
        await anyio.lowlevel.checkpoint()

    def take_back(self, prompts: Callable[[Sequence[Prompt]], object]) -> None:
        """Sets what gets the prompts of this terminal back that will not run."""
        self._give_back = prompts

    def request_close(self) -> None:
        """Leaves; the session goes on."""
        self._link.leave()
