"""A key of the settings, and an object that holds some. ``keys`` is the table of all there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from msgspec import Struct

from qwen_dual.settings.rules import DROPPED, Kind, Of, Wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from qwen_dual.settings.rules import Path

T_co = TypeVar("T_co", covariant=True)

_NOTHING = object()

Trust = Literal["anyone", "tightens", "trusted", "person"]
"""Whose file may set a key.

``anyone``: also that of a folder that nobody has trusted. ``tightens``: that too, as far as it takes
something away. ``trusted``: that of a folder that the person trusts. ``person``: no folder's, only the
person's own and the machine's.
"""


class Key(Struct, Of[T_co], frozen=True, eq=False):
    """One key.

    Attributes:
        path: its dotted name; within an object of a list, the name there.
        kind: what its value must be.
        default: what holds where it is not set.
        trust: whose file may set it.
        legacy: its flat name of old.
        doc: what it means, in a sentence or two of Markdown.
        joins: the lists of all layers join; else the highest replaces the others.
        stricter: of a value and the one that the person has set, whether the first allows no more: only
            such a one of a folder counts. None where a folder that is trusted may set any.
        whole: its value is an object of entries, and one of a higher layer replaces the one of its name.
        vital: a wrong value takes the object around it along: with a default instead, a key would go
            to a service that it is not for.
        required: an object without it is not used.
        closed: what a wrong value counts as, stricter than anything that may have been meant, and that as
            a sentence for a person; None where what holds without it is as strict.
    """

    path: str
    kind: Kind[T_co]
    default: T_co
    trust: Trust = "trusted"
    legacy: str = ""
    doc: str = ""
    joins: bool = False
    stricter: Callable[[Any, Any], bool] | None = None
    whole: bool = False
    vital: bool = False
    required: bool = False
    closed: tuple[Any, str] | None = None

    @property
    def place(self) -> tuple[str, ...]:
        """The parts of ``path``."""
        return tuple(self.path.split("."))

    def within(self, values: Mapping[str, Any]) -> T_co:
        """Its value in ``values``, which are right; else the default."""
        found: T_co = self._in(values, self.default)
        return found

    def is_in(self, values: Mapping[str, Any]) -> bool:
        """Whether ``values`` say anything of it."""
        return self._in(values, _NOTHING) is not _NOTHING

    def _in(self, values: Mapping[str, Any], default: object) -> Any:
        value: Any = values
        for part in self.path.split("."):
            if not isinstance(value, dict) or part not in value:
                return default
            value = value[part]
        return value


class Section(Kind[Mapping[str, Any]]):
    """An object with keys, and objects for the parts of their paths; keys nobody knows stay."""

    words = "an object"

    def __init__(self, keys: Iterable[Key[Any]]) -> None:
        self.keys = tuple(keys)
        self._kinds: dict[str, Kind[Any]] | None = None
        self._strict = {key.path: key.closed for key in self.keys if key.closed is not None}

    @property
    def kinds(self) -> dict[str, Kind[Any]]:
        """What is under each name; put together at the first look."""
        if self._kinds is None:
            inner: dict[str, list[tuple[str, Key[Any]]]] = {}
            self._kinds = {}
            for key in self.keys:
                name, _, rest = key.path.partition(".")
                if rest:
                    inner.setdefault(name, []).append((rest, key))
                else:
                    self._kinds[name] = key.kind
            for name, below in inner.items():
                self._kinds[name] = Section(_moved(key, rest) for rest, key in below)
        return self._kinds

    @property
    def closed(self) -> dict[str, Any]:
        """What holds of its keys where nothing of it can be understood; empty where none takes away."""
        found: dict[str, Any] = {}
        for key in self.keys:
            if key.closed is not None:
                *outer, last = key.place
                inner = found
                for part in outer:
                    inner = inner.setdefault(part, {})
                inner[last] = key.closed[0]
        return found

    def read(self, value: Any, at: Path, wrong: Callable[[Wrong], object]) -> Any:
        """The right values; nothing where one that is vital is wrong, or one that must be is not."""
        if not isinstance(value, dict):
            closed = self.closed
            means = "; ".join(dict.fromkeys(key.closed[1] for key in self.keys if key.closed))
            wrong(Wrong(at, self.words, instead=means))
            return closed or DROPPED
        whole = True
        for key in self.keys:
            if key.required and key.path not in value:
                wrong(Wrong((*at, key.path), "", vital=True))
                whole = False
        vital = {key.path for key in self.keys if key.vital}
        found = {}
        for name, item in value.items():
            kind = self.kinds.get(name)
            if kind is None:
                found[name] = item
                continue
            if (instead := self._strict.get(name)) is not None:
                read = kind.read(item, (*at, name), _telling(wrong, instead[1]))
                read = instead[0] if read is DROPPED else read
            elif name in vital:
                read = kind.read(
                    item, (*at, name), lambda each: wrong(Wrong(each.at, each.expected, vital=True))
                )
            else:
                read = kind.read(item, (*at, name), wrong)
            if read is not DROPPED:
                found[name] = read
            elif name in vital:
                whole = False
        return found if whole else DROPPED


def _telling(wrong: Callable[[Wrong], object], means: str) -> Callable[[Wrong], object]:
    return lambda each: wrong(Wrong(each.at, each.expected, instead=means))


def _moved(key: Key[Any], path: str) -> Key[Any]:
    return Key(
        path, key.kind, key.default, vital=key.vital, required=key.required, closed=key.closed
    )
