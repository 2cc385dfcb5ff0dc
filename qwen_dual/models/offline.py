"""The offline model: needs no network and no key, says so, and really drives the agent.

It keeps no state: what to do next follows from the conversation, that is from the latest prompt and
the calls and results after it. Its first answer in a session that calls tools, and every answer to a
prompt it does not understand, begins with what it is. Token counts are estimates, a token for four
characters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
from msgspec import Struct

from qwen_dual.core.conversation.conversation import size_of
from qwen_dual.core.models.model import (
    TextDelta,
    ThinkingDelta,
    TokenUsage,
    ToolCallArguments,
    ToolCallStart,
)
from qwen_dual.core.prompts.prompt import RAN_BY_PERSON
from qwen_dual.models.phrases import USAGE, ToolStep, in_code, plan
from qwen_dual.protocol.blocks import text_in
from qwen_dual.protocol.codec import encode
from qwen_dual.protocol.events import new_uuid
from qwen_dual.settings.model_config import DEFAULT_CONTEXT_WINDOW, OFFLINE

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence

    from qwen_dual.core.models.model import ModelDelta, ModelRequest
    from qwen_dual.models.phrases import Plan
    from qwen_dual.protocol.shapes import Message

WORD_SECONDS = 0.01
"""Between two words of an answer, so that it streams as a real one does."""

SHOWN_LINES = 6
"""How much of a result the closing answer repeats."""

SHOWN_COLUMNS = 200
"""How much of a line of it."""

FRAGMENT = 24
"""Characters of a call's arguments in one delta."""

MARKDOWN = """# What an answer can look like

Some *emphasis*, some **weight**, some `code`, and a [link](https://example.org).

- a list
- with a second item
  - and one below it

1. numbered
2. twice

> A quotation, which may run over more than one line when the window is narrow enough for that.

| column | another |
|---|---|
| one | two |
| three | four |

```python
def greet(name: str) -> str:
    return f"hello {name}"
```

The end.
"""

_WORDS = [
    "some",
    "words",
    "of",
    "an",
    "answer",
    "that",
    "means",
    "nothing",
    "but",
    "streams",
    "like",
    "one",
    "that",
    "does",
]

_WORD = re.compile(r"\s*\S+\s*|\s+")

_ESSENTIAL = ("command", "file_path", "pattern", "path")


class Done(Struct, frozen=True):
    """A call since the latest prompt, with its result."""

    name: str
    arguments: dict[str, Any]
    text: str
    is_error: bool


_FORM = re.compile(
    r"Command: .*?\nDirectory: [^\n]*\nOutput: (?P<output>.*)\nError: (?P<error>[^\n]*)\n"
    r"Exit Code: (?P<code>[^\n]*)\nSignal: [^\n]*\nProcess Group PGID: [^\n]*"
    r"(?:\nSandbox: .*)?",
    re.DOTALL,
)
_BACKGROUND = re.compile(
    r"The command runs in the background\.\nPID: [^\n]*\nProcess Group PGID: [^\n]*\n"
    r"Output File: (?P<file>[^\n]*)\nTo end it: [^\n]*"
)


class OfflineModel:
    """The model when nothing else is configured.

    Args:
        word_seconds: pause between two words; 0 for none.
    """

    name = OFFLINE
    sees_images = False
    context_window = DEFAULT_CONTEXT_WINDOW

    def __init__(self, word_seconds: float = WORD_SECONDS) -> None:
        self._word_seconds = word_seconds

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelDelta, None]:
        """Answers the latest prompt of ``request``."""
        prompt, done = situation(request.messages)
        wanted = plan(prompt)
        known = {tool.name for tool in request.tools}
        calls = [step for step in next_calls(wanted.steps, done) if step.name in known]
        first = all(message["role"] == "user" for message in request.messages)
        text = _preface(calls, first=first) if calls else _closing(wanted, done, known)
        said = 0
        for thought in wanted.thoughts if not done else ():
            for word in words_of(thought):
                await self._pause()
                said += len(word)
                yield ThinkingDelta(word)
        for word in words_of(text):
            await self._pause()
            said += len(word)
            yield TextDelta(word)
        for step in calls:
            yield ToolCallStart(f"call_{new_uuid().replace('-', '')[:24]}", step.name)
            raw = encode(step.arguments).decode().rstrip("\n")
            said += len(raw)
            for start in range(0, len(raw), FRAGMENT):
                await self._pause()
                yield ToolCallArguments(raw[start : start + FRAGMENT])
        heard = len(request.system) + sum(map(size_of, request.messages))
        for tool in request.tools:
            heard += len(tool.description) + len(encode(dict(tool.parameters)))
        yield TokenUsage(input_tokens=heard // 4, output_tokens=max(1, said // 4))

    async def _pause(self) -> None:
        if self._word_seconds:
            await anyio.sleep(self._word_seconds)
        else:
            await anyio.lowlevel.checkpoint()


def words_of(text: str) -> Iterator[str]:
    """``text`` in pieces of a word and the space after it; joined they are ``text``."""
    return (match[0] for match in _WORD.finditer(text))


def situation(messages: Sequence[Message]) -> tuple[str, list[Done]]:
    """The latest prompt and the calls since, each with its result."""
    prompt = ""
    calls: dict[str, Any] = {}
    done: list[Done] = []
    for message in messages:
        for block in message["content"]:
            if block["type"] == "text" and message["role"] == "user":
                if block["text"].startswith(RAN_BY_PERSON):
                    continue
                # What follows in the same message is the contents of mentioned files.
                prompt = block["text"]
                calls.clear()
                done.clear()
                break
            if block["type"] == "tool_use":
                calls[block["id"]] = block
            elif block["type"] == "tool_result" and block["tool_use_id"] in calls:
                call = calls[block["tool_use_id"]]
                told = text_in(block["content"])
                done.append(Done(call["name"], call["input"], told, block["is_error"]))
    return prompt, done


def next_calls(steps: Iterable[ToolStep], done: Sequence[Done]) -> list[ToolStep]:
    """What to call now: each step once, and a file is read before it is changed."""
    calls: list[ToolStep] = []
    left = list(done)
    for step in steps:
        attempts = [item for item in left if _same(item, step)]
        if attempts:
            left.remove(attempts[0])
            if step.name == "write_file" and len(attempts) == 1 and _unread(attempts[0]):
                _add_after_reading(calls, step, done[done.index(attempts[0]) :])
        elif step.name == "edit":
            _add_after_reading(calls, step, done)
        else:
            _add(calls, step)
    return calls


def _add(calls: list[ToolStep], step: ToolStep) -> None:
    # A file that two steps need is read once.
    if step.name != "read_file" or step not in calls:
        calls.append(step)


def _add_after_reading(calls: list[ToolStep], step: ToolStep, done: Sequence[Done]) -> None:
    """Adds the read that ``step`` needs first, or ``step`` once that worked; else nothing."""
    path = step.arguments["file_path"]
    reading = ToolStep("read_file", {"file_path": path}, f"read {in_code(path)}")
    tried = [item for item in done if _same(item, reading)]
    if not tried:
        _add(calls, reading)
    elif not tried[-1].is_error:
        calls.append(step)


def _same(item: Done, step: ToolStep) -> bool:
    return item.name == step.name and item.arguments == step.arguments


def _unread(item: Done) -> bool:
    return item.is_error and "read_file" in item.text


def _preface(calls: Sequence[ToolStep], *, first: bool) -> str:
    said = ", then ".join(dict.fromkeys(step.said for step in calls))
    return f"I am the offline model. I will {said}." if first else f"I will {said}."


def _closing(wanted: Plan, done: Sequence[Done], known: set[str]) -> str:
    if wanted.empty:
        return USAGE
    parts = []
    if wanted.markdown:
        parts.append(MARKDOWN)
    if wanted.words is not None:
        parts.append(_filler(wanted.words))
    parts += [f"I did not understand that; I know `{form}`." for form in wanted.problems]
    for step in wanted.steps:
        needed = [step.name, "read_file"] if step.name == "edit" else [step.name]
        missing = [name for name in needed if name not in known]
        if missing:
            parts.append(f"I cannot {step.said}: there is no tool {missing[0]} here.")
    parts += [_report(item) for item in _worth_telling(wanted.steps, done)]
    if not parts:
        parts.append("I have thought about it, as far as a model that is offline can.")
    return "\n\n".join(parts)


def _worth_telling(steps: Sequence[ToolStep], done: Sequence[Done]) -> Iterator[Done]:
    """What was asked for and what failed, but for a failure that was made good."""
    for number, item in enumerate(done):
        made_good = _unread(item) and any(
            (later.name, later.arguments) == (item.name, item.arguments)
            for later in done[number + 1 :]
        )
        if not made_good and (item.is_error or any(_same(item, step) for step in steps)):
            yield item


def _report(item: Done) -> str:
    background = _BACKGROUND.fullmatch(item.text)
    what = next(
        (item.arguments[key] for key in _ESSENTIAL if isinstance(item.arguments.get(key), str)),
        item.name,
    )
    if background is not None:
        where = f"what it prints goes to {in_code(background['file'])}"
        return f"{in_code(what)} runs in the background; {where}. `/tasks` shows it."
    lines = _printed(item.text).strip("\n").splitlines() or ["(no output)"]
    shown = "\n".join(
        line if len(line) <= SHOWN_COLUMNS else f"{line[:SHOWN_COLUMNS]}…"
        for line in lines[-SHOWN_LINES:]
    )
    fence = "```"
    while fence in shown:
        fence += "`"
    if item.is_error:
        outcome = "did not work:"
    elif len(lines) > SHOWN_LINES:
        outcome = f"done, the last {SHOWN_LINES} of {len(lines)} lines."
    else:
        outcome = "done."
    return f"{in_code(what)} {outcome}\n\n{fence}\n{shown}\n{fence}"


def _printed(text: str) -> str:
    """What a command printed, from the form that a model gets of one that failed or was silent."""
    form = _FORM.fullmatch(text)
    if form is None:
        return text
    output = "" if form["output"] == "(empty)" else form["output"]
    ended = f"exit code {form['code']}" if form["code"] not in ("0", "(none)") else ""
    problem = "" if form["error"] == "(none)" else form["error"]
    return "\n".join(filter(None, (output, problem, ended)))


def _filler(count: int) -> str:
    words = [_WORDS[number % len(_WORDS)] for number in range(count)]
    # A paragraph now and then, as answers have.
    paragraphs = [" ".join(words[start : start + 60]) for start in range(0, count, 60)]
    return ".\n\n".join(paragraphs)
