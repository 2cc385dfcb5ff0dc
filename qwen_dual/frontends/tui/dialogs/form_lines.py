"""What a form looks like: the question, its choices or its field, and which keys do what. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.dialogs.field import CURSOR
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import (
    clip,
    clip_line,
    columns_of,
    first_that_fits,
    width_of,
    wrap,
)
from qwen_dual.protocol.visible import visible

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.dialogs.form import Page, Sheet
    from qwen_dual.frontends.tui.text.lines import Line

MARK = "?"
SELECTED = "›"
OWN = "Other…"

MAX_ROWS = 10
"""Choices in sight at once; the others scroll."""


def form_lines(
    sheet: Sheet, width: int, height: int, *, armed: bool = True, position: str = ""
) -> list[Line]:
    """The form in at most ``height`` lines of at most ``width`` columns.

    Args:
        armed: it takes keys; until then nothing in it is selected.
        position: which of several it is, beside the question.
    """
    if height <= 0 or sheet.state != "open":
        return []
    page, inner = sheet.page, max(1, width - 2)
    head = _head(page.question.text, inner, max(1, height // 3), position)
    hint = _hint(page, inner, first=not sheet.answers)
    head += _details(page, inner, height - len(head) - len(page.question.choices) - len(hint) - 2)
    room = height - len(head)
    body = _body(page, inner, room - len(hint) if room >= 4 else room, armed=armed)
    if len(body) + len(hint) <= room:
        spare = room - len(body) - len(hint)
        between: list[Line] = [[]] if spare >= 2 else []
        whole = _whole(page, inner, body, spare - 2 * len(between)) if armed else []
        body = [*between, *body, *between, *whole, *hint]
    return [clip_line(line, width) for line in [*head, *body][:height]]


def _head(text: str, inner: int, most: int, position: str) -> list[Line]:
    aside = f"  {position}" if position else ""
    rows = wrap(visible(text, "prose"), max(1, inner - width_of(aside)))
    if len(rows) > most:
        rows[most - 1 :] = [clip("\n".join(rows[most - 1 :]), inner)]
    lines: list[Line] = [[("", "  "), (theme.STRONG, row)] for row in rows]
    lines[0][0] = (theme.ACCENT, f"{MARK} ")
    if aside:
        lines[0].append((theme.DIM, aside))
    return lines


def _details(page: Page, inner: int, most: int) -> list[Line]:
    """What the question is about, as far as there is room; the choices matter more."""
    rows = [row for text in page.question.details for row in wrap(visible(text, "prose"), inner)]
    if len(rows) > most:
        kept = max(0, most - 1)
        rows = [*rows[:kept], f"… {len(rows) - kept} more lines"] if most > 0 else []
    return [[("", "  "), (theme.DIM, clip(row, inner))] for row in rows]


def _hint(page: Page, inner: int, *, first: bool) -> list[Line]:
    if page.wanted:
        what = "Pick one first." if page.question.choices else "Something is needed here."
        return [[("", "  "), (theme.ERROR, clip(what, inner))]]
    if page.wrong:
        return [[("", "  "), (theme.ERROR, row)] for row in wrap(page.wrong, inner)]
    keys = "enter takes it"
    if page.question.several:
        keys = "space picks, enter goes on"
    back = "closes" if first else "goes back"
    short = keys if page.question.several else f"enter · esc {back}"
    ways = (f"{keys} · esc {back}", short, keys)
    return [[("", "  "), (theme.DIM, first_that_fits(ways, inner))]]


def _body(page: Page, inner: int, room: int, *, armed: bool) -> list[Line]:
    if not page.question.choices:
        return [_field(page, inner, armed=armed)][:room]
    lines: list[Line] = []
    if page.filters and room > 2:
        lines.append(_filter(page, inner, armed=armed and not page.typing))
    rows = _rows(page, inner, armed=armed)
    room = min(MAX_ROWS, room - len(lines))
    first = max(0, min(page.at - room // 2, len(rows) - room))
    return lines + rows[first : first + max(0, room)]


def _whole(page: Page, inner: int, body: list[Line], room: int) -> list[Line]:
    """All of the marked choice, where its row has no room for it; nothing where it has."""
    if page.typing or not page.visible:
        return []
    choice = page.question.choices[page.visible[page.at]]
    words = [visible(text, "prose") for text in (choice.label or choice.value, choice.summary)]
    shown = ["".join(text for _, text in line) for line in body]
    if any(all(text in row for text in words) for row in shown):
        return []
    rows = wrap(": ".join(filter(None, words)), inner)
    return [[("", "  "), (theme.DIM, row)] for row in rows] if len(rows) <= room else []


def _field(page: Page, inner: int, *, armed: bool) -> Line:
    return [
        ("", "  "),
        ("class:prompt", "> "),
        *page.field.line(max(1, inner - 2), cursor=armed),
    ]


def _filter(page: Page, inner: int, *, armed: bool) -> Line:
    count = f"{len(page.visible)} of {len(page.question.choices)}"
    if not page.query:
        mark = [CURSOR] if armed else []
        return [("", "  "), *mark, (theme.DIM, clip(f"type to filter · {count}", inner))]
    query = clip(page.query, max(1, inner - len(count) - 4))
    return [
        ("", "  "),
        (theme.PLAIN, query),
        *([CURSOR] if armed else []),
        (theme.DIM, f"  {count}"),
    ]


def _rows(page: Page, inner: int, *, armed: bool) -> list[Line]:
    choices = [page.question.choices[index] for index in page.visible]
    heads = [_row_head(page, row, armed=armed) for row in range(len(choices))]
    labels = [
        clip(
            visible(choice.label or choice.value, "prose"),
            inner + 2 - sum(width_of(t) for _, t in head),
        )
        for choice, head in zip(choices, heads, strict=True)
    ]
    column = max(map(width_of, labels), default=0)
    lines: list[Line] = []
    for row, (choice, label, line) in enumerate(zip(choices, labels, heads, strict=True)):
        here = armed and row == page.at
        line.append(("class:selected" if here else theme.PLAIN if armed else theme.DIM, label))
        used = columns_of(line)
        room = inner + 2 - used - (column - width_of(label)) - 2
        if choice.summary and room >= 8:
            pad = " " * (column - width_of(label) + 2)
            line.append((theme.DIM, pad + clip(visible(choice.summary, "prose"), room)))
        lines.append(line)
    if page.has_field:
        lines.append(_own_row(page, inner, armed=armed))
    return lines


def _row_head(page: Page, row: int, *, armed: bool) -> Line:
    here = armed and row == page.at
    line: Line = [("", "  "), (theme.ACCENT, f"{SELECTED} " if here else "  ")]
    if page.question.several:
        own = row == len(page.visible)
        checked = bool(page.field.text) if own else page.visible[row] in page.checked
        line.append((theme.ACCENT if checked else theme.DIM, "[x] " if checked else "[ ] "))
    elif not page.filters:
        line.append((theme.PLAIN if armed else theme.DIM, f"{row + 1}. "))
    return line


def _own_row(page: Page, inner: int, *, armed: bool) -> Line:
    line = _row_head(page, len(page.visible), armed=armed)
    if not page.typing and not page.field.text:
        return [*line, (theme.DIM, OWN)]
    used = columns_of(line) - 2
    return [*line, *page.field.line(max(1, inner - used), cursor=armed and page.typing)]
