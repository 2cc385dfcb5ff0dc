"""What the core asks of a tool: check the arguments of a call, say what it will do, run it.

What a call is about (commands, files, a host) a tool says as data; ``permissions`` holds rules
against that and knows no syntax of a shell, no file system and no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, runtime_checkable

from msgspec import Struct, field

from qwen_dual.protocol.blocks import text_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qwen_dual.core.permissions.approvals import Decision
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import ImageBlock, Preview, ResultContent, Suggestion
    from qwen_dual.shell.reader import Line

Kind = Literal["read", "edit", "execute", "plan", "fetch", "question", "agent"]
"""What a call may change: nothing; files; anything; only the agent's own notes (todo). ``fetch``
changes nothing but tells the outside something; ``question`` is answered by a person, always;
``agent`` sets another agent to work, whose own calls are judged each by itself."""

RuleKind = Literal["plain", "command", "read", "search", "write", "host"]
"""What the pattern of a permission rule for a tool is of: nothing, since there is none; command lines;
paths, of a file that is read, of a folder that is searched, of a file that is written; a host."""

UNKNOWN = "\0"
"""A word of a command that only the shell will know: a variable, a glob, a substitution."""


class Command(Struct, frozen=True):
    """One simple command as the grammar of the shell finds it, wherever in a command line it stands.

    For rules that deny or ask, and for what is shown. It allows nothing, since the grammar and the
    shell do not always agree: what allows is ``Subject.line``.

    Attributes:
        words: without their quotes, the program first; ``UNKNOWN`` for what is not known.
        runs: what it runs in turn: the command behind ``sudo``, the script of ``bash -c``.
    """

    words: tuple[str, ...]
    runs: tuple[Command, ...] = ()


class FileAccess(Struct, frozen=True):
    """One file or folder that a call reads or writes.

    Attributes:
        path: absolute, symlinks kept.
        real: absolute, symlinks resolved.
        writes: whether it is changed.
        is_folder: whether all below it is meant.
        guard: what makes it delicate, such as ``.git``: only a rule that names it allows it.
        walks: whether it is a folder of which all below is read, whatever rules say of it.
        leave: whether reading it asks, unless a rule allows just that.
    """

    path: str
    real: str
    writes: bool = False
    is_folder: bool = False
    guard: str = ""
    walks: bool = False
    leave: bool = False


class Subject(Struct, frozen=True):
    """What a call is about, for permission rules.

    Attributes:
        commands: every simple command of a command line that the grammar finds, for rules that
            deny or ask.
        parsed: False when the grammar may have missed one, so that such a rule may mean it.
        files: what is read and written.
        root: the project's folder, which patterns of paths count from.
        home: the person's.
        host: whom a request goes to, in lower case; empty for none.
        private: whether that is an address of this machine or its network, which asks in every
            mode unless a rule names just this host.
        line: a command line as the strict reader has it, which is all that rules for commands allow
            by; None when that does not understand the whole of it.
        leaves_sandbox: whether it asks to run outside the one in force: that is asked in every
            mode, and no rule allows it.
        reads: by its index in ``line``, what a command reads that does nothing else.
        unasked: indexes of those that no leave is needed for but for the files.
        steered: indexes of those that do what a folder says that nobody trusts: `git`.
        named: what the words of a command line name besides; those with ``writes`` it may write, and
            of those with ``walks`` anything below. For rules that deny or ask, as a doubt.
        writes_unknown: whether it may write files that nobody can tell.
        confined: whether it runs in a sandbox, which keeps the guarded files whatever its words are.
        widens: whether it asks that more may be done later: a person is asked in every mode, and
            neither a rule nor a hook allows it.
        place: the folder that a command line runs in, its real path; empty for ``root``.
    """

    commands: tuple[Command, ...] = ()
    parsed: bool = True
    files: tuple[FileAccess, ...] = ()
    root: str = "/"
    home: str = "/"
    host: str = ""
    private: bool = False
    line: Line | None = None
    leaves_sandbox: bool = False
    reads: Mapping[int, tuple[FileAccess, ...]] = field(default_factory=dict)
    unasked: frozenset[int] = frozenset()
    steered: frozenset[int] = frozenset()
    named: tuple[FileAccess, ...] = ()
    writes_unknown: bool = False
    confined: bool = False
    widens: bool = False
    place: str = ""


class Display(Struct, frozen=True):
    """How a tool is called before a person, who is shown no identifiers.

    Attributes:
        word: such as ``Shell``.
        doing: what it is at while it runs, before its argument, such as ``Running``.
        unit: what its text is counted in, one and many, where that is for the model alone.
        can_detach: a call may be sent to the background while it runs.
        about: what it does, in a few words; the description is for the model.
        question: what a person is asked who has to allow a call, where nothing of it but its
            argument is shown.
        checklist: the argument whose items (``content``, ``status``) are what is to be done, where
            the call is shown as that list.
    """

    word: str
    doing: str = "Working on"
    unit: tuple[str, str] | None = None
    can_detach: bool = False
    about: str = ""
    question: str = ""
    checklist: str = ""

    @classmethod
    def of(cls, name: str) -> Display:
        """For a tool of which nothing but its name is known: ``mcp__web__get_page`` too."""
        server, _, tool = name.removeprefix("mcp__").rpartition("__")
        words = tool.replace("_", " ").strip() or "tool"
        return cls(f"{server}: {words}" if server else words[0].upper() + words[1:])


class InvalidArguments(ValueError):
    """Arguments that a tool cannot use; the text goes back to the model."""


class CannotBeDone(Exception):
    """Raised by ``Call.preview``: what is asked for is impossible, so nobody is asked for leave.

    The text goes back to the model.

    Attributes:
        shown: what a person is shown of it.
    """

    def __init__(self, text: str, shown: str = "") -> None:
        super().__init__(text)
        self.shown = shown or text


class NotAllowed(Exception):
    """Raised by ``Call.run``: what it asked for on its way (``ToolContext.ask``) was not allowed.

    Attributes:
        decision: the answer.
    """

    def __init__(self, decision: Decision) -> None:
        super().__init__(decision.message or "not allowed")
        self.decision = decision


class Shown(Struct, frozen=True):
    """What a person is shown of a result in place of the text for the model.

    Attributes:
        output: what was printed; colours (SGR) may be in it.
        exit_code: of a command that ended by itself.
        signal: such as ``SIGTERM``, of one that did not.
        note: why it ended early or what it came to, in a few words.
    """

    output: str
    exit_code: int | None = None
    signal: str = ""
    note: str = ""


class ToolResult(Struct, frozen=True):
    """What the model gets; the session bounds it for the wire.

    Attributes:
        content: text, or blocks of text and images (``protocol.blocks``) in their order. An image
            that no service would take becomes a line that says so.
        shown: what a person is shown; ``text`` unless given.
    """

    content: ResultContent
    is_error: bool = False
    shown: Shown | None = None

    @property
    def text(self) -> str:
        """The content as text: a line stands for each image."""
        return text_in(self.content)


class Call(Protocol):
    """One checked call of a tool."""

    @property
    def title(self) -> str:
        """The essential argument in one line: the command, or the path."""
        ...

    @property
    def outside(self) -> str | None:
        """The path outside the workspace that this call touches, else None."""
        ...

    @property
    def subject(self) -> Subject:
        """What it is about, for the permission rules."""
        ...

    @property
    def suggestions(self) -> Sequence[Suggestion]:
        """The ways to answer, as the wire lists them."""
        ...

    async def preview(self) -> Preview | None:
        """What will happen, made for reading (a diff, the command): exact, and bounded.

        Raises:
            CannotBeDone: it is known by now that ``run`` would fail.
        """
        ...

    async def run(self, context: ToolContext) -> ToolResult:
        """Does it. What of the session it needs it has from ``context``.

        A failure that the model can act on is a result with ``is_error``. Cancelled, it undoes
        or ends what it started (a process group, a temporary file) before it lets go.

        Raises:
            NotAllowed: more was needed than was asked for, and not allowed.
        """
        ...


@runtime_checkable
class PartialCall(Protocol):
    """A call that can tell what it had come to when it was cancelled.

    Attributes:
        partial: that, once ``run`` has let go; None where there is nothing to tell.
    """

    partial: ToolResult | None


def partial_of(call: object) -> ToolResult | None:
    """What a cancelled call had come to, as far as it can tell."""
    return call.partial if isinstance(call, PartialCall) else None


class QuestionCall(Call, Protocol):
    """A call of a tool whose kind is ``question``."""

    def answered(self, updated_input: Mapping[str, Any]) -> Call:
        """The call that tells the model the answers, which came as an updated input."""
        ...


@runtime_checkable
class DescribesRequest(Protocol):
    """A call whose request says more than its arguments."""

    def request_fields(self) -> Mapping[str, Any]:
        """Fields of the request, in place of those that it would have or besides."""
        ...


@runtime_checkable
class DecidedCall(DescribesRequest, Protocol):
    """A call that does what it was allowed to by the answer itself: a plan that ends plan mode.

    Attributes:
        declined: what the model is told where it was not allowed.
    """

    declined: str

    def decided(self, decision: Decision) -> Call:
        """The call as ``decision``, which allowed it, would have it."""
        ...


def only_mode_of(tool: Tool) -> str:
    """The approval mode in which alone ``tool`` is there; empty for all of them."""
    mode: str = getattr(tool, "only_in", "")
    return mode


def display_of(tools: Mapping[str, Tool], name: str) -> Display:
    """The words for the tool ``name``, which need not be among those that there are."""
    return tools[name].display if name in tools else Display.of(name)


@runtime_checkable
class TakesCommands(Protocol):
    """A tool that runs the command lines which a person enters too."""

    def prepare_entered(self, command: str) -> Call:
        """The call for a person's own command line: nothing confines it.

        Raises:
            InvalidArguments: it cannot be run at all.
        """
        ...


@runtime_checkable
class TakesImages(Protocol):
    """A tool that reads the images which a person's prompt names by their paths."""

    def prepare_image(self, path: str) -> Call:
        """The call that reads one, with the leave that any file takes; it gives the image alone.

        Raises:
            InvalidArguments: there can be no such path.
        """
        ...

    def fit_image(self, image: ImageBlock) -> ImageBlock:
        """The image such that a model can be shown it; blocks, so for a thread.

        Raises:
            ValueError: it cannot; the text says why.
        """
        ...


class Tool(Protocol):
    """One tool of the agent."""

    name: str
    kind: Kind

    @property
    def description(self) -> str:
        """What it does, for the model; it may be another with each request."""
        ...

    @property
    def aliases(self) -> Sequence[str]:
        """Further names that permission rules may call it by, the usual one first.

        One that several tools share means all of them.
        """
        ...

    @property
    def rule_kind(self) -> RuleKind:
        """What the pattern of a permission rule for it is of."""
        ...

    @property
    def display(self) -> Display:
        """What it is called before a person."""
        ...

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments."""
        ...

    def prepare(self, arguments: Mapping[str, Any]) -> Call:
        """Checks ``arguments``.

        Raises:
            InvalidArguments: says which argument, which value, and what was expected.
        """
        ...
