"""What a server asks of the person, as questions, and their answers as the server takes them. Pure.

A form's JSON Schema knows texts, numbers, truth values, one or several of some values, each with a
default. All its text is the server's: bounded, made printable, and shown with the server's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from qwen_dual.mcp.bounds import bounded, line
from qwen_dual.mcp.secret_words import names_secret
from qwen_dual.protocol.answers import WrongAnswer, value_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    Value = str | int | float | bool | list[str]

MAX_FIELDS = 20
MAX_OPTIONS = 100
MAX_MESSAGE = 4_000
MAX_URL = 2_000

_RULES = {
    "string": ("minLength", "maxLength", "format"),
    "number": ("minimum", "maximum"),
    "integer": ("minimum", "maximum"),
}
_TRUTH = (("Yes", True), ("No", False))


class CannotAsk(ValueError):
    """What a server asks for is nothing that a person could be asked; the text says why."""


class Field(Struct, frozen=True):
    """One value that is asked for.

    Attributes:
        name: as the server has it.
        question: what is asked, unlike that of any other field.
        rule: what a text must be, as ``protocol.answers`` takes it.
        options: what there is to pick from: what is shown, and the value; empty asks for a text.
        several: any number of them may be picked.
        default: the value where nobody says anything; None for none.
    """

    name: str
    question: str
    description: str = ""
    required: bool = False
    rule: Mapping[str, Any] = {}
    options: tuple[tuple[str, str | bool], ...] = ()
    several: bool = False
    least: int = 0
    most: int = MAX_OPTIONS
    default: Value | None = None

    def as_question(self, server: str) -> dict[str, Any]:
        """It as hosts and the screen are asked it, in the shape of ``ask_user_question``."""
        asked: dict[str, Any] = {"question": self.question, "header": _who(server)}
        if self.description:
            asked["description"] = self.description
        asked["options"] = [{"label": label, "description": ""} for label, _ in self.options]
        asked["multiSelect"] = self.several
        asked["free"] = False
        asked["optional"] = not self.required
        if self.default is not None:
            asked["default"] = self._shown(self.default)
        if self.rule:
            asked["answer"] = dict(self.rule)
        return asked

    def _shown(self, value: Value) -> str:
        if not self.options:
            return str(value)
        values = value if isinstance(value, list) else [value]
        return ", ".join(label for label, each in self.options if each in values)

    def read(self, answer: object) -> Value | None:
        """The value of an answer, in words or as what it is; None where there is none.

        Raises:
            WrongAnswer: it cannot be one.
        """
        if answer is None or answer == "" or answer == []:
            if self.required:
                raise WrongAnswer("Something is needed here.")
            return None
        if not self.options:
            if isinstance(answer, (dict, list, bool)):
                raise WrongAnswer("It is to be a text or a number.")
            return value_of(self.rule, str(answer))
        if self.several:
            return self._picked(answer)
        return self._one(answer)

    def _one(self, answer: object) -> str | bool:
        for label, value in self.options:
            if answer == label or answer is value or (isinstance(value, str) and answer == value):
                return value
        if isinstance(answer, str) and self.options == _TRUTH:
            for said, value in (("true", True), ("false", False)):
                if answer.lower() == said:
                    return value
        listed = ", ".join(label for label, _ in self.options[:5])
        raise WrongAnswer(f"It is to be one of {listed}.")

    def _picked(self, answer: object) -> list[str]:
        parts = answer if isinstance(answer, list) else str(answer).split(", ")
        found = [str(self._one(part)) for part in parts if part != ""]
        picked = list(dict.fromkeys(found))
        if not self.least <= len(picked) <= self.most:
            raise WrongAnswer(f"Pick {self.least} to {self.most} of them.")
        return picked


class Form(Struct, frozen=True):
    """All that a server asks for at once."""

    server: str
    message: str
    fields: tuple[Field, ...]

    @property
    def warning(self) -> str:
        """What a person should know before an answer: that a secret seems to be wanted. Empty for nothing.

        The protocol forbids it: a secret is asked for on a page of the server's, where no program in between
        sees it.
        """
        texts = [field for field in self.fields if not field.options]
        named = [
            field.question
            for field in texts
            if names_secret(f"{field.name} {field.question} {field.description}")
        ]
        if not named and not (texts and names_secret(self.message)):
            return ""
        what = f" ({', '.join(named)})" if named else ""
        return (
            f"! This seems to ask for a secret{what}. A server is not to do that in a form; what you enter "
            f"goes to {_who(self.server)}."
        )

    @property
    def warned_message(self) -> str:
        """What the form is about, behind the warning."""
        return "\n".join(filter(None, (self.warning, self.message)))

    @property
    def input(self) -> dict[str, Any]:
        """What whoever is asked is sent; a form without fields asks for a yes."""
        asked = [field.as_question(self.server) for field in self.fields]
        if not asked:
            agree = {"label": "Agree", "description": ""}
            asked = [{"question": "Agree?", "header": _who(self.server), "options": [agree]}]
            asked[0]["free"] = False
        return {"server": line(self.server), "message": self.warned_message, "questions": asked}

    @property
    def text(self) -> str:
        """It as text, for who cannot show questions."""
        rows = [self.warned_message, ""]
        for field in self.fields:
            rows.append(f"{field.question}{'' if field.required else ' (optional)'}")
            rows += [f"  {field.description}"] if field.description else []
            rows += [f"  - {label}" for label, _ in field.options]
        return "\n".join(rows).strip()

    def content(self, given: Mapping[str, Any] | None) -> dict[str, Value]:
        """What the server is answered.

        Args:
            given: the updated input of a yes: ``answers`` by question or by name, or ``content`` as the
                server would have it. What is not in there has its default.

        Raises:
            WrongAnswer: it cannot be used; says which and why.
        """
        answers = _answers(given or {})
        found: dict[str, Value] = {}
        for field in self.fields:
            answer: object = field.default
            for key in (field.name, field.question):
                answer = answers.get(key, answer)
            try:
                value = field.read(answer)
            except WrongAnswer as error:
                raise WrongAnswer(f"{field.question}: {error}") from None
            if value is not None:
                found[field.name] = value
        return found


def form_of(server: str, params: Mapping[str, Any]) -> Form:
    """The form that ``elicitation/create`` asks for.

    Raises:
        CannotAsk: it is none.
    """
    schema = params.get("requestedSchema")
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or not isinstance(properties, Mapping):
        raise CannotAsk("its form has no properties")
    if len(properties) > MAX_FIELDS:
        raise CannotAsk(f"its form has {len(properties)} fields; {MAX_FIELDS} at most are shown")
    required = schema.get("required")
    needed = set(map(str, required)) if isinstance(required, list) else set()
    fields: list[Field] = []
    for name, about in properties.items():
        field = _field(str(name), about, name in needed, {each.question for each in fields})
        if field is not None:
            fields.append(field)
    return Form(server, bounded(params.get("message"), MAX_MESSAGE), tuple(fields))


def url_of(params: Mapping[str, Any]) -> str:
    """The page that ``elicitation/create`` asks to be opened.

    Raises:
        CannotAsk: it is none that a browser should be given.
    """
    url = params.get("url")
    if not isinstance(url, str) or len(url) > MAX_URL:
        raise CannotAsk("it gives no address that could be opened")
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    plain = url.isascii() and url.isprintable() and not set(url) & set(" \"'<>\\`{|}")
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or not plain:
        raise CannotAsk(f"{line(url, 200)} is no address that would be opened")
    return url


def _answers(given: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in ("content", "answers"):
        inner = given.get(key)
        if isinstance(inner, Mapping):
            found.update(inner)
    return found


def _field(name: str, about: Any, required: bool, taken: set[str]) -> Field | None:
    if not isinstance(about, Mapping):
        raise CannotAsk(f"its field {line(name, 60)} is no object")
    label = line(about.get("title")) or line(name)
    question = label if label not in taken else f"{label} ({line(name)})"
    kind = about.get("type")
    several = kind == "array"
    items = about.get("items") if several else about
    options = _TRUTH if kind == "boolean" else _options(items, joined=several)
    if kind not in ("boolean", *_RULES) and not options:
        if required:
            raise CannotAsk(f"its field {line(name, 60)} is of a kind that cannot be asked for")
        return None
    rule = {} if options else _rule(str(kind), about)
    return Field(
        name,
        question,
        line(about.get("description"), 500),
        required,
        rule,
        options,
        several,
        _count(about.get("minItems"), 1 if required else 0),
        _count(about.get("maxItems"), len(options)),
        _default(about.get("default"), options, several, rule),
    )


def _rule(kind: str, about: Mapping[str, Any]) -> dict[str, Any]:
    rule: dict[str, Any] = {"type": kind}
    for key in _RULES[kind]:
        value = about.get(key)
        fits = isinstance(value, str) if key == "format" else _is_number(value)
        if fits:
            rule[key] = value
    return rule


def _options(about: Any, *, joined: bool) -> tuple[tuple[str, str], ...]:
    """What there is to pick from: what is shown of each value, and the value."""
    if not isinstance(about, Mapping):
        return ()
    titled = about.get("oneOf") or about.get("anyOf")
    values: list[tuple[Any, Any]] = []
    if isinstance(titled, list):
        values = [(each.get("const"), each.get("title")) for each in titled if _is_object(each)]
    elif isinstance(about.get("enum"), list):
        names = about.get("enumNames")
        listed = names if isinstance(names, list) else []
        values = [
            (value, listed[index] if index < len(listed) else None)
            for index, value in enumerate(about["enum"])
        ]
    if len(values) > MAX_OPTIONS:
        raise CannotAsk(f"it offers {len(values)} values; {MAX_OPTIONS} at most are shown")
    found: dict[str, str] = {}
    for value, title in values:
        if isinstance(value, str) and value:
            label = line(title) or line(value) or repr(value)
            label = label.replace(", ", "; ") if joined else label
            found.setdefault(label if label not in found else f"{label} ({line(value)})", value)
    return tuple(found.items())


def _default(
    value: Any, options: Sequence[tuple[str, str | bool]], several: bool, rule: Mapping[str, Any]
) -> Value | None:
    """The default where it is a right value, else none."""
    known = [each for _, each in options]
    if several:
        wanted = value if isinstance(value, list) else []
        picked: list[str] = [each for each in wanted if isinstance(each, str) and each in known]
        return picked or None
    if options:
        fits = isinstance(value, bool if options == _TRUTH else str) and value in known
        found: Value = value
        return found if fits else None
    if value is None or isinstance(value, (bool, list, dict)):
        return None
    try:
        return value_of(rule, str(value))
    except WrongAnswer:
        return None


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _count(value: Any, otherwise: int) -> int:
    return (
        value
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0
        else otherwise
    )


def _who(server: str) -> str:
    """Who asks, so that no form looks like a question of the program's own."""
    return f"MCP server {line(server)}"
