"""What a session cannot do that it is asked for; each text is for whoever asked."""

from __future__ import annotations

from qwen_dual.protocol import APPROVAL_MODES


class UnknownMode(ValueError):
    """An approval mode that does not exist."""

    def __init__(self, mode: str) -> None:
        super().__init__(
            f"unknown approval mode {mode!r}; expected one of: {', '.join(APPROVAL_MODES)}"
        )
        self.mode = mode


class ModeRefused(UnknownMode):
    """An approval mode that cannot be had here; the text says why."""

    def __init__(self, mode: str, why: str) -> None:
        super().__init__(mode)
        self.args = (why,)


class CommandFailed(Exception):
    """A slash command that could not do what it was asked; the text is for the person."""


class UnknownModel(CommandFailed):
    """A model that is not configured."""

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(f"unknown model {name!r}; configured: {', '.join(known)}")
        self.name = name


class HostFailed(Exception):
    """The program that hosts the session gave no answer that can be used; the text says why."""
