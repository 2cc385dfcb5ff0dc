"""The tools of a session: all there are, and those of them that the model is told of.

It may change at any time: a server comes or goes, a folder is trusted. The model is told what is
offered with each of its requests; a call that was made before keeps the tool it was made to. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from qwen_dual.core.permissions.rule_names import RuleNames
from qwen_dual.core.tools.tool import only_mode_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qwen_dual.core.tools.tool import Tool


class NameTaken(ValueError):
    """A tool of this name is there already; nothing was added.

    Attributes:
        name: the name.
    """

    def __init__(self, name: str) -> None:
        super().__init__(f"there is a tool {name} already")
        self.name = name


class ToolRegistry(Mapping[str, "Tool"]):
    """The tools that are offered, by name, in the order in which a model is told of them.

    Args:
        tools: all there are, at first; all of them are offered until ``offer`` says otherwise.
        mode: the approval mode in force, in which alone some of them are there.

    Attributes:
        names: reads rules over all there are, those too that are not offered.
    """

    def __init__(self, tools: Iterable[Tool] = (), mode: str = "default") -> None:
        self._known = {tool.name: tool for tool in tools}
        self._mode = mode
        self._offered = self._there(self._known.values())
        self._choose: Callable[[], Iterable[Tool]] = lambda: self._known.values()
        self._needed: set[str] = set()
        self._listeners: list[Callable[[Sequence[str], Sequence[str]], object]] = []
        self.names = RuleNames(self._known.values())

    def __getitem__(self, name: str) -> Tool:
        return self._offered[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._offered)

    def __len__(self) -> int:
        return len(self._offered)

    @property
    def known(self) -> Sequence[Tool]:
        """All there are."""
        return tuple(self._known.values())

    def offered(self) -> list[Tool]:
        """What the model is told of, now."""
        return list(self._offered.values())

    def is_needed(self, name: str) -> bool:
        """Whether a model is told of the tool ``name`` whatever is chosen: it is the main agent's."""
        return name in self._needed

    def add(self, tools: Iterable[Tool]) -> None:
        """Adds all of ``tools``, or none.

        Raises:
            NameTaken: one of them has the name of another.
        """
        known = dict(self._known)
        for tool in tools:
            if tool.name in known:
                raise NameTaken(tool.name)
            known[tool.name] = tool
        self._know(known)

    def remove(self, names: Iterable[str]) -> None:
        """Takes tools out; unknown names are ignored."""
        gone = frozenset(names)
        self._know({name: tool for name, tool in self._known.items() if name not in gone})

    def replace(self, tools: Iterable[Tool], *, needed: bool = False) -> None:
        """Puts each of ``tools`` in the place of the one with its name; unknown ones at the end.

        Args:
            tools: those.
            needed: whether a model is always told of them, whatever ``offer`` says.
        """
        new = {tool.name: tool for tool in tools}
        if needed:
            self._needed |= new.keys()
        self._know({**self._known, **new})

    def exchange(self, gone: Iterable[str], new: Iterable[Tool]) -> None:
        """Takes tools out and puts others in, as one change; one of a name that is there stays out."""
        left = frozenset(gone)
        known = {name: tool for name, tool in self._known.items() if name not in left}
        for tool in new:
            known.setdefault(tool.name, tool)
        self._know(known)

    def offer(self, choose: Callable[[], Iterable[Tool]]) -> None:
        """Offers what ``choose`` gives of ``known``, now and whenever there are others.

        It is called when ``names`` knows of them, so that it may read rules by that.
        """
        self._choose = choose
        self._offer()

    def enter(self, mode: str) -> None:
        """Offers what there is in another approval mode."""
        self._mode = mode
        if any(only_mode_of(tool) for tool in self._known.values()):
            self._offer()

    def listen(self, listener: Callable[[Sequence[str], Sequence[str]], object]) -> None:
        """Calls ``listener`` after each change with the names of what was added and removed.

        A tool that took the place of another of its name counts as added. What is offered may be
        the same as before.
        """
        self._listeners.append(listener)

    def _know(self, known: dict[str, Tool]) -> None:
        self._known = known
        self.names.learn(known.values())
        self._offer()

    def _there(self, tools: Iterable[Tool]) -> dict[str, Tool]:
        return {tool.name: tool for tool in tools if only_mode_of(tool) in ("", self._mode)}

    def _offer(self) -> None:
        before = self._offered
        chosen = self._there(self._choose())
        needed = {name: tool for name, tool in self._known.items() if name in self._needed}
        self._offered = {**chosen, **needed}
        added = [name for name, tool in self._offered.items() if before.get(name) is not tool]
        removed = [name for name in before if name not in self._offered]
        for listener in self._listeners:
            listener(added, removed)
