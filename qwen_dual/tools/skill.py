"""``skill``: gives the model the instructions of a skill that it has been told of by name only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from qwen_dual.core.tools.tool import Display, InvalidArguments, Shown, Subject, ToolResult
from qwen_dual.tools.calls import one_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.core.tools.tool import Kind, RuleKind
    from qwen_dual.core.tools.tool_context import ToolContext
    from qwen_dual.protocol.shapes import Preview, Suggestion

DESCRIPTION = (
    "Gives you the instructions of a skill: how something is done here. When one of those below fits "
    "what you are asked, call this first and follow what it says. Paths in it are relative to its "
    "folder.\n\nSkills:\n"
)

NO_HOOKS = "The skill {name} is not used, since its hooks were not allowed"

PARAMETERS = {
    "type": "object",
    "properties": {
        "skill": {"type": "string", "description": "The name of the skill, as it is listed."},
        "args": {
            "type": "string",
            "description": "What it is to be used for, where it takes that.",
        },
    },
    "required": ["skill"],
    "additionalProperties": False,
}


class LoadedSkill(Struct, frozen=True):
    """A skill that is about to be used.

    Attributes:
        name: what it is called by.
        text: what the model is given.
        asks_for: the rules that it wants to be allowed and are not.
        runs: what it has run by itself (hooks), where that takes leave; a line each.
        path: its file.
        of_folder: whether it came with the folder, and is not the person's own.
    """

    name: str
    text: str
    asks_for: Sequence[str] = ()
    runs: Sequence[str] = ()
    path: str = ""
    of_folder: bool = True


class Skills(Protocol):
    """The skills of a session."""

    def names(self) -> Sequence[str]:
        """Those that a model may use."""
        ...

    async def load(self, name: str, arguments: str, *, entered: bool) -> LoadedSkill:
        """One of them as it is by now.

        Raises:
            ValueError: it cannot be used; the text says why.
        """
        ...

    def allow(self, skill: LoadedSkill) -> None:
        """Lets run without asking, for the rest of the session, what it asks for, and its hooks."""
        ...


class SkillTool:
    """Gives skills.

    Args:
        skills: those there are.
        is_entered: whether the call of an id is of a person's own command.
        listing: what the model is told of them.
    """

    name = "skill"
    kind: Kind = "read"
    aliases: Sequence[str] = ("Skill", "SkillTool")
    rule_kind: RuleKind = "plain"
    display = Display(
        "Skill", "Loading", about="uses a skill", question="Allow what this skill asks for?"
    )
    parameters: Mapping[str, Any] = PARAMETERS

    def __init__(self, skills: Skills, is_entered: Callable[[str], bool], listing: str) -> None:
        self._skills = skills
        self._is_entered = is_entered
        self.description = DESCRIPTION + listing

    def prepare(self, arguments: Mapping[str, Any]) -> SkillCall:
        """Checks the arguments; raises ``InvalidArguments``."""
        name, given = arguments.get("skill"), arguments.get("args", "")
        if not isinstance(name, str) or not name.strip():
            raise InvalidArguments(f"{self.name}: skill: expected a name, not {name!r}")
        if given is not None and not isinstance(given, str):
            raise InvalidArguments(f"{self.name}: args: expected a text, not {given!r}")
        unknown = sorted(arguments.keys() - {"skill", "args"})
        if unknown:
            raise InvalidArguments(f"{self.name}: there is no argument {unknown[0]!r}")
        return SkillCall(self._skills, name.strip(), given or "", self._is_entered)


class SkillCall:
    """One use of a skill."""

    outside: str | None = None
    subject = Subject()
    suggestions: Sequence[Suggestion] = (
        {"type": "allow", "label": "Use it", "description": "Give the model its instructions"},
        {"type": "deny", "label": "Deny", "description": "Do without it"},
    )

    def __init__(
        self, skills: Skills, name: str, arguments: str, is_entered: Callable[[str], bool]
    ) -> None:
        self.title = one_line(f"{name} {arguments}".strip())
        self._skills = skills
        self._name = name
        self._arguments = arguments
        self._is_entered = is_entered

    async def preview(self) -> Preview | None:
        """The title says it all."""
        return None

    async def run(self, context: ToolContext) -> ToolResult:
        """Gives its text; asks before on behalf of a skill that wants things to be allowed."""
        entered = self._is_entered(context.call_id)
        try:
            skill = await self._skills.load(self._name, self._arguments, entered=entered)
        except ValueError as error:
            return ToolResult(str(error), is_error=True)
        text, told = skill.text, f"{skill.name} is in use"
        if context.hooks is not None and not entered:  # else they are asked about the command
            said = await context.hooks.before_expansion(skill.name, self._arguments, text)
            if said.decision == "deny" or said.stop is not None:
                who, why = said.stop or said.by, said.stop_reason or said.reason
                problem = f"{who} did not let the skill {skill.name} be used: "
                return ToolResult(problem + (why or "no reason given"), is_error=True)
            text = "\n\n".join(filter(None, (text, said.context)))
        if skill.asks_for or skill.runs:
            decision = await context.ask(AllowanceCall(skill))
            if decision.allowed:
                self._skills.allow(skill)
                if skill.asks_for:
                    told += f"; without asking in this session: {', '.join(skill.asks_for)}"
            elif skill.runs:  # they may be what keeps it from doing harm
                why = f": {decision.message}" if decision.message else "."
                return ToolResult(f"{NO_HOOKS.format(name=skill.name)}{why}", is_error=True)
            else:  # nothing is lost by it: each call asks for itself
                text += "\n\n(What it needs tools for is asked about call by call.)"
        return ToolResult(text, shown=Shown(told))


class AllowanceCall:
    """What a skill wants to be allowed for the rest of the session: shown, and never run."""

    outside: str | None = None
    subject = Subject(widens=True)
    suggestions: Sequence[Suggestion] = (
        {"type": "allow", "label": "Allow", "description": "Let these run"},
        {
            "type": "deny",
            "label": "Deny",
            "description": "Ask each time; a skill with hooks is not used",
        },
    )

    def __init__(self, skill: LoadedSkill) -> None:
        self.title = one_line(f"{skill.name}: {', '.join((*skill.asks_for, *skill.runs))}")
        self._skill = skill

    def request_fields(self) -> Mapping[str, Any]:
        """The input says what is asked for: a host may look at nothing else."""
        skill = self._skill
        asked = {"allowed_tools": list(skill.asks_for), "hooks": list(skill.runs)}
        return {"input": {"skill": skill.name, **asked}}

    async def preview(self) -> Preview | None:
        """The rules and the hooks, a line each."""
        skill = self._skill
        lines = [f"Skill {skill.name} ({'of this folder' if skill.of_folder else 'your own'})."]
        if skill.asks_for:
            lines += ["Without asking, in this session:", *map(_rule, skill.asks_for)]
        if skill.runs:
            lines += ["By itself, in this session:", *map(_row, skill.runs)]
        lines.append(
            "Without these it is not used." if skill.runs else "The skill is used either way."
        )
        text = "\n".join(lines)
        return {"kind": "text", "title": self.title, "text": text}

    async def run(self, context: ToolContext) -> ToolResult:
        """Nothing runs."""
        return ToolResult("")


def _rule(rule: str) -> str:
    """A rule without brackets is as wide as its tool, which its name does not say."""
    return _row(rule if "(" in rule else f"{rule} (every call of it)")


def _row(text: str) -> str:
    """One thing that is asked for: more lines of it look like no line of ours."""
    return "  " + text.replace("\n", "\n    | ")
