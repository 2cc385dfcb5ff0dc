"""The slash command ``/auth``: when its questions are asked, and asked again after a failure."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

from anyio import to_thread
from msgspec.structs import replace

from qwen_dual.core.actor import KEYBOARD
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.runtime import auth
from qwen_dual.settings.editing import CannotKeep
from qwen_dual.settings.keep import save_provider

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.questions import Form, Question
    from qwen_dual.core.models.model import Model
    from qwen_dual.core.session.session import Session
    from qwen_dual.runtime.auth import Connection
    from qwen_dual.runtime.workspace import Workspace
    from qwen_dual.settings.model_config import ModelConfig

    Ask = Callable[[Form, Callable[[Sequence[str]], object]], object]

ELSEWHERE = (
    "Enter /auth at the keyboard: it asks for the service, the key and the model. Without a person, "
    "set OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL (or the like), or modelProviders in the "
    "settings."
)


class AuthCommand:
    """Connects a service.

    Args:
        session: gets the model.
        workspace: the session's, now.
        ask: opens a form.
        signed_in: told where, once a service has answered.
    """

    def __init__(
        self,
        session: Session,
        workspace: Callable[[], Workspace],
        ask: Ask,
        signed_in: Callable[[str], object],
    ) -> None:
        self._session = session
        self._workspace = workspace
        self._ask = ask
        self._signed_in = signed_in
        self._typed: Connection | None = None  # what did not work

    def register(self) -> None:
        """Adds ``/auth``."""
        self._session.slash.add(
            SlashCommand(
                "auth",
                "connect a model's service",
                lambda _, __: ELSEWHERE,
                while_busy=False,
                form=self._form,
                answered=self._answered,
            )
        )

    def _form(self, answers: Sequence[str]) -> Question | None:
        return auth.service_form(self._typed)(answers)

    async def _answered(self, answers: Sequence[str], actor: Actor) -> str | None:
        connection = auth.connection_of(answers, self._typed)
        # Before any call: a service may repeat the key in its error.
        self._session.bus.secrets.add(connection.key, "API key")
        if not connection.model:
            await self._ask_for_model(answers, connection)
            return None
        try:
            connect = partial(DeferredModel, env=self._workspace().env)
            told = await auth.connect_provider(
                connection, connect=connect, keep=self._keep, use=partial(self._use, actor)
            )
        except CommandFailed:
            self._typed = connection
            self._ask(self._form, self._submit)
            raise
        self._typed = None
        self._signed_in(connection.preset.title)
        return told

    async def _ask_for_model(self, answers: Sequence[str], connection: Connection) -> None:
        from qwen_dual.models.offered import offered_models

        config, _ = auth.configure(replace(connection, model="?"))
        model = await to_thread.run_sync(DeferredModel(config, self._workspace().env).load)
        try:
            offered = await offered_models(config, model)
        finally:
            await model.aclose()
        before = self._typed.model if self._typed is not None else ""
        # For when the person sees by what is offered that the address was not the one they meant.
        self._typed = replace(connection, model=before)
        form = auth.model_form(connection, offered.ids, before, refused=offered.refused)
        self._ask(form, lambda more: self._submit((*answers, *more)))

    def _submit(self, answers: Sequence[str]) -> None:
        self._session.answer_form("auth", answers, KEYBOARD)

    def _use(self, actor: Actor, config: ModelConfig, model: Model) -> None:
        self._session.add_model(config.id, model)
        self._session.set_model(config.id, actor)

    async def _keep(self, config: ModelConfig, env_key: str) -> str:
        path = os.path.join(self._workspace().home, "settings.json")
        entry = {"id": config.id, "baseUrl": config.base_url}

        def save() -> None:
            save_provider(path, config.protocol, entry, env_key or None, config.api_key)

        try:
            await to_thread.run_sync(save)
        except CannotKeep as error:
            return str(error)
        return f"Saved in {self._workspace().short(path)}."
