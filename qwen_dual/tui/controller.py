"""What keys do: to the draft, the dialog, what is open, and the session. No prompt-toolkit app.

The keys module binds keys to these methods; the app module draws. What needs the screen is asked
of ``Screen``.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

from qwen_dual.protocol import APPROVAL_MODES
from qwen_dual.tui.dialog import GUARD, Dialog
from qwen_dual.tui.editor import Editor
from qwen_dual.tui.suggest import Suggestions

if TYPE_CHECKING:
    from collections.abc import Callable

    from qwen_dual.core.session import Session
    from qwen_dual.tui.view import View

AGAIN = 2.0
"""Seconds in which a second Ctrl+C or Esc counts as such."""

EXIT_HINT = "Press Ctrl+C again to exit."
CLEAR_HINT = "Press Esc again to clear the draft."


SHELL = "run_shell_command"


class Screen(Protocol):
    """What the controller asks of the screen."""

    def changed(self) -> None:
        """Something must be drawn."""
        ...

    def later(self, seconds: float) -> None:
        """Something must be drawn in so many seconds."""
        ...

    def clear(self) -> None:
        """The window is to be emptied."""
        ...

    def expand(self) -> None:
        """The last folded output is to be shown whole."""
        ...

    def edit_externally(self) -> None:
        """The draft is to be opened in the person's editor."""
        ...


class Controller:
    """The person's side of a session.

    Args:
        session: what prompts and answers go to.
        view: what is pending.
        screen: draws.
        now: a monotonic clock in seconds.
    """

    def __init__(
        self,
        session: Session,
        view: View,
        screen: Screen,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.editor = Editor(self._text_changed)
        self.reason = Editor(screen.changed)
        self.dialog = Dialog()
        self.suggestions = Suggestions(session.slash)
        self.help_open = False
        self._session = session
        self._view = view
        self._screen = screen
        self._now = now
        self._hint = ""
        self._hint_until = 0.0
        self._last_key = -GUARD
        self._dialog_closed = -GUARD

    # -- what is shown ---------------------------------------------------------------------

    @property
    def hint(self) -> str:
        """What the footer says in place of its standing hint."""
        search = self.editor.search
        if search is not None:
            what = "no match" if search.failed else "search"
            return f"{what}: {search.query}  (enter takes it, ctrl+r older, esc back)"
        return self._hint if self._now() < self._hint_until else ""

    @property
    def focus(self) -> str:
        """Where keys go: ``editor``, ``dialog`` or ``reason``."""
        if not self.dialog.open:
            return "editor"
        if self.dialog.asking_reason:
            return "reason"
        if self.dialog.takes_keys(self._now()) or self.dialog.follows_another:
            return "dialog"
        return "editor"

    def before_drawing(self) -> None:
        """Lets the dialog follow the pending requests."""
        now = self._now()
        before = self.dialog.request
        typing = not self.editor.empty or now - self._last_key < GUARD
        self.dialog.show(self._view.work.requests, now, typing=typing)
        if before is not None and not self.dialog.open:
            self._dialog_closed = now
        if self.dialog.request is not before:
            self.reason.buffer.reset()
            self.help_open = False
            self.editor.end_search(accept=True)
        wait = self.dialog.seconds_until_armed(now)
        if wait:
            self._screen.later(wait)

    def note_key(self) -> None:
        """Called before each key: a dialog that just appeared waits for a pause."""
        # A request may have been resolved since the last drawing: the key belongs to what is left.
        self.before_drawing()
        self._last_key = self._now()
        if self.focus == "editor":
            self.dialog.key_elsewhere(self._last_key)

    # -- the editor ------------------------------------------------------------------------

    def enter(self) -> None:
        """Sends the draft; a suggestion that is not yet complete is completed first."""
        if self.editor.search is not None:
            self.editor.end_search(accept=True)
        elif self.suggestions.shown and not self.suggestions.exact:
            self.complete()
        elif self._now() - self._dialog_closed < GUARD:
            pass  # it was meant for the dialog, which somebody or the key before has closed
        elif not self.editor.newline_for_backslash():
            self._send()

    def _send(self) -> None:
        if not self.editor.text.strip():
            return
        self.help_open = False
        text = self.editor.take().strip()
        self._session.submit(text)
        self._screen.changed()

    def complete(self) -> None:
        """Takes the selected suggestion."""
        if self.suggestions.shown:
            text = self.suggestions.accept()
            self.editor.set(text if " " in text else f"{text} ")

    def up(self) -> None:
        """Up: the suggestion before, or a row up."""
        self._vertical(-1)

    def down(self) -> None:
        """Down: the next suggestion, or a row down."""
        self._vertical(1)

    def _vertical(self, step: int) -> None:
        if self.suggestions.shown:
            self.suggestions.move(step)
            return
        before = self.editor.text
        if step < 0:
            self.editor.up()
        else:
            self.editor.down()
        if self.editor.text != before:
            # What came from the history was complete; the same key shall go on through it.
            self.suggestions.dismiss()

    def question_mark(self) -> None:
        """On an empty line shows or hides the shortcuts, else types itself."""
        if self.editor.empty:
            self.help_open = not self.help_open
            self._screen.changed()
        else:
            self.editor.insert("?")

    def _text_changed(self) -> None:
        self.suggestions.update(self.editor.text)
        self.help_open = False
        self._hint = ""
        self._dialog_closed = -GUARD
        self._screen.changed()

    # -- keys that depend on what is open --------------------------------------------------

    def escape(self) -> None:
        """Closes what is open, else interrupts, else asks once more to clear the draft."""
        if self.editor.search is not None:
            self.editor.end_search(accept=False)
        elif self.help_open:
            self.help_open = False
        elif self.suggestions.shown:
            self.suggestions.dismiss()
        elif self._session.interrupt():
            pass
        elif not self.editor.empty:
            if self.hint == CLEAR_HINT:
                self.editor.clear()
            else:
                self._ask_again(CLEAR_HINT)
        self._screen.changed()

    def can_detach(self) -> bool:
        """Whether a shell command runs that could go on in the background."""
        if self.focus != "editor":
            return False
        return any(tool.name == SHELL for tool in self._view.work.tools.values())

    def detach(self) -> None:
        """Lets the running shell commands go on in the background, and the turn go on."""
        self._session.detach_commands()
        self._screen.changed()

    def control_c(self) -> None:
        """Interrupts, else clears the draft, else leaves at the second time."""
        if self.editor.search is not None:
            self.editor.end_search(accept=False)
        elif self._session.interrupt():
            pass
        elif not self.editor.empty:
            self.editor.clear()
        elif self.hint == EXIT_HINT:
            self._session.request_close()
        else:
            self._ask_again(EXIT_HINT)
        self._screen.changed()

    def control_d(self) -> None:
        """Deletes to the right; on an empty line leaves."""
        if self.editor.empty:
            self._session.request_close()
        else:
            self.editor.buffer.delete()

    def next_mode(self) -> None:
        """Switches to the next approval mode."""
        at = APPROVAL_MODES.index(self._session.approval_mode)
        self._session.set_approval_mode(APPROVAL_MODES[(at + 1) % len(APPROVAL_MODES)])
        self._screen.changed()

    def clear_screen(self) -> None:
        """Empties the window."""
        self._screen.clear()

    def expand(self) -> None:
        """Shows the last folded output whole."""
        self._screen.expand()

    def edit_externally(self) -> None:
        """Opens the draft in the person's editor."""
        self._screen.edit_externally()

    def _ask_again(self, hint: str) -> None:
        self._hint = hint
        self._hint_until = self._now() + AGAIN
        self._screen.later(AGAIN)

    # -- the dialog ------------------------------------------------------------------------

    def dialog_key(self, key: str) -> None:
        """A key while the dialog is open: ``up``, ``down``, ``pageup``, ``enter``, a digit …"""
        dialog = self.dialog
        if not dialog.takes_keys(self._now()):
            return
        if key in ("up", "k", "c-p"):
            dialog.move(-1)
        elif key in ("down", "j", "c-n", "tab"):
            dialog.move(1)
        elif key in ("pageup", "pagedown"):
            dialog.scroll(-1 if key == "pageup" else 1)
        elif key == "escape":
            self._answer(allowed=False)
        elif key == "enter" or (key.isdecimal() and dialog.select(int(key))):
            self._choose()
        self._screen.changed()

    def _choose(self) -> None:
        choice = self.dialog.choices[self.dialog.selected]
        if choice.asks_reason:
            self.dialog.asking_reason = True
        else:
            self._answer(allowed=choice.allowed, remember=choice.remember)

    def reason_enter(self) -> None:
        """Says no, with what was typed as the reason."""
        self._answer(allowed=False, message=self.reason.expanded().strip() or None)

    def reason_escape(self) -> None:
        """Says no without a reason."""
        self._answer(allowed=False)

    def _answer(
        self, *, allowed: bool, message: str | None = None, remember: str | None = None
    ) -> None:
        request = self.dialog.request
        # Somebody else may have answered since the last drawing.
        if request is not None and request.request_id in self._view.work.requests:
            self._session.answer(request.request_id, allowed, message=message, remember=remember)
        self.before_drawing()
        self._screen.changed()
