"""Whether this folder is trusted: the question at the first start, ``/trust``, and what follows a yes.

The person's answer is kept in ``trustedFolders.json`` and takes effect in the running session. Nobody
waits for it: until then the folder is not trusted, prompts run, and the channels are told what has no
effect. What is said over a channel holds for the session.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.failures import describe
from qwen_dual.core.threads import in_thread
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.runtime.context_files import project_files
from qwen_dual.runtime.in_force import apply_settings
from qwen_dual.runtime.late import context_names, load_context
from qwen_dual.runtime.launch import keep_secrets
from qwen_dual.runtime.model_choice import BadChoice, choose_models
from qwen_dual.settings import keys
from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.holdings import holdings
from qwen_dual.settings.keep import keep_trust
from qwen_dual.settings.trust import is_broad

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.commands.screen import Asking
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.runtime.workspace import Workspace
    from qwen_dual.settings.holdings import Holding
    from qwen_dual.settings.trust import Level

QUESTION = "Do you trust the files in this folder?"

NOT_NOW = "The folder is not trusted for now. You are asked at the next start; /trust asks at once."

LATER = Choice("later", "Not now")

AT_THE_NEXT_START = (
    "dualOutput",
    "tools.shell",
    "tools.truncateToolOutput",
    "proxy",
    "general",
    "context.fileFiltering",
    "ui",
)
"""Settings that are looked at once, when a session starts."""

_KEPT: dict[str, Level] = {
    "yes": "TRUST_FOLDER",
    "parent": "TRUST_PARENT",
    "no": "DO_NOT_TRUST",
}


class TrustCommand:
    """The question and the command of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and its tools.
        asking: puts the question to the person.
    """

    def __init__(self, launch: Launch, parts: Parts, asking: Asking) -> None:
        self._launch = launch
        self._parts = parts
        self._asking = asking
        self._holds: list[Holding] = []

    def register(self) -> None:
        """Adds ``/trust`` to the session's registry."""
        self._parts.session.slash.add(
            SlashCommand(
                "trust",
                "whether what this folder brings takes effect",
                self._run,
                self._choices,
                while_busy=False,
                form=self._form,
                answered=lambda answers, actor: self._decide(answers[0], actor, keep=True),
            )
        )

    async def ask_at_start(self) -> None:
        """Asks where nobody has decided and the folder holds something; waits for no answer."""
        trust = self._launch.workspace.trust
        if trust.decided:
            return
        self._holds = await in_thread(self._look)
        if not self._holds:
            return
        listed = ", ".join(dict.fromkeys(holding.path for holding in self._holds))
        self._parts.session.notice(
            f"Without effect, since this folder is not trusted: {listed}. /trust decides.",
            "warning",
        )
        self._asking.offer(self._offer, self._answered)

    def _answered(self, answers: Sequence[str] | None) -> None:
        session = self._parts.session
        if answers is None or answers[0] == LATER.value:
            session.notice(NOT_NOW)
        else:
            session.answer_form("trust", answers, KEYBOARD)

    # -- what is asked ---------------------------------------------------------------------

    def _offer(self, answers: Sequence[str]) -> Question | None:
        """The question at the start: an Enter that was meant for something else decides nothing."""
        if answers:
            return None
        offered = [at for at in self._choices() if at.value != "session" or self._is_broad]
        return Question(QUESTION, (*offered, LATER), default=LATER.value, details=self._details())

    def _form(self, answers: Sequence[str]) -> Question | None:
        if answers:
            return None
        trusted = self._launch.settings.trusted
        default = "yes" if trusted else "no"
        return Question(QUESTION, tuple(self._choices()), default, details=self._details())

    def _details(self) -> tuple[str, ...]:
        trust = self._launch.workspace.trust
        folder = self._launch.cwd
        details = [self._launch.workspace.short(folder)]
        if trust.decided:
            details.append(self._state())
        if self._holds and not trust.trusted:
            details += ["Only if you do, this takes effect:"]
            details += [f"· {holding}" for holding in self._holds]
        return tuple(details)

    @property
    def _is_broad(self) -> bool:
        return is_broad(self._launch.workspace.trust.folder, self._launch.env)

    def _choices(self) -> list[Choice]:
        folder = self._launch.workspace.trust.folder
        parent = os.path.dirname(folder)
        choices = []
        if not self._is_broad:
            choices.append(Choice("yes", "Yes, trust this folder"))
            if not is_broad(parent, self._launch.env):
                choices.append(
                    Choice("parent", f"Yes, and all in {self._launch.workspace.short(parent)}")
                )
        choices.append(Choice("session", "Yes, for this session"))
        choices.append(Choice("no", "No, don't ask again"))
        return choices

    # -- what is answered ------------------------------------------------------------------

    async def _run(self, argument: str, actor: Actor) -> str:
        if not argument:
            self._holds = await in_thread(self._look)
            return "\n".join([self._state(), *map(str, self._holds)])
        return await self._decide(argument, actor, keep=actor.at_keyboard)

    async def _decide(self, answer: str, actor: Actor, *, keep: bool) -> str:
        """Puts an answer in force and says what came of it."""
        choices = [choice.value for choice in self._choices()]
        if answer not in choices:
            raise CommandFailed(f"/trust takes {', '.join(choices)}, not {answer!r}")
        self._asking.withdraw()
        trust = self._launch.workspace.trust
        said = [""]
        if keep and answer in _KEPT:
            try:
                home, person = self._launch.home, trust.folders.person
                await in_thread(
                    partial(keep_trust, home, trust.folder, _KEPT[answer], person), abandon=False
                )
                trust.decide(None)
            except (CannotKeep, OSError) as error:
                trust.decide(answer != "no")
                why = describe(error) if isinstance(error, OSError) else error
                said.append(f"It holds for this session only: {why}")
        else:
            trust.decide(answer != "no")
        waiting = self._launch.settings.refused
        said += await self._take_effect(actor)
        later = [key for key in waiting if key.startswith(AT_THE_NEXT_START)]
        if later and trust.trusted:
            said.append(f"At the next start: {', '.join(later)}.")
        said[0] = self._state()
        return "\n".join(said)

    async def _take_effect(self, actor: Actor) -> list[str]:
        """Reads everything again as it is now; returns what went wrong."""
        launch, session = self._launch, self._parts.session
        before = launch.workspace
        read = partial(before.read_again, launch.spec.as_settings())
        launch.workspace = await in_thread(read)
        wrong = await self._take_models(before, actor)
        self._parts.tools.workspace.env = launch.env
        wrong += apply_settings(launch, session, self._parts.tools)
        mode = launch.settings.get(keys.APPROVAL_MODE)
        of_settings = launch.spec.approval_mode is None
        if session.modes.refused(mode):
            mode = "default"
        if of_settings and session.approval_mode == launch.approval_mode:
            session.set_approval_mode(mode, actor)
            launch.approval_mode = mode
        elif session.modes.refused(session.approval_mode):
            session.set_approval_mode("default", actor)
        session.recheck_pending()
        return [*wrong, *launch.settings.warnings, *await load_context(launch, self._parts)]

    async def _take_models(self, earlier: Workspace, actor: Actor) -> list[str]:
        """Offers the models that are configured now; the first of them where nobody chose one."""
        launch, session = self._launch, self._parts.session
        before, wrong = launch.choice, ""
        try:
            choice = choose_models(launch.spec, launch.settings)
        except BadChoice as error:
            choice, wrong = before, str(error)
        withheld = keep_secrets(session.bus.secrets, choice, launch.settings)
        launch.withheld = sorted({*launch.withheld, *withheld})
        launch.workspace = launch.workspace.of_session(session.session_id, launch.withheld)
        if wrong:
            return [wrong]
        models, left = dict(choice.models), dict(before.models)
        # Another environment may name another way to the same service.
        same_way = launch.settings.environment.values == earlier.settings.environment.values
        for name in choice.models.keys() & before.models.keys():
            if same_way and choice.configs.get(name) == before.configs.get(name):
                models[name] = left.pop(name)
        for name, model in models.items():
            session.add_model(name, model)
        gone = before.models.keys() - models.keys()
        if session.model_name in {before.first_name, *gone}:
            session.set_model(choice.first_name, actor)
        for name in gone:
            session.drop_model(name)
        for model in left.values():
            if isinstance(model, DeferredModel):
                await model.aclose()
        launch.choice = replace(choice, models=models)
        return list(choice.warnings)

    # -- what there is ---------------------------------------------------------------------

    def _look(self) -> list[Holding]:
        launch = self._launch
        if launch.settings.trusted:
            return []
        files = [] if launch.spec.bare else project_files(launch.cwd, context_names(launch))
        return holdings(launch.cwd, launch.home, launch.settings, files)

    def _state(self) -> str:
        trust = self._launch.workspace.trust
        folder = self._launch.workspace.short(trust.folder)
        word = "trusted" if trust.trusted else "not trusted"
        if trust.for_session is not None:
            return f"{folder} is {word} in this session."
        ruling = trust.folders.ruling(trust.folder)
        if ruling is None:
            return f"{folder} is not trusted; nobody has decided."
        by = (
            ""
            if ruling.root == trust.folder
            else f" by {self._launch.workspace.short(ruling.root)}"
        )
        return f"{folder} is {word}{by} ({self._launch.workspace.short(trust.folders.path)})."
