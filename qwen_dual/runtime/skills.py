"""The skills of a session: what the model is told of them, and what becomes of one that is used."""

from __future__ import annotations

import os
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING

from msgspec.structs import replace

from qwen_dual.core.commands.slash import Asks, SlashCommand
from qwen_dual.core.errors import CommandFailed
from qwen_dual.core.threads import in_thread
from qwen_dual.definitions.errors import DefinitionError
from qwen_dual.definitions.skills import read_skill
from qwen_dual.definitions.summary import summary
from qwen_dual.protocol.codec import encode
from qwen_dual.settings import keys
from qwen_dual.settings.layers import Layer
from qwen_dual.tools.skill import LoadedSkill, SkillTool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from qwen_dual.core.actor import Actor
    from qwen_dual.core.permissions.rules import Rule
    from qwen_dual.definitions.skills import Skill
    from qwen_dual.hooks.config import Hook
    from qwen_dual.runtime.assembly import Parts
    from qwen_dual.runtime.launch import Launch

DESCRIPTION_CHARS = (400, 200, 100, 50, 0)
"""What a model is told of one skill before it uses that: as much as there is room for all."""

MAX_LISTING = 12_000
"""Characters that it is told of all."""

MAX_RULES = 100
"""Rules of one skill that are looked at: each is held against all that a command does."""

HOOKS_ARE_OFF = (
    "The skill {name} brings hooks, and no hook runs: what they are to prevent is not prevented."
)

SKILL_ROOT = "QWEN_SKILL_ROOT"
"""Tells a skill's hooks where its files are."""


class Shelf:
    """The skills of one session, for the tool and for commands.

    Args:
        launch: what was decided at the start; its workspace may be another later.
        parts: the session and its tools.
        found: those there are by now.
        short: a path for a person.
    """

    def __init__(
        self,
        launch: Launch,
        parts: Parts,
        found: Callable[[], Mapping[str, Skill]],
        short: Callable[[str], str],
    ) -> None:
        self._launch = launch
        self._parts = parts
        self._found = found
        self._short = short
        self._opened: set[str] = set()
        self._hooks: dict[str, list[Hook]] = {}
        self._waiting: dict[tuple[str, tuple[str, ...]], list[Hook]] = {}
        self._of_folder: set[str] = set()

    def names(self) -> Sequence[str]:
        """Those that a model may use."""
        return [skill.name for skill in self._ordered() if not skill.hides_from_model]

    def listing(self) -> str:
        """What the model is told of them: a line each, bounded in all."""
        skills = [skill for skill in self._ordered() if not skill.hides_from_model]
        for chars in DESCRIPTION_CHARS:
            told = "\n".join(_list_line(skill, chars) for skill in skills)
            if len(told) <= MAX_LISTING:
                return told
        cut = told[:MAX_LISTING].rpartition("\n")[0]
        return f"{cut}\nand {len(skills) - cut.count(chr(10)) - 1} more, which a person can name"

    def tool(self, listing: str) -> SkillTool:
        """The tool that gives them, as they are by now; ``listing`` is what the model is told of them."""
        return SkillTool(self, self._parts.session.entered.is_last, listing)

    async def load(self, name: str, arguments: str, *, entered: bool) -> LoadedSkill:
        """One of them as its file is by now; ValueError says why not."""
        known_as = self._found().get(name)
        if known_as is None or (known_as.hides_from_model and not entered):
            known = ", ".join(self.names()) or "none"
            raise ValueError(f"There is no skill {name[:100]!r}. Skills: {known}.")
        try:
            skill, body = await in_thread(partial(read_skill, known_as))
        except DefinitionError as error:
            raise ValueError(f"The skill {name} cannot be used: {error}") from None
        self._open(skill)
        text = (
            f"Base directory for this skill: {skill.folder}\n"
            f"Paths below are relative to it.\n\n{body}\n"
        )
        if arguments:
            text += f"\nWhat it is asked for: {arguments}\n"
        own = skill.source == "user"
        runs = self._armed(skill, self._hooks_of(skill))
        wanted = tuple(self._wanted(skill))
        if entered and wanted and own:  # their own file, which they named
            self._remember(wanted)
            told = f"/{skill.name}: without asking in this session: {', '.join(wanted)}."
            self._parts.session.notice(told)
            wanted = ()
        return LoadedSkill(skill.name, text, wanted, runs, skill.path, of_folder=not own)

    def allow(self, skill: LoadedSkill) -> None:
        """Lets run without asking, for the rest of the session, what it asks for, and its hooks."""
        self._remember(skill.asks_for)
        if skill.of_folder:
            self._of_folder.update(skill.asks_for)
        if hooks := self._waiting.pop((skill.path, tuple(skill.runs)), None):
            self._lend({**self._hooks, skill.path: hooks})

    def distrust(self) -> None:
        """Takes back what skills of the folder were allowed: it is not trusted any more."""
        self._parts.session.policy.take_back(self._of_folder)
        self._of_folder.clear()
        own = {skill.path for skill in self._found().values() if skill.source == "user"}
        self._lend({path: hooks for path, hooks in self._hooks.items() if path in own})

    def forget(self) -> None:
        """A new conversation begins, in which none is in use."""
        self._of_folder.clear()
        self._waiting.clear()
        self._lend({})

    def _remember(self, rules: Sequence[str]) -> None:
        for rule in rules:
            self._parts.session.policy.remember(rule)

    def _hooks_of(self, skill: Skill) -> list[Hook]:
        """The hooks that it brings; says what of them cannot be used."""
        if not skill.hooks:
            return []
        from qwen_dual.hooks.config import read_hooks

        session = self._parts.session
        layer = Layer(skill.source, skill.path, "", {"hooks": dict(skill.hooks)}, {})
        hooks, wrong = read_hooks([layer], trusted=True, scrub=session.bus.secrets.scrub)
        for each in wrong:
            session.notice(each, "warning")
        settings = self._launch.settings
        off = skill.source == "project" and settings.folder_hooks_off
        if off or settings.get(keys.DISABLE_ALL_HOOKS):
            session.notice(HOOKS_ARE_OFF.format(name=skill.name), "warning")
        root = {SKILL_ROOT: skill.folder}
        return [replace(hook, env={**hook.env, **root}) for hook in hooks]

    def _armed(self, skill: Skill, hooks: list[Hook]) -> tuple[str, ...]:
        """Has its hooks run; of those that take leave, a line each, and they wait for that."""
        if not hooks or self._hooks.get(skill.path) == hooks:
            return ()
        if skill.source == "user" or self._parts.session.policy.mode == "yolo":
            self._lend({**self._hooks, skill.path: hooks})
            return ()
        runs = tuple(map(_all_of, hooks))
        self._waiting[skill.path, runs] = hooks  # its file may be another by the time of the answer
        return runs

    def _lend(self, hooks: dict[str, list[Hook]]) -> None:
        if hooks == self._hooks:
            return
        from qwen_dual.runtime.hooking import hooking_of

        self._hooks = hooks
        hooking_of(self._launch, self._parts).lend(chain.from_iterable(hooks.values()))

    def commands(self) -> Iterator[SlashCommand]:
        """The commands by which a person uses them."""
        for skill in self._ordered():
            if not skill.hides_from_person:
                yield self._command(skill)

    def lines(self) -> list[str]:
        """A line for each, for a person."""
        marks = {(True, False): ", you alone", (False, True): ", the model alone"}
        return [
            f"/{skill.name}  {summary(skill.description, 200)}\n"
            f"    {self._short(skill.path)}"
            f"{marks.get((skill.hides_from_model, skill.hides_from_person), '')}"
            + (f"; asks for {', '.join(skill.allowed_tools)}" if skill.allowed_tools else "")
            for skill in self._ordered()
        ]

    def _ordered(self) -> list[Skill]:
        return sorted(self._found().values(), key=lambda skill: (-skill.priority, skill.name))

    def _command(self, skill: Skill) -> SlashCommand:
        name = skill.name

        async def run(arguments: str, actor: Actor) -> Asks:
            entered = self._parts.session.entered
            result = await entered.run(SkillTool.name, {"skill": name, "args": arguments})
            if result.is_error:
                raise CommandFailed(result.text)
            return Asks(result.text, own=arguments)

        return SlashCommand(
            name.lower(),
            f"{summary(skill.description, 200)} (skill)",
            run,
            while_busy=False,
            hint=summary(skill.argument_hint, 100),
            takes_lines=True,
        )

    def _open(self, skill: Skill) -> None:
        """Lets the files of a person's skill in use be read, wherever they are.

        A project's lie in the workspace; a link that took the place of its folder leads anywhere.
        """
        if skill.source != "user":
            return
        folder = os.path.realpath(skill.folder)
        if folder not in self._opened:
            self._opened.add(folder)
            self._parts.tools.let_read(folder)

    def _wanted(self, skill: Skill) -> Iterator[str]:
        """The rules of ``allowed-tools`` that say more than what holds anyway."""
        policy = self._parts.session.policy
        if policy.mode == "yolo":
            return
        for text in skill.allowed_tools[:MAX_RULES]:
            try:
                rule = policy.names.parse(text)
            except ValueError:
                continue
            if self._says_something(rule) and not policy.has_leave(rule):
                yield text

    def _says_something(self, rule: Rule) -> bool:
        """Not of a tool that is not there, nor one that reads: in the workspace it does so unasked."""
        kinds = {tool.kind for tool in self._parts.session.tools.known if rule.names(tool.name)}
        return bool(kinds - {"read", "plan", "question"})


def _list_line(skill: Skill, chars: int) -> str:
    return f"- {skill.name}: {summary(skill.description, chars)}" if chars else f"- {skill.name}"


def _all_of(hook: Hook) -> str:
    """All of a hook that counts for what it does: variables and headers as much as its command."""
    what = {
        "on": hook.matcher,
        "env": {name: value for name, value in hook.env.items() if name != SKILL_ROOT},
        "headers": dict(hook.headers),
        "allowedEnvVars": list(hook.allowed_env),
        "model": hook.model,
        "async": hook.background,
    }
    kind = "" if hook.kind == "command" else f" {hook.kind}"
    rest = "; ".join(
        f"{key} {encode(value).decode().strip()}" for key, value in what.items() if value
    )
    return f"{hook.event}{kind}: {hook.does}" + (f"  [{rest}]" if rest else "")
