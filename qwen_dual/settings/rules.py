"""What a single value of the settings must be: a sentence for people and a test for programs.

The early reading and the pydantic models use the same rules, so that they cannot disagree on a
value. Knows nothing of keys, files or layers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.protocol import APPROVAL_MODES

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic_core import CoreSchema

PROTOCOLS = ("openai", "anthropic", "gemini")

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
"""``$NAME`` and ``${NAME}`` in a string of the settings."""

_BEYOND = 1e300
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PROXY = re.compile(r"(https?|socks5h?)://[^\s/?#]\S*", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s/?#]\S*", re.IGNORECASE)


class WrongValue(ValueError):
    """A value that a rule does not accept; the text says what was expected."""


class Rule(Struct, frozen=True):
    """One kind of value. As an annotation of a pydantic field it is the whole validator.

    Attributes:
        expected: ends the sentence "expected …".
        accepts: whether a value is one; what needs a better sentence raises ``WrongValue``.
    """

    expected: str
    accepts: Callable[[Any], bool]

    def check(self, value: Any) -> Any:
        """``value`` as it is.

        Raises:
            WrongValue: it is not what is expected.
        """
        if not self.accepts(value):
            raise WrongValue(self.expected)
        return value

    def __get_pydantic_core_schema__(self, source: object, handler: object) -> CoreSchema:
        """Stands for this rule where pydantic builds a model."""
        from pydantic_core import core_schema

        return core_schema.no_info_plain_validator_function(self.check)


def is_variable_name(value: Any) -> bool:
    """Whether ``value`` can name an environment variable and does not look like a key itself.

    A key pasted where its variable's name belongs would otherwise be shown as a name.
    """
    if not isinstance(value, str) or not _NAME.fullmatch(value):
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
    if missing := VARIABLE.search(value):
        name = missing[1] or missing[2]
        raise WrongValue(f"variables that are set, and {name} is not")
    return True


def _number(value: Any) -> bool:
    return (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and -_BEYOND < value < _BEYOND  # also False for NaN, and safe for integers of any length
    )


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


TEXT = Rule("a text that is not empty", _text)
ANY_TEXT = Rule("a text", lambda value: isinstance(value, str) and "\0" not in value)
PATH = Rule("a path", _resolved)
URL = Rule(
    "a URL that begins with http:// or https://",
    lambda value: _resolved(value) and _URL.fullmatch(value) is not None,
)
PROXY = Rule(
    "a URL that begins with http://, https://, socks5:// or socks5h://",
    lambda value: _resolved(value) and _PROXY.fullmatch(value) is not None,
)
BOOLEAN = Rule("true or false", lambda value: isinstance(value, bool))
NUMBER = Rule("a number", _number)
MILLISECONDS = Rule("milliseconds, more than 0", lambda value: _number(value) and value > 0)
COUNT = Rule("a whole number, 0 or more", lambda value: _whole(value) and value >= 0)
POSITIVE = Rule("a whole number, 1 or more", lambda value: _whole(value) and value >= 1)
LIMIT = Rule(
    "a whole number, 1 or more, or -1 for no limit",
    lambda value: _whole(value) and (value >= 1 or value == -1),
)
MODE = Rule(f"one of {', '.join(APPROVAL_MODES)}", lambda value: value in APPROVAL_MODES)
BACKEND = Rule(
    "one of auto, bwrap, landlock, none",
    lambda value: value in ("auto", "bwrap", "landlock", "none"),
)
FILESYSTEM = Rule(
    "one of read-only, workspace-write", lambda value: value in ("read-only", "workspace-write")
)
NETWORK = Rule("one of closed, open", lambda value: value in ("closed", "open"))
PROTOCOL = Rule(f"one of {', '.join(PROTOCOLS)}", lambda value: value in PROTOCOLS)
VARIABLE_NAME = Rule(
    "the name of an environment variable, not the key itself (the key goes into env)",
    is_variable_name,
)
ENV_VALUE = Rule(
    "a text, a number or true or false",
    lambda value: ANY_TEXT.accepts(value) or isinstance(value, bool) or _number(value),
)
HEADER = Rule(
    "a text of one line in ASCII",
    lambda value: isinstance(value, str) and is_one_ascii_line(value),
)
REASONING = Rule(
    "false, or an object as the service names it",
    lambda value: value is False or isinstance(value, dict),
)
NAMES = Rule(
    "a file name or a list of them",
    lambda value: (
        _text(value) or (isinstance(value, list) and bool(value) and all(map(_text, value)))
    ),
)
