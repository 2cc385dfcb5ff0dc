"""All agents of a session: by their names, those that were brought before those of files, then ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qwen_dual.agents.builtin import built_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from qwen_dual.agents.spec import AgentSpec

MAX_LISTED = 400
"""Characters of a description that the model is told with each request; an agent's call needs no more."""


class UnknownAgent(ValueError):
    """A name that no agent has; the text names those that there are."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        super().__init__(f"There is no agent {name[:200]!r}. Agents: {', '.join(known)}.")
        self.name = name


class Roster:
    """Which agents there are.

    Args:
        changed: called after each change.
    """

    def __init__(self, changed: Callable[[], object] = lambda: None) -> None:
        self._built_in = built_in()
        self._brought: dict[str, AgentSpec] = {}
        self._filed: dict[str, AgentSpec] = {}
        self._changed = changed

    @property
    def all(self) -> Mapping[str, AgentSpec]:
        """Those there are, by name; of two with the same name the one that counts."""
        found = dict(self._built_in)
        for more in (self._filed, self._brought):
            for name, spec in more.items():
                if (same := _named(found, name)) is not None:
                    del found[same.name]
                found[name] = spec
        return found

    def bring(self, specs: Iterable[AgentSpec]) -> None:
        """Takes those of the program that embeds the session, in place of what it brought before."""
        self._brought = {spec.name: spec for spec in specs}
        self._changed()

    def file(self, specs: Iterable[AgentSpec]) -> None:
        """Takes those that there are files of, in place of those before."""
        filed = {spec.name: spec for spec in specs}
        if filed != self._filed:
            self._filed = filed
            self._changed()

    def find(self, name: str) -> AgentSpec:
        """The agent ``name``; capitals make no difference.

        Raises:
            UnknownAgent: there is none.
        """
        known = self.all
        found = _named(known, name.strip())
        if found is None:
            raise UnknownAgent(name, known)
        return found

    def listing(self) -> Sequence[tuple[str, str]]:
        """The name and the description of each, for the model."""
        return [(name, _short(spec.description)) for name, spec in self.all.items()]


def _named(specs: Mapping[str, AgentSpec], name: str) -> AgentSpec | None:
    if name in specs:
        return specs[name]
    folded = name.casefold()
    return next((spec for key, spec in specs.items() if key.casefold() == folded), None)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MAX_LISTED else line[: MAX_LISTED - 1] + "…"
