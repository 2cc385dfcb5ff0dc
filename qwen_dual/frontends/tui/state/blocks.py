"""What is finished and goes to the scrollback: one frozen record for each kind. No rendering."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from qwen_dual.frontends.tui.state.todo import TodoBlock

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_EXPANDED = 200_000
"""Characters that Ctrl+O shows; wrapping more would hold up the keys."""


class BannerBlock(Struct, frozen=True):
    """The first screen: a title, whose part after the first `` · `` is secondary, and lines."""

    title: str
    lines: tuple[str, ...] = ()


class PersonBlock(Struct, frozen=True):
    """What somebody submitted; ``remote`` says which host it came from, empty for the person."""

    text: str
    remote: str = ""


class AnswerBlock(Struct, frozen=True):
    """One finished Markdown block of the model's answer.

    Attributes:
        first: it begins a message, so it carries the model's symbol.
        joined: it goes on where the block before it was cut.
    """

    text: str
    first: bool = False
    joined: bool = False


class ThoughtBlock(Struct, frozen=True):
    """The model's reasoning: its first lines, and how many more there were."""

    lines: tuple[str, ...]
    hidden: int = 0


class ToolBlock(Struct, frozen=True):
    """A finished tool call.

    Attributes:
        status: ``ok``, ``error`` or ``denied``.
        lines: what is shown of its output.
        hidden: how many lines are not.
        diff: ``lines`` are a unified diff.
        note: how it ended, in a few words.
        colour: of the name, where a sub-agent has one; see ``theme.AGENT_COLOURS``.
    """

    name: str
    title: str
    status: Literal["ok", "error", "denied"]
    lines: tuple[str, ...] = ()
    hidden: int = 0
    diff: bool = False
    note: str = ""
    colour: str = ""


class NoticeBlock(Struct, frozen=True):
    """Something told: ``info`` is what a command printed, ``quiet`` is a remark."""

    level: Literal["info", "quiet", "warning", "error"]
    text: str


class RemoteBlock(Struct, frozen=True):
    """Something that was done through a channel and not at the keyboard; ``by`` which host."""

    text: str
    by: str = "remote"


class ExpandedBlock(Struct, frozen=True):
    """The whole of what an earlier block folded; ``diff`` when it is a unified diff."""

    title: str
    text: str
    diff: bool = False


class FoldedAgents(Struct, frozen=True):
    """What the sub-agents that worked last said and did; the text is in ``WholeTranscript``."""


def expanded(
    title: str,
    text: str,
    *,
    diff: bool = False,
    clean: Callable[[str], str] = lambda text: text,
) -> ExpandedBlock:
    """The block for ``text``, as much of it as can be shown; ``clean`` makes that safe to show."""
    more = ""
    if len(text) > MAX_EXPANDED:
        more = f"\n… {len(text) - MAX_EXPANDED} more characters"
    return ExpandedBlock(title, clean(text[:MAX_EXPANDED]) + more, diff)


class PictureBlock(Struct, frozen=True):
    """An image that is drawn: its base64, how, and the pixels of a cell."""

    data: str
    way: Literal["kitty", "iterm2", "sixel"]
    cell: tuple[int, int]


class MarkBlock(Struct, frozen=True):
    """Nothing that is seen: the next block came with the event ``seq``, or with none where that is 0."""

    seq: int


class SessionBlock(Struct, frozen=True):
    """A new session began: what was shown before belongs to the old one."""


Block = (
    BannerBlock
    | PersonBlock
    | AnswerBlock
    | ThoughtBlock
    | ToolBlock
    | NoticeBlock
    | RemoteBlock
    | TodoBlock
    | ExpandedBlock
    | PictureBlock
    | MarkBlock
    | SessionBlock
)
