"""The slash commands that bring several rooms together; each room does its own part of them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio
from anyio import to_thread
from msgspec import Struct

from qwen_dual.core.commands.questions import Choice
from qwen_dual.core.commands.slash import SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.runtime import sandboxing
from qwen_dual.runtime.commands.auth import AuthCommand
from qwen_dual.runtime.commands.deletion import DeleteCommand
from qwen_dual.runtime.commands.preferences import Preferences
from qwen_dual.runtime.commands.saved_sessions import SavedSessions
from qwen_dual.runtime.commands.session_picker import SessionPicker
from qwen_dual.runtime.late import context_names, files_in_force
from qwen_dual.runtime.report import bug_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.commands.slash import Output
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.commands.agents import AgentsCommand
    from qwen_dual.runtime.commands.rewind import RewindCommand
    from qwen_dual.runtime.commands.screen import FrontEnd
    from qwen_dual.runtime.commands.written import Written
    from qwen_dual.runtime.launch import Launch

CLAUDE = "CLAUDE.md"

NOT_READ = (
    f"{CLAUDE} is here and is not read: /init takes it into QWEN.md, or name it in your settings, "
    f'"context": {{"fileName": ["QWEN.md", "AGENTS.md", "{CLAUDE}"]}}.'
)
"""Claude Code's own file: who comes from there expects that it is in force."""


class Commands(Struct, frozen=True):
    """The commands of one session.

    Args:
        launch: what was decided at the start.
        parts: the session and its tools.
        front_end: what they run in.
    """

    launch: Launch
    parts: Parts
    front_end: FrontEnd

    def register(self) -> None:
        """Adds them to the session's registry."""
        front_end = self.front_end
        self.parts.session.slash.offered = frozenset(front_end.offers)
        picker = SessionPicker(
            self.parts.session,
            self.launch.home,
            front_end.asking,
            lambda: self.parts.completions_changed(),
        )
        self.parts.saved_sessions = SavedSessions(
            self.parts.session,
            self.launch.workspace,
            self.parts.recorder,
            front_end.screen.replay,
            picker,
        )
        self.parts.saved_sessions.register()
        DeleteCommand(self.launch, self.parts, picker).register()
        AuthCommand(
            self.parts.session,
            lambda: self.launch.workspace,
            partial(front_end.asking.open_form, name="auth"),
            self.parts.signed_in,
        ).register()
        Preferences(self.parts.session, self.launch, front_end.screen, front_end.themes).register()
        for command in (
            SlashCommand(
                "skills",
                "the skills there are, and what is wrong with one",
                lambda _, __: self._written.skills(),
                while_busy=False,
            ),
            SlashCommand(
                "commands",
                "the commands of your own, and what is wrong with one",
                lambda _, __: self._written.commands(),
                while_busy=False,
            ),
            SlashCommand(
                "output-style",
                "how answers are written: show or change it",
                lambda argument, actor: self._written.style(argument, actor),
                while_busy=False,
            ),
            SlashCommand(
                "init",
                "have QWEN.md written: what the model should know of this folder",
                lambda argument, _: self._written.init(argument),
                while_busy=False,
                form=lambda answers: self._written.init_form(answers),
            ),
            SlashCommand(
                "memory",
                "the context files in force",
                lambda _, __: self._memory(),
                while_busy=False,
            ),
            SlashCommand(
                "tasks",
                "commands in the background, and agents at work; /tasks stop ID ends one",
                lambda arguments, _: self._tasks(arguments),
            ),
            SlashCommand(
                "channels",
                "the dual-output channels and how they are doing",
                lambda _, __: self.launch.outside.describe(),
            ),
            SlashCommand(
                "mcp",
                "MCP servers: their state, what they bring; reconnect, sign in",
                self._mcp,
                self._mcp_choices,
            ),
            SlashCommand(
                "agents",
                "sub-agents: which there are; make, edit or remove one",
                self._run_agents,
                self._agent_choices,
                while_busy=False,
                form=lambda answers: self._agents.form(answers),
                answered=lambda answers, actor: self._agents.answered(answers, actor),
            ),
            SlashCommand(
                "hooks",
                "what is told of what happens, and may have a say in it",
                self._hooks,
                while_busy=False,
            ),
            SlashCommand(
                "plan",
                "plan before anything changes; exit, save [PATH], or what to plan",
                self._plan,
                _plan_choices,
                while_busy=False,
            ),
            SlashCommand(
                "rewind",
                "go back to an earlier prompt: the conversation, the files, or both",
                self._rewind,
                while_busy=False,
                opens=self._ask_where,
                answered=self._rewind_answered,
            ),
            SlashCommand(
                "diff",
                "what this session has changed in files",
                self._diff,
                while_busy=False,
            ),
            SlashCommand(
                "sandbox",
                "what limits commands: files, network, secrets",
                lambda _, __: self._sandbox(),
            ),
            SlashCommand(
                "copy", "copy the last answer", lambda _, __: self._copy(), needs=("clipboard",)
            ),
            SlashCommand(
                "bug",
                "a report to copy: versions, platform, the end of the debug log",
                lambda _, __: self._bug(),
                while_busy=False,
            ),
        ):
            aliases = ("rollback",) if command.name == "rewind" else ()
            self.parts.session.slash.add(command, *aliases)

    def _plan(self, argument: str, actor: Actor) -> Output:
        from qwen_dual.runtime.planning import planning_of

        planning = planning_of(self.launch, self.parts)
        word, _, rest = argument.partition(" ")
        return planning.save(rest.strip()) if word == "save" else planning.command(argument, actor)

    @property
    def _written(self) -> Written:
        from qwen_dual.runtime.commands.written import Written  # for who asks

        return Written(self.launch, self.parts)

    # -- what there is ---------------------------------------------------------------------

    async def _memory(self) -> str:
        files = await to_thread.run_sync(files_in_force, self.launch, self.parts)
        names = context_names(self.launch)
        theirs = await anyio.Path(self.launch.cwd, CLAUDE).exists()
        rows = [
            f"{self.launch.workspace.short(file.path)}  {len(file.text)} characters"
            for file in files
        ]
        if not rows:
            rows = [
                f"No context file: {' or '.join(names)} here, or {names[0]} in the settings folder."
            ]
        if theirs and CLAUDE not in names:
            rows.append(NOT_READ)
        return "\n".join(rows)

    def _tasks(self, arguments: str) -> str:
        from qwen_dual.runtime.commands.tasks import tasks

        return tasks(self.parts, arguments)

    def _mcp(self, arguments: str, actor: Actor) -> str:
        from qwen_dual.runtime.commands.mcp import run_mcp

        return run_mcp(self.launch, self.parts, arguments, actor)

    def _mcp_choices(self) -> Sequence[Choice]:
        if self.parts.servers is None:
            return ()
        from qwen_dual.runtime.commands.mcp import choices

        return choices(self.parts)

    @property
    def _agents(self) -> AgentsCommand:
        from qwen_dual.runtime.commands.agents import AgentsCommand  # for who asks

        return AgentsCommand(self.launch, self.parts, self.front_end)

    async def _run_agents(self, argument: str, actor: Actor) -> str | None:
        return await self._agents.run(argument, actor)

    def _agent_choices(self) -> Sequence[Choice]:
        return () if self.parts.agents is None else self._agents.choices()

    # -- going back: nothing of it is imported before somebody asks ------------------------------

    def _ask_where(self) -> None:
        self._going_back().ask()

    async def _rewind(self, arguments: str, actor: Actor) -> str | None:
        return await self._going_back().run(arguments, actor)

    async def _rewind_answered(self, answers: Sequence[str], actor: Actor) -> str:
        return await self._going_back().answered(answers, actor)

    async def _diff(self, arguments: str, actor: Actor) -> str:
        return await self._going_back().diff(arguments, actor)

    def _going_back(self) -> RewindCommand:
        from qwen_dual.runtime.commands.rewind import RewindCommand

        return RewindCommand(self.parts.session, self.front_end)

    async def _hooks(self, argument: str, actor: Actor) -> str:
        from qwen_dual.runtime.commands.hooks import HooksCommand  # for who asks

        return await HooksCommand(self.launch, self.parts).run(argument, actor)

    async def _sandbox(self) -> str:
        return await to_thread.run_sync(
            sandboxing.describe, self.parts.sandbox, self.launch.withheld
        )

    async def _bug(self) -> str:
        session = self.parts.session
        facts = {
            "Model": session.model_name,
            "Approval mode": session.approval_mode,
            "Channels": self.launch.outside.describe().replace("\n", "; "),
            "Session": session.session_id,
        }
        scrub = session.bus.secrets.scrub
        env, log = self.launch.env, self.launch.log_path
        return await to_thread.run_sync(bug_report, facts, log, env, scrub)

    # -- the screen ------------------------------------------------------------------------

    async def _copy(self) -> str:
        if told := await self.front_end.screen.copy_answer():
            return told
        raise CommandFailed("There is no answer to copy yet.")


def _plan_choices() -> Sequence[Choice]:
    return (Choice("exit", summary="as it was before"), Choice("save", summary="the latest plan"))
