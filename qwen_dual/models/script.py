"""Plays replies from a file (``--offline-script``): how a host's tests drive a session offline.

The file is JSON Lines, one model message a line; each model call takes the next one. Blank lines are
skipped. When the file is used up, an answer says so. Every key may be left out but those with *:

    {"blocks": [{"type": "text", "text": "Hello there"}], "usage": {"input_tokens": 9}, "delay_ms": 5}
    {"blocks": [{"type": "tool_use", "name": "run_shell_command", "input": {"command": "ls"}}]}
    {"error": {"status": 400, "message": "no such model"}}

* ``blocks``: a list of
  ``{"type"*: "text" or "thinking", "text", "deltas", "repeat"}``: ``text`` goes out word by word, or
  in pieces of n characters with ``"deltas": n``; ``"deltas": ["a", "b"]`` instead of ``text`` are
  the pieces themselves; ``"repeat": n`` sends the whole ``text`` as one delta, or the list, n times.
  A thinking block may be one of the wire's, with ``thinking`` for ``text``, and a ``signature``.
  ``{"type"*: "tool_use", "name"*, "input", "arguments", "id", "deltas"}``: ``arguments`` instead of
  ``input`` is the text of the arguments as it is, which need not be JSON; it goes out at once, or in
  pieces of n characters; without ``id`` the call gets one.
* ``usage``: ``input_tokens``, ``output_tokens``, ``cache_read_input_tokens``.
* ``delay_ms``: the pause before each delta.
* ``when``: a text; the line answers only conversations whose first message holds it, as those of
  sub-agents do that were given a prompt with it.
* ``error``: ``message``*, ``status``, ``kind`` and ``remedy`` as in ``result.error``; the call fails with it
  after the blocks.
"""

from __future__ import annotations

import codecs
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, cast

import anyio
import anyio.lowlevel
from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from qwen_dual.core.models.model import (
    ModelError,
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.models.offline import words_of
from qwen_dual.protocol.codec import NotJson, decode, encode
from qwen_dual.protocol.complaints import complaint
from qwen_dual.protocol.events import new_uuid
from qwen_dual.protocol.failures import ErrorKind, Remedy  # noqa: TC001 -- read at run time
from qwen_dual.settings.model_config import DEFAULT_CONTEXT_WINDOW

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator, Sequence

    from qwen_dual.core.models.model import ModelDelta, ModelRequest


BURST = 16
"""Deltas without a delay that come at once, as one read from a socket brings several."""


class ScriptError(ValueError):
    """A script that cannot be played.

    Attributes:
        path: the file.
        line: the line, from 1; None where the file itself is the trouble.
    """

    def __init__(self, path: str, line: int | None, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if line is None else f"{path}:{line}: {problem}")
        self.path = path
        self.line = line


PieceSize = Annotated[int, Field(ge=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class _Said(_Strict):
    type: Literal["text", "thinking"]
    text: Annotated[str | None, Field(validation_alias=AliasChoices("text", "thinking"))] = None
    signature: str = ""
    repeat: Annotated[int, Field(ge=1, le=10_000_000)] = 1
    deltas: PieceSize | list[str] | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.text is not None and isinstance(self.deltas, list):
            raise ValueError("expected either text or a list of deltas, not both")
        return self

    def play(self) -> Iterator[ModelDelta]:
        """The deltas of this block."""
        kind = TextDelta if self.type == "text" else ThinkingDelta
        text = self.text or ""
        for _ in range(self.repeat):
            if isinstance(self.deltas, list):
                yield from map(kind, self.deltas)
            elif self.deltas is not None:
                yield from map(kind, _pieces(text, self.deltas))
            elif self.repeat > 1:
                yield kind(text)
            else:
                yield from map(kind, words_of(text))


class _Called(_Strict):
    type: Literal["tool_use"]
    name: str
    id: str | None = None
    input: dict[str, Any] | None = None
    arguments: str | None = None
    deltas: PieceSize | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.input is not None and self.arguments is not None:
            raise ValueError("expected either input or arguments, not both")
        return self

    def play(self) -> Iterator[ModelDelta]:
        """The deltas of this block."""
        raw = self.arguments
        if raw is None:
            raw = encode(self.input or {}).decode().rstrip("\n")
        yield ToolCallStart(self.id or f"call_{new_uuid().replace('-', '')[:24]}", self.name)
        yield from map(ToolCallArguments, _pieces(raw, self.deltas or max(1, len(raw))))


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[start : start + size] for start in range(0, len(text), size))


class _Usage(_Strict):
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0


class _Error(_Strict):
    message: str
    status: int | None = None
    kind: ErrorKind = "other"
    remedy: Remedy | None = None

    def made(self) -> ModelError:
        """What is raised."""
        return ModelError(self.message, self.status, kind=self.kind, remedy=self.remedy)


class Reply(_Strict):
    """One line of a script."""

    blocks: list[Annotated[_Said | _Called, Field(discriminator="type")]] = []
    usage: _Usage | None = None
    delay_ms: Annotated[int, Field(ge=0, le=600_000)] = 0
    when: Annotated[str, Field(min_length=1)] | None = None
    error: _Error | None = None


_REPLY = TypeAdapter(Reply)


class ScriptedModel:
    """Plays ``replies``, one for each call: the next that is meant for the conversation."""

    name = "offline-script"
    context_window = DEFAULT_CONTEXT_WINDOW

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = iter([reply for reply in replies if reply.when is None])
        self._meant = [reply for reply in replies if reply.when is not None]

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta, None]:
        """The next reply.

        Raises:
            ModelError: the reply says so.
        """
        reply = self._next(request)
        if reply is None:
            yield TextDelta("[The offline script has no further reply.]")
            return
        deltas = chain.from_iterable(block.play() for block in reply.blocks)
        for number, delta in enumerate(deltas):
            if reply.delay_ms:
                await anyio.sleep(reply.delay_ms / 1000)
            elif number % BURST == 0:
                await anyio.lowlevel.checkpoint()
            yield delta
        if reply.usage is not None:
            yield TokenUsage(**reply.usage.model_dump())
        if reply.error is not None:
            raise reply.error.made()

    def _next(self, request: ModelRequest) -> Reply | None:
        """The next reply that is meant for just this conversation, else the next of the others."""
        if self._meant and request.messages:
            first = cast("list[dict[str, Any]]", request.messages[0]["content"])
            begin = "\n".join(block.get("text", "") for block in first)
            for at, reply in enumerate(self._meant):
                if reply.when is not None and reply.when in begin:
                    return self._meant.pop(at)
        return next(self._replies, None)


def load_script(path: str) -> ScriptedModel:
    """Reads and checks the script at ``path``.

    Raises:
        ScriptError: it cannot be read, or a line is wrong; says which, and what was expected.
    """
    try:
        with open(path, "rb") as file:
            lines = file.read().removeprefix(codecs.BOM_UTF8).splitlines()
    except OSError as error:
        raise ScriptError(path, None, f"cannot be read: {error.strerror}") from None
    replies = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            replies.append(_REPLY.validate_python(decode(line)))
        except NotJson as error:
            raise ScriptError(path, number, f"not JSON: {error}") from None
        except ValidationError as error:
            raise ScriptError(path, number, _problem(error)) from None
    return ScriptedModel(replies)


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    key = ".".join(str(part) for part in first["loc"]) or "reply"
    if first["type"] == "extra_forbidden":
        return f"{key}: no such key"
    if first["type"] == "missing":
        return f"{key}: is missing"
    return f"{key}: {complaint(first, 100)}"
