"""Blocks on their way to the scrollback: in order, within a budget, in words for who cannot see."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from prompt_toolkit.formatted_text import fragment_list_to_text, to_formatted_text

from qwen_dual.frontends.tui.markdown.markdown import MarkdownRenderer
from qwen_dual.frontends.tui.rendering.render import BlockRenderer
from qwen_dual.frontends.tui.rendering.transcript import LAST_BLOCKS, Transcript
from qwen_dual.frontends.tui.state.blocks import (
    AnswerBlock,
    NoticeBlock,
    PersonBlock,
    SessionBlock,
    ToolBlock,
)
from qwen_dual.frontends.tui.state.todo import Todo, TodoBlock

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import AnyFormattedText

    from qwen_dual.frontends.tui.dialogs.preview_layout import Work
    from qwen_dual.frontends.tui.rendering.scrollback import Scrollback


class FakeScrollback:
    """Keeps what was committed."""

    def __init__(self) -> None:
        self.commits: list[str] = []
        self.cleared = 0

    def commit(self, text: AnyFormattedText) -> None:
        """Records."""
        self.commits.append(fragment_list_to_text(to_formatted_text(text)))

    def clear(self) -> None:
        """Counts."""
        self.cleared += 1


def made(*, spoken: bool = False) -> tuple[Transcript, FakeScrollback]:
    scrollback = FakeScrollback()
    renderer = BlockRenderer(MarkdownRenderer())
    transcript = Transcript(cast("Scrollback", scrollback), renderer, lambda: 60, spoken=spoken)
    return transcript, scrollback


def test_what_the_budget_does_not_hold_waits_in_order() -> None:
    transcript, scrollback = made()
    transcript.add([PersonBlock(str(number)) for number in range(3)])
    while transcript.commit(budget=0):
        pass
    assert [text.strip() for text in scrollback.commits] == ["> 0", "> 1", "> 2"]


def test_on_hold_answers_wait_with_what_follows_and_nobody_is_asked_to_draw() -> None:
    transcript, scrollback = made()
    transcript.hold()
    transcript.add([PersonBlock("early"), AnswerBlock("yes"), PersonBlock("late")])
    asked = [transcript.waiting, transcript.commit(budget=5)]
    asked += [transcript.waiting, transcript.commit(budget=5)]
    transcript.release()
    asked.append(transcript.waiting)
    assert asked == [True, True, False, False, True]
    transcript.commit(budget=5)
    assert scrollback.commits == ["> early", "\n  yes\n\n> late"]


def test_a_new_session_begins_with_an_empty_window() -> None:
    transcript, scrollback = made()
    transcript.add([PersonBlock("old"), SessionBlock(), PersonBlock("new")])
    transcript.commit(budget=5)
    assert scrollback.cleared == 1
    assert [text.strip() for text in scrollback.commits] == ["> old", "● new session\n\n> new"]


def test_for_a_screen_reader_words_say_who_speaks_and_how_it_went() -> None:
    transcript, scrollback = made(spoken=True)
    items = (Todo("read", "completed"), Todo("change", "in_progress"))
    transcript.add(
        [
            PersonBlock("do it"),
            AnswerBlock("I will.", first=True),
            ToolBlock("edit", "x", "error", ("no",)),
            ToolBlock("Question", "x", "denied", note="not answered"),
            TodoBlock(items),
            NoticeBlock("error", "it failed"),
        ]
    )
    transcript.commit(budget=5)
    (text,) = scrollback.commits
    assert text.split("\n\n") == [
        "You: do it",
        "Answer: I will.",
        "Tool failed: edit   x\nno",
        "Tool: Question  x  not answered",
        "To-do list\nDone: read\nDoing: change",
        "Error: it failed",
    ]


TABLE = "| a | b |\n|---|---|\n" + "| one | two |\n" * 100


class Threads:
    """Keeps what is to be rendered until it is told to."""

    def __init__(self) -> None:
        self.works: list[Work] = []
        self.ready = 0

    def __call__(self, work: Work) -> None:
        self.works.append(work)

    def run(self) -> None:
        """Renders all of it."""
        works, self.works = self.works, []
        for make, take in works:
            take(make())

    def note(self) -> None:
        """Something can be committed."""
        self.ready += 1


def test_a_long_block_is_rendered_elsewhere_and_what_follows_waits_for_it() -> None:
    transcript, scrollback = made()
    threads = Threads()
    transcript.render_in(threads, threads.note)
    transcript.add([PersonBlock("before"), AnswerBlock(TABLE), PersonBlock("after")])
    assert transcript.commit(budget=5)
    assert [text.strip() for text in scrollback.commits] == ["> before"]
    waits = [transcript.waiting, transcript.commit(budget=5)]
    assert len(threads.works) == 1
    threads.run()
    waits.append(transcript.waiting)
    assert waits == [False, False, True], "there is nothing to draw until it is rendered"
    assert threads.ready == 1
    assert transcript.commit(budget=5)
    whole = "".join(scrollback.commits)
    assert whole.count("one") == 100
    assert whole.index("one") < whole.index("> after")


def test_a_long_block_that_was_rendered_for_another_width_is_rendered_again() -> None:
    scrollback = FakeScrollback()
    width = 60
    renderer = BlockRenderer(MarkdownRenderer())
    transcript = Transcript(cast("Scrollback", scrollback), renderer, lambda: width)
    threads = Threads()
    transcript.render_in(threads)
    transcript.add([AnswerBlock("word " * 1_000)])
    assert not transcript.commit()
    width = 30
    threads.run()
    assert not transcript.commit()
    threads.run()
    assert transcript.commit()
    assert max(map(len, "".join(scrollback.commits).split("\n"))) <= 30


def test_at_the_end_a_long_block_waits_for_no_thread() -> None:
    transcript, scrollback = made()
    transcript.render_in(Threads())
    transcript.add([AnswerBlock(TABLE), PersonBlock("after")])
    assert not transcript.commit()
    transcript.finish()
    assert "".join(scrollback.commits).count("one") == 100
    assert "> after" in scrollback.commits[-1]


def test_at_the_end_what_takes_too_long_is_left_out_but_for_the_last_and_said() -> None:
    transcript, scrollback = made()
    transcript.add([AnswerBlock("x" * 2000) for _ in range(50)])
    transcript.add([PersonBlock(f"last {n}") for n in range(LAST_BLOCKS)])
    transcript.finish(budget=0)
    said = "".join(scrollback.commits)
    assert "… 100,000 characters left out" in said
    assert "x" * 10 not in said
    assert said.index("left out") < said.index("last 0")
    assert all(f"last {n}" in said for n in range(LAST_BLOCKS))
    assert not transcript.waiting
