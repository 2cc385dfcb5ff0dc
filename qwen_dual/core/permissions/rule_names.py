"""How permission rules are written: the names that tools declare for them, and what a pattern is of.

Pure. What a rule says of a call is ``permissions``'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from msgspec.structs import replace

from qwen_dual.core.permissions.patterns import CommandPattern, HostPattern, PathPattern
from qwen_dual.core.permissions.rules import EVERY_TOOL, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from qwen_dual.core.tools.tool import RuleKind


_NEAR = 0.85  # what other programs' tools are called (`read_many_files`) is less like any of ours
_NEAR_SHORT = 0.75  # two letters that changed places are a half of a short name
_SHORT = range(4, 7)

_MARKS = " ,;()\"'"
_NO_NAME = f"{_MARKS}*"


class Declared(Protocol):
    """What of a tool matters to the names of rules."""

    @property
    def name(self) -> str:
        """On the wire."""
        ...

    @property
    def aliases(self) -> Sequence[str]:
        """Further names; one that several tools share means all of them."""
        ...

    @property
    def rule_kind(self) -> RuleKind:
        """What the pattern of a rule for it is of."""
        ...


class RuleNames:
    """Reads rules over a set of tools.

    A name that none of them declares is taken for a tool that may come yet; it takes no pattern. Where
    nothing but capitals keep it from being one of them, it is that one.

    Args:
        tools: all that there are, those too that a model is not offered: a rule that denies
            reading a file holds for commands whether or not there is a tool to read with.

    Attributes:
        commands: the tools that run command lines, by name.
    """

    def __init__(self, tools: Iterable[Declared] = ()) -> None:
        self.learn(tools)

    def learn(self, tools: Iterable[Declared]) -> None:
        """Takes other tools instead: rules that were read before are as they were."""
        kinds: dict[str, set[RuleKind]] = {}
        names: dict[str, set[str]] = {}
        of_kind: dict[RuleKind, set[str]] = {}
        for tool in tools:
            of_kind.setdefault(tool.rule_kind, set()).add(tool.name)
            for name in (tool.name, *tool.aliases):
                names.setdefault(name, set()).add(tool.name)
                kinds.setdefault(name, set()).add(tool.rule_kind)
        self._names = names
        self.commands = frozenset(of_kind.get("command", ()))
        self._folded = {name.casefold(): name for name in names}
        self._kinds = kinds
        self._readers = of_kind.get("read", set())
        self._writers = of_kind.get("write", set())

    def parse(self, text: str) -> Rule:
        """The rule that ``text`` says: a tool's name or alias, and in parentheses a pattern.

        Raises:
            ValueError: names what is wrong with it.
        """
        wrong = f"the permission rule {text!r} is not used:"
        try:
            name, inner = parts_of(text)
            name = self._folded.get(name.casefold(), name) if name not in self._names else name
            pattern = self._pattern(name, inner) if inner else None
        except ValueError as error:
            raise ValueError(f"{wrong} {error}") from None
        if inner and pattern is None:
            near = self._near(name)
            helps = f"did you mean {near}?" if near else f"write {name} for all its calls"
            raise ValueError(f"{wrong} {name} takes no pattern; {helps}")
        return self._rule(text, name, pattern)

    def parse_all(self, texts: Iterable[str], warn: Callable[[str], object]) -> list[Rule]:
        """The rules of ``texts``; those that are none are told to ``warn`` and left out."""
        rules = []
        for text in texts:
            try:
                rules.append(self.parse(text))
                self._look_twice(text, warn)
            except ValueError as error:
                warn(str(error))
        return rules

    def parse_strictly(
        self, texts: Iterable[str], warn: Callable[[str], object], where: str
    ) -> list[Rule]:
        """The rules of ``texts`` that take something away: one that is none takes away more.

        All calls of the tool that it names, or every call. ``*`` is every call, too.

        Args:
            texts: as somebody wrote them.
            warn: told of those that are none.
            where: they stand, for the model and the person.
        """
        rules = []
        for text in texts:
            try:
                rules.append(self.parse(text))
                self._look_twice(text, warn)
            except ValueError as error:
                name = text.partition("(")[0].strip()
                name = self._folded.get(name.casefold(), name)
                if name and not any(mark in name for mark in _NO_NAME):
                    rules.append(replace(self._rule(text, name), text=f"{text!r} of {where}"))
                    warn(f"{error}; until that is mended, all calls of {name} are meant")
                    continue
                meant = "" if text == EVERY_TOOL else ", which cannot be understood,"
                rules.append(Rule(f"{text!r} of {where}{meant}", frozenset((EVERY_TOOL,))))
                if meant:
                    warn(f"{error}; until that is mended, every call is meant")
        return rules

    def _look_twice(self, text: str, warn: Callable[[str], object]) -> None:
        """Tells of a rule that holds for no tool there is and is likely to be meant for one."""
        name = parts_of(text)[0]
        if near := self._near(name):
            warn(f"the permission rule {text!r}: there is no tool {name}; did you mean {near}?")

    def _near(self, name: str) -> str | None:
        """The name that ``name`` is likely to be a slip for; None where it is one, or like none."""
        folded = name.casefold()
        if folded in self._folded or name.startswith("mcp__"):
            return None
        from difflib import get_close_matches

        cutoff = _NEAR_SHORT if len(name) in _SHORT else _NEAR
        near = get_close_matches(folded, self._folded, n=1, cutoff=cutoff)
        return self._folded[near[0]] if near else None

    def _pattern(self, name: str, text: str) -> CommandPattern | PathPattern | HostPattern | None:
        kinds = self._kinds.get(name, set())
        if kinds == {"command"}:
            return CommandPattern.parse(text)
        if kinds == {"host"}:
            return HostPattern.parse(text)
        if kinds and kinds <= {"read", "search", "write"}:
            return PathPattern.parse(text)
        return None

    def _rule(
        self,
        text: str,
        name: str,
        pattern: CommandPattern | PathPattern | HostPattern | None = None,
    ) -> Rule:
        tools = frozenset(self._names.get(name, (name,)))
        return Rule(
            text,
            tools,
            pattern,
            reads=not tools.isdisjoint(self._readers),
            writes=bool(self._writers) and tools >= self._writers,
        )


def parts_of(text: str) -> tuple[str, str]:
    """The tool's name in a rule and what stands in the parentheses; empty for all of its calls.

    Raises:
        ValueError: it is no rule, whatever tools there are.
    """
    name, opened, rest = text.strip().partition("(")
    name = name.strip()
    if not name or any(mark in name for mark in _MARKS):
        raise ValueError("expected a tool's name, such as Bash(git *)")
    if "*" in name and not name.startswith("mcp__"):
        raise ValueError("no name of a tool has a *, but for those of MCP servers")
    if not opened:
        return name, ""
    if not rest.endswith(")"):
        raise ValueError("its parenthesis is not closed")
    inner = rest[:-1].strip()
    if not inner:
        raise ValueError(f"the parentheses are empty; write {name} for all its calls")
    return name, "" if inner == "*" else inner
