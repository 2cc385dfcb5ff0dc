"""``/theme``, ``/model``, ``/vim``: what a person picks holds for the session, and where it is to last for good."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.threads import in_thread
from qwen_dual.settings import keys
from qwen_dual.settings.choices import keep_choices
from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.services import environment_model

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.questions import Form
    from qwen_dual.core.commands.slash import Output
    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.commands.screen import Screen
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.settings.key import Key

KEEP = "keep"
"""Behind a name: it holds for later sessions too."""

SESSION = "session"

LASTING = Question(
    "For how long?",
    (
        Choice(SESSION, "This session"),
        Choice(KEEP, "From now on", "kept in your settings"),
    ),
)


class Preferences(Struct, frozen=True):
    """The commands that a person sets their own preferences with.

    Args:
        session: whose model changes.
        launch: knows the person's settings folder and the models.
        screen: whose colours and keys change.
        themes: the colours that there are.
    """

    session: Session
    launch: Launch
    screen: Screen
    themes: Sequence[Choice]

    def register(self) -> None:
        """Adds them; ``/model`` takes the place of the one that keeps nothing."""
        add = self.session.slash.add
        add(
            SlashCommand(
                "model",
                "show or change the model; `keep` behind it: from now on",
                self._model,
                self._models,
                form=_form("Model", self._models, lambda: self.session.model_name),
                answered=lambda answers, actor: self._model(" ".join(answers), actor),
            )
        )
        add(
            SlashCommand(
                "theme",
                "show or change the colours; `keep` behind it: from now on",
                self._theme,
                lambda: self.themes,
                form=_form(
                    "Theme", lambda: self.themes, lambda: self.screen.theme_name, self._preview
                ),
                answered=lambda answers, actor: self._theme(" ".join(answers), actor),
                needs=("theme",),
            )
        )

        add(
            SlashCommand(
                "vim",
                "vi's keys for the prompt, and back; from now on",
                self._vim,
                needs=("editor",),
            ),
        )

    def _models(self) -> list[Choice]:
        return [Choice(name) for name in self.session.model_names]

    def _model(self, arguments: str, actor: Actor) -> Output:
        name, lasts = _parsed(arguments, actor)
        if not name:
            current = self.session.model_name
            return "\n".join(
                f"{'●' if known == current else ' '} {known}" for known in self.session.model_names
            )
        self.session.set_model(name, actor)
        if not lasts:
            return f"Model: {name}"
        config = self.launch.choice.configs.get(name)
        if config is None:
            raise CommandFailed(f"Model: {name}, for this session; /auth keeps a service's models.")
        kept = {keys.MODEL: config.id, keys.SELECTED_TYPE: config.protocol}
        named = environment_model(self.launch.settings.environment, config.protocol)
        behind = ""
        if named is not None and named[0] != config.id:
            behind = f". {named[1]} names {named[0]}, which goes before it: unset that"
        return self._keep(f"Model: {name}", kept, behind)

    def _theme(self, arguments: str, actor: Actor) -> Output:
        name, lasts = _parsed(arguments, actor)
        if not name:
            current = self.screen.theme_name
            return "\n".join(
                f"{'●' if choice.value == current else ' '} {choice.value:<15}  {choice.summary}"
                for choice in self.themes
            )
        names = [choice.value for choice in self.themes]
        found = name.strip().lower()
        if found not in names:
            raise CommandFailed(f"unknown theme {name!r}; there are: {', '.join(names)}")
        self.screen.set_theme(found)
        if not lasts:
            return f"Theme: {found}"
        return self._keep(f"Theme: {found}", {keys.THEME: found})

    def _preview(self, name: str) -> None:
        self.screen.set_theme(name, preview=True)

    def _vim(self, arguments: str, actor: Actor) -> Output:
        if arguments.strip():
            raise CommandFailed(f"/vim takes nothing, not {arguments.strip()!r}: it switches")
        told = self.screen.set_vi(not self.screen.vi)
        if not actor.is_person:
            return f"{told}, for this session"
        return self._keep(told, {keys.VIM_MODE: self.screen.vi})

    async def _keep(
        self, told: str, choices: Mapping[Key[Any], str | bool], behind: str = ""
    ) -> str:
        """Keeps choices, in a thread: another session may be changing the file."""
        keep = partial(keep_choices, self.launch.home, choices)
        try:
            path = await in_thread(keep, abandon=False)
        except CannotKeep as error:
            raise CommandFailed(f"For this session only: {error}") from error
        return f"{told}, from now on: kept in {self.launch.workspace.short(path)}{behind}"


def _parsed(arguments: str, actor: Actor) -> tuple[str, bool]:
    """The name, and whether it is to last."""
    name, _, word = arguments.strip().rpartition(" ")
    if word not in (KEEP, SESSION) or not name:
        return arguments.strip(), False
    if word == KEEP and not actor.is_person:
        raise CommandFailed("What lasts is for the person to say, at the keyboard.")
    return name.strip(), word == KEEP


def _form(
    text: str,
    choices: Callable[[], Sequence[Choice]],
    current: Callable[[], str],
    preview: Callable[[str], object] | None = None,
) -> Form:
    """Which of the choices, and for how long."""

    def form(answers: Sequence[str]) -> Question | None:
        match len(answers):
            case 0:
                offered = tuple(choices())
                return Question(text, offered, current(), preview=preview) if offered else None
            case 1:
                return LASTING
            case _:
                return None

    return form
