"""How a program is made to do what a check looks at: the prompts, and what the model answers to them.

Any program that asks an OpenAI-compatible service answers as ``reply_to`` has it. A program that brings a
model of its own is given the prompts that make it do the same, as a JSON object of ``Script``'s fields.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct, ValidationError, convert

from qwen_dual.conformance.promise import NotJudged
from qwen_dual.protocol.codec import NotJson, decode

ANSWER = "An answer, in words: é ✓ 漢字."


class Reply(Struct):
    """What the model answers.

    Attributes:
        pieces: its text, as it is streamed.
        calls: its tool calls, as the service's clients have them.
        status: of the response; 200 for an answer.
        waits: the answer stands still behind its first piece until the gate is opened.
    """

    pieces: list[str] = []
    calls: list[dict[str, Any]] = []
    status: int = 200
    waits: bool = False

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(self.pieces)


class Script(Struct, frozen=True, forbid_unknown_fields=True):
    """Prompts by what they make the program do; empty where it cannot.

    Attributes:
        answer: answers with some text.
        long: answers with some hundred pieces of text.
        wait: begins to answer, and does not end before it is interrupted.
        tool: runs ``touch made-by-the-check`` in its folder, for which it has to ask.
        output: runs ``cat big``, a file of 200 kB, for which it may ask.
        edit: writes a new file of two lines, ``written``, in its folder, for which it has to ask.
        fail: the model's service fails.
    """

    answer: str = "check: answer"
    long: str = "check: long"
    wait: str = "check: wait"
    tool: str = "check: tool"
    output: str = "check: output"
    edit: str = "check: edit"
    fail: str = "check: fail"

    def prompt(self, name: str) -> str:
        """The prompt of that name.

        Raises:
            NotJudged: the script has none.
        """
        text: str = getattr(self, name)
        if not text:
            raise NotJudged(f"the script has no prompt for {name!r}")
        return text


MADE = "made-by-the-check"
BIG = "big"
WRITTEN = "written"


def reply_to(messages: list[Any]) -> Reply:
    """What the model answers to a conversation."""
    last = messages[-1] if messages and isinstance(messages[-1], dict) else {}
    if last.get("role") == "tool":
        return Reply(["Done: ", "the tool has run."])
    asked = _text(last.get("content"))
    if "check: long" in asked:
        return Reply([f"word{number} " for number in range(300)])
    if "check: wait" in asked:
        return Reply(["Begun. ", "Ended."], waits=True)
    if "check: tool" in asked:
        return Reply(["I will run it."], [_shell("touch " + MADE)])
    if "check: output" in asked:
        return Reply([], [_shell("cat " + BIG)])
    if "check: edit" in asked:
        return Reply([], [_call("write_file", file_path=WRITTEN, content="one\ntwo\n")])
    if "check: fail" in asked:
        return Reply(["the service says no"], status=400)
    return Reply([ANSWER[:10], ANSWER[10:]])


def read_script(path: str) -> Script:
    """A script that was written for a program.

    Raises:
        ValueError: it cannot be read, or is none; says what is wrong.
    """
    try:
        with open(path, "rb") as file:
            given = decode(file.read())
        every = dict.fromkeys(Script.__struct_fields__, "")
        return convert({**every, **given} if isinstance(given, dict) else given, Script)
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}") from error
    except (NotJson, ValidationError) as error:
        raise ValueError(f"{path}: is no script: {error}") from error


def _shell(command: str) -> dict[str, Any]:
    return _call(
        "run_shell_command",
        command=command,
        description="Asked for by the check",
        is_background=False,
    )


def _call(tool: str, **given: Any) -> dict[str, Any]:
    function = {"name": tool, "arguments": json.dumps(given)}
    return {"id": f"call_{tool}", "type": "function", "function": function}


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, dict))
