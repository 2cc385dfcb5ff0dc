"""What the approval dialog looks like: what is asked, what will happen, the ways to answer. Pure.

What will happen is shown whole: what does not fit is scrolled, and nothing of it is left out. The
choices give way to it in low windows, but for the marked one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.dialogs.choices import question_for
from qwen_dual.frontends.tui.dialogs.form_lines import MARK, SELECTED
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.diff_view import change_counts, diff_lines
from qwen_dual.frontends.tui.text.exact import escaped_lines, exact_lines, exact_text
from qwen_dual.frontends.tui.text.lines import (
    clip,
    clip_line,
    columns_of,
    first_that_fits,
    fit,
    width_of,
    wrap,
)
from qwen_dual.protocol.previews import reading_of
from qwen_dual.protocol.sanitise import sanitise
from qwen_dual.protocol.visible import still_visible, visible_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.frontends.tui.dialogs.choices import Answer
    from qwen_dual.frontends.tui.state.live_state import Request
    from qwen_dual.frontends.tui.text.diff_view import Highlight
    from qwen_dual.frontends.tui.text.lines import Line

TEXT_ROWS = 3
"""Rows of what will happen that are kept when the window is too low for all."""

HEADLESS = 5
"""In fewer rows than this nothing stands above what will happen."""

MAX_WARNING_ROWS = 4

MAX_REASON = 300
"""Characters of the model's own words for what it does."""

SECOND_COLUMN = 38

USUAL_PLACE = "Run in the workspace"

EDIT_HINTS = ("Edit it: enter sends it, esc goes back", "Edit it (esc: back)", "Edit it")
REFUSE_HINTS = ("Why not? enter refuses it, esc goes back", "Why not? (esc: back)", "Why not?")
REASON_HINTS = (
    "What should it do instead? enter sends it, esc goes back",
    "What instead? (esc: back)",
    "What instead?",
)

LAYING_OUT = "A large request waits for you: laying it out …"


class Shown(Struct, frozen=True):
    """All that a drawing shows.

    Attributes:
        preview: the rows of what will happen.
        selected: the index of the marked choice; None while no key is taken.
        scroll: how many rows of the preview are above.
        position: which of several it is.
        unseen: Enter allowed nothing, since not all was seen.
        editing: the person makes something else of it.
    """

    request: Request
    preview: list[Line]
    choices: Sequence[Answer]
    selected: int | None
    scroll: int
    position: str
    asking_reason: bool = False
    unseen: bool = False
    editing: bool = False


def preview_lines(request: Request, inner: int, highlight: Highlight | None) -> list[Line]:
    """What will happen, whole, behind a gutter of two columns."""
    lines: list[Line] = []
    if request.kind == "diff":
        rows = request.text.split("\n")
        title = escaped_lines(request.title, inner, theme.STRONG)
        title[-1].append((theme.DIM, f"  {change_counts(rows)}"))
        lines += [clip_line(line, inner + 2) for line in title[:-1]] + _refit(title[-1], inner)
        lines += diff_lines(rows, inner, highlight)
    elif request.kind == "plan":
        from qwen_dual.frontends.tui.text.exact_markdown import plan_lines

        lines += plan_lines(request.text, inner)
    else:
        style = theme.STRONG if request.kind == "command" else theme.PLAIN
        lines += exact_lines(request.text, inner, style, reading_of(request.kind))
        if request.title not in ("", USUAL_PLACE, request.text):
            lines += escaped_lines(request.title, inner, theme.DIM)
    if request.outside:
        lines += exact_lines(f"outside the workspace: {request.outside}", inner, theme.ERROR)
    return lines


def preview_text(request: Request) -> str:
    """The same for a pager; where the preview was cut, with the whole input behind it."""
    title = "" if request.kind == "plan" else still_visible(request.title)  # it is its first line
    parts = [title, exact_text(request.text, reading_of(request.kind))]
    if request.outside:
        parts.append(f"outside the workspace: {exact_text(request.outside)}")
    if request.is_cut:
        for name, value in request.input.items():
            parts.append(f"{visible_line(name)}:\n{exact_text(str(value), 'code')}")
    return "\n\n".join(part for part in parts if part) + "\n"


def shown_lines(shown: Shown, inner: int, height: int) -> tuple[list[Line], int, int, bool]:
    """The dialog in at most ``height`` lines.

    Returns:
        The lines; the scroll position, within its bounds; how many rows of the preview are in
        sight; whether its last is among them.
    """
    head = _head(shown, inner) if height >= HEADLESS else []
    warnings = _warnings(shown.request, inner)
    below = _choice_rows(shown, inner)
    if shown.asking_reason:
        below = [(None, _reason_hint(shown, inner))]
    needed = len(head) + len(shown.preview)
    if needed + len(warnings) + len(below) > height and len(below) > 1 and below[-1][0] is None:
        below.pop()  # of the keys in a row of their own the preview has more need
    if needed + len(warnings) + len(below) <= height:
        lines = [*head, *shown.preview, *warnings, *(row for _, row in below)]
        return lines, 0, len(shown.preview), True
    text = min(TEXT_ROWS, len(shown.preview), max(1, height - len(head) - 2))
    warnings = warnings[: max(0, height - len(head) - text - 1)]
    kept = _window(below, shown.selected, max(1, height - len(head) - len(warnings) - text))
    room = max(0, height - len(head) - len(warnings) - len(kept))
    page, scroll, count = _page(shown, inner, room)
    ended = count > 0 and scroll + count >= len(shown.preview)
    return [*head, *page, *warnings, *kept][:height], scroll, count, ended


def _head(shown: Shown, inner: int) -> list[Line]:
    request = shown.request
    aside = f"  {shown.position}" if shown.position else ""
    question = question_for(request)
    before: list[Line] = []
    if request.agent and width_of(question) > inner:
        # Who asks and what is asked matter alike: neither is cut for the other.
        who, question = f"{request.asker} asks:", question.removeprefix(f"{request.asker} asks: ")
        before = [[(theme.ACCENT, f"{MARK} "), (theme.STRONG, clip(who, inner))]]
    mark: tuple[str, str] = ("", "  ") if before else (theme.ACCENT, f"{MARK} ")
    first, *more = wrap(question, inner)
    if more:
        before.append([mark, (theme.STRONG, first)])
        question, mark = clip(" ".join(more), inner), ("", "  ")
    line: Line = [mark, (theme.STRONG, question)]
    text = _reason(request)
    reason: list[str] = []
    if text:
        used = width_of(question) + width_of(aside) + 3 + width_of(text)
        if used <= inner:
            line.append((theme.DIM, f"   {text}"))
        else:
            reason = wrap(text, max(1, inner - 1))
    if aside and width_of(question) + width_of(aside) <= inner:
        line.append((theme.DIM, aside))
    elif aside:
        reason = [shown.position, *reason]
    # The second row stands farther in, where no command and no choice begins.
    rows = ([("", " " * at), (theme.DIM, row)] for at, row in enumerate(reason[:2], 2))
    return [*before, line, *rows]


def _reason(request: Request) -> str:
    """The model's own words for what it does, in quotes; empty without any.

    As one run of words with no quote in it, so that nothing of it can stand apart from the rest
    as if the program had said it.
    """
    said = request.input.get("description")
    if not isinstance(said, str) or not said.strip():
        return ""
    words = " ".join(said.replace('"', "'").split())
    return f'"{clip(visible_line(words, "prose"), MAX_REASON)}"'


def _warnings(request: Request, inner: int) -> list[Line]:
    lines: list[Line] = []
    for text in request.warnings:  # which have escapes in them already
        for number, row in enumerate(wrap(sanitise(text), inner)):
            lines.append([(theme.ERROR, "  " if number else "! "), (theme.ERROR, row)])
    if len(lines) > MAX_WARNING_ROWS:
        style, text = lines[MAX_WARNING_ROWS - 1][-1]
        lines[MAX_WARNING_ROWS - 1][-1] = (style, f"{text[: fit(text, inner - 2)]} …")
    return lines[:MAX_WARNING_ROWS]


def _page(shown: Shown, inner: int, room: int) -> tuple[list[Line], int, int]:
    total = len(shown.preview)
    if room <= 0:
        return [], shown.scroll, 0
    size = room if room == 1 or total <= room else room - 1
    scroll = max(0, min(shown.scroll, total - size))
    rows = shown.preview[scroll : scroll + size]
    if size == room:
        return rows, scroll, len(rows)
    hint: tuple[str, str] = (theme.DIM, _position(scroll, len(rows), total, inner))
    if shown.unseen:
        hint = (theme.ERROR, clip("Not seen to its end: page down, or y to allow.", inner))
    return [*rows, [("", "  "), hint]], scroll, len(rows)


def _position(scroll: int, count: int, total: int, inner: int) -> str:
    where = f"… {scroll + 1}–{scroll + count} of {total} rows"
    short = where.removesuffix(" rows")
    ways = (f"{where} · pgup pgdn · ctrl+o all of it", f"{where} · pgdn", f"{short} · pgdn")
    return first_that_fits((*ways, short), inner)


def _choice_rows(shown: Shown, inner: int) -> list[tuple[int | None, Line]]:
    """The rows of the choices, each with the index of the (first) choice that it shows."""
    rows: list[tuple[int | None, Line]] = []
    for index, choice in enumerate(shown.choices):
        cell = _cell(shown, index, choice.label)
        used = columns_of(rows[-1][1]) if rows else 0
        if (
            choice.beside
            and used + 2 <= SECOND_COLUMN
            and SECOND_COLUMN + columns_of(cell) <= inner + 2
        ):
            rows[-1][1].append(("", " " * (SECOND_COLUMN - used)))
            rows[-1][1].extend(cell[1:])
            continue
        room = max(1, inner - 5)
        labels = wrap(choice.label, room)
        if choice.short and len(labels) > 1:
            labels = wrap(choice.short, room)
        rows.append((index, _cell(shown, index, labels[0])))
        style = cell[-1][0]
        rows += [(index, [("", " " * 7), (style, label)]) for label in labels[1:]]
    word = "no" if shown.request.kind == "proposal" else "stop"
    stop = [(theme.STRONG, "esc"), (theme.DIM, f"  {word}")]
    used = columns_of(rows[-1][1]) if rows else inner
    if inner + 2 >= SECOND_COLUMN + 9 and used + 2 <= SECOND_COLUMN:
        rows[-1][1].extend([("", " " * (SECOND_COLUMN + 2 - used)), *stop])
    elif used + 3 + 9 <= inner + 2:
        rows[-1][1].extend([("", "   "), *stop])
    else:
        rows.append((None, [("", "  "), *stop]))
    return rows


def _cell(shown: Shown, index: int, label: str) -> Line:
    choice = shown.choices[index]
    here = index == shown.selected
    plain = theme.DIM if shown.selected is None else theme.PLAIN
    return [
        ("", "  "),
        (theme.ACCENT, f"{SELECTED} " if here else "  "),
        ("class:selected" if here else theme.STRONG if plain == theme.PLAIN else plain, choice.key),
        ("class:selected" if here else plain, f"  {label}"),
    ]


def _window(rows: list[tuple[int | None, Line]], selected: int | None, room: int) -> list[Line]:
    """As many rows as there is room for, those of the marked choice among them."""
    if len(rows) <= room:
        return [row for _, row in rows]
    # A choice may stand in the row of the one before it.
    before = [index for index, _ in rows if index is not None and index <= (selected or 0)]
    own = [at for at, (index, _) in enumerate(rows) if index == before[-1]]
    first = min(own[0], max(0, own[-1] - room + 1))
    return [row for _, row in rows[first : first + room]]


def _reason_hint(shown: Shown, inner: int) -> Line:
    hints = REFUSE_HINTS if shown.request.kind == "proposal" else REASON_HINTS
    return [("", "  "), (theme.DIM, first_that_fits(EDIT_HINTS if shown.editing else hints, inner))]


def _refit(line: Line, inner: int) -> list[Line]:
    """``line``, with its last fragment in a row of its own where it does not fit."""
    if columns_of(line) <= inner + 2:
        return [line]
    style, text = line[-1]
    return [line[:-1], [("", "  "), (style, text.strip())]]
