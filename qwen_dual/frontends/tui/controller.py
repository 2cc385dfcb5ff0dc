"""What keys do: to the draft, what is open, and the session. No prompt-toolkit app.

The keys module binds keys to these methods; the app module draws. What needs the screen is asked
of ``Screen``; while something is asked, keys are ``asking``'s.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.frontends.tui.dialogs.asking import Asking
from qwen_dual.frontends.tui.dialogs.dialog import GUARD
from qwen_dual.frontends.tui.dialogs.dialog_lines import preview_text
from qwen_dual.frontends.tui.editing.editor import Editor
from qwen_dual.frontends.tui.editing.queued import QueuedPrompts
from qwen_dual.frontends.tui.editing.sending import Sending
from qwen_dual.frontends.tui.editing.suggest import Suggestions

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.frontends.tui.editing.suggest import FileSource
    from qwen_dual.frontends.tui.screen import Screen
    from qwen_dual.frontends.tui.state.view import View
    from qwen_dual.runtime.handle import SessionHandle

AGAIN = 2.0
"""Seconds in which a second Ctrl+C or Esc counts as such."""

EXIT_HINT = "Press Ctrl+C again to exit."
CLEAR_HINT = "Press Esc again to clear the draft."
REWIND_HINT = "Press Esc again to go back to an earlier prompt."
DRAFT_HINT = "A draft waits: y allows."
SHELL_TIP = "shell mode (esc leaves)"
RETRY_TIP = "ctrl+y retries"

WHOLE_HINT = "ctrl+o again: all of it"

SAID = 4.0
"""Seconds that a remark stays in the footer."""


class Controller:
    """The person's side of a session.

    Args:
        session: what prompts and answers go to.
        view: what is pending.
        screen: draws.
        now: a monotonic clock in seconds.
        files: what ``@`` completes; nothing where None.

    Attributes:
        panel: what is open below the editor: ``help``, ``tools``, or nothing.
        sending: what becomes of a draft that is sent; ``on_new_draft`` is called when it was cleared too.
        on_paste_image: called when the clipboard is to be looked into for an image.
        on_look: called when what takes keys may be something else.
        queued: the prompt of the queue that is in the editor, if one is.
    """

    def __init__(
        self,
        session: SessionHandle,
        view: View,
        screen: Screen,
        now: Callable[[], float] = time.monotonic,
        files: FileSource | None = None,
    ) -> None:
        self.editor = Editor(self._text_changed, self._cursor_moved)
        self.asking = Asking(session, lambda: view.work.requests, screen.changed, screen.later, now)
        self.asking.type_in_editor = self._type
        self.asking.paste_in_editor = self.editor.paste
        self.suggestions = Suggestions(session.slash, files)
        self.queued = QueuedPrompts(session.queue_editing, self.editor, view.sent_as)
        self.sending = Sending(lambda: self.session, self.editor, view, self.asking, self.queued)
        self.panel = ""
        self.on_paste_image: Callable[[], object] = lambda: None
        self.on_look: Callable[[], object] = lambda: None
        self.session = session
        self._view = view
        self._screen = screen
        self._now = now
        self._hint = ""
        self._hint_until = 0.0
        self._last_key = -GUARD
        session.take_back(self.queued.take_back)

    # -- what is shown ---------------------------------------------------------------------

    @property
    def hint(self) -> str:
        """What the footer says in place of everything else."""
        search = self.editor.search
        if search is not None:
            what = "no match" if search.failed else "search"
            return f"{what}: {search.query}  (enter takes it, ctrl+r older, esc back)"
        if self.asking.dialog.refused == "draft":
            return DRAFT_HINT
        return self._hint if self._now() < self._hint_until else ""

    @property
    def tip(self) -> str:
        """What a key would do in the state there is."""
        if self.queued.tip or self.editor.shell:
            return self.queued.tip or SHELL_TIP
        if not self.editor.empty and self.sending.choice:
            return self.sending.choice
        return RETRY_TIP if self.editor.empty and self.session.retryable else ""

    @property
    def placeholder(self) -> str:
        """What stands in an empty editor."""
        return self.sending.choice if self.editor.empty and not self.queued.tip else ""

    @property
    def focus(self) -> str:
        """Where keys go: see ``Asking.focus``."""
        return self.asking.focus

    @property
    def tools(self) -> Sequence[tuple[str, str]]:
        """The tools and what they are for."""
        tools = self.session.tools.values()
        return [(tool.display.word, tool.display.about or tool.description) for tool in tools]

    def before_drawing(self) -> None:
        """Lets the dialog follow the pending requests."""
        typing = not self.editor.empty or self._now() - self._last_key < GUARD
        self.asking.dialog.note_draft(self._now(), draft=not self.editor.empty)
        self.asking.dialog.commanding = self.editor.normal
        if not self.editor.empty:
            self.asking.typing()
        if self.asking.follow(typing=typing):
            self.panel = ""
            self.editor.end_search(accept=True)
        self.on_look()

    def note_key(self) -> None:
        """Called before each key: a dialog that just appeared waits for a pause."""
        # A request may have been resolved since the last drawing: the key belongs to what is left.
        self.before_drawing()
        self._last_key = self._now()
        if self.focus == "editor":
            self.asking.dialog.key_elsewhere(self._last_key)
            self.asking.typing()

    # -- the editor ------------------------------------------------------------------------

    def enter(self) -> None:
        """Sends the draft; a suggestion that is not yet complete is completed first."""
        if self.editor.search is not None:
            self.editor.end_search(accept=True)
        elif self.suggestions.shown and not self.suggestions.exact:
            self.complete()
        elif self.asking.just_closed:
            pass  # it was meant for the dialog, which somebody or the key before has closed
        elif not self.editor.newline_for_backslash() and self.sending.send():
            self._sent()

    def queue(self) -> None:
        """Sends the draft for after the turn that runs; where Enter does that, into it."""
        if not self.asking.just_closed and self.sending.send(other=True):
            self._sent()

    def tab(self) -> None:
        """Takes the selected suggestion; without one it sends as ``queue``, while a turn runs."""
        if self.suggestions.shown:
            self.complete()
        elif self.sending.choice:
            self.queue()

    def _sent(self) -> None:
        self.panel = ""
        self._screen.changed()

    def open_form(self, text: str) -> bool:
        """See ``Sending.open_form``."""
        return self.sending.open_form(text)

    def complete(self) -> None:
        """Takes the selected suggestion."""
        if self.suggestions.shown:
            self.editor.set(*self.suggestions.accept())

    def close_suggestions(self) -> None:
        """Hides them until the draft changes."""
        self.suggestions.dismiss()
        self._screen.changed()

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
        if self.queued.move(step):
            self._screen.changed()
        elif step < 0:
            self.editor.up()
        else:
            self.editor.down()
        if self.editor.text != before:
            # What came from the history was complete; the same key shall go on through it.
            self.suggestions.dismiss()

    def question_mark(self) -> None:
        """On an empty line shows or hides the shortcuts, else types itself."""
        if self.editor.empty:
            self._toggle_panel("help")
        else:
            self.editor.insert("?")

    def toggle_tools(self) -> None:
        """Shows or hides what the tools are for."""
        self._toggle_panel("tools")

    def _toggle_panel(self, panel: str) -> None:
        self.panel = "" if self.panel == panel else panel
        self._screen.changed()

    def bang(self) -> None:
        """On an empty line enters or leaves shell mode, else types itself."""
        if self.editor.empty:
            self._set_shell(not self.editor.shell)
        else:
            self.editor.insert("!")

    def _type(self, text: str) -> None:
        """What was typed while a question stood by, and is no answer to it."""
        if self.editor.normal:
            return  # a command of vi that came without the ones before it
        special = {"?": self.question_mark, "!": self.bang}.get(text)
        if special is not None:
            special()
        else:
            self.editor.insert(text)

    def backspace(self) -> None:
        """Deletes to the left; on an empty line leaves shell mode."""
        if self.editor.empty and self.editor.shell:
            self._set_shell(False)
        else:
            self.editor.backspace()

    def _set_shell(self, on: bool) -> None:
        self.editor.shell = on
        self.panel = ""
        self._cursor_moved()
        self._screen.changed()

    def files_changed(self) -> None:
        """The file source knows more by now."""
        self.suggestions.refresh()
        self._screen.changed()

    def _text_changed(self) -> None:
        self.panel = ""
        self._hint = ""
        self.asking.typed()
        self._screen.changed()

    def _cursor_moved(self) -> None:
        editor = self.editor
        self.suggestions.update(editor.text, editor.cursor, shell=editor.shell)
        if editor.normal:
            self.suggestions.dismiss()

    # -- keys that depend on what is open --------------------------------------------------

    def escape(self) -> None:
        """Closes what is open, else interrupts, else asks once more to clear the draft."""
        if self.editor.search is not None:
            self.editor.end_search(accept=False)
        elif self.panel:
            self.panel = ""
        elif self.suggestions.shown:
            self.suggestions.dismiss()
        elif self.session.interrupt(KEYBOARD, "return"):
            pass
        elif self.editor.shell:
            self._set_shell(False)
        elif not self.editor.empty:
            if self.hint == CLEAR_HINT:
                self._clear()
            else:
                self._ask_again(CLEAR_HINT)
        elif self.hint == REWIND_HINT:
            self._hint = ""
            self.open_form("/rewind")
        elif self.session.has_prompts:
            self._ask_again(REWIND_HINT)
        self._screen.changed()

    def can_detach(self) -> bool:
        """Whether a shell command runs that could go on in the background."""
        if self.focus != "editor":
            return False
        return any(tool.display.can_detach for tool in self._view.work.tools.values())

    def detach(self) -> None:
        """Lets the running shell commands go on in the background, and the turn go on."""
        self.session.detach_commands()
        self._screen.changed()

    def control_c(self) -> None:
        """Interrupts, else clears the draft, else leaves at the second time."""
        if self.asking.close_form():
            return
        if self.editor.search is not None:
            self.editor.end_search(accept=False)
        elif self.session.interrupt(KEYBOARD, "return"):
            pass
        elif not self.editor.empty:
            self._clear()
        elif self.hint == EXIT_HINT:
            self.session.request_close()
        else:
            self._ask_again(EXIT_HINT)
        self._screen.changed()

    def _clear(self) -> None:
        self.queued.forget()
        self.editor.clear()
        self.sending.on_new_draft()

    def control_d(self) -> None:
        """Deletes to the right; on an empty line leaves."""
        if self.editor.empty:
            self.session.request_close()
        else:
            self.editor.delete()

    def next_mode(self) -> None:
        """Switches to the next approval mode."""
        self.session.next_approval_mode(KEYBOARD)
        self._screen.changed()

    def retry(self) -> None:
        """Makes the last failed model call again."""
        if not self.session.retry(KEYBOARD):
            self._show_hint("There is no failed request to retry.", SAID)
        self._screen.changed()

    def paste_image(self) -> None:
        """Puts the image of the clipboard into the draft."""
        self.on_paste_image()

    def remark(self, text: str) -> None:
        """Says something in the footer for a while."""
        self._show_hint(text, SAID)
        self._screen.changed()

    def toggle_raw(self) -> None:
        """Shows what follows as raw Markdown, or no longer."""
        self._screen.toggle_raw()

    def clear_screen(self) -> None:
        """Empties the window."""
        self._screen.clear()

    def expand(self) -> None:
        """Shows the last folded output whole; while something is asked, what it is about."""
        request = self.asking.dialog.request
        if request is not None and self.asking.sheet is None:
            self._screen.page(preview_text(request))
        elif self._screen.expand():
            self._show_hint(WHOLE_HINT, SAID)

    def edit_externally(self) -> None:
        """Opens the draft in the person's editor."""
        self._screen.edit_externally()

    def suspend(self) -> None:
        """Stops the program, for the shell it was started from."""
        self._screen.suspend()

    def _ask_again(self, hint: str) -> None:
        self._show_hint(hint, AGAIN)

    def _show_hint(self, hint: str, seconds: float) -> None:
        self._hint = hint
        self._hint_until = self._now() + seconds
        self._screen.later(seconds)
