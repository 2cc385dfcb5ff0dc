"""What a value of the settings must be: a sentence for people and a test for programs.

Knows nothing of keys, files or layers: ``key`` puts a kind of value under a name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from msgspec import Struct

from qwen_dual.protocol import APPROVAL_MODES
from qwen_dual.protocol.regex import regex

if TYPE_CHECKING:
    from collections.abc import Callable

    Path = tuple[str | int, ...]

T_co = TypeVar("T_co", covariant=True)

PROTOCOLS = ("openai", "anthropic", "gemini")

VARIABLE = regex(r"\$(?:\{(\w+)(?::-([^}]*))?\}|(\w+))")
"""``$NAME``, ``${NAME}`` and ``${NAME:-default}`` in a string of the settings."""

DROPPED: Final = object()
"""What reading gives for a value that cannot be used."""

_BEYOND = 1e300
# Compiled when they are first used: few settings have such values, and each start would pay for it.
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_OF_URL = ("http", "https")
_OF_PROXY = (*_OF_URL, "socks5", "socks5h")


class WrongValue(ValueError):
    """A value that a rule does not accept; the text says what was expected."""


class Wrong(Struct, frozen=True):
    """A value that is not used.

    Attributes:
        at: where it stands.
        expected: ends the sentence "expected …"; empty where nothing stands there.
        vital: what it stands in is not used either.
        instead: what holds in its place, as a sentence; empty where that is what holds without it.
    """

    at: Path
    expected: str
    vital: bool = False
    instead: str = ""


if TYPE_CHECKING:

    class Of(Generic[T_co]):
        """What has values of a type."""

else:

    class Of:
        """At run time nothing but a name: ``typing`` takes longer for one than the table of keys."""

        def __class_getitem__(cls, _: object) -> type:
            return cls


class Kind(Of[T_co]):
    """One kind of value.

    Attributes:
        words: what it is, for the table of keys.
    """

    words: str

    def read(self, value: Any, at: Path, wrong: Callable[[Wrong], object]) -> Any:
        """What of ``value`` can be used; ``DROPPED`` where that is nothing.

        Args:
            value: from a file.
            at: where it stands there.
            wrong: told of each value that is left out.
        """
        raise NotImplementedError


class Rule(Kind[T_co]):
    """A single value.

    Args:
        expected: ends the sentence "expected …".
        accepts: whether a value is one; what needs a better sentence raises ``WrongValue``.
    """

    def __init__(self, expected: str, accepts: Callable[[Any], bool]) -> None:
        self.words = self.expected = expected
        self.accepts = accepts

    def check(self, value: Any) -> Any:
        """``value`` as it is.

        Raises:
            WrongValue: it is not what is expected.
        """
        if not self.accepts(value):
            raise WrongValue(self.expected)
        return value

    def read(self, value: Any, at: Path, wrong: Callable[[Wrong], object]) -> Any:
        """The value, or nothing."""
        try:
            return self.check(value)
        except WrongValue as error:
            wrong(Wrong(at, str(error)))
            return DROPPED


class ListOf(Kind[Sequence[T_co]]):
    """A list; elements that are wrong are left out."""

    def __init__(self, item: Kind[T_co], words: str = "a list of texts") -> None:
        self.item = item
        self.words = words

    def read(self, value: Any, at: Path, wrong: Callable[[Wrong], object]) -> Any:
        """The right elements."""
        if not isinstance(value, list):
            wrong(Wrong(at, "a list"))
            return DROPPED
        found = [self.item.read(item, (*at, index), wrong) for index, item in enumerate(value)]
        return [item for item in found if item is not DROPPED]


class MapOf(Kind[Mapping[str, T_co]]):
    """An object with names of the person's own; values that are wrong are left out."""

    def __init__(self, item: Kind[T_co]) -> None:
        self.item = item
        self.words = f"an object; each value {item.words}"

    def read(self, value: Any, at: Path, wrong: Callable[[Wrong], object]) -> Any:
        """The right entries."""
        if not isinstance(value, dict):
            wrong(Wrong(at, "an object"))
            return DROPPED
        found = {name: self.item.read(item, (*at, name), wrong) for name, item in value.items()}
        return {name: item for name, item in found.items() if item is not DROPPED}


class Later(Kind[T_co]):
    """A kind that is described in a module which only those need who have such a value.

    Args:
        words: what it is, for the table of keys.
        load: the kind itself; called when it is first needed.
    """

    def __init__(self, words: str, load: Callable[[], Kind[T_co]]) -> None:
        self.words = words
        self.load = load

    def read(self, value: Any, at: Path, wrong: Callable[[Wrong], object]) -> Any:
        """What of ``value`` can be used."""
        return self.load().read(value, at, wrong)


def is_variable_name(value: Any) -> bool:
    """Whether ``value`` can name an environment variable and does not look like a key itself.

    A key pasted where its variable's name belongs would otherwise be shown as a name.
    """
    if not isinstance(value, str) or not re.fullmatch(_NAME, value):
        return False
    return len(value) < 20 or ("_" in value and (value.isupper() or value.islower()))


def is_one_ascii_line(text: str) -> bool:
    """Whether an HTTP header can hold ``text``."""
    return text.isascii() and text.isprintable()


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value


def _resolved(value: Any) -> bool:
    """A text without a variable left in it: those that are set were put in before."""
    if not _text(value):
        return False
    if "$" in value and (missing := VARIABLE.search(value)):
        name = missing[1] or missing[3]
        raise WrongValue(f"variables that are set, and {name} is not")
    return True


def _number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and -_BEYOND < value < _BEYOND  # also False for NaN, and safe for integers of any length
    )


def _is_url(value: str, schemes: Sequence[str]) -> bool:
    scheme, separator, rest = value.partition("://")
    if not separator or scheme.lower() not in schemes:
        return False
    if value.split() != [value]:
        raise WrongValue("a URL without blanks in it")
    if rest[:1] in "/?#":
        raise WrongValue(f"a URL that names a host, such as {scheme}://localhost:8000")
    return True


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TEXT: Rule[str] = Rule("a text that is not empty", _text)
ANY_TEXT: Rule[str] = Rule("a text", lambda value: isinstance(value, str) and "\0" not in value)
PATH: Rule[str] = Rule("a path", _resolved)
URL: Rule[str] = Rule(
    "a URL that begins with http:// or https://",
    lambda value: _resolved(value) and _is_url(value, _OF_URL),
)
PROXY: Rule[str] = Rule(
    "a URL that begins with http://, https://, socks5:// or socks5h://",
    lambda value: _resolved(value) and _is_url(value, _OF_PROXY),
)
BOOLEAN: Rule[bool] = Rule("true or false", lambda value: isinstance(value, bool))
NUMBER: Rule[float] = Rule("a number", _number)
MILLISECONDS: Rule[float] = Rule(
    "milliseconds, more than 0", lambda value: _number(value) and value > 0
)
COUNT: Rule[int] = Rule("a whole number, 0 or more", lambda value: _whole(value) and value >= 0)
POSITIVE: Rule[int] = Rule("a whole number, 1 or more", lambda value: _whole(value) and value >= 1)
LIMIT: Rule[int] = Rule(
    "a whole number, 1 or more, or -1 for no limit",
    lambda value: _whole(value) and (value >= 1 or value == -1),
)
MODE: Rule[str] = Rule(f"one of {', '.join(APPROVAL_MODES)}", lambda value: value in APPROVAL_MODES)
BACKEND: Rule[str] = Rule(
    "one of auto, bwrap, landlock, none",
    lambda value: value in ("auto", "bwrap", "landlock", "none"),
)
FILESYSTEM: Rule[str] = Rule(
    "one of read-only, workspace-write", lambda value: value in ("read-only", "workspace-write")
)
NETWORK: Rule[str] = Rule("one of closed, open", lambda value: value in ("closed", "open"))
PICTURES: Rule[str] = Rule(
    "one of off, auto, kitty, iterm2, sixel",
    lambda value: value in ("off", "auto", "kitty", "iterm2", "sixel"),
)
WHILE_BUSY: Rule[str] = Rule("one of steer, queue", lambda value: value in ("steer", "queue"))
PROTOCOL: Rule[str] = Rule(f"one of {', '.join(PROTOCOLS)}", lambda value: value in PROTOCOLS)
VARIABLE_NAME: Rule[str] = Rule(
    "the name of an environment variable, not the key itself (the key goes into env)",
    is_variable_name,
)
ENV_VALUE: Rule[str | float] = Rule(
    "a text, a number or true or false",
    lambda value: ANY_TEXT.accepts(value) or isinstance(value, bool) or _number(value),
)
HEADER: Rule[str] = Rule(
    "a text of one line in ASCII",
    lambda value: isinstance(value, str) and is_one_ascii_line(value),
)
REASONING: Rule[Any] = Rule(
    "false, or an object as the service names it",
    lambda value: value is False or isinstance(value, dict),
)
NAMES: Rule[str | list[str]] = Rule(
    "a file name or a list of them",
    lambda value: (
        _text(value) or (isinstance(value, list) and bool(value) and all(map(_text, value)))
    ),
)
ANYTHING: Rule[Mapping[str, Any]] = Rule("an object", lambda value: isinstance(value, dict))
