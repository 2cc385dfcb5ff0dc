"""The draft: text and cursor, history, search, folded pastes. Only keys change it, never an event.

Holds a prompt-toolkit buffer, whose own bindings do the ordinary editing; what is here is what
they do not do. It knows no screen but the width that lines are wrapped to.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Literal

from prompt_toolkit.buffer import Buffer
from prompt_toolkit.document import Document

from qwen_dual.core.prompts.prompt import Entered
from qwen_dual.frontends.tui.editing.history import MAX_QUERY, History, Search
from qwen_dual.frontends.tui.editing.paste import Pastes
from qwen_dual.frontends.tui.editing.rows import moved
from qwen_dual.protocol.blocks import text_block
from qwen_dual.protocol.sanitise import sanitise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.frontends.tui.editing.draft_images import DraftImages
    from qwen_dual.protocol.content_shapes import PromptBlock


MAX_UNFOLDED = 20_000
"""Characters that another program may bring: each key goes through all that is in view."""


class Editor:
    """What a person is typing.

    Args:
        changed: called after each change of the text.
        moved: called after each change of the text or the cursor's place.

    Attributes:
        width: columns that lines are wrapped to.
        version: another one after each change of the text, the cursor's place or ``shell``.
        on_shared: called at each of these changes, where somebody else follows them.
        amid_command: whether the person has given half a command of vi's.
        normal: the cursor stands on a character and not between two, as in vi's normal mode.
        on_entered: takes what was sent, to be kept for later sessions.
        number_image: gives an image of the draft its number.
        on_dropped: told of a paste that may be paths of images, and where it stands.
    """

    def __init__(
        self,
        changed: Callable[[], object] = lambda: None,
        moved: Callable[[], object] = lambda: None,
    ) -> None:
        self.buffer = Buffer(multiline=True, name="editor")
        self.search: Search | None = None
        self.width = 78
        self.version = 0
        self.on_shared: Callable[[], object] = lambda: None
        self.amid_command: Callable[[], bool] = lambda: False
        self._shell = False
        self._away: Literal["", "editor", "pager"] = ""
        self.normal = False
        self.on_entered: Callable[[Entered], object] = lambda _: None
        self.on_dropped: Callable[[str, int], object] = lambda text, at: None
        self.number_image: Callable[[], int] = count(1).__next__
        self._histories = {False: History(), True: History()}
        self._pastes = Pastes()
        self._images: DraftImages | None = None
        self._place = 0

        def text_changed(_: Buffer) -> None:
            self._note()
            changed()
            moved()

        def cursor_moved(_: Buffer) -> None:
            self._note()
            if not self._step_over():
                moved()

        self.buffer.on_text_changed += text_changed
        self.buffer.on_cursor_position_changed += cursor_moved

    def _note(self) -> None:
        self.version += 1
        self.on_shared()

    @property
    def shell(self) -> bool:
        """What is typed is a command for the shell, with a history of its own."""
        return self._shell

    @shell.setter
    def shell(self, on: bool) -> None:
        if on != self._shell:
            self._shell = on
            self._note()

    @property
    def away(self) -> Literal["", "editor", "pager"]:
        """What of the person's own programs has the terminal; empty for none."""
        return self._away

    @away.setter
    def away(self, what: Literal["", "editor", "pager"]) -> None:
        self._away = what
        self.on_shared()

    @property
    def images(self) -> DraftImages:
        """The images that titles in the draft stand for."""
        if self._images is None:
            from qwen_dual.frontends.tui.editing.draft_images import DraftImages

            self._images = DraftImages(self.number_image)
        return self._images

    def content_of(self, text: str) -> tuple[PromptBlock, ...]:
        """A prompt with the images that it names, in order; nothing where it names none."""
        images = [] if self._images is None else self._images.images_in(text)
        return (text_block(text), *images) if images else ()

    @property
    def _history(self) -> History:
        return self._histories[self.shell]

    @property
    def text(self) -> str:
        """The draft as it is shown, with placeholders."""
        return self.buffer.text

    @property
    def empty(self) -> bool:
        """Whether there is nothing in it."""
        return not self.buffer.text

    @property
    def cursor(self) -> int:
        """The index of the character that the cursor is on."""
        return self.buffer.cursor_position

    def set(self, text: str, cursor: int | None = None) -> None:
        """Replaces the draft; the cursor goes to its end unless told otherwise."""
        end = len(text)
        if self.normal and text and not text.endswith("\n"):
            end -= 1
        self.buffer.document = Document(text, end if cursor is None else min(cursor, end))

    def put(self, text: str) -> None:
        """Replaces the draft, folded where it is too large to be edited here."""
        self.set(self._pastes.fold(text) if len(text) > MAX_UNFOLDED else text)

    def write(self, text: str, cursor: int | None) -> None:
        """Replaces the draft for somebody else: the person's undo takes it back."""
        self.buffer.save_to_undo_stack()
        self.set(text, cursor)

    def units(self, text: str) -> frozenset[str]:
        """What in ``text`` stands for a paste or an image."""
        images = () if self._images is None else self._images.spans(text)
        spans = (*self._pastes.spans(text), *images)
        return frozenset(text[begin:end] for begin, end in spans)

    def put_before(self, text: str) -> None:
        """Puts ``text`` before the draft, folded where it is large; the cursor moves with its place."""
        folded = self._pastes.fold(text)
        self.set(folded + self.buffer.text, len(folded) + self.cursor)

    def take(self) -> str:
        """Empties the editor into the history and returns what is to be sent."""
        shown = self.buffer.text
        # As in a shell, a blank before it keeps it out of what lasts.
        if shown.strip() and not shown.startswith(" "):
            self.on_entered(Entered(shown, self.shell, self._pastes.standing_in(shown)))
        return self._empty()

    def _empty(self) -> str:
        shown = self.buffer.text
        self._history.add(shown)
        self.buffer.reset()
        # ``reset`` tells nobody.
        self.buffer.on_text_changed.fire()
        return self._pastes.expand(shown)

    def remember(self, earlier: Sequence[Entered]) -> None:
        """Puts what was sent in earlier sessions before what was sent in this one."""
        for shell, history in self._histories.items():
            history.add_older(
                self._adopted(entered) for entered in earlier if entered.shell == shell
            )

    def _adopted(self, entered: Entered) -> str:
        text = self._pastes.adopt(sanitise(entered.text), entered.pastes)
        return self.images.adopt(text) if "[image " in text else text

    def expanded(self) -> str:
        """The draft with its pastes in full."""
        return self._pastes.expand(self.buffer.text)

    def clear(self) -> None:
        """Empties the editor; the draft can be had back from the history of this session."""
        self._empty()

    def drop(self) -> None:
        """Empties the editor; what was in it is in no history."""
        self.set("")

    def insert(self, text: str) -> None:
        """Types ``text`` at the cursor."""
        self.buffer.insert_text(sanitise(text))

    def paste(self, text: str) -> None:
        """Inserts pasted text, folded when it is large.

        Args:
            text: sanitised already (``arriving_paste``): to go through a large one takes long.
        """
        inserted, at = self._pastes.fold(text), self.cursor
        self.buffer.insert_text(inserted)
        if inserted == text and "/" in text and not self.shell:
            self.on_dropped(inserted, at)

    def replace(self, text: str, at: int, other: str) -> bool:
        """Puts ``other`` in the place of ``text``; False where that stands there no more."""
        whole, end = self.buffer.text, at + len(text)
        if whole[at:end] != text:
            return False
        cursor = self.cursor
        if cursor > at:
            cursor = max(at + len(other), cursor + len(other) - len(text))
        self.buffer.save_to_undo_stack()
        self.set(whole[:at] + other + whole[end:], cursor)
        return True

    # -- placeholders and titles, each of which is one unit -----------------------------------

    def _spans(self) -> list[tuple[int, int]]:
        text = self.buffer.text
        if "]" not in text:
            return []
        images = () if self._images is None else self._images.spans(text)
        return [*self._pastes.spans(text), *images]

    @property
    def unit_before(self) -> int:
        """The length of the unit that ends at the cursor; 0 where none does."""
        return next((end - begin for begin, end in self._spans() if end == self.cursor), 0)

    @property
    def unit_after(self) -> int:
        """The length of the unit that begins at the cursor; 0 where none does."""
        return next((end - begin for begin, end in self._spans() if begin == self.cursor), 0)

    def backspace(self) -> None:
        """Deletes the character before the cursor, or the whole of a unit."""
        self.buffer.delete_before_cursor(self.unit_before or 1)

    def delete(self) -> None:
        """Deletes the character at the cursor, or the whole of a unit."""
        self.buffer.delete(self.unit_after or 1)

    def _step_over(self) -> bool:
        """Takes the cursor out of a unit, the way it went; whether it was in one."""
        before, self._place = self._place, self.cursor
        for begin, end in self._spans():
            if begin < self.cursor < end:
                back = self.cursor < before or (self.normal and before != begin)
                self.buffer.cursor_position = begin if back else end
                return True
        return False

    def newline_for_backslash(self) -> bool:
        """Turns a backslash before the cursor into a newline; False when there is none."""
        if not self.buffer.document.text_before_cursor.endswith("\\"):
            return False
        self.buffer.delete_before_cursor(1)
        self.buffer.insert_text("\n")
        return True

    # -- rows and history ------------------------------------------------------------------

    def up(self) -> None:
        """A row up; on the first row to its start; from there to the entry before.

        With ``normal`` from anywhere on the first row, and ``down`` likewise, as vi's k and j do.
        """
        self._vertical(-1)

    def down(self) -> None:
        """A row down; on the last row to its end; from there to the entry after."""
        self._vertical(1)

    def _vertical(self, step: int) -> None:
        text, cursor = self.buffer.text, self.buffer.cursor_position
        target = moved(text, cursor, self.width, step)
        if target is not None:
            self.buffer.cursor_position = target
            return
        if not self.normal and not self.at_edge(step):
            self.buffer.cursor_position = 0 if step < 0 else len(text)
            return
        entry = self._history.back(text) if step < 0 else self._history.forward()
        if entry is not None:
            # At the edge, so that the same key goes on through the history.
            self.set(entry, 0 if step < 0 else None)

    def at_edge(self, step: int) -> bool:
        """Whether a row up or down leads out of the draft."""
        text = self.buffer.text
        if self.normal:
            return moved(text, self.cursor, self.width, step) is None
        return self.cursor == (0 if step < 0 else len(text))

    # -- reverse search --------------------------------------------------------------------

    def search_back(self) -> None:
        """Begins a reverse search, or goes on to the next older match."""
        if self.search is None:
            self.search = Search((self.buffer.text, self.buffer.cursor_position))
        elif self.search.query:
            self._find(self.search.at)

    def search_type(self, text: str) -> None:
        """Adds to what is searched for."""
        if self.search is not None:
            room = max(0, MAX_QUERY - len(self.search.query))
            self.search.query += sanitise(text[:room]).replace("\n", " ")
            self._find(None)

    def search_backspace(self) -> None:
        """Takes the last character of what is searched for away."""
        if self.search is not None:
            self.search.query = self.search.query[:-1]
            self._find(None)

    def end_search(self, accept: bool) -> None:
        """Keeps what was found, or goes back to the draft."""
        if self.search is not None and not accept:
            self.set(*self.search.draft)
        self.search = None

    def _find(self, before: int | None) -> None:
        search = self.search
        assert search is not None
        if not search.query:
            search.at, search.failed = None, False
            self.set(*search.draft)
            return
        found = self._history.find(search.query, before)
        search.failed = found is None
        if found is not None:
            search.at = found[0]
            self.set(found[1], found[2])
