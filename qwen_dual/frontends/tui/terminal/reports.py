"""Tells the terminal what the session is doing: title, program status, progress, and a call for the person.

Decides what is written and when, and keeps what has to be taken back; writes nothing itself. What it
gives goes out with what is drawn, so that it never wakes anybody and never lands inside a sequence.
"""

from __future__ import annotations

import os.path
import time
from typing import TYPE_CHECKING

from qwen_dual.frontends.tui.terminal import abilities
from qwen_dual.frontends.tui.terminal.program_status import StatusFollower
from qwen_dual.frontends.tui.terminal.reflow import can_be_asked
from qwen_dual.protocol import osc
from qwen_dual.protocol.regex import regex
from qwen_dual.protocol.sanitise import one_line, sanitise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from qwen_dual.frontends.tui.terminal.program_status import Status
    from qwen_dual.protocol.events import Event
    from qwen_dual.runtime.in_terminal import InTerminal

APP = "qwen-dual"

LONG_TURN = 10.0
"""Seconds from which on the end of a turn is worth a call: nobody looks away from a shorter one."""

KEEP_ALIVE = 5.0
"""Seconds after which progress is told again while something is drawn: Ghostty forgets it after 15."""

MAX_TITLE = 80
"""Characters of the title without what the session does."""

FOCUS_IN, FOCUS_OUT = "\x1b[I", "\x1b[O"

_ASK = f"{osc.STATUS_QUERY}\x1b[c"
_FOCUS_ON, _FOCUS_OFF = "\x1b[?1004h", "\x1b[?1004l"
_PUSH_TITLE, _POP_TITLE = "\x1b[22;2t", "\x1b[23;2t"
_STATUS_KNOWN = osc.STATUS_QUERY.removesuffix(osc.ST)
_ATTRIBUTES = regex("\x1b\\[\\?[0-9;]*c")
_SYMBOLS = {"idle": "", "working": "◐ ", "blocked": "◆ ", "done": "✓ ", "error": "✗ "}
_WORDS = {
    "idle": "",
    "working": "working: ",
    "blocked": "waiting for you: ",
    "done": "done: ",
    "error": "failed: ",
}
_ENDS = {"done": "Done", "error": "Failed"}
_PROGRESS = {"idle": "0", "working": "3", "blocked": "4;100", "done": "0", "error": "2;100"}


class Reports:
    """All that a terminal is told of one session; an observer of the bus.

    The terminal is ours from a drawing to ``given``, which takes back all that it was told.

    Args:
        cwd: the session's folder, whose name the title has.
        env: says which terminal it is.
        wishes: the person's.
        now: a monotonic clock in seconds.
        words: for a screen reader: no symbols.
    """

    def __init__(
        self,
        cwd: str,
        env: Mapping[str, str],
        wishes: InTerminal,
        now: Callable[[], float] = time.monotonic,
        *,
        words: bool = False,
    ) -> None:
        self._wishes = wishes
        self._states = _WORDS if words else _SYMBOLS
        self._now = now
        self._follower = StatusFollower(now)
        self._spoken_to = abilities.is_spoken_to(env)
        self._in_tmux = bool(env.get("TMUX"))
        self._alert = abilities.alert_of(env)
        self._progress_known = abilities.shows_progress(env)
        self._asks = self._spoken_to and wishes.status == "auto" and can_be_asked(env)
        self._asked = self._answered = False
        self._known = wishes.status == "on"
        self._name = _name(cwd)
        self._title = _clean(env.get("CLI_TITLE", "")) or f"{self._name} · {APP}"
        self._ours = False
        self._focused: bool | None = None
        self._called = False  # for what the session waits for now
        self._sent_title = self._sent_status = self._sent_progress = ""
        self._progress_at = 0.0

    def __call__(self, event: Event) -> None:
        """Takes one event."""
        if self._spoken_to:
            self._follower(event)

    @property
    def marks_prompts(self) -> bool:
        """Whether prompts in the scrollback are marked as a shell's are (OSC 133).

        Such a mark ends what was told as program status, so there are none where that may be known.
        """
        off = self._wishes.status == "off" or (self._answered and not self._known)
        return self._ours and off

    def drawn(self) -> tuple[str, bool]:
        """What the terminal, which is ours, is told with what is drawn now; whether that asks it something.

        It is asked once whether it knows program status.
        """
        told = self._claim() + self._news()
        asks = self._asks and not self._asked
        self._asked = self._asked or asks
        return (f"{_ASK}{told}", True) if asks else (told, False)

    def said(self, report: str) -> bool:
        """Takes what the terminal says of itself; whether there is something to tell it now.

        An answer counts whenever it comes. One that was not asked for, or is not as it must be, is none.
        """
        if report in (FOCUS_IN, FOCUS_OUT):
            self._focused = report == FOCUS_IN
            # What happened elsewhere meanwhile may show, as another branch does.
            return self._focused
        elif not self._asked:
            return False
        elif report == _STATUS_KNOWN:
            changed, self._known = not self._known, True
            return changed
        elif _ATTRIBUTES.fullmatch(report):
            changed, self._answered = not self._answered, True
            return changed
        return False

    def given(self) -> str:
        """The terminal is another program's from here on, or nobody's: takes back all it was told."""
        if not self._ours:
            return ""
        self._ours, self._focused = False, None
        taken_back = ""
        if self._sent_status:
            taken_back = self._wrap(osc.STATUS_CLEAR, self._wishes.status)
        if self._sent_progress not in ("", _PROGRESS["idle"]):
            taken_back += self._progress_of(_PROGRESS["idle"])
        if self._wishes.title:
            # Where there is no stack the title is empty from here on, which each shell sets anew.
            taken_back += f"\x1b]2;{osc.ST}{_POP_TITLE}"
        if self._wishes.alerts != "none":
            taken_back += _FOCUS_OFF
        self._sent_title = self._sent_status = self._sent_progress = ""
        return taken_back

    # -- each of them ----------------------------------------------------------------------

    def _claim(self) -> str:
        if self._ours or not self._spoken_to:
            return ""
        self._ours = True
        title = _PUSH_TITLE if self._wishes.title else ""
        return title + (_FOCUS_ON if self._wishes.alerts != "none" else "")

    def _news(self) -> str:
        """Empty as a rule."""
        if not self._ours:
            return ""
        long_turn = self._follower.turn_seconds > LONG_TURN
        changes = self._follower.take()
        latest = self._follower.latest
        told = "".join(map(self._sequences, (*changes, latest)))
        return told + self._call(latest, long_turn=long_turn)

    def _sequences(self, status: Status) -> str:
        told = self._set_title(status)
        if self._known:
            report = osc.program_status(APP, status.state, status.kind)
            if report != self._sent_status:
                self._sent_status = report
                told += self._wrap(report, self._wishes.status)
        return told + self._set_progress(status)

    def _set_title(self, status: Status) -> str:
        if not self._wishes.title:
            return ""
        state = self._states[status.state] if self._wishes.title_status else ""
        title = f"{state}{self._title}"
        if title == self._sent_title:
            return ""
        self._sent_title = title
        return f"\x1b]2;{title}{osc.ST}"

    def _set_progress(self, status: Status) -> str:
        now, before = self._now(), self._sent_progress
        auto = self._wishes.progress == "auto" and self._progress_known and self._answered
        wanted = (auto or self._wishes.progress == "on") and not self._known
        state = _PROGRESS[status.state if wanted else "idle"]
        forgotten = state == _PROGRESS["working"] and now - self._progress_at >= KEEP_ALIVE
        if state == (before or _PROGRESS["idle"]) and not forgotten:
            return ""
        self._sent_progress, self._progress_at = state, now
        return self._progress_of(state)

    def _progress_of(self, state: str) -> str:
        return self._wrap(f"\x1b]9;4;{state}{osc.ST}", self._wishes.progress)

    def _call(self, status: Status, *, long_turn: bool) -> str:
        """Calls the person where they look elsewhere; once for what waits, however long that does."""
        waits = status.state == "blocked"
        begins, self._called = waits and not self._called, waits
        wanted = begins if self._wishes.alerts == "all" else False
        if long_turn and status.state in _ENDS:
            wanted = self._wishes.alerts != "none"
        if not wanted or self._focused is not False:
            return ""
        text = f"{_ENDS.get(status.state, 'Waiting for you')} · {self._name}"
        if self._alert == "osc99":
            return f"\x1b]99;i={APP}:o=unfocused;{APP}: {text}{osc.ST}"
        if self._alert == "osc777":
            return f"\x1b]777;notify;{APP};{text}{osc.ST}"
        return f"\x1b]9;{APP}: {text}{osc.ST}" if self._alert == "osc9" else "\x07"

    def _wrap(self, sequence: str, wanted: str) -> str:
        """For the terminal around tmux where the person wants it told unasked; tmux answers for itself."""
        return osc.in_tmux(sequence) if self._in_tmux and wanted == "on" else sequence


def _name(cwd: str) -> str:
    return _clean(os.path.basename(cwd.rstrip("/")) or cwd)


def _clean(text: str) -> str:
    """``text`` for a title or a notification: one line of bounded length, without a separator of theirs."""
    line = " ".join(one_line(sanitise(text)).replace(";", ",").split())
    return line if len(line) <= MAX_TITLE else f"{line[: MAX_TITLE - 1]}…"
