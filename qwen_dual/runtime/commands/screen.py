"""What slash commands ask of the front end that they run in; and one that has none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.commands.questions import Choice, Form
    from qwen_dual.core.commands.slash import Need
    from qwen_dual.core.prompts.draft import DraftEditor
    from qwen_dual.protocol.events import Event


class Asking(Protocol):
    """Puts questions to the person."""

    def open_form(
        self, form: Form, done: Callable[[Sequence[str]], object], name: str = ""
    ) -> bool:
        """Opens a form of the command ``name``; False when it has nothing to ask.

        ``done`` takes the answers.
        """

    def offer(self, form: Form, done: Callable[[Sequence[str] | None], object]) -> None:
        """Lets a question stand by; ``done`` gets None when it is closed without an answer."""

    def withdraw(self) -> None:
        """Takes back the question that stands by."""


class Screen(Protocol):
    """Shows a session, in colours, with an editor for prompts."""

    @property
    def theme_name(self) -> str:
        """The colours in force."""

    def set_theme(self, name: str, *, preview: bool = False) -> None:
        """Changes the colours; with ``preview`` only until the next change."""

    @property
    def vi(self) -> bool:
        """Whether the editor has vi's keys."""

    def set_vi(self, on: bool) -> str:
        """Gives the editor vi's keys, or takes them away; says so to the person."""

    async def copy_answer(self) -> str:
        """Copies the last answer; says what became of it. Empty where there is none."""

    def replay(self, events: Sequence[Event]) -> None:
        """Shows the end of an earlier conversation."""

    def edit(self, text: str, done: Callable[[str], object]) -> bool:
        """Opens a text in the person's editor; False where there is none.

        ``done`` takes what it was made into.
        """

    def page(self, text: str) -> None:
        """Opens ``text`` in the person's pager."""


class NoAsking:
    """Asks nobody."""

    def open_form(
        self, form: Form, done: Callable[[Sequence[str]], object], name: str = ""
    ) -> bool:
        """Asks nothing."""
        return False

    def offer(self, form: Form, done: Callable[[Sequence[str] | None], object]) -> None:
        """Asks nothing."""

    def withdraw(self) -> None:
        """There is nothing to take back."""


class NoScreen:
    """Shows nothing."""

    theme_name = ""
    vi = False

    def set_theme(self, name: str, *, preview: bool = False) -> None:
        """There are no colours."""

    def set_vi(self, on: bool) -> str:
        """There is no editor."""
        return ""

    async def copy_answer(self) -> str:
        """Nothing was shown."""
        return ""

    def replay(self, events: Sequence[Event]) -> None:
        """Nothing is shown."""

    def edit(self, text: str, done: Callable[[str], object]) -> bool:
        """There is no editor."""
        return False

    def page(self, text: str) -> None:
        """Nothing is shown."""


class FrontEnd(Struct, frozen=True):
    """A front end, as slash commands see it.

    Attributes:
        offers: what it has of what commands need.
        screen: what shows the session.
        asking: puts questions to the person.
        themes: the colours that there are.
        draft: gives where a person types, and looks at what is proposed; None where there is nobody.
    """

    offers: Sequence[Need] = ()
    screen: Screen = NoScreen()
    asking: Asking = NoAsking()
    themes: Sequence[Choice] = ()
    draft: Callable[[], DraftEditor] | None = None


NO_FRONT_END = FrontEnd()
"""For a session that nobody looks at, and nobody can be asked."""
