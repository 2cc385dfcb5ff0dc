"""The live region above the editor: the answer's open end, what runs, what waits. Pure.

Gives lines for a width and a height; the last lines that fit, never the whole text. It holds
nothing: the view does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.rendering.render import (
    ARROWS,
    GUTTER,
    MODEL,
    RUNNING,
    is_cramped,
    tool_head,
)
from qwen_dual.frontends.tui.state.outcome import elapsed, short_count, taken
from qwen_dual.frontends.tui.state.todo import todo_lines
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import clip, gutter, plain, tail_lines, width_of, wrap
from qwen_dual.frontends.tui.text.stream import MAX_CHARS

if TYPE_CHECKING:
    from qwen_dual.frontends.tui.region.room import Room
    from qwen_dual.frontends.tui.rendering.open_rendering import OpenRendering
    from qwen_dual.frontends.tui.state.agents import AgentAtWork
    from qwen_dual.frontends.tui.state.live_state import Retry, RunningTool, Work
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.frontends.tui.text.lines import Line

ROOMY = 12
"""From this many rows on, a blank line sets what runs apart."""

MAX_TOOLS = 4
MAX_AGENTS = 10
MAX_OUTPUT_LINES = 5
MAX_QUEUE_LINES = 3

MAX_TODO_LINES = 8
MAX_RETRY_LINES = 3

WAITING = "◆"
WAITS = "Waiting for you"

EDIT_HINT = " · up edits"
STOP_HINT = "esc stops"
DETACH_HINT = "ctrl+b background"

SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
SPINS = 10
"""Steps of the spinner in a second; it moves no oftener than is drawn."""

LEAST_DOING = 14
"""Columns that tell what a sub-agent is at, before its numbers have any."""

MAX_DEPTH = 3
"""Steps that the line of a sub-agent stands farther in than that of who called it."""

DOING_COLUMNS = 24
"""What a running call's argument may take of the status line."""

_WORDS = {"thinking": "Thinking", "responding": "Answering", "compacting": "Compacting"}

CHARS_PER_TOKEN = 4
"""A rough count of what a model has written before it tells the number itself."""


class Live(Struct, frozen=True):
    """The live lines.

    Attributes:
        goes_on: their first is right below the last that is finished: they are of one block.
    """

    lines: list[Line]
    goes_on: bool = False


def live_part(
    view: View,
    width: int,
    height: int,
    now: float,
    *,
    narrower: Room | None = None,
    rendering: OpenRendering | None = None,
    still: bool = False,
) -> Live:
    """What is live: lines, at most ``height`` of them, each at most ``width`` columns.

    What does not fit is left out from the top: the answer first, then output, then the rest.

    Args:
        narrower: what there is room for once the window is narrower; None where that matters not.
        now: the view's clock.
        rendering: makes an answer's open end look as it will; it stays as written where None.
        still: only what changes with the state is shown: nothing that grows or counts.
    """
    if height <= 0 or width <= 0:
        return Live([])
    inner = max(1, width - GUTTER)
    if still:
        return Live((_status(view.work, inner, None) + _queue(view.work, inner))[-height:])
    rest = _todos(view.work, inner, height)
    rest += _status(view.work, inner, now) + _queue(view.work, inner)
    below: list[Line] = []
    for output_rows in range(MAX_OUTPUT_LINES, -1, -1):
        agents = _agents(view.work, inner, now)
        below = _tools(view.work, inner, now, output_rows) + agents
        if below and rest and height >= ROOMY:
            below.append([])
        below += rest
        if len(below) > height:
            continue
        # Each row counts as the longest, else there were more or fewer with each that comes.
        longest = _tools(view.work, inner, now, output_rows, longest=True) + agents
        measured = longest + below[len(longest) :]
        if narrower is None or narrower.last(measured) == len(measured):
            break
    below = below[-height:]
    gap: list[Line] = [[]] if below else []
    room = height - len(gap) - len(below)
    above, whole = _tail(view, inner, room, rendering, narrower, gap + below)
    return Live(above + gap + below, whole and view.goes_on) if above else Live(below)


def _tail(
    view: View,
    inner: int,
    room: int,
    rendering: OpenRendering | None,
    narrower: Room | None,
    below: list[Line],
) -> tuple[list[Line], bool]:
    """The last lines of what is open, and whether these are all."""
    if room <= 0:
        return [], False
    text, thinking = view.tail(max(MAX_CHARS, inner * (room + 1)))
    if not text.strip():
        return [], False
    lines = None
    if rendering is not None and not thinking:
        lines = rendering.lines(text, inner, room + 1)
    if lines is None:
        style = f"{theme.DIM} italic" if thinking else theme.PLAIN
        lines = plain(tail_lines(text, inner, room + 1), style)
    symbol = MODEL if thinking or view.begins_message else " "
    style = theme.DIM if thinking else theme.ACCENT
    shown = lines[-room:]
    if narrower is not None:
        # The last row grows: it counts as long as it may get.
        measured = [*gutter(shown, symbol, style)[:-1], [("", " " * (inner + GUTTER))]]
        fitting = max(1, narrower.last(measured + below) - len(below))
        if rendering is not None:
            most = fitting if fitting < len(shown) else room
            fitting = rendering.steady(most, text, (inner, room))
        shown = shown[-fitting:]
    return gutter(shown, symbol, style), len(shown) == len(lines)


def _tools(
    work: Work, inner: int, now: float, output_rows: int, *, longest: bool = False
) -> list[Line]:
    """The calls that run, each with its last rows of output, or so often the longest of them."""
    asked = [one.tool_use_id for one in work.requests.values() if not one.agent]
    first = next(iter(work.requests.values()), None)
    in_dialog = "" if first is None or first.agent else first.tool_use_id
    apart = {in_dialog, *work.agents}  # a sub-agent at work has a line of its own
    tools = [tool for tool in work.tools.values() if tool.tool_use_id not in apart]
    lines: list[Line] = []
    for tool in tools[:MAX_TOOLS]:
        waits = tool.tool_use_id in asked or (tool.started is None and bool(tool.title))
        word, note = tool.display.word, "waiting" if waits else _note(tool, now)
        if tool.title and is_cramped(word, tool.title, note, inner):
            note = ""  # the symbol says the same
        head = tool_head(word, tool.title, note, inner)
        symbol, style = (WAITING, theme.DIM) if waits else (RUNNING, theme.ACCENT)
        lines += gutter([[(theme.DIM, text) for _, text in head] if waits else head], symbol, style)
        rows = [clip(row, inner) for row in tool.output if row.strip()]
        shown = rows[max(0, len(rows) - output_rows) :]
        if longest and shown:
            shown = [max(rows, key=width_of)] * len(shown)
        lines += [[("", "  "), (theme.DIM, row)] for row in shown]
    if len(tools) > MAX_TOOLS:
        lines.append([(theme.DIM, clip(f"  … and {len(tools) - MAX_TOOLS} more", inner))])
    return lines


def _agents(work: Work, inner: int, now: float) -> list[Line]:
    """A line for each sub-agent that is at work, in the order in which they began."""
    waiting = {request.agent for request in work.requests.values()}
    names = [agent.name for agent in work.agents.values()]
    lines: list[Line] = []
    for agent in list(work.agents.values())[:MAX_AGENTS]:
        waits = agent.call_id in waiting
        indent = "  " * min(agent.depth, MAX_DEPTH)
        alike = names.count(agent.name) > 1
        line = agent_line(agent, inner - len(indent), now, waits=waits, alike=alike)
        symbol = WAITING if waits else RUNNING
        style = theme.ACCENT if waits else theme.agent_colour(agent.colour)
        lines.append([("", indent), (style, f"{symbol} "), *line])
    if len(work.agents) > MAX_AGENTS:
        more = f"  … and {len(work.agents) - MAX_AGENTS} more agents"
        lines.append([(theme.DIM, clip(more, inner))])
    return lines


def agent_line(
    agent: AgentAtWork, width: int, now: float, *, waits: bool, alike: bool = False
) -> Line:
    """Who is at work, on what, at what just now, and what it took, as far as there is room.

    What an agent is at goes before its numbers where there is little; its name always stands. Of several
    of one name (``alike``) what each is for goes before what it is at.
    """
    name = clip(agent.name, max(1, width))
    doing = "waits for you" if waits else agent.doing
    seconds = elapsed(now - agent.started)
    notes = [[*taken(agent), seconds], [taken(agent)[0], seconds], [seconds], []]
    room = 0
    for parts in notes:
        note = "  " + " · ".join(parts) if parts else ""
        room = width - width_of(name) - width_of(note) - 2
        if room >= min(LEAST_DOING, width_of(doing)) or not parts:
            break
    line: Line = [(f"{theme.STRONG} {theme.agent_colour(agent.colour)}", name)]
    title = clip(agent.title, max(room // 2, room - width_of(doing) - 3))
    if title and room - width_of(title) - 3 >= min(LEAST_DOING, width_of(doing)):
        line += [(theme.PLAIN, f"  {title}"), (theme.DIM, " · ")]
        room -= width_of(title) + 3
    elif room > 0:
        line.append(("", "  "))
        doing = agent.title if alike and agent.title and not waits else doing
    if room > 0:
        line.append((theme.DIM, clip(doing, room)))
    return [*line, (theme.DIM, note)]


def _note(tool: RunningTool, now: float) -> str:
    if tool.started is not None:
        return elapsed(now - tool.started)
    if tool.argument_chars >= 1000 and not tool.title:
        return f"{tool.argument_chars / 1000:.1f} kB"
    return ""


def _todos(work: Work, inner: int, height: int) -> list[Line]:
    if (
        work.todos_at_end
        or height < ROOMY
        or all(item.status == "completed" for item in work.todos)
    ):
        return []
    return [[("", "  "), *line] for line in todo_lines(work.todos, inner, MAX_TODO_LINES)] + [[]]


def _status(work: Work, inner: int, now: float | None) -> list[Line]:
    """The state in words; ``now`` is None where nothing may count."""
    if work.state == "idle" or work.since is None:
        return []
    if work.retry is not None:
        # What failed matters more than rows.
        rows = wrap(f"{_retrying(work.retry, now)} · {STOP_HINT}", inner)[:MAX_RETRY_LINES]
        return [[("", "  "), (theme.DIM, row)] for row in rows]
    waits = work.state == "awaiting_approval"
    text = WAITS if waits else _doing(work)
    seconds = "" if now is None else elapsed(now - work.since)
    stop = tokens = detach = ""
    if not waits:
        stop, tokens = STOP_HINT, "" if now is None else tokens_written(work)
        if any(tool.display.can_detach for tool in _started(work)):
            detach = DETACH_HINT
    room = inner - width_of(text)
    kept = set()
    for part in filter(None, (seconds, stop, tokens, detach)):  # what matters most first
        if width_of(part) + 3 <= room:
            kept.add(part)
            room -= width_of(part) + 3
    text = " · ".join([text, *(part for part in (seconds, tokens, stop, detach) if part in kept)])
    mark = (theme.ACCENT, f"{WAITING} ") if waits else ("", "  ")
    if not waits and now is not None:
        mark = (theme.ACCENT, f"{SPINNER[int(now * SPINS) % len(SPINNER)]} ")
    return [[mark, (theme.DIM, clip(text, inner))]]


def _started(work: Work) -> list[RunningTool]:
    return [tool for tool in work.tools.values() if tool.started is not None]


def _doing(work: Work) -> str:
    """What is done just now, in words."""
    running = _started(work)
    if work.state != "running_tool" or not running:
        return _WORDS.get(work.state) or next(iter(work.hooks.values()), "Working")
    if len(running) > 1:
        what = "agents" if all(tool.tool_use_id in work.agents for tool in running) else "tools"
        return f"Running {len(running)} {what}"
    (tool,) = running
    if tool.tool_use_id in work.agents:
        return f"Running {work.agents[tool.tool_use_id].name}"
    # Of a command line its program is enough: the whole of it stands above.
    argument = tool.title.partition(" ")[0] if tool.display.can_detach else tool.title
    return f"{tool.display.doing} {clip(argument, DOING_COLUMNS)}".rstrip()


def _retrying(retry: Retry, now: float | None) -> str:
    left = "" if now is None else f" in {max(0, round(retry.due - now))} s"
    count = str(retry.attempt) if retry.attempts is None else f"{retry.attempt} of {retry.attempts}"
    return f"retrying{left} ({count}): {retry.message}"


def tokens_written(work: Work) -> str:
    """How much the model has written in this turn; empty for nothing."""
    count = work.tokens + work.chars // CHARS_PER_TOKEN
    return f"↓{short_count(count)} tokens" if count else ""


def _queue(work: Work, inner: int) -> list[Line]:
    lines: list[Line] = []
    listed = work.queue[:MAX_QUEUE_LINES]
    last = max((at for at, queued in enumerate(work.queue) if not queued.remote), default=None)
    for at, queued in enumerate(listed):
        mark = f"  {ARROWS} {queued.remote}" if queued.remote else EDIT_HINT if at == last else ""
        if width_of(mark) > inner // 2:
            mark = f" {ARROWS}" if queued.remote and inner > 6 else ""
        room = inner - width_of(mark)
        word = "steering" if queued.steers else "queued"
        text = clip(f"{word}: {queued.text}", room)
        lines.append([("", "  "), (theme.DIM, f"{text}{mark}")])
    more = work.queued - len(lines)
    if more > 0:
        hint = EDIT_HINT if last is not None and last >= len(listed) else ""
        lines.append([("", "  "), (theme.DIM, clip(f"… and {more} more{hint}", inner))])
    return lines
