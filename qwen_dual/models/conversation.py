"""A conversation that any of the services accepts, whichever of them its parts came from. Pure.

What they all refuse is put right here, once: neighbours of one role, blank texts, calls without a
result, results without a call, ids used twice or spelled in a way that one of them does not take.
How blocks are spelled in a protocol is the translators'.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, cast

from qwen_dual.protocol.events import result_block

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from qwen_dual.protocol.shapes import Message

Block = dict[str, Any]

_Calls = list[tuple[str, str]]
"""The ids of an assistant message's calls: in the neutral conversation, and as they are sent."""

NO_RESULT = "The call was not run: the session went on without it."
"""For a call that has no result, as after a crash: every service insists on one."""

_PLAIN_ID = r"[A-Za-z0-9_-]{1,40}"
"""What Anthropic takes, at the length that OpenAI takes."""


def plain_id(call_id: str) -> str:
    """``call_id`` where every service takes it, else one made of it: the same each time."""
    if re.fullmatch(_PLAIN_ID, call_id):
        return call_id
    from hashlib import sha256

    return f"call_{sha256(call_id.encode('utf-8', 'replace')).hexdigest()[:24]}"


def turn_start(messages: Sequence[Message]) -> int:
    """The number of the last message in which a person says something; 0 where nobody does."""
    for number in range(len(messages) - 1, 0, -1):
        message = messages[number]
        if message["role"] == "user" and any(
            block["type"] in ("text", "image") for block in message["content"]
        ):
            return number
    return 0


def normalise(
    messages: Sequence[Message],
    *,
    keep_thinking: Callable[[Mapping[str, Any]], bool] = lambda block: False,
    thinking_since: int = 0,
) -> list[Message]:
    """The conversation as every service accepts it; ``messages`` stay as they are.

    Roles alternate. Each assistant message with calls is followed by a user message that begins
    with one result for each of them, in the order of the calls. Ids are unique and plain. No text
    is blank, and no assistant message ends with thinking.

    Args:
        messages: the neutral conversation.
        keep_thinking: whether a thinking block may be sent to this service.
        thinking_since: thinking in messages before this one is left out.
    """
    done: list[Message] = []
    used: dict[str, int] = {}
    open_calls: _Calls = []
    for role, blocks in _merged(messages, keep_thinking, thinking_since):
        if role == "assistant":
            content, open_calls = _renamed(_without_last_thinking(blocks), used)
        else:
            content = _answered(blocks, open_calls)
            open_calls = []
        if content:
            _append(done, role, content)
    if open_calls:
        _append(done, "user", _answered([], open_calls))
    return done


def _merged(
    messages: Sequence[Message],
    keep_thinking: Callable[[Mapping[str, Any]], bool],
    thinking_since: int,
) -> list[tuple[str, list[Block]]]:
    """Messages with at least one block to send, neighbours of one role as one."""
    merged: list[tuple[str, list[Block]]] = []
    for number, message in enumerate(messages):
        blocks = [
            cast("Block", block)
            for block in message["content"]
            if (block["type"] != "text" or block["text"].strip())
            and (block["type"] != "thinking" or (number >= thinking_since and keep_thinking(block)))
        ]
        if not blocks:
            continue
        if merged and merged[-1][0] == message["role"]:
            merged[-1][1].extend(blocks)
        else:
            merged.append((message["role"], blocks))
    return merged


def _without_last_thinking(blocks: Sequence[Block]) -> Sequence[Block]:
    end = len(blocks)
    while end and blocks[end - 1]["type"] == "thinking":
        end -= 1
    return blocks[:end]


def _renamed(blocks: Sequence[Block], used: dict[str, int]) -> tuple[list[Block], _Calls]:
    """Blocks with ids that no earlier call has, and their calls.

    Args:
        blocks: of one message.
        used: ids that earlier calls have, and how many calls came with each.
    """
    renamed: list[Block] = []
    calls: _Calls = []
    for block in blocks:
        if block["type"] == "tool_use":
            name = plain_id(block["id"])
            number = used.get(name, 0) + 1
            if number > 1:  # some servers count their calls anew in each answer
                first = name
                while name in used:
                    name = plain_id(f"{block['id']}-{number}")
                    number += 1
                used[first] = number - 1
            used[name] = 1
            calls.append((block["id"], name))
            block = {**block, "id": name}
        renamed.append(block)
    return renamed, calls


def _answered(blocks: Sequence[Block], calls: _Calls) -> list[Block]:
    """A user message that answers ``calls`` first; results of other calls are left out."""
    results: dict[str, list[Block]] = {}
    rest: list[Block] = []
    for block in blocks:
        if block["type"] == "tool_result":
            results.setdefault(block["tool_use_id"], []).append(block)
        else:
            rest.append(block)
    answers = []
    for old, new in calls:
        found = results.get(old)
        answer = found.pop(0) if found else result_block(new, NO_RESULT, is_error=True)
        answers.append({**answer, "tool_use_id": new})
    return answers + rest


def _append(done: list[Message], role: str, content: list[Block]) -> None:
    if done and done[-1]["role"] == role:
        content = [*cast("list[Block]", done.pop()["content"]), *content]
    done.append(cast("Message", {"role": role, "content": content}))
