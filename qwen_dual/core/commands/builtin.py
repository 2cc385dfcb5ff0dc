"""The slash commands that need nothing but the session: registers them, and says what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.core.commands.questions import Choice, pick
from qwen_dual.core.commands.slash import RETRY, SlashCommand
from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from qwen_dual.core.actor import Actor
    from qwen_dual.core.session.session import Session
    from qwen_dual.core.session.stats import Stats

MODE_MEANINGS = {
    "plan": "reads only; nothing that writes or runs",
    "default": "asks before it writes or runs",
    "auto-edit": "edits in the workspace without asking",
    "auto": "edits, and what a model clears; asks for the rest",
    "yolo": "runs everything without asking",
}


def register(session: Session, stats: Stats) -> None:
    """Adds the session's own commands to its registry."""
    add = session.slash.add
    add(SlashCommand("help", "what can be typed", lambda _, __: session.slash.help()))
    add(
        SlashCommand(
            "clear",
            "begin a new conversation",
            lambda _, actor: session.clear(actor),
            while_busy=False,
        )
    )
    add(
        SlashCommand(
            "approval-mode",
            "show or change what runs without asking",
            lambda mode, actor: _approval_mode(session, mode, actor),
            _modes,
            form=pick("Approval mode", _modes, lambda: session.approval_mode),
        )
    )
    add(
        SlashCommand(
            "model",
            "show or change the model",
            lambda name, actor: _model(session, name, actor),
            lambda: _models(session),
            form=pick("Model", lambda: _models(session), lambda: session.model_name),
        )
    )
    add(
        SlashCommand(
            "compress",
            "summarise the older part of the conversation",
            lambda _, __: session.compress(),
            while_busy=False,
        )
    )
    add(
        SlashCommand(
            RETRY.removeprefix("/"),
            "make the failed model call of the last turn again",
            lambda _, __: "There is no failed call to retry.",
            while_busy=False,
        )
    )
    add(SlashCommand("tools", "what the model can call", lambda _, __: _tools(session)))
    add(
        SlashCommand(
            "stats",
            "turns, tokens, tools and time",
            lambda _, __: stats.describe(session.tools, session.services.meter.prices),
        )
    )
    add(
        SlashCommand("quit", "end the session", lambda _, __: session.request_close()),
        "exit",
    )


def _modes() -> list[Choice]:
    return [Choice(mode, summary=MODE_MEANINGS[mode]) for mode in APPROVAL_MODES]


def _models(session: Session) -> list[Choice]:
    return [Choice(name) for name in session.model_names]


def _approval_mode(session: Session, mode: str, actor: Actor) -> str:
    if mode:
        session.set_approval_mode(mode, actor)
        return f"Approval mode: {mode} ({MODE_MEANINGS[mode]})"
    return "\n".join(
        f"{'●' if name == session.approval_mode else ' '} {name:<9}  {meaning}"
        for name, meaning in MODE_MEANINGS.items()
    )


def _model(session: Session, name: str, actor: Actor) -> str:
    if name:
        session.set_model(name, actor)
        return f"Model: {name}"
    return "\n".join(
        f"{'●' if known == session.model_name else ' '} {known}" for known in session.model_names
    )


def _tools(session: Session) -> str:
    shown = [tool.display for tool in session.tools.values()]
    width = max((len(display.word) for display in shown), default=0)
    return "\n".join(f"{display.word:<{width}}  {display.about}".rstrip() for display in shown)
