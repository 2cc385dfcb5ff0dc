"""The form of ``/agents``: which agent, what with it; and what a new one is to be. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from qwen_dual.core.commands.questions import Choice, Question
from qwen_dual.definitions.agents import COLORS
from qwen_dual.definitions.writing import NAME, NewAgent
from qwen_dual.protocol.visible import visible_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.agents.spec import AgentSpec
    from qwen_dual.core.tools.tool import Display

CREATE = "+"
"""In place of a name, which has none such: a new one."""

SHOW, EDIT, REMOVE = "show", "edit", "remove"
YES, NO = "yes", "no"

ALL, READS, PICK = "all", "reads", "pick"

TEMPLATE = "You are {name}. {description}"
"""What an agent is told whose maker gave no words of their own."""


class AgentForm(Struct, frozen=True):
    """All that the questions depend on.

    Attributes:
        agents: those there are.
        tools: of the session, by name.
        reading: the names of those that only read.
        models: the names of those that are configured.
        folders: where agents may be made, by whose they are.
        short: a path as it is shown.
    """

    agents: Sequence[AgentSpec]
    tools: Sequence[tuple[str, Display]]
    reading: Sequence[str]
    models: Sequence[str]
    folders: Mapping[str, str]
    short: Callable[[str], str]

    def next(self, answers: Sequence[str]) -> Question | None:
        """The question after ``answers``; None where nothing is left to ask."""
        if not answers:
            return self._which()
        if answers[0] == CREATE:
            return self._new(list(answers[1:]))
        spec = next((one for one in self.agents if one.name == answers[0]), None)
        if spec is None:
            return None
        if len(answers) == 1:
            return self._what(spec)
        if answers[1] == REMOVE and len(answers) == 2 and spec.path:
            return Question(
                f"Remove the agent {visible_line(spec.name)}?",
                (Choice(NO, "No, keep it"), Choice(YES, "Yes, delete its file")),
                default=NO,
                details=(self.short(spec.path),),
            )
        return None

    def words(self) -> list[Choice]:
        """What the command takes as its argument."""
        acts = [
            Choice("list", summary="all of them"),
            Choice("create", summary="make one"),
            Choice("manage", summary="pick one"),
            Choice("edit", summary="open the file of one"),
            Choice("remove", summary="delete the file of one"),
        ]
        return [*acts, *(Choice(spec.name, summary=_whose(spec)) for spec in self.agents)]

    def new(self, answers: Sequence[str]) -> NewAgent:
        """What the answers behind ``CREATE`` describe."""
        _, name, description, given, *rest = answers
        tools = tuple(self.reading) if given == READS else ()
        if given == PICK:
            picked, *rest = rest
            tools = tuple(picked.split(", "))
        model, color, prompt = rest
        name, description = name.strip(), " ".join(description.split())
        prompt = prompt.strip() or TEMPLATE.format(name=name, description=description)
        return NewAgent(name, description, prompt, tools, model, color)

    def _which(self) -> Question:
        listed = [
            Choice(spec.name, visible_line(spec.name), f"{_whose(spec)} · {_short(spec)}")
            for spec in self.agents
        ]
        return Question("Sub-agents", (*listed, Choice(CREATE, "Make a new one")))

    def _what(self, spec: AgentSpec) -> Question:
        own = [
            Choice(EDIT, "Edit", "opens its file in your editor"),
            Choice(REMOVE, "Remove", "deletes its file"),
        ]
        offered = (Choice(SHOW, "Show", "all that it is told"), *(own if spec.path else ()))
        details = (_short(spec), *([self.short(spec.path)] if spec.path else []))
        return Question(f"{visible_line(spec.name)} ({_whose(spec)})", offered, details=details)

    def _new(self, given: list[str]) -> Question | None:
        """The questions of a new one; the fourth has a fifth behind it where tools are picked."""
        picks = given[3:4] == [PICK]
        questions: list[Callable[[], Question]] = [
            self._ask_whose,
            lambda: Question("What is it called?", check=lambda name: self._wrong(given[0], name)),
            lambda: Question(
                "When is it to be used? The model reads this, and picks by it.", check=_missing
            ),
            lambda: Question(
                "What may it use?",
                (
                    Choice(ALL, "Everything", "what the session has"),
                    Choice(READS, "Reading only", "files and searches"),
                    Choice(PICK, "Pick …"),
                ),
            ),
            *([self._ask_tools] if picks else []),
            self._ask_model,
            lambda: Question(
                "A colour for its name?",
                (Choice("", "None"), *(Choice(color, color.capitalize()) for color in COLORS)),
            ),
            lambda: Question(
                "What is it told first?",
                optional=True,
                details=("Its instructions, in a few words; /agents edit has room for more.",),
            ),
        ]
        return questions[len(given)]() if len(given) < len(questions) else None

    def _ask_whose(self) -> Question:
        labels = {"project": "This project's", "user": "Yours, in every folder"}
        choices = [
            Choice(source, labels[source], self.short(folder))
            for source, folder in self.folders.items()
        ]
        untrusted = "project" not in self.folders
        details = ("This folder is not trusted: agents of its own have no effect.",)
        return Question("Whose is it?", tuple(choices), details=details if untrusted else ())

    def _wrong(self, source: str, name: str) -> str | None:
        if not NAME.fullmatch(name.strip()):
            return "letters, digits, - and _, at most 64"
        taken = any(one.name == name.strip() and one.source == source for one in self.agents)
        return "there is one of that name; /agents edit changes it" if taken else None

    def _ask_tools(self) -> Question:
        listed = [Choice(name, display.word, display.about) for name, display in self.tools]
        return Question("Which tools?", tuple(listed), several=True)

    def _ask_model(self) -> Question:
        return Question(
            "Which model?",
            (
                Choice("", "The session's"),
                Choice("fast", "The fast one", "fastModel in the settings"),
                *(Choice(name) for name in self.models),
            ),
        )


def _missing(text: str) -> str | None:
    return None if text.strip() else "it takes a few words"


def _whose(spec: AgentSpec) -> str:
    names = {"builtin": "built in", "session": "the host's", "project": "the project's"}
    return names.get(spec.source, "yours")


def _short(spec: AgentSpec) -> str:
    text = visible_line(" ".join(spec.description.split()), "prose")
    return text if len(text) <= 100 else f"{text[:99]}…"
