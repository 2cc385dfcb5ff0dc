"""What a host is told of the model's tool calls: what one will do, and what it came to. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qwen_dual.host.event import Event


@dataclass(frozen=True, slots=True)
class PreviewWarning:
    """Something in a preview that is not what it looks like, or that makes it hard to read.

    Attributes:
        kind: ``control``, ``bidi``, ``invisible``, ``blank``, ``unassigned``, ``look_alike``,
            ``address``, ``long``, ``cut``, ``hook``, ``auto``.
        message: a sentence for a person.
        line: the first that has it, counted from 1; None where that cannot be said.
        count: how often it is there; None likewise.
    """

    kind: str
    message: str
    line: int | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Hunk:
    r"""Lines of a file that change, with up to three around them.

    Attributes:
        old_start: the first of them before, counted from 1; with no lines there, the one before.
        old_lines: how many there are before.
        new_start: likewise, after.
        new_lines: likewise.
        lines: exact, a ``\r`` at the end included; they begin with a blank, ``-`` or ``+``, and with a
            backslash where it says that the line before it has no newline.
    """

    old_start: int
    old_lines: int
    new_start: int
    new_lines: int
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileDiff:
    """How one file changes.

    Attributes:
        path: absolute.
        change: ``add``, ``modify`` or ``delete``.
        added: lines of the whole change.
        removed: likewise.
        hunks: the lines that change.
        cut: there is more than ``hunks`` hold; the preview's ``text`` has it.
    """

    path: str
    change: str
    added: int = 0
    removed: int = 0
    hunks: tuple[Hunk, ...] = ()
    cut: bool = False

    @classmethod
    def all_in(cls, raw: object) -> tuple[FileDiff, ...]:
        """Reads the ``files`` of a preview."""
        return tuple(
            cls(
                text_in(one, "path"),
                text_in(one, "change"),
                number_in(one, "added") or 0,
                number_in(one, "removed") or 0,
                tuple(map(_hunk, _dicts(one.get("hunks")))),
                one.get("cut") is True,
            )
            for one in _dicts(raw)
        )


@dataclass(frozen=True, slots=True)
class Preview:
    """What a call will do, made for reading.

    Attributes:
        kind: ``command``, ``diff``, ``text``, ``questions`` or ``plan``, whose text is Markdown.
        title: what it is, in one line.
        text: what will run or be written, character by character; show it with escapes for what
            hides in it.
        warnings: what a person should know before saying yes.
        question: what is asked about it, in one line, where the tool does not say.
        files: of a ``diff``, the same as data; empty where the program does not tell it.
    """

    kind: str
    title: str
    text: str
    warnings: tuple[PreviewWarning, ...] = ()
    question: str = ""
    files: tuple[FileDiff, ...] = ()

    @classmethod
    def of(cls, raw: object) -> Preview | None:
        """Reads the ``preview`` of a request or of a ``tool_progress``; None where there is none."""
        if not isinstance(raw, dict):
            return None
        warnings = raw.get("warnings")
        return cls(
            kind=text_in(raw, "kind") or "text",
            title=text_in(raw, "title"),
            text=text_in(raw, "text"),
            warnings=tuple(
                PreviewWarning(
                    text_in(warning, "kind"),
                    text_in(warning, "message"),
                    number_in(warning, "line"),
                    number_in(warning, "count"),
                )
                for warning in (warnings if isinstance(warnings, list) else ())
                if isinstance(warning, dict)
            ),
            question=text_in(raw, "question"),
            files=FileDiff.all_in(raw.get("files")),
        )


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One way to answer a request, as the terminal offers it.

    Attributes:
        type: ``allow``, ``deny`` or ``modify``.
        mode: of a plan, what ``approve`` takes as ``mode`` to answer so; empty for all else.
    """

    type: str
    label: str
    description: str
    mode: str = ""

    @classmethod
    def all_in(cls, raw: object) -> tuple[Suggestion, ...]:
        """Reads the ``permission_suggestions`` of a request."""
        return tuple(
            cls(
                text_in(one, "type"),
                text_in(one, "label"),
                text_in(one, "description"),
                text_in(one, "mode"),
            )
            for one in (raw if isinstance(raw, list) else ())
            if isinstance(one, dict)
        )


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call came to, from a ``user`` event of the model's conversation.

    Attributes:
        tool_use_id: the call.
        text: what the model got.
        is_error: it failed, or was not allowed.
        output: what was printed, with the colours of a command; ``text`` where the program tells no
            more than that.
        exit_code: of a command that ended by itself; None for all else.
        signal: the one that ended it, such as ``SIGTERM``; empty if none did.
        note: why it ended early, in a few words: ``timed out``, ``interrupted``.
        duration_ms: how long it ran; None where the program does not say.
        auto_verdict: what a model said that judged it: ``allow``, ``deny`` or ``ask``; empty for none.
        auto_reason: why, in a sentence.
        images: what the model was shown with it, as the protocol has it: blocks of type ``image``.
    """

    tool_use_id: str
    text: str
    is_error: bool
    output: str
    exit_code: int | None = None
    signal: str = ""
    note: str = ""
    duration_ms: int | None = None
    auto_verdict: str = ""
    auto_reason: str = ""
    images: tuple[dict[str, Any], ...] = ()

    @classmethod
    def of(cls, event: Event) -> ToolResult | None:
        """Reads the result that a ``user`` event is of; None for every other event."""
        if event.type != "user":
            return None
        block = next((one for one in event.blocks if one.get("type") == "tool_result"), None)
        if block is None:
            return None
        raw = event.get("tool_use_result")
        outcome = raw if isinstance(raw, dict) else {}
        text = content_text(block.get("content"))
        return cls(
            tool_use_id=text_in(block, "tool_use_id"),
            text=text,
            is_error=block.get("is_error") is True,
            output=text_in(outcome, "output") if "output" in outcome else text,
            exit_code=number_in(outcome, "exit_code"),
            signal=text_in(outcome, "signal"),
            note=text_in(outcome, "note"),
            duration_ms=number_in(outcome, "duration_ms"),
            auto_verdict=text_in(outcome, "auto_verdict"),
            auto_reason=text_in(outcome, "auto_reason"),
            images=_images(block.get("content")),
        )


@dataclass(frozen=True, slots=True)
class Denial:
    """A call of a turn that was not allowed.

    Attributes:
        input: its arguments; empty where they could not be read.
    """

    tool_name: str
    tool_use_id: str
    input: dict[str, Any]

    @classmethod
    def all_in(cls, raw: object) -> tuple[Denial, ...]:
        """Reads the ``permission_denials`` of a ``result``."""
        found = []
        for denial in raw if isinstance(raw, list) else ():
            if isinstance(denial, dict):
                given = denial.get("tool_input")
                arguments = given if isinstance(given, dict) else {}
                names = text_in(denial, "tool_name"), text_in(denial, "tool_use_id")
                found.append(cls(*names, arguments))
        return tuple(found)


def text_in(raw: dict[str, Any], key: str) -> str:
    """The text under ``key``; empty where there is none."""
    value = raw.get(key)
    return value if isinstance(value, str) else ""


def number_in(raw: dict[str, Any], key: str) -> int | None:
    """The whole number under ``key``; None where there is none."""
    value = raw.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def cost_in(raw: dict[str, Any], key: str) -> float | None:
    """The dollars under ``key``; None where they are not known."""
    value = raw.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def content_text(content: object) -> str:
    """The text of a result's content, which other programs send in blocks."""
    if isinstance(content, list):
        return "".join(text_in(block, "text") for block in content if isinstance(block, dict))
    return content if isinstance(content, str) else ""


def _images(content: object) -> tuple[dict[str, Any], ...]:
    if not isinstance(content, list):
        return ()
    blocks = (block for block in content if isinstance(block, dict))
    return tuple(block for block in blocks if block.get("type") == "image")


def _hunk(raw: dict[str, Any]) -> Hunk:
    lines = raw.get("lines")
    return Hunk(
        number_in(raw, "old_start") or 0,
        number_in(raw, "old_lines") or 0,
        number_in(raw, "new_start") or 0,
        number_in(raw, "new_lines") or 0,
        tuple(line for line in lines if isinstance(line, str)) if isinstance(lines, list) else (),
    )


def _dicts(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
