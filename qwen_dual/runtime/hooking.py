"""The hooks of a session: put together from its settings once there are any, and again when trust changes.

A session without hooks imports nothing of them. What runs is what the files said when they were read: at
the start, after a decision about the folder, and when the person says ``/hooks reload``.
"""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import anyio

from qwen_dual.settings import keys
from qwen_dual.tools.run_files import named_in

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from qwen_dual.hooks.config import Hook
    from qwen_dual.hooks.engine import Executor
    from qwen_dual.hooks.http import WebAccess
    from qwen_dual.hooks.observer import HookObserver
    from qwen_dual.hooks.session_hooks import SessionHooks
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.context_files import ContextFile
    from qwen_dual.runtime.launch import Launch
    from qwen_dual.settings.load import Settings

END_SECONDS = 5.0
"""How long hooks may hold up the end of a session."""

OFF = "No hook runs: --bare leaves them out."


def apply_hooks(launch: Launch, parts: Parts, settings: Settings | None = None) -> list[str]:
    """Puts the hooks in force that the settings have; returns what of them cannot be used.

    Args:
        launch: what was decided; its settings are those in force.
        parts: the session and its tools.
        settings: as the files are by now; those in force unless given.
    """
    settings = launch.settings if settings is None else settings
    if parts.hooking is None:
        counting = (one for one in settings.layers if settings.trusted or one.name != "project")
        if launch.spec.bare or not any(keys.HOOKS.path in one.raw for one in counting):
            return []
    return hooking_of(launch, parts).configure(settings)


def hooking_of(launch: Launch, parts: Parts) -> Hooking:
    """The hooks of a session; from now on it has some."""
    if parts.hooking is None:
        parts.hooking = Hooking(launch, parts)
    return parts.hooking


class Hooking:
    """The hooks of one session.

    Args:
        launch: what was decided at the start; its workspace may be another later.
        parts: the session and its tools.

    Attributes:
        hooks: the points at which the session waits for them.
        wrong: what of the settings cannot be used.
    """

    def __init__(self, launch: Launch, parts: Parts) -> None:
        from qwen_dual.hooks.command import Commands
        from qwen_dual.hooks.engine import Engine
        from qwen_dual.hooks.inputs import Facts
        from qwen_dual.hooks.session_hooks import SessionHooks
        from qwen_dual.tools.local_processes import LocalProcesses
        from qwen_dual.tools.shell_environment import environment, shell_arguments

        session = parts.session
        self._launch = launch
        self._parts = parts
        self._settings = launch.settings
        self._from_settings: list[Hook] = []
        self._brought: list[Hook] = []
        self._lent: list[Hook] = []
        self._observer: HookObserver | None = None
        self._off = False
        self.wrong: Sequence[str] = ()
        if parts.sandbox is not None:
            parts.sandbox.readable = _with_scripts(launch.home, parts.sandbox.readable)
        commands = Commands(
            LocalProcesses(parts.sandbox),
            launch.cwd,
            lambda: environment(parts.tools.workspace.env),
            shell_arguments,
        )
        self._executors: dict[str, Executor] = {"command": commands}
        engine = Engine(
            self._executors, session.publish, session.services.spawn, session.bus.secrets.scrub
        )
        facts = Facts(
            launch.cwd,
            lambda: session.session_id,
            lambda: self._transcript(session.session_id),
            lambda: session.approval_mode,
            lambda: session.turn_id,
            agent_transcript=self._lane,
        )
        self.hooks: SessionHooks = SessionHooks(
            engine,
            facts,
            self._names,
            self._usage,
            lambda: "resume" if session.history else "clear",
        )

    @property
    def off_by_settings(self) -> bool:
        """Whether the person's settings, or the machine's, let none run."""
        return self._settings.get(keys.DISABLE_ALL_HOOKS)

    @property
    def folder_off(self) -> bool:
        """Whether the folder's own settings let none run that it brings."""
        return self._settings.folder_hooks_off

    def configure(self, settings: Settings) -> list[str]:
        """Reads the hooks of these settings; what of them cannot be used."""
        from qwen_dual.hooks.config import read_hooks

        self._settings = settings
        scrub = self._parts.session.bus.secrets.scrub
        counting = () if self._launch.spec.bare else settings.layers
        found, wrong = read_hooks(counting, trusted=settings.trusted, scrub=scrub)
        self._from_settings, self.wrong = found, wrong
        self._add_executors({hook.kind for hook in found})
        self.hooks.most_blocked_ends = settings.get(keys.STOP_HOOK_CAP)
        self.switch(on=not self._off)
        return wrong

    def bring(self, hooks: Iterable[Hook], executor: Executor) -> None:
        """Adds hooks of whoever embeds the session; those of the settings stay."""
        self._brought = list(hooks)
        self._executors["callback"] = executor
        self._put_in_force()

    def lend(self, hooks: Iterable[Hook]) -> None:
        """Has these run besides, in place of those that were lent before: of skills in use."""
        self._lent = list(hooks)
        self._add_executors({hook.kind for hook in self._lent})
        self._put_in_force()

    def switch(self, *, on: bool) -> None:
        """Has hooks run, or none of them, for the rest of the session."""
        self._off = not on
        self.hooks.engine.enabled = on and not self.off_by_settings
        self._put_in_force()

    def begin(self) -> None:
        """The session has begun, or goes on."""
        source = "startup" if self._launch.chat is None else "resume"
        self.hooks.session_start(source, self._parts.session.model_name)

    async def instructions(self, files: Sequence[ContextFile], reason: str) -> None:
        """Tells of the context files that were read.

        Args:
            files: in the order in which the model gets them.
            reason: ``session_start``, or ``refresh`` where they were read again; of files that others
                name it is ``include``.
        """
        for file in files:
            about = {"memory_type": self._kind_of(file.trigger or file.path), "load_reason": reason}
            if file.parent:
                about |= {
                    "load_reason": "include",
                    "trigger_file_path": file.trigger,
                    "parent_file_path": file.parent,
                }
            await self.hooks.notify("InstructionsLoaded", file.path, file_path=file.path, **about)

    def _kind_of(self, path: str) -> str:
        """Whose a context file is, in the reference's words."""
        folder, launch = os.path.dirname(os.path.realpath(path)), self._launch
        if path == os.path.join(launch.cwd, ".qwen", "QWEN.local.md"):
            return "local"
        own = (launch.home, launch.workspace.env.get("HOME", ""))
        return "user" if folder in map(os.path.realpath, filter(None, own)) else "project"

    def signed_in(self, where: str) -> None:
        """The person has signed in somewhere: at a model's service, at an MCP server."""
        if self._observer is not None:
            self._observer.signed_in(where)

    def deleted(self, session_id: str) -> None:
        """A saved session was deleted; nothing waits for who hears of it."""
        tell = partial(self.hooks.notify, "SessionDelete", "", deleted_session_id=session_id)
        self.hooks.engine.spawn(tell)

    async def end(self) -> None:
        """The session ends; returns once hooks have heard of it, or have taken too long."""
        with anyio.move_on_after(END_SECONDS, shield=True):
            if self.hooks.displayed is not None:
                await self.hooks.displayed.heard()
            reason = "prompt_input_exit"
            await self.hooks.notify("SessionEnd", reason, reason=reason)

    def _add_executors(self, kinds: Collection[str]) -> None:
        """What runs hooks of these kinds, imported where there are some."""
        if "http" in kinds and "http" not in self._executors:
            from qwen_dual.hooks.http import Requests

            self._executors["http"] = Requests(self._web_access)
        if "prompt" in kinds and "prompt" not in self._executors:
            from qwen_dual.hooks.prompt import Judging

            self._executors["prompt"] = Judging(self._ask_model)

    def _web_access(self) -> WebAccess:
        from qwen_dual.hooks.http import WebAccess

        settings = self._launch.settings
        return WebAccess(
            settings.get(keys.HOOK_URLS),
            settings.get(keys.HOOKS_MAY_BE_PRIVATE),
            settings.get(keys.PROXY_URL),
            settings.environment.values,
            self._parts.tools.workspace.env,
        )

    async def _ask_model(self, name: str, system: str, prompt: str) -> str:
        from qwen_dual.core.tools.tool_context import Services

        session = self._parts.session
        model = session.models[name] if name else session.model
        services = Services(lambda: model, session.publish, session.services.meter)
        return await services.ask_model(system, prompt, "hook")

    def _put_in_force(self) -> None:
        engine, session = self.hooks.engine, self._parts.session
        engine.hooks = [*self._from_settings, *self._brought, *self._lent]
        if self.folder_off:  # it speaks for what it brings, and for nobody else's
            engine.hooks = [hook for hook in engine.hooks if hook.source != "Project"]
        lines = [hook.does for hook in engine.hooks if hook.kind == "command"]
        self._parts.tools.workspace.run_files["hooks"] = named_in(lines, self._launch.cwd)
        there = engine.enabled and bool(engine.hooks)
        session.hooks.current = self.hooks if there else None
        self._follow_words(on=there and engine.has("MessageDisplay"))
        if there and self._observer is None:
            from qwen_dual.hooks.observer import HookObserver

            self._observer = HookObserver(self.hooks, lambda: session.model_name, self._transcript)
            self._launch.bus.subscribe(
                self._observer, name="What tells hooks", on_error="keep", streamed=False
            )

    def _follow_words(self, *, on: bool) -> None:
        """Follows what the model says as long as a hook wants it: nothing else needs every delta."""
        bus, session = self._launch.bus, self._parts.session
        if not on and self.hooks.displayed is not None:
            bus.unsubscribe(self.hooks.displayed)
            self.hooks.displayed = None
        elif on and self.hooks.displayed is None:
            from qwen_dual.hooks.display import Displayed

            self.hooks.displayed = Displayed(self.hooks, lambda: session.stopping)
            bus.subscribe(
                self.hooks.displayed, name="What tells hooks of the words", on_error="keep"
            )

    def _transcript(self, session_id: str) -> str:
        from qwen_dual.chats.paths import chat_file

        recorder = self._parts.recorder
        return (
            "" if recorder is None else chat_file(self._launch.home, self._launch.cwd, session_id)
        )

    def _lane(self, call: str) -> str:
        """The file of what the sub-agent does that works for a call; empty where there is none."""
        recorder = self._parts.recorder
        agents = None if recorder is None else recorder.agents
        return "" if agents is None else agents.path_of(call)

    def _names(self, tool: str) -> list[str]:
        """What matchers may call a tool besides: its word, and the names that are its own."""
        tools = self._parts.session.tools
        if tool not in tools:
            return []
        own = tools[tool]
        shared = {name for other in tools.known if other.name != tool for name in other.aliases}
        return [own.display.word, *(name for name in own.aliases if name not in shared)]

    def _usage(self) -> dict[str, float]:
        session = self._parts.session
        tokens, window = session.conversation.tokens, session.model.context_window
        return {
            "context_usage": round(tokens / window, 4),
            "context_limit": window,
            "input_tokens": tokens,
        }


def _with_scripts(home: str, before: Callable[[], Iterable[str]]) -> Callable[[], Iterable[str]]:
    """What a sandbox lets be read, and the person's scripts for hooks, which lie among hidden files."""
    scripts = os.path.realpath(os.path.join(home, "hooks"))
    return lambda: (*before(), scripts)
