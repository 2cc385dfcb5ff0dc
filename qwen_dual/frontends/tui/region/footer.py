"""The footer: folder, branch, model, approval mode, sandbox, context, channels, a hint. Pure.

One line, but for a hint; what matters least is left out first when the window is narrow.
"""

from __future__ import annotations

import os.path
from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.frontends.tui.rendering.render import ARROWS
from qwen_dual.frontends.tui.state.outcome import short_count
from qwen_dual.frontends.tui.text import theme
from qwen_dual.frontends.tui.text.lines import Line, clip, clip_line, columns_of, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

CYCLE_HINT = "(shift + tab to cycle)"
HELP_HINT = "? keys"
INSERT_HINT = "i insert"
BRANCH = "⎇"
MAX_HOSTS = 3
"""Names of hosts that are told; the others are counted."""
_MODE_STYLES = {"default": theme.DIM, "yolo": theme.ERROR}
# What goes first when there is no room.
_LEFT_OUT = (
    *("tip", "cycle", "context", "branch", "hosts", "folder"),
    *("tasks", "model", "channels", "sandbox", "attached", "vi"),
)
_LEFT_OUT_WITH_TIP = (*_LEFT_OUT[1:6], "tip", *_LEFT_OUT[6:])


class Around(Struct, frozen=True):
    """What of the footer others than the front end know.

    Attributes:
        branch: of the repository around the folder; None where there is none.
        sandbox: what is to be said of it; empty for none.
        tasks: how many commands run in the background.
        attached: what is to be said of a session that runs elsewhere; empty for one that runs here.
    """

    branch: str | None = None
    sandbox: str = ""
    tasks: int = 0
    attached: str = ""


class Facts(Struct, frozen=True):
    """What the footer tells.

    Attributes:
        tokens: of the conversation, as the model last counted them; 0 where it is not known.
        window: how many the model takes; None where it is not known.
        channels: how many are open.
        hosts: who is connected, by name, where that is known.
        sandbox: what is to be said of it; empty for none.
        tasks: how many commands run in the background.
        attached: what is to be said of a session that runs elsewhere; empty for one that runs here.
        vi: which of vi's modes the editor is in; empty without vi's keys.
        tip: what a key would do in the state there is; in place of the standing one.
        hint: something that matters now, such as how to leave; in place of everything.
    """

    folder: str
    branch: str | None
    model: str
    mode: str
    tokens: int = 0
    window: int | None = None
    channels: int = 0
    hosts: Sequence[str] = ()
    sandbox: str = ""
    tasks: int = 0
    attached: str = ""
    vi: str = ""
    tip: str = ""
    hint: str = ""


def footer_lines(facts: Facts, width: int, height: int = 1) -> list[Line]:
    """The footer; a hint that is longer than the window is wide has up to ``height`` rows."""
    if not facts.hint:
        return [footer_line(facts, width)]
    rows = wrap(facts.hint, width - 2)
    if len(rows) > height:
        rows = [clip(facts.hint, max(0, width - 2))]
    return [[("", "  "), (theme.STRONG, row)] for row in rows]


def footer_line(facts: Facts, width: int) -> Line:
    """What it tells in at most ``width`` columns."""
    line: Line = []
    order = _LEFT_OUT_WITH_TIP if facts.tip else _LEFT_OUT
    for count in range(len(order) + 1):
        line = _line(facts, frozenset(order[:count]))
        if columns_of(line) <= width:
            return line
    return clip_line(line, width)


def _line(facts: Facts, without: frozenset[str]) -> Line:
    folder = facts.folder
    if facts.branch and "branch" not in without:
        folder += f" {BRANCH} {facts.branch}"
    mode: Line = [(_MODE_STYLES.get(facts.mode, theme.ACCENT), facts.mode)]
    if "cycle" not in without:
        mode.append((theme.DIM, f" {CYCLE_HINT}"))
    context = _context(facts)
    tasks = f"{facts.tasks} task{'' if facts.tasks == 1 else 's'}" if facts.tasks else ""
    names = () if "hosts" in without else facts.hosts
    channels = _listed(names) if names else str(facts.channels or "")
    # Where `?` is a command of vi's, it lists no keys.
    standing = INSERT_HINT if facts.vi == "NORMAL" else HELP_HINT
    parts: list[tuple[str, Line]] = [
        ("vi", [(theme.DIM, facts.vi)] if facts.vi else []),
        ("attached", [(theme.ACCENT, facts.attached)] if facts.attached else []),
        ("folder", [(theme.DIM, folder)]),
        ("model", [(theme.DIM, facts.model)]),
        ("mode", mode),
        ("sandbox", [(theme.ACCENT, facts.sandbox)] if facts.sandbox else []),
        ("context", [(theme.DIM, context)] if context else []),
        ("channels", [(theme.ACCENT, f"{ARROWS} {channels}")] if channels else []),
        ("tasks", [(theme.DIM, tasks)] if tasks else []),
        ("tip", [(theme.DIM, facts.tip or standing)]),
    ]
    line: Line = [("", "  ")]
    for name, part in parts:
        if part and name not in without:
            if len(line) > 1:
                line.append((theme.DIM, " · "))
            line += part
    return line


def _listed(names: Sequence[str]) -> str:
    """The first of them, and how many there are besides."""
    more = len(names) - MAX_HOSTS
    return ", ".join(names[:MAX_HOSTS]) + (f" +{more}" if more > 0 else "")


def _context(facts: Facts) -> str:
    """How much of the model's window is in use."""
    if not facts.tokens:
        return ""
    used = short_count(facts.tokens)
    if not facts.window:
        return f"{used} tokens"
    # A power of two is called by that: 131,072 tokens are 128k.
    binary = 1024 <= facts.window < 1_000_000 and facts.window.bit_count() == 1
    return f"{used} of {f'{facts.window // 1024}k' if binary else short_count(facts.window)}"


def short_folder(path: str, home: str) -> str:
    """``path`` with the home folder as ``~``, and only its end where it is long."""
    if home and (path == home or path.startswith(home.rstrip("/") + "/")):
        path = "~" + path[len(home.rstrip("/")) :]
    if len(path) > 40:
        path = "…/" + os.path.basename(path)
    return path
