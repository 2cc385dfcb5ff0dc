"""A session as front ends and programs have it: what can be seen of it, and what can be done with it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from qwen_dual.core.errors import ModeRefused
from qwen_dual.core.turns.stopping import INTERRUPTED
from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import anyio

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.bus import OnError
    from qwen_dual.core.commands.slash import SlashCommands
    from qwen_dual.core.models.model import Model
    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.prompts.queue_editing import QueueEditing
    from qwen_dual.core.prompts.review import Review
    from qwen_dual.core.session.session import QueueFate, Session
    from qwen_dual.core.tools.tool import Kind, Tool
    from qwen_dual.core.turns.stopping import Stop
    from qwen_dual.protocol.content_shapes import PromptBlock
    from qwen_dual.protocol.events import Event
    from qwen_dual.protocol.shapes import ImageBlock, Message


class SessionOver(RuntimeError):
    """An act on a session that another took the place of, after ``/clear`` or ``/resume``.

    Attributes:
        session_id: of the one that goes on.
    """

    def __init__(self, handle: SessionHandle) -> None:
        self.session_id = handle.latest.id
        super().__init__(f"the session {handle.id} is over; {self.session_id} took its place")


class SessionHandle:
    """One session. All methods belong to the loop's own thread; none of them blocks.

    ``/clear`` and ``/resume`` end it and begin another, of which ``session_changed`` tells: whoever
    wants to go on with that one takes ``latest``. What can be done with this one then raises
    ``SessionOver``; what can be seen of it is the other's.

    Args:
        session: what runs its turns.
        session_id: its id; the one that events carry now unless given.

    Attributes:
        id: of the session, on every event of it; never another.
        successor: the session that took its place; None while it goes on.
    """

    def __init__(self, session: Session, session_id: str | None = None) -> None:
        self.id: Final = session_id or session.session_id
        self.successor: SessionHandle | None = None
        self._session = session

    @property
    def latest(self) -> SessionHandle:
        """This session, or the one that goes on in its place."""
        handle = self
        while handle.successor is not None:
            handle = handle.successor
        return handle

    def _acting(self) -> Session:
        if self.successor is not None:
            raise SessionOver(self)
        return self._session

    # -- what can be seen ------------------------------------------------------------------

    @property
    def cwd(self) -> str:
        """The folder it works in."""
        return self._session.cwd

    @property
    def state(self) -> str:
        """The word of the latest ``state`` event."""
        return self._session.state

    @property
    def busy(self) -> bool:
        """Whether a prompt submitted now would wait."""
        return self._session.busy

    @property
    def queued(self) -> int:
        """How many prompts wait."""
        return self._session.queued

    @property
    def model(self) -> Model:
        """The model in force."""
        return self._session.model

    @property
    def model_name(self) -> str:
        """Its name."""
        return self._session.model_name

    @property
    def model_names(self) -> Sequence[str]:
        """Every model that ``set_model`` takes."""
        return self._session.model_names

    @property
    def models(self) -> Mapping[str, Model]:
        """Every model that ``set_model`` takes, by name."""
        return self._session.models

    @property
    def system(self) -> str:
        """What the model is told first."""
        return self._session.system

    @property
    def history(self) -> Sequence[Message]:
        """The messages of the conversation, as the model is sent them."""
        return self._session.history

    @property
    def has_prompts(self) -> bool:
        """Whether there is a prompt that one could go back to."""
        return len(self._session.points) > 0

    @property
    def review(self) -> Review | None:
        """The prompts of hosts that a person is to look at; None as long as there was none."""
        return self._session.under_review

    def publish_ui(self, focus: str, *, draft_empty: bool) -> None:
        """Tells what takes the person's keys: ``ui`` (``draft_shapes.UiData``)."""
        self._session.publish_ui(focus, draft_empty=draft_empty)

    def image(self, sha256: str) -> ImageBlock | None:
        """The image with this hash, where it is of the latest prompt that has any."""
        return self._session.conversation.submitted.get(sha256)

    def number_image(self) -> int:
        """The number of one more image, which no other of the session has."""
        return self._session.number_image()

    @property
    def context_tokens(self) -> int:
        """About how many tokens the next request takes."""
        return self._session.conversation.tokens

    @property
    def approval_mode(self) -> str:
        """The approval mode in force."""
        return self._session.approval_mode

    @property
    def retryable(self) -> bool:
        """Whether the last turn ended with a failed model call that can be made again."""
        return self._session.retryable

    @property
    def tools(self) -> Mapping[str, Tool]:
        """What the model can call, by name."""
        return self._session.tools

    def add_tool(self, tool: Tool) -> None:
        """Lets the model call one more, whatever the settings offer; one of its name gives way."""
        self._session.tools.replace([tool], needed=True)

    def drop_tools(self, kind: Kind) -> None:
        """Takes those of a kind away, for good."""
        tools = self._session.tools
        tools.remove([tool.name for tool in tools.known if tool.kind == kind])

    @property
    def mcp_servers(self) -> Sequence[Mapping[str, str]]:
        """The ``name`` and the ``status`` of each MCP server, in the reference's words."""
        return ()

    def agent_colour(self, name: str) -> str:
        """The colour of an agent's name; empty where it has none."""
        return ""

    @property
    def agents(self) -> Sequence[str]:
        """The names of the agents that a model can set to work."""
        return ()

    @property
    def skills(self) -> Sequence[str]:
        """The names of the skills that a model may use."""
        return ()

    @property
    def connecting(self) -> bool:
        """Whether the first try to connect one of them has not come to something yet."""
        return False

    async def settled(self) -> None:
        """Waits until the first try to connect each of them has come to something."""

    @property
    def max_turns(self) -> int | None:
        """Model calls at the most; None for no bound."""
        return self._session.max_turns

    @property
    def slash(self) -> SlashCommands:
        """The slash commands; a front end adds its own."""
        return self._session.slash

    @property
    def queue_editing(self) -> QueueEditing:
        """Takes a person's own prompt that waits out of the queue, to be edited."""
        return self._session.queue_editing

    @property
    def closing(self) -> anyio.Event:
        """Set when the session was asked to end."""
        return self._session.closing

    # -- what can be done ------------------------------------------------------------------

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
        """Calls ``observer`` with every event from now on: see ``core.bus.Bus.subscribe``."""
        self._session.bus.subscribe(
            observer,
            name=name,
            on_error=on_error,
            on_failure=on_failure,
            missed=missed,
            streamed=streamed,
        )

    def unsubscribe(self, observer: Callable[[Event], object]) -> None:
        """Calls ``observer`` no more."""
        self._session.bus.unsubscribe(observer)

    def submit(
        self,
        text: str,
        actor: Actor,
        *,
        command_id: str | None = None,
        own: str | None = None,
        content: Sequence[PromptBlock] = (),
        steers: bool = False,
    ) -> int:
        """Takes a prompt; returns its position in the queue, 0 when it runs at once.

        Mentions count in ``own`` alone, where that is given; with ``content`` the model is sent that;
        one that ``steers`` joins the turn that runs, if one does.
        """
        return self._acting().submit(
            text, actor, command_id=command_id, own=own, content=content, steers=steers
        )

    @property
    def in_turn(self) -> bool:
        """Whether a turn runs that a prompt could join."""
        return self._session.joined_by("") is not None

    def run_shell(self, command: str, actor: Actor) -> int:
        """Runs a shell command as the person's own act; its output is told to the model."""
        return self._acting().run_shell(command, actor)

    def answer_form(self, name: str, answers: Sequence[str], actor: Actor) -> None:
        """Runs the slash command ``name`` with the answers to its form."""
        self._acting().answer_form(name, answers, actor)

    def retry(self, actor: Actor) -> bool:
        """Makes the failed model call of the last turn again; False when there is none."""
        return self._acting().retry(actor)

    def answer(self, request_id: str, decision: Decision) -> bool:
        """Answers a pending request; False, with an error event, when it is not pending."""
        return self._acting().answer(request_id, decision)

    def interrupt(self, actor: Actor, queue: QueueFate = "keep", why: Stop = INTERRUPTED) -> bool:
        """Stops the turn; False when none runs. For more see ``core.session.session.Session.interrupt``."""
        return self._acting().interrupt(actor, queue, why)

    def detach_commands(self) -> int:
        """Lets running shell commands go on in the background; how many there were."""
        return self._acting().detach_commands()

    def set_approval_mode(self, mode: str, actor: Actor) -> None:
        """Changes what runs without asking.

        Raises:
            UnknownMode: there is no such mode.
        """
        self._acting().set_approval_mode(mode, actor)

    def next_approval_mode(self, actor: Actor) -> None:
        """Changes to the next mode that can be had: auto only where the folder is trusted."""
        at = APPROVAL_MODES.index(self.approval_mode) + 1
        for mode in (*APPROVAL_MODES[at:], *APPROVAL_MODES[:at]):
            with suppress(ModeRefused):
                self.set_approval_mode(mode, actor)
                return

    def set_model(self, name: str, actor: Actor) -> None:
        """Changes the model, from the next turn on.

        Raises:
            UnknownModel: it is not configured.
        """
        self._acting().set_model(name, actor)

    def add_model(self, name: str, model: Model) -> None:
        """Makes a model known to ``set_model``."""
        self._session.add_model(name, model)

    def notice(self, text: str, level: str = "info") -> None:
        """Tells every observer something: ``level`` is ``info``, ``warning`` or ``error``.

        It is no act: what happened to a channel is told whichever session goes on by then.
        """
        self._session.notice(text, level)

    async def drained(self) -> None:
        """Waits until nothing runs and nothing waits that will run."""
        await self._session.drained()

    def take_back(self, prompts: Callable[[Sequence[Prompt]], object]) -> None:
        """Sets what gets a person's own prompts back when an interrupt empties the queue."""
        self._session.give_back = prompts

    def request_close(self) -> None:
        """Asks the session, or the one in its place, to end: the turn stops, then its task."""
        self._session.request_close()
