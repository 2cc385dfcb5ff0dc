"""The slash commands that bring several rooms together; each room does its own part of them."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from anyio import to_thread

from qwen_dual import auth, sandboxing
from qwen_dual.core.slash import SlashCommand
from qwen_dual.core.slash_runner import CommandFailed
from qwen_dual.environment import short_path
from qwen_dual.late import files_in_force
from qwen_dual.models.deferred import DeferredModel
from qwen_dual.preferences import Preferences
from qwen_dual.report import bug_report
from qwen_dual.session_commands import SavedSessions
from qwen_dual.settings.keep import CannotKeep, save_provider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.assembly import Parts
    from qwen_dual.core.model import Model
    from qwen_dual.launch import Launch
    from qwen_dual.models.config import ModelConfig
    from qwen_dual.tui.app import Tui


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and its tools.
        tui: the screen.
    """

    launch: Launch
    parts: Parts
    tui: Tui

    def register(self) -> None:
        """Adds them to the session's registry."""
        SavedSessions(
            self.parts.session, self.launch.home, self.parts.recorder, self.tui.replay
        ).register()
        Preferences(self.parts.session, self.launch, self.tui).register()
        for command in (
            SlashCommand(
                "auth",
                "connect a model's service",
                lambda _, __: AUTH_ELSEWHERE,
                while_busy=False,
                form=auth.form,
                answered=self._connect,
            ),
            SlashCommand(
                "memory",
                "the context files in force",
                lambda _, __: self._memory(),
                while_busy=False,
            ),
            SlashCommand(
                "tasks",
                "commands in the background; /tasks stop ID ends one",
                lambda arguments, _: self._tasks(arguments),
            ),
            SlashCommand(
                "channels",
                "the dual-output channels and how they are doing",
                lambda _, __: self.launch.channels.describe(),
            ),
            SlashCommand(
                "sandbox",
                "what limits commands: files, network, secrets",
                lambda _, __: self._sandbox(),
            ),
            SlashCommand("copy", "copy the last answer", lambda _, __: self._copy()),
            SlashCommand(
                "bug",
                "a report to copy: versions, platform, the end of the debug log",
                lambda _, __: self._bug(),
                while_busy=False,
            ),
        ):
            self.parts.session.slash.add(command)

    # -- models ----------------------------------------------------------------------------

    async def _connect(self, answers: Sequence[str]) -> str:
        if len(answers) > 3:  # before the call: a service may repeat the key in its error
            self.parts.session.bus.secrets.add(answers[3].strip(), "API key")
        return await auth.connect_provider(
            answers, connect=DeferredModel, keep=self._keep, use=self._use
        )

    def _use(self, config: ModelConfig, model: Model) -> None:
        self.parts.session.add_model(config.id, model)
        self.parts.session.set_model(config.id)

    async def _keep(self, config: ModelConfig, env_key: str) -> str:
        path = os.path.join(self.launch.home, "settings.json")
        entry = {"id": config.id, "baseUrl": config.base_url}

        def save() -> None:
            save_provider(path, config.protocol, entry, env_key or None, config.api_key)

        try:
            await to_thread.run_sync(save)
        except CannotKeep as error:
            return str(error)
        return f"Saved in {short_path(path)}."

    # -- what there is ---------------------------------------------------------------------

    async def _memory(self) -> str:
        files = await to_thread.run_sync(files_in_force, self.launch, self.parts)
        if not files:
            return "No context file: QWEN.md or AGENTS.md here, or QWEN.md in the settings folder."
        rows = [f"{short_path(file.path)}  {len(file.text)} characters" for file in files]
        return "\n".join(rows)

    def _tasks(self, arguments: str) -> str:
        verb, _, number = arguments.partition(" ")
        if verb == "stop":
            if not number.strip().isdecimal() or not self.parts.tools.stop_task(int(number)):
                raise CommandFailed(f"No command {number!r} runs in the background.")
            return f"Stopping {number.strip()}."
        if verb:
            raise CommandFailed(f"/tasks takes nothing or `stop ID`, not {arguments!r}")
        tasks = self.parts.tools.tasks()
        rows = []
        for task in tasks:
            end = task.ended if task.ended is not None else time.time()
            state = task.state if task.exit_code is None else f"{task.state} {task.exit_code}"
            rows.append(f"{task.id}  {state}  {round(end - task.started)} s  {task.command}")
            rows += [f"    output: {task.output}"] if task.output else []
        return "\n".join(rows) or "No command runs in the background."

    async def _sandbox(self) -> str:
        return await to_thread.run_sync(
            sandboxing.describe, self.parts.sandbox, self.launch.withheld
        )

    async def _bug(self) -> str:
        session = self.parts.session
        facts = {
            "Model": session.model_name,
            "Approval mode": session.approval_mode,
            "Channels": self.launch.channels.describe().replace("\n", "; "),
            "Session": session.session_id,
        }
        scrub = session.bus.secrets.scrub
        env = dict(os.environ)
        return await to_thread.run_sync(bug_report, facts, self.launch.log_path, env, scrub)

    # -- the screen ------------------------------------------------------------------------

    def _copy(self) -> str:
        text = self.tui.last_answer()
        if not text:
            raise CommandFailed("There is no answer to copy yet.")
        return self.tui.copy(text)


AUTH_ELSEWHERE = (
    "Enter /auth at the keyboard: it asks for the service, the model and the key. Without a person, "
    "set OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL (or the like), or modelProviders in the "
    "settings."
)
