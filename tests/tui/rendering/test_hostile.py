"""What reaches the terminal of hostile text: nothing but what is shown, our colours, our links.

From the events of a model, a tool or a channel through view, renderer and scrollback to the bytes.
"""

from __future__ import annotations

import io
import re
import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prompt_toolkit.application import Application
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import DummyInput
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
from qwen_dual.frontends.tui.rendering.render import BlockRenderer
from qwen_dual.frontends.tui.rendering.scrollback import Scrollback
from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    BannerBlock,
    ExpandedBlock,
    NoticeBlock,
    PersonBlock,
    RemoteBlock,
    ThoughtBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.todo import Todo, TodoBlock
from qwen_dual.frontends.tui.state.view import View
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import join
from qwen_dual.protocol import events
from tests.tui.support import answer, call, edit_request, request, result, waiting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from qwen_dual.frontends.tui.state.blocks import Block
    from qwen_dual.protocol.events import Event

CORPUS = [
    "\x1b[2J\x1b[H",  # clears the window
    "\x1b[1000A\x1b[1Gover the prompt",  # moves the cursor
    "\x1b]0;title\x07\x1b]2;title\x1b\\",  # sets the title
    "\x1b]52;c;cm0gLXJmIH4=\x07",  # writes the clipboard
    "\x1b[6n\x1b[c\x1b[>c\x1b[5n\x1b[?2026$p",  # asks, and the answer would be typed
    "\x1bP$qm\x1b\\\x1bP+q544e\x1b\\",
    "\x1b]11;?\x07\x1b]4;1;?\x1b\\",
    "\x1b]8;;file:///etc/passwd\x1b\\a link\x1b]8;;\x1b\\",
    "\x1b]1337;File=inline=1:AAAA\x07\x1b_Gf=24;AAAA\x1b\\",  # pictures
    "\x1b[?1049h\x1b[?1000h\x1b[?2004l\x1bc\x1b(0",  # other modes, a reset
    "\x1b[31mred\x1b[5mblink\x1b[8mhidden\x1b[0m",
    "\x9b2J\x9d0;title\x9c\x90q\x9c",  # the same in eight bits
    "\x84\x85\x8d\x8e\x8f",
    "a\rb\x08c\x7fd\x0be\x0cf\x00g\x07h\x0e\x0f",
    "\u202egnp.exe\u2066\u2069\u200f",  # turns the reading around
    "one\u2028two\u2029three",
    "&#27;[2J &#x1b;]0;t&#7; &#155;2J &#x9b;2J",  # spelled in Markdown
    "&#12;&#11;&#13;&#8;&#x202e;&#x2028;&#xd800;&#127;",
    "[a](https://e.org/\x1b]52;c;aGk=\x07) <https://e.org/%1b%5b2J%07>",
    "[a](https://e.org/&#27;&#7;&#x9c;) ![b](\x9d52;c;aGk=\x9c)",
    "[a](<https://e.org/\x1b\\\x1b]0;t\x07>)\n\n[b]: https://e.org/\x1b[2J",
    "```\x1b]0;t\x07\n\x1b[2Jcode\x0c\n```\n\n| \x1b[A | b |\n|---|---|\n| \x9b | &#12; |",
    "```python\n'\x1b[2J' # \x0c\x1c\x1d\x1e\x85\u2028\n```",
    "[ZeroWidthEscape]\x1b[2J",
    "--- a/\x1b[2J\n+++ b/x.py\n@@ -1 +1 @@\n-\x1b]0;t\x07\n+\x9b2J\x0c\n\\ \x1b[A",
    "\ud800\udfff\x1b",
]
SGR = r"\x1b\[[\d;]*m"
LINK = r"\x1b\]8;(?:id=[0-9a-f]+;(?:https?|file|mailto):[!-~]*|;)\x1b\\"
# Begin and end of a synchronized update, of which ``Scrollback`` has its own tests.
FRAME = r"\x1b\[\?2026[hl]"
OURS = re.compile(f"{SGR}|{LINK}|{FRAME}|\r\n")


class Wire:
    """Everything between blocks and the bytes, with a terminal that shows links."""

    def __init__(self) -> None:
        self.markdown = MarkdownRenderer(links=True)
        self.markdown.load()
        self.renderer = BlockRenderer(self.markdown)
        self._out = io.StringIO()
        depth = ColorDepth.DEPTH_24_BIT
        output = Vt100_Output(
            self._out, lambda: Size(24, 80), term="xterm", default_color_depth=depth
        )
        app: Application[None] = Application(
            style=theme.make_style(depth), input=DummyInput(), output=output
        )
        self._scrollback = Scrollback(app)
        output.flush()

    def bytes_of(self, blocks: Iterable[Block], width: int) -> str:
        """What the terminal gets for ``blocks``."""
        self._out.seek(0)
        self._out.truncate()
        for block in blocks:
            self._scrollback.commit(join(self.renderer.render(block, width)))
        return self._out.getvalue()


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire()


def blocks_of(text: str) -> list[Block]:
    """Every kind of block that can hold foreign text, as if nobody had sanitised it before."""
    rows = tuple(text.split("\n"))
    diff = ("--- a/x.py", "+++ b/x.py", "@@ -1,3 +1,3 @@", f" {text}", f"-{text}", f"+{text}")
    return [
        BannerBlock(text, (text,)),
        PersonBlock(text, remote="remote"),
        AnswerBlock(text, first=True),
        AnswerBlock(f"[API Error: {text}"),
        ThoughtBlock(rows, 2),
        ToolBlock(text, text, "ok", rows, 3, note=text),
        ToolBlock(text, text, "error", rows),
        ToolBlock("edit", text, "ok", rows, 1, diff=True),
        ToolBlock("edit", "x.py", "ok", diff, diff=True),
        NoticeBlock("info", text),
        NoticeBlock("warning", text),
        NoticeBlock("error", text),
        NoticeBlock("quiet", text),
        RemoteBlock(text),
        TodoBlock((Todo(text, "pending"), Todo(text, "in_progress"))),
        ExpandedBlock(text, text),
        ExpandedBlock("edit", "\n".join(diff), diff=True),
    ]


def events_of(text: str) -> list[Event]:
    """Everything that a model, a tool and a channel may say, with ``text`` in all places."""
    named = request(command=text, tool_name=text, blocked_path=text, rule=f"{text}({text})")
    return [
        *waiting(text, (text, "input")),
        events.user_text(text, "input"),
        *answer(text, f"{text}\n\n{text}"),
        *call(text, text, command=text),
        events.tool_progress(text, text, "started", text),
        events.tool_result(text, text, is_error=False),
        named,
        edit_request("e2", text),
        events.control_response("r1", allowed=False, resolved_by="input"),
        events.notice(text, "warning", command=text),
        events.system("model_changed", {"from": text, "to": text, "origin": "input"}),
        result("interrupted"),
    ]


def check(sent: str, text: str) -> None:
    left = OURS.sub("", sent)
    bad = [
        char
        for char in left
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")
        or unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF")
        or char in "\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
    ]
    assert not bad, f"{bad!r} of {text!r} in {left!r}"


@pytest.mark.parametrize("width", [10, 20, 80])
@pytest.mark.parametrize("text", CORPUS)
def test_no_block_lets_through_what_is_not_shown(wire: Wire, text: str, width: int) -> None:
    for block in blocks_of(text):
        check(wire.bytes_of([block], width), text)


@pytest.mark.parametrize("text", CORPUS)
def test_no_event_lets_through_what_is_not_shown(wire: Wire, text: str) -> None:
    view = View()
    for event in events_of(text):
        view(event)
    blocks = view.take()
    assert len(blocks) >= 6
    check(wire.bytes_of(blocks, 80), text)


MARKUP = ["[", "]", "](", "<https://a/", ">", "&#", "27;", "12;", "```\n", "`", "|", "- ", "# "]
PIECES = st.sampled_from(CORPUS) | st.sampled_from(
    [*MARKUP, "\x1b", "8;;", "\x07", "\x9b", "\\", "%1b", "\n", "    ", "\t", "*", "é漢", "a b"]
)


@settings(max_examples=50, deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=12).map("".join))
def test_no_answer_lets_through_what_is_not_shown(text: str) -> None:
    check(Shared.wire().bytes_of([AnswerBlock(text)], 40), text)


@settings(max_examples=50, deadline=None)
@given(st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
def test_no_diff_and_no_output_lets_through_what_is_not_shown(text: str) -> None:
    rows = ("--- a/x.py", "+++ b/x.py", "@@ -1 +1 @@", *(f"+{row}" for row in text.split("\n")))
    blocks = [ToolBlock("edit", text, "ok", rows, diff=True), ToolBlock("run", text, "ok", (text,))]
    check(Shared.wire().bytes_of(blocks, 40), text)


class Shared:
    """One wire for all examples: hypothesis takes no fixture of a narrower scope."""

    _made: Wire | None = None

    @classmethod
    def wire(cls) -> Wire:
        """The wire, made once."""
        cls._made = cls._made or Wire()
        return cls._made


def test_the_check_itself_finds_what_it_looks_for() -> None:
    for text in ("\x1b[2J", "\x1b]0;t\x07", "\x9b2J", "\x0c", "\u202e", "\x1b]8;;x\x1b\\"):
        with pytest.raises(AssertionError):
            check(f"shown {text}", text)
    check("\x1b[0;1;38;2;1;2;3mshown\x1b[0m\r\n", "")
