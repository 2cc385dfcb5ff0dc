"""A session that records what it is asked, a controller over it, and the events of a turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import anyio

from qwen_dual.core.bus import Bus
from qwen_dual.core.commands.questions import Choice, Question, pick
from qwen_dual.core.commands.slash import SlashCommand, SlashCommands
from qwen_dual.core.prompts.queue import PromptQueue
from qwen_dual.core.prompts.queue_editing import QueueEditing
from qwen_dual.frontends.tui.controller import Controller
from qwen_dual.frontends.tui.dialogs.dialog import GUARD
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.protocol import EDITS, events
from qwen_dual.runtime.handle import SessionHandle
from tests.support.declared import display_of
from tests.support.fakes import FakeModel, FakeTool
from tests.tui.fake_screen import FakeScreen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.questions import Form
    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.prompts.prompt import Prompt
    from qwen_dual.core.prompts.review import Review
    from qwen_dual.core.session.session import Session
    from qwen_dual.frontends.tui.editing.suggest import FileSource
    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.frontends.tui.text.lines import Line
    from qwen_dual.protocol.events import Event


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class FakeSession:
    """Records prompts and answers; publishes nothing of itself but how requests ended."""

    def __init__(self) -> None:
        self.bus = Bus("00000000-0000-4000-8000-000000000000")
        self.cwd = "/w"
        self.model_name = "fake"
        self.model = FakeModel(context_window=1000)
        self.approval_mode = "default"
        self.closing = anyio.Event()
        self.slash = SlashCommands()
        for name in ("help", "clear", "quit"):
            self.slash.add(SlashCommand(name, f"does {name}", lambda _, __: None))
        modes = (Choice("plan"), Choice("default"))
        form = pick("Which mode?", lambda: modes, lambda: self.approval_mode)
        self.slash.add(
            SlashCommand("approval-mode", "the mode", lambda _, __: None, lambda: modes, form=form)
        )
        self.busy = False
        self.points: list[str] = []
        self.retryable = False
        self.tools: dict[str, FakeTool] = {"edit": FakeTool("edit", description="changes a file")}
        self.interrupts = 0
        self.queue: list[Prompt] = []
        self.waiting = PromptQueue()
        self.queue_editing = QueueEditing(
            self.waiting,
            lambda: None,
            lambda: None,
            lambda *said, owner: self.bus.publish(events.receipt(*said)),
            self.bus.publish,
        )
        self.under_review: Review | None = None
        self.give_back: Callable[[Sequence[Prompt]], object] = lambda prompts: None
        self.retries = 0
        self.submitted: list[str] = []
        self.contents: list[Sequence[Any]] = []
        self.steering: list[bool] = []
        self.turn: str | None = None
        self.shell: list[str] = []
        self.forms: list[tuple[str, tuple[str, ...]]] = []
        self.notices: list[str] = []
        self.answers: list[tuple[str, bool, str | None, str | None]] = []
        self.inputs: list[dict[str, Any] | None] = []
        self.stops: list[bool] = []
        self.modes: list[str | None] = []

    def joined_by(self, text: str) -> str | None:
        """The turn that runs, if one does."""
        return self.turn

    def submit(
        self,
        text: str,
        actor: Actor,
        *,
        content: Sequence[Any] = (),
        steers: bool = False,
        **more: object,
    ) -> None:
        """Records."""
        self.steering.append(steers)
        self.submitted.append(text)
        self.contents.append(content)

    def answer(self, request_id: str, decision: Decision) -> bool:
        """Records, and tells that the request is resolved."""
        self.modes.append(decision.mode)
        self.inputs.append(decision.updated_input)
        self.stops.append(decision.stop)
        self.answers.append((request_id, decision.allowed, decision.message, decision.remember))
        allowed, by = decision.allowed, str(decision.by)
        self.bus.publish(events.control_response(request_id, allowed=allowed, resolved_by=by))
        return True

    def run_shell(self, command: str, actor: Actor) -> None:
        """Records."""
        self.shell.append(command)

    def answer_form(self, name: str, answers: Sequence[str], actor: Actor) -> None:
        """Records."""
        self.forms.append((name, tuple(answers)))

    def retry(self, actor: Actor) -> bool:
        """Counts; true when it can."""
        self.retries += self.retryable
        return self.retryable

    def notice(self, text: str, level: str = "info") -> None:
        """Records."""
        self.notices.append(text)

    def interrupt(self, actor: Actor, queue: str, *more: object) -> bool:
        """Counts; true while busy. What waits is given back where that was asked for."""
        self.interrupts += self.busy
        if self.busy and queue == "return":
            self.give_back(self.queue)
            self.queue = []
        return self.busy

    def set_approval_mode(self, mode: str, actor: Actor) -> None:
        """Takes any."""
        self.approval_mode = mode

    def request_close(self) -> None:
        """Closes."""
        self.closing.set()

    @property
    def session_id(self) -> str:
        """The id that events carry."""
        return self.bus.session_id

    def handle(self) -> SessionHandle:
        """A handle of it, as front ends get one."""
        return SessionHandle(cast("Session", self))


class Desk:
    """A controller with everything around it faked."""

    def __init__(self, files: FileSource | None = None) -> None:
        self.now = Clock()
        self.session = FakeSession()
        self.view = View(now=self.now, display_of=display_of)
        self.session.bus.subscribe(self.view)
        self.screen = FakeScreen()
        self.controller = Controller(
            self.session.handle(), self.view, self.screen, now=self.now, files=files
        )

    @property
    def closed(self) -> bool:
        """Whether the session was asked to end."""
        return self.session.closing.is_set()

    def ask(self, *requests: Event) -> None:
        """Publishes requests and draws."""
        for request in requests:
            self.session.bus.publish(request)
        self.draw()

    def ask_and_wait(self, *requests: Event) -> None:
        """Publishes requests and waits until keys are taken."""
        self.ask(*requests)
        self.wait()

    def draw(self, width: int = 80, height: int = 20) -> list[Line]:
        """Draws what is asked."""
        self.controller.before_drawing()
        return self.controller.asking.dialog.lines(width, height, self.now.time)

    def wait(self, seconds: float = GUARD) -> None:
        """Lets time pass and draws."""
        self.now.time += seconds
        self.draw()

    def press(self, *keys: str) -> None:
        """Keys for a dialog, each at once: a name, or else what it types."""
        for key in keys:
            self.controller.note_key()
            if key in ("up", "down", "pageup", "pagedown", "enter", "escape"):
                self.controller.asking.key(key)
            else:
                self.controller.asking.key("text", key)
            self.draw()

    def type(self, text: str) -> None:
        """Keys for the editor."""
        for char in text:
            self.controller.note_key()
            self.controller.editor.insert(char)


def request(request_id: str = "r1", command: str = "ls -la", **more: Any) -> Event:
    """A request to run a command."""
    body = {
        "subtype": "can_use_tool",
        "tool_name": "run_shell_command",
        "tool_use_id": f"call-{request_id}",
        "input": {"command": command},
        "permission_suggestions": None,
        "blocked_path": None,
        "preview": {"kind": "command", "title": "Run in the workspace", "text": command},
        "rule": f"run_shell_command({command.split()[0]} *)",
    }
    return events.control_request(request_id, {**body, **more})


QUESTIONS = {
    "questions": [
        {
            "question": "Which colour?",
            "header": "Colour",
            "options": [
                {"label": "red", "description": "like a rose"},
                {"label": "blue", "description": ""},
            ],
        },
        {
            "question": "Which sizes?",
            "options": [{"label": "small"}, {"label": "large"}],
            "multiSelect": True,
        },
    ]
}


def question_request(request_id: str = "q1") -> Event:
    """A request that asks two questions."""
    preview = {"kind": "questions", "title": "Questions", "text": ""}
    return request(
        request_id, tool_name="ask_user_question", input=QUESTIONS, preview=preview, rule=None
    )


DIFF = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new"


def edit_request(request_id: str = "e1", diff: str = DIFF) -> Event:
    """A request to change a file."""
    preview = {"kind": "diff", "title": "x", "text": diff}
    return request(
        request_id, tool_name="edit", input={"file_path": "x"}, preview=preview, rule=EDITS
    )


def plan_request(request_id: str = "p1", plan: str = "# Do it", before: str = "default") -> Event:
    """A request to go on with a plan."""
    preview = {"kind": "plan", "title": "Do it", "text": plan}
    return request(
        request_id,
        tool_name="exit_plan_mode",
        input={"plan": plan},
        preview=preview,
        rule=None,
        previous_mode=before,
    )


def state(word: str, queued: int = 0, turn: str | None = "t") -> Event:
    """A ``state`` event."""
    data: dict[str, Any] = {"state": word, "turn_id": turn, "queued": queued, "queue": []}
    return events.system("state", data)


def waiting(word: str, *queue: tuple[str, str], steers: int = 0) -> list[Event]:
    """A state with prompts that wait, pairs of text and origin; the first of them steer."""
    listing = [
        {"id": str(at), "text": text, "origin": origin, **({"steers": "t"} if at < steers else {})}
        for at, (text, origin) in enumerate(queue)
    ]
    return [state(word, len(queue)), events.system("queue", {"prompts": listing})]


def answer(*texts: str) -> list[Event]:
    """A streamed message, not yet stopped."""
    return [
        events.message_start("m", "fake"),
        events.block_start(0, {"type": "text", "text": ""}),
        *(events.text_delta(0, text) for text in texts),
    ]


def call(tool: str = "run_shell_command", call_id: str = "c", **arguments: Any) -> list[Event]:
    """A message that asks for one tool call."""
    block = {"type": "tool_use", "id": call_id, "name": tool, "input": {}}
    return [
        events.message_start("m", "fake"),
        events.block_start(0, block),
        events.json_delta(0, "{}"),
        events.block_stop(0),
        events.assistant(
            "m",
            "fake",
            [{**block, "input": arguments}],
            stop_reason="tool_use",
            usage={"input_tokens": 90, "output_tokens": 10},
        ),
        events.message_stop(),
    ]


def result(stop_reason: str = "end_turn") -> Event:
    """The end of a turn."""
    return {"type": "result", "num_turns": 1, "stop_reason": stop_reason}


def feed(view: View, sequence: Iterable[Event]) -> list[Block]:
    """Gives the view events; returns what it finished."""
    for event in sequence:
        view(event)
    return view.take()


def form_of(*questions: Question) -> Form:
    """A form of these questions, one after another."""
    return lambda answers: questions[len(answers)] if len(answers) < len(questions) else None


def text_of(lines: Iterable[Line]) -> list[str]:
    """Lines without their styles."""
    return ["".join(text for _, text in line) for line in lines]
