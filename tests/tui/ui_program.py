"""A session with a scripted model and scripted tools under the real front end, for a PTY.

The model does what the prompt says: ``say TEXT``, ``code``, ``stream N``, ``run COMMAND``,
``edit``, ``three``, ``hang``, ``think``. Lines on standard input's side channel are not read; a
host steers it by keys alone. ``remote:`` before a prompt on descriptor 3 submits it as a channel
would, ``allow`` and ``deny`` answer the oldest request, ``close`` asks the session to end.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from qwen_dual.core.builtin import register
from qwen_dual.core.bus import Bus
from qwen_dual.core.model import TextDelta, ThinkingDelta, ToolCallArguments, ToolCallStart
from qwen_dual.core.session import Session
from qwen_dual.core.stats import Stats
from qwen_dual.core.tool import ToolResult
from qwen_dual.protocol.codec import encode
from qwen_dual.tui.app import Tui

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence

    from qwen_dual.core.model import ModelDelta, ModelRequest
    from qwen_dual.core.tool import Kind
    from qwen_dual.protocol.shapes import Preview, Suggestion

CODE = """\
Here is **how** it goes, with `inline code`:

```python
def greet(name: str) -> str:
    # a comment
    return f"hello {name}" * 3
```

## Steps

1. First, read the *file*.
2. Then change it.

- one
- two

| name | size |
|------|------|
| a    | 1    |
| bbb  | 22   |

> quoted text

Done.
"""

DIFF = """\
--- a/hello.py
+++ b/hello.py
@@ -1,3 +1,3 @@
 def greet():
-    print("hello")
+    print("hello, world")
     return None"""


class ScriptedModel:
    """Answers by the last prompt's first word."""

    name = "scripted"

    async def stream(self, request: ModelRequest) -> AsyncIterator[ModelDelta]:
        """The answer to the last message."""
        last = request.messages[-1]["content"][-1]
        if last["type"] == "tool_result":
            yield TextDelta("That is done.")
            return
        assert last["type"] == "text"
        word, _, rest = last["text"].partition(" ")
        if word == "code":
            for piece in CODE.split(" "):
                await anyio.sleep(0.005)
                yield TextDelta(f"{piece} ")
        elif word == "stream":
            for number in range(int(rest)):
                if number % 20 == 0:
                    await anyio.lowlevel.checkpoint()
                yield TextDelta(f"word{number}" + (".\n\n" if number % 40 == 39 else " "))
        elif word == "hang":
            yield TextDelta("waiting for nothing")
            await anyio.sleep_forever()
        elif word == "think":
            yield ThinkingDelta("Let me see.\nIt is this.\nOr that.\nOr both.\nNo, this.")
            yield TextDelta("I thought about it.")
        else:
            for delta in _calls(word, rest):
                yield delta


def _calls(word: str, rest: str) -> list[ModelDelta]:
    commands = {"run": [rest], "three": ["ls one", "ls two", "ls three"]}.get(word)
    if commands is None and word != "edit":
        return [TextDelta(rest or "I do not know.")]
    deltas: list[ModelDelta] = [TextDelta("I will do it.")]
    if commands is None:
        arguments = {"file_path": "hello.py"}
        deltas += [ToolCallStart("e", "edit"), ToolCallArguments(encode(arguments).decode())]
    for index, command in enumerate(commands or ()):
        call = ToolCallStart(f"c{index}-{os.urandom(2).hex()}", "run_shell_command")
        deltas += [call, ToolCallArguments(encode({"command": command}).decode())]
    return deltas


@dataclass
class ScriptedCall:
    """One call of a ScriptedTool."""

    tool: ScriptedTool
    arguments: Mapping[str, Any]
    outside: str | None = None
    suggestions: Sequence[Suggestion] = ()

    @property
    def title(self) -> str:
        """The command or the path."""
        return str(next(iter(self.arguments.values())))

    async def preview(self) -> Preview | None:
        """A diff for the edit, else the command."""
        if self.tool.kind == "edit":
            return {"kind": "diff", "title": self.title, "text": DIFF}
        return {"kind": "command", "title": "Run in the workspace", "text": self.title}

    async def run(self, report: Callable[[str], None]) -> ToolResult:
        """``sleep`` waits for ever; everything else prints lines."""
        if self.title.startswith("sleep"):
            report("line one\nline two\n")
            await anyio.sleep_forever()
        count = 3 if self.tool.kind == "edit" else 30
        return ToolResult("\n".join(f"output line {number}" for number in range(count)))


@dataclass
class ScriptedTool:
    """A tool by name."""

    name: str
    kind: Kind
    description: str = "does nothing"

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Anything."""
        return {"type": "object"}

    def prepare(self, arguments: Mapping[str, Any]) -> ScriptedCall:
        """Takes anything."""
        return ScriptedCall(self, arguments)


async def main() -> None:
    """Runs until the session closes."""
    bus = Bus("00000000-0000-4000-8000-000000000000")
    stats = Stats()
    bus.subscribe(stats)
    model = ScriptedModel()
    session = Session(
        bus,
        cwd=os.getcwd(),
        models={model.name: model},
        tools=[ScriptedTool("run_shell_command", "execute"), ScriptedTool("edit", "edit")],
    )
    register(session, stats)
    tui = Tui(session, channels=2, version="0.1.0", git_branch="main", context_window=1000)
    async with anyio.create_task_group() as group:
        group.start_soon(session.run)
        if len(sys.argv) > 1:
            group.start_soon(steer, session, int(sys.argv[1]))
        try:
            await tui.run()
        finally:
            session.request_close()
            group.cancel_scope.cancel()
    session.end()
    print("ended in order")


async def steer(session: Session, descriptor: int) -> None:
    """Does what a channel would."""
    rest = b""
    while True:
        await anyio.wait_readable(descriptor)
        data = os.read(descriptor, 65536)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            word, _, text = line.decode().partition(":")
            pending = next(iter(session.approvals.pending), "")
            if word == "remote":
                session.submit(text, origin="input")
            elif word in ("allow", "deny"):
                session.answer(pending, word == "allow", by="input")
            elif word == "close":
                session.request_close()


if __name__ == "__main__":
    anyio.run(main)
