"""What slash commands ask of the front end that they run in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.questions import Form
    from qwen_dual.protocol.events import Event


class Asking(Protocol):
    """Puts questions to the person."""

    def open_form(self, form: Form, done: Callable[[Sequence[str]], object]) -> bool:
        """Opens a form; False when it has nothing to ask. ``done`` takes the answers."""

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

    def set_vi(self, on: bool) -> None:
        """Gives the editor vi's keys, or takes them away."""

    def last_answer(self) -> str:
        """The text of the last answer; empty where there is none."""

    def copy(self, text: str) -> str:
        """Copies ``text``; says how."""

    def replay(self, events: Sequence[Event]) -> None:
        """Shows the end of an earlier conversation."""
